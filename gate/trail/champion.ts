import type { Digest } from "../model/digest.ts";
import type { MetricEvidence } from "../model/evidence.ts";
import type { Champion, ModelState } from "../model/trail.ts";
import { commitsOf, listOf, member, modelsOf, type PassedDecisions } from "./passed.ts";
import type { LogEntry } from "./read.ts";

/** Passing decisions about a model whose records are looked through, the newest first. */
export const RECORDS_MAX = 64;

/**
 * The champions among what is asked for: of each model the last decision that let pass exactly what the base has.
 * The trail has to be verified before; a record that is not the one that its entry names is passed over. So is what
 * would let a baseline sink: a decision about a change into a commit that is not in the history of the base, where
 * anybody may have written the policy; and one about a change that measured the model anew, left it as it was and
 * never entered. `isInBase` tells of a commit whether it is in that history.
 */
export async function findChampions(
  passed: PassedDecisions,
  states: readonly ModelState[],
  isInBase: (commit: string) => Promise<boolean>,
): Promise<readonly Champion[]> {
  const entries = await passed.about(states.map(({ model }) => model));
  const found: Champion[] = [];
  for (const state of states) {
    const champion = await findChampion(entries.get(state.model) ?? [], state, { passed, isInBase });
    if (champion !== undefined) found.push(champion);
  }
  return found;
}

interface Reading {
  readonly passed: PassedDecisions;
  readonly isInBase: (commit: string) => Promise<boolean>;
}

/** From the newest entry to the oldest. */
async function findChampion(
  entries: readonly LogEntry[],
  state: ModelState,
  { passed, isInBase }: Reading,
): Promise<Champion | undefined> {
  for (const entry of entries.slice(0, RECORDS_MAX)) {
    const commits = commitsOf(entry);
    if (!(await isInBase(commits.base_sha))) continue;
    const read = await passed.recordOf(entry, [state.subject]);
    if (read === undefined) continue;
    const word = wordOn(read.record, state);
    if (word === undefined || !(word.isIntroduction || (await isInBase(commits.head_sha)))) continue;
    return { ...state, decision: read.digest, metrics: word.metrics };
  }
  return undefined;
}

/** What a record says of a state of a model. */
export interface Word {
  /** Measured at head. */
  readonly metrics: readonly MetricEvidence[];
  /** Whether the model came to that state by the change: then it was held against what it was before. */
  readonly isIntroduction: boolean;
}

/** Undefined if the record is about another state of the model. */
export function wordOn(record: unknown, { model, subject }: ModelState): Word | undefined {
  const is = (change: unknown, side: string) => member(member(change, side), "subject") === subject;
  const judged = modelsOf(record).find((each) => member(each, "id") === model && is(each, "head"));
  if (judged === undefined) return undefined;
  return {
    metrics: listOf(member(member(record, "input"), "evidence")).filter((item) =>
      isMetricAbout(item, model, subject),
    ),
    isIntroduction: !is(judged, "base") && !is(judged, "tip"),
  };
}

/** Evidence of our own making, in a record whose digest the trail states; this keeps apart what it is about. */
function isMetricAbout(item: unknown, model: string, subject: Digest): item is MetricEvidence {
  const is = (name: string, value: unknown) => member(item, name) === value;
  const about = member(item, "subject");
  return (
    is("kind", "metric") &&
    is("side", "head") &&
    is("model", model) &&
    (about === undefined || about === subject) &&
    typeof member(item, "name") === "string" &&
    typeof member(member(item, "source"), "path") === "string"
  );
}
