import type { Digest } from "../model/digest.ts";
import { sha256Of } from "../parse/canonical.ts";
import { parseJson } from "../parse/json.ts";
import { toValue } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { evidencePathOf } from "./batch.ts";
import { DECISION_FILE } from "./decision-content.ts";
import type { GitStore } from "./git-store.ts";
import type { Head } from "./head.ts";
import { concerns, type LogEntry, openTrail, readLog } from "./read.ts";

/** The passing decisions that a trail has about models, and their records. */

/** Passing decisions about a model that are kept, the newest first. */
export const PASSED_MAX = 1_024;
const RECORD_DEPTH_MAX = 64;

/** The passing decisions in a trail, each model's read once. */
export class PassedDecisions {
  readonly store: GitStore;
  readonly head: Head;
  readonly #known = new Map<string, readonly LogEntry[]>();

  private constructor(store: GitStore, head: Head) {
    this.store = store;
    this.head = head;
  }

  static async open(store: GitStore): Promise<PassedDecisions> {
    return new PassedDecisions(store, await openTrail(store));
  }

  /** Of each of the models the last entries, the newest first. */
  async about(models: readonly string[]): Promise<ReadonlyMap<string, readonly LogEntry[]>> {
    const missing = models.filter((model) => !this.#known.has(model));
    if (missing.length > 0) await this.#read(missing);
    return this.#known;
  }

  async #read(models: readonly string[]): Promise<void> {
    const passed = new Map(models.map((model): [string, LogEntry[]] => [model, []]));
    for await (const entry of readLog(this.store, this.head, { models, kinds: ["decision.made"] })) {
      if (entry.predicate.decision?.verdict !== "pass") continue;
      for (const [model, entries] of passed) if (concerns(entry, model)) keepLast(entries, entry);
    }
    for (const [model, entries] of passed) this.#known.set(model, entries.reverse());
  }

  /**
   * The record of a decision that speaks of one of the digests, for reading a record takes longer than looking; undefined
   * if it does not, and if the trail does not have the one that the entry names.
   */
  async recordOf({ predicate }: LogEntry, digests: readonly Digest[]): Promise<ReadRecord | undefined> {
    const file = predicate.evidence?.find(({ name }) => name === DECISION_FILE)?.digest.sha256;
    if (file === undefined) return undefined;
    const digest: Digest = `sha256:${file}`;
    const [bytes] = await this.store.read(this.head.commit, [evidencePathOf(file)]);
    if (bytes === undefined || !digests.some((each) => Buffer.from(bytes).includes(each))) return undefined;
    if (sha256Of(bytes) !== digest) return undefined;
    const json = parseJson(decodeUtf8(bytes, DECISION_FILE), DECISION_FILE, { depthMax: RECORD_DEPTH_MAX });
    return { digest, record: toValue(json) };
  }
}

export interface ReadRecord {
  readonly digest: Digest;
  /** As it was decided: nobody here says that its members are what they should be. */
  readonly record: unknown;
}

function keepLast(entries: LogEntry[], entry: LogEntry): void {
  entries.push(entry);
  if (entries.length > PASSED_MAX) entries.shift();
}

/** What a decision is about; each is about one of the two. */
export function commitsOf({ predicate: { pr, group } }: LogEntry): {
  readonly base_sha: string;
  readonly head_sha: string;
} {
  const commits = pr ?? group;
  if (commits === undefined) throw new TypeError("A decision is about a pull request or a group");
  return commits;
}

/** The models that a record's change concerns. */
export function modelsOf(record: unknown): readonly unknown[] {
  return listOf(member(member(member(record, "input"), "change"), "models"));
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
