import { type ChangeSet, type ModelChange, subjectAt, type Tree } from "../model/change.ts";
import type { Predecessor, Replacement } from "../model/trail.ts";
import type { Trail, World } from "../world.ts";

/**
 * The change set, with class E for each model that becomes again what it was before it came to be what it is now:
 * governance asks less of who takes a change back than of who brings one. It has to be to the byte what entered
 * then, with its manifest and all else that the change touches of the model.
 */
export async function withRollbacks(
  change: ChangeSet,
  { repository, trail }: Pick<World, "repository" | "trail">,
): Promise<ChangeSet> {
  const predecessors = await findPredecessors(change, trail);
  if (predecessors.length === 0) return change;
  const head = await repository.tree(change.head);
  const models: ModelChange[] = [];
  for (const model of change.models) {
    const predecessor = predecessors.find((each) => each.model === model.id);
    const isBack =
      predecessor !== undefined && isSameIn(model, head, await repository.tree(predecessor.commit));
    models.push(isBack ? asRollback(model, predecessor) : model);
  }
  return { ...change, models };
}

/** Whether what stands in a decision as class E brings a model back, and does not end it. */
export function isRollback({ changeClass, base, head }: ModelChange): boolean {
  return changeClass === "E" && head?.subject !== undefined && head.subject !== base?.subject;
}

async function findPredecessors(
  { models, base }: ChangeSet,
  trail: Trail | undefined,
): Promise<readonly Predecessor[]> {
  const replacements = models.flatMap(replacementOf);
  return replacements.length === 0 ? [] : ((await trail?.predecessors(replacements, base)) ?? []);
}

/** Of what has other artifacts than it had, and is there on both sides. */
function replacementOf(model: ModelChange): readonly Replacement[] {
  const { id, head, base, changeClass } = model;
  const from = subjectAt(model, "base");
  const to = subjectAt(model, "head");
  if (from === undefined || to === undefined || head?.manifest === undefined) return [];
  if (to === from || to === base?.subject) return [];
  return changeClass === "B" || changeClass === "C" ? [{ model: id, from, to }] : [];
}

/** Whether all that makes the model, and all of it that changes, is the same in both trees. */
function isSameIn({ head, paths }: ModelChange, one: Tree, other: Tree): boolean {
  const { manifest, artifacts = [] } = head ?? {};
  const all = [...paths, ...artifacts.map(({ path }) => path), ...(manifest ? [manifest.path] : [])];
  return all.every((path) => {
    const [a, b] = [one.get(path), other.get(path)];
    return a?.oid === b?.oid && a?.kind === b?.kind;
  });
}

function asRollback(model: ModelChange, { subject, decision }: Predecessor): ModelChange {
  const reason = `The model becomes again ${subject}, which decision ${decision} let pass`;
  return { ...model, changeClass: "E", classReasons: [reason, ...model.classReasons] };
}
