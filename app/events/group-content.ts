import { sortEvidence, sortProblems } from "../../gate/evidence/order.ts";
import type { ChangeSet } from "../../gate/model/change.ts";
import type { DecisionInput, DecisionRecord } from "../../gate/model/decision.ts";
import { type Evidence, type EvidenceProblem, TRAIL_ADAPTER } from "../../gate/model/evidence.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { modelDigests } from "../../gate/verdict/subject.ts";

/** What a merge group holds, against what was decided of its pull requests. */

/** What the group has and no decision was about; undefined where everything was decided. */
export function findStray(
  { input }: DecisionRecord,
  decided: readonly DecisionRecord[],
): { readonly kind: "model" | "file"; readonly name: string } | undefined {
  const origins = originsOf(input, decided);
  const model = input.change.models.find(({ id }) => !origins.has(id));
  if (model !== undefined) return { kind: "model", name: model.id };
  const file = input.policyChange?.files.find(
    ({ path }) => !decided.some((record) => isSameFile(record.input.change, input.change, path)),
  );
  return file && { kind: "file", name: file.path };
}

/** Whether the group has all that the decision was about, by the policy that judges the group. */
export function isWithin(decided: DecisionRecord, { input, digests }: DecisionRecord): boolean {
  if (decided.digests.policy !== digests.policy) return false;
  const { change, policyChange } = decided.input;
  const files = policyChange?.files ?? [];
  const origins = originsOf(input, [decided]);
  return (
    change.models.length + files.length > 0 &&
    change.models.every(({ id }) => origins.has(id)) &&
    files.every(({ path }) => isSameFile(change, input.change, path))
  );
}

/**
 * The decision with what the runs of its parts measured, each of the models that are its. Words are about one pull
 * request and those who had a hand in it: where there are several, each has been judged with its own.
 */
export function withWordsOf(committed: DecisionRecord, decided: readonly DecisionRecord[]): DecisionRecord {
  const { input } = committed;
  const origins = originsOf(input, decided);
  const [only, ...others] = decided;
  const approvals = others.length === 0 ? only?.input.approvals : undefined;
  const measured = decided.reduce(
    (known, part) => withMeasured(known, part, (model) => model === undefined || origins.get(model) === part),
    input,
  );
  return decide({ ...measured, ...(approvals !== undefined && { approvals }) });
}

/**
 * By the model's id, the decision that is its own: about all that an approval of it is bound to. Somebody may have
 * approved its weights in one pull request and its card in another, and nobody the two together.
 */
function originsOf(
  input: DecisionInput,
  decided: readonly DecisionRecord[],
): ReadonlyMap<string, DecisionRecord> {
  const origins = new Map<string, DecisionRecord>();
  for (const part of decided) {
    const own = modelDigests(part.input);
    for (const [id, digest] of modelDigests(withMeasured(input, part))) {
      if (digest === own.get(id) && !origins.has(id)) origins.set(id, part);
    }
  }
  return origins;
}

/** What is judged, with what a part's run brought or left out of these models; undefined stands for none of them. */
function withMeasured(
  input: DecisionInput,
  { input: part }: DecisionRecord,
  concerns: (model: string | undefined) => boolean = () => true,
): DecisionInput {
  const measured = part.evidence.filter(
    (item) => isMeasured(item) && concerns(item.model) && isSame(part.change, input.change, item),
  );
  const problems = part.problems.filter(({ model }) => concerns(model));
  const standing = input.evidence.filter((item) => !problems.some((problem) => replaces(problem, item)));
  return {
    ...input,
    evidence: sortEvidence([...standing, ...measured]),
    problems: sortProblems([...input.problems, ...problems]),
  };
}

/** By a run. What the trail says is asked of it again, for it may have moved on. */
function isMeasured({ trust, source }: Evidence): boolean {
  return trust !== "declared" && source.adapter !== TRAIL_ADAPTER;
}

/** Whether the run stood for a committed number that it did not report: that one did not count. */
function replaces({ silent, model, side, metrics }: EvidenceProblem, item: Evidence): boolean {
  return (
    silent === true &&
    item.kind === "metric" &&
    item.trust === "declared" &&
    item.slice === undefined &&
    item.model === model &&
    item.side === side &&
    metrics?.includes(item.name) === true
  );
}

/** Whether a side of a model is the same content in both changes. */
function isSame(
  one: ChangeSet,
  other: ChangeSet,
  { model, side }: Pick<Evidence, "model" | "side">,
): boolean {
  const [a, b] = [one, other].map(({ models }) => models.find(({ id }) => id === model)?.[side]?.subject);
  return a !== undefined && a === b;
}

/** Whether both changes bring the same file, or both remove it. */
function isSameFile(one: ChangeSet, other: ChangeSet, path: string): boolean {
  const [a, b] = [one, other].map(({ files }) => files.find((file) => file.path === path));
  return a !== undefined && b !== undefined && a.head?.oid === b.head?.oid && a.head?.kind === b.head?.kind;
}
