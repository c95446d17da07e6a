import type { Digest } from "../model/digest.ts";
import type { Predecessor, Replacement } from "../model/trail.ts";
import { commitsOf, member, modelsOf, PASSED_MAX, type PassedDecisions } from "./passed.ts";
import { type LogEntry, readLog } from "./read.ts";

/**
 * What the replacements bring back: what the models were, by a decision and a merge, before they first came to be
 * what they are now. A version that was itself taken back came after the one that stands again, and is no
 * predecessor of it. The trail has to be verified before. As for a champion, only decisions about changes into the
 * base's own history count; `isInBase` tells of a commit whether it is in that history.
 */
export async function findPredecessors(
  passed: PassedDecisions,
  replacements: readonly Replacement[],
  isInBase: (commit: string) => Promise<boolean>,
): Promise<readonly Predecessor[]> {
  const entries = await passed.about(replacements.map(({ model }) => model));
  const found: Predecessor[] = [];
  for (const replacement of replacements) {
    const about = entries.get(replacement.model) ?? [];
    // Which of two came first nobody can tell from a list that has lost its beginning.
    if (about.length === PASSED_MAX) continue;
    const predecessor = await findPredecessor([...about].reverse(), replacement, { passed, isInBase });
    if (predecessor !== undefined) found.push(predecessor);
  }
  return found;
}

interface Reading {
  readonly passed: PassedDecisions;
  readonly isInBase: (commit: string) => Promise<boolean>;
}

/** From the oldest entry to the newest, until the model first came to be what it is now. */
async function findPredecessor(
  entries: readonly LogEntry[],
  { model, from, to }: Replacement,
  { passed, isInBase }: Reading,
): Promise<Predecessor | undefined> {
  let found: Predecessor | undefined;
  for (const entry of entries) {
    const read = await passed.recordOf(entry, [from, to]);
    const subject = read && subjectIn(read.record, model);
    if (read === undefined || (subject !== from && subject !== to)) continue;
    const commit = await enteredAs(entry, { passed, isInBase });
    if (commit === undefined) continue;
    if (subject === from) break;
    found = { model, subject: to, decision: read.digest, commit };
  }
  return found;
}

/** The commit of the base's history with which a judged change entered; undefined if it did not, or nobody can tell. */
async function enteredAs(
  entry: LogEntry,
  { passed: { store, head }, isInBase }: Reading,
): Promise<string | undefined> {
  const { base_sha: base, head_sha: judged } = commitsOf(entry);
  if (!(await isInBase(base))) return undefined;
  if (await isInBase(judged)) return judged;
  const { pr } = entry.predicate;
  if (pr === undefined) return undefined;
  // Squashed or rebased, it entered as another commit.
  for await (const { predicate } of readLog(store, head, { pr: pr.number, kinds: ["merge.observed"] })) {
    const sha = predicate.merge?.sha;
    if (sha !== undefined && predicate.pr?.head_sha === judged && (await isInBase(sha))) return sha;
  }
  return undefined;
}

/** What the change of a record makes of a model. */
function subjectIn(record: unknown, model: string): Digest | undefined {
  const judged = modelsOf(record).find((each) => member(each, "id") === model);
  return member(member(judged, "head"), "subject") as Digest | undefined;
}
