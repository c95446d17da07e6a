import type { Digest } from "../model/digest.ts";
import type { MetricEvidence } from "../model/evidence.ts";
import type { Champion, ChampionRequest } from "../model/trail.ts";
import { sha256Of } from "../parse/canonical.ts";
import { parseJson } from "../parse/json.ts";
import { toValue } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { evidencePathOf } from "./batch.ts";
import { DECISION_FILE } from "./decision-content.ts";
import type { GitStore } from "./git-store.ts";
import type { Head } from "./head.ts";
import { concerns, type LogEntry, openTrail, readLog } from "./read.ts";

/** Passing decisions about a model that are looked through, the newest first. */
export const PASSED_MAX = 64;
const RECORD_DEPTH_MAX = 64;

/**
 * The champions among what was asked for: of each model the last decision that let pass exactly what the base has.
 * The trail has to be verified before; a record that is not the one that its entry names is passed over. So is what
 * would let a baseline sink: a decision about a change into a commit that is not in the history of the base, where
 * anybody may have written the policy; and one about a change that measured the model anew, left it as it was and
 * never entered. `isInBase` tells of a commit whether it is in that history.
 */
export async function findChampions(
  store: GitStore,
  requests: readonly ChampionRequest[],
  isInBase: (commit: string) => Promise<boolean>,
): Promise<readonly Champion[]> {
  const head = await openTrail(store);
  const models = requests.map(({ model }) => model);
  const passed = new Map(models.map((model): [string, LogEntry[]] => [model, []]));
  for await (const entry of readLog(store, head, { models, kinds: ["decision.made"] })) {
    if (entry.predicate.decision?.verdict !== "pass") continue;
    for (const [model, entries] of passed) if (concerns(entry, model)) keepLast(entries, entry);
  }
  const found: Champion[] = [];
  for (const request of requests) {
    const entries = passed.get(request.model) ?? [];
    const champion = await findChampion(entries.reverse(), request, { store, head, isInBase });
    if (champion !== undefined) found.push(champion);
  }
  return found;
}

function keepLast(entries: LogEntry[], entry: LogEntry): void {
  entries.push(entry);
  if (entries.length > PASSED_MAX) entries.shift();
}

interface Reading {
  readonly store: GitStore;
  readonly head: Head;
  readonly isInBase: (commit: string) => Promise<boolean>;
}

/** From the newest entry to the oldest. */
async function findChampion(
  entries: readonly LogEntry[],
  request: ChampionRequest,
  { store, head, isInBase }: Reading,
): Promise<Champion | undefined> {
  for (const { predicate } of entries) {
    const commits = predicate.pr ?? predicate.group;
    const file = predicate.evidence?.find(({ name }) => name === DECISION_FILE)?.digest.sha256;
    if (file === undefined || commits === undefined || !(await isInBase(commits.base_sha))) continue;
    const [bytes] = await store.read(head.commit, [evidencePathOf(file)]);
    if (bytes === undefined || sha256Of(bytes) !== `sha256:${file}`) continue;
    const word = wordOn(toValue(parseRecord(bytes)), request);
    if (word === undefined || !(word.isIntroduction || (await isInBase(commits.head_sha)))) continue;
    return { ...request, decision: `sha256:${file}`, metrics: word.metrics };
  }
  return undefined;
}

function parseRecord(bytes: Uint8Array) {
  return parseJson(decodeUtf8(bytes, DECISION_FILE), DECISION_FILE, { depthMax: RECORD_DEPTH_MAX });
}

/** What a record says of a state of a model. */
export interface Word {
  /** Measured at head. */
  readonly metrics: readonly MetricEvidence[];
  /** Whether the model came to that state by the change: then it was held against what it was before. */
  readonly isIntroduction: boolean;
}

/** Undefined if the record is about another state of the model. */
export function wordOn(record: unknown, { model, subject }: ChampionRequest): Word | undefined {
  const input = member(record, "input");
  const is = (change: unknown, side: string) => member(member(change, side), "subject") === subject;
  const judged = listOf(member(member(input, "change"), "models")).find(
    (each) => member(each, "id") === model && is(each, "head"),
  );
  if (judged === undefined) return undefined;
  return {
    metrics: listOf(member(input, "evidence")).filter((item) => isMetricAbout(item, model, subject)),
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

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
