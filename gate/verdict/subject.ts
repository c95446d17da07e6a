import type { ChangeSet, ModelChange, TreeEntry } from "../model/change.ts";
import type { DecisionInput } from "../model/decision.ts";
import type { Digest } from "../model/digest.ts";
import type { Evidence, EvidenceProblem } from "../model/evidence.ts";
import { groupBy } from "../model/group.ts";
import { canonical, digestOf, sha256Of } from "../parse/canonical.ts";

/** Adapter of the champion's numbers: where they stand in the trail moves with each entry about the champion. */
const TRAIL = "trail@";

/**
 * What an approval is bound to: the models with their manifests and every file of theirs that the change touches, the
 * files that judge, the data, the evidence and the policy. Nothing is in it that is not about content (no commit, no
 * time of a run, no place in a file of a run), so that an untouched rebase keeps it, and one changed byte drops it.
 */
export function subjectDigest(input: DecisionInput, policy: Digest): Digest {
  const { change, policyChange, evidence, problems } = input;
  const contentAt = contentsOf(change);
  return digestOf({
    models: change.models.map((model) => modelOf(model, contentAt)),
    judge: policyChange?.files.map(({ path }) => contentAt(path)) ?? [],
    evidence: digestOfAll(evidence.map(factOf)),
    problems: digestOfAll(problems.map(troubleOf)),
    policy,
  });
}

/**
 * By its id, what of each model an approval is bound to: the same in two changes that are the same to whoever approves
 * that model, whatever other models they bring.
 */
export function modelDigests({
  change,
  evidence,
  problems,
}: Pick<DecisionInput, "change" | "evidence" | "problems">): ReadonlyMap<string, Digest> {
  const contentAt = contentsOf(change);
  const facts = groupBy(evidence, ({ model }) => model);
  const troubles = groupBy(problems, ({ model }) => model);
  return new Map(
    change.models.map((model) => [
      model.id,
      digestOf({
        model: modelOf(model, contentAt),
        evidence: digestOfAll((facts.get(model.id) ?? []).map(factOf)),
        problems: digestOfAll((troubles.get(model.id) ?? []).map(troubleOf)),
      }),
    ]),
  );
}

/** Without the lines of the manifest, which a comment moves. */
function modelOf({ id, head, paths }: ModelChange, contentAt: ReturnType<typeof contentsOf>): object {
  const { lines: _, ...manifest } = head?.manifest ?? { lines: {} };
  return { id, subject: head?.subject, manifest, files: paths.map(contentAt) };
}

/** A path with what the head has there; the path alone where that is nothing. */
function contentsOf({ files }: ChangeSet): (path: string) => Pick<TreeEntry, "path"> {
  const heads = new Map(files.map(({ path, head }) => [path, head]));
  return (path) => heads.get(path) ?? { path };
}

/**
 * What an item of evidence says. A committed file counts with its bytes. One that a run brings is written anew by each
 * run, with its time: what counts of it is what it says.
 */
function factOf({ source, ...fact }: Evidence): object {
  const { adapter, path, tool, digest } = source;
  if (adapter.startsWith(TRAIL)) return { ...fact, source: { adapter, tool } };
  return { ...fact, source: { adapter, path, tool, ...(fact.trust === "declared" ? { digest } : {}) } };
}

function troubleOf({ model, side, code, place, metrics }: EvidenceProblem): object {
  return { model, side, code, path: place.path, metrics };
}

/** Of the items in an order of their own: it does not matter when each was found. */
function digestOfAll(items: readonly object[]): Digest {
  return sha256Of(items.map(canonical).sort().join("\n"));
}
