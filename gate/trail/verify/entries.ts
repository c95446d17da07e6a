import { GateError } from "../../model/error.ts";
import { type Entry, parseEntry } from "../entry.ts";
import { equalHashes } from "../merkle.ts";
import { IdIndex } from "./id-index.ts";
import type { Findings } from "./report.ts";

/** A server's clock may step back this far when it is set. */
export const CLOCK_STEP_MS = 5 * 60_000;

/** One entry's claim on a file of evidence. */
export interface EvidenceClaim {
  readonly seq: number;
  readonly size: number;
}

/** Where entries were verified up to before, and who else wants to see them. */
export interface EntryRulesStart {
  readonly ids?: IdIndex;
  readonly latest?: number;
  readonly visit?: ((entry: Entry) => void) | undefined;
}

/**
 * The rules that hold from entry to entry: canonical, in place, chained, each event once, clocks that go forward.
 * Keeps what later checks need of the entries.
 */
export class EntryRules {
  readonly ids: IdIndex;
  /** Who names which evidence, by digest. */
  readonly evidence = new Map<string, EvidenceClaim>();
  /** Entries about the trail itself, the governed branch and explanations, by seq. */
  readonly integrity = new Map<number, Entry>();
  readonly #findings: Findings;
  readonly #visit: ((entry: Entry) => void) | undefined;
  #latest: number;
  #read = 0;

  constructor(findings: Findings, { ids = new IdIndex(), latest = 0, visit }: EntryRulesStart = {}) {
    this.#findings = findings;
    this.ids = ids;
    this.#latest = latest;
    this.#visit = visit;
  }

  /** Latest time that an entry states, in milliseconds since 1970. */
  get latest(): number {
    return this.#latest;
  }

  /** Entries whose content was read. */
  get read(): number {
    return this.#read;
  }

  /** Checks the entry that stands at `seq`, after an entry with the leaf hash `prev`. */
  check(bytes: Uint8Array, { seq, prev, path }: { seq: number; prev: Uint8Array; path: string }): void {
    const read = this.#parse(bytes, { seq, path });
    if (read === undefined) return;
    this.#read++;
    const { predicate } = read.entry;
    if (predicate.seq !== seq) {
      this.#findings.add("TRAIL_SEQ_WRONG", `entry ${seq} says that it is ${predicate.seq}`, { path, seq });
    }
    if (!equalHashes(Buffer.from(predicate.prev, "hex"), prev)) {
      this.#findings.add("TRAIL_PREV_WRONG", `entry ${seq} does not follow the entry before it`, {
        path,
        seq,
      });
    }
    const first = this.ids.add(predicate.id);
    if (first !== undefined) {
      this.#findings.add("TRAIL_ID_TWICE", `entry ${seq} is the event of entry ${first} again`, {
        path,
        seq,
      });
    }
    if (read.known) this.#keep(read.entry, seq, path);
    else
      this.#findings.leaveOpen("TRAIL_KIND_UNKNOWN", `entry ${seq} is of unknown kind '${read.kind}'`, {
        path,
        seq,
      });
  }

  #parse(bytes: Uint8Array, { seq, path }: { seq: number; path: string }) {
    try {
      return parseEntry(bytes, `entry ${seq}`);
    } catch (cause) {
      if (!(cause instanceof GateError)) throw cause;
      this.#findings.addError(cause, { path, seq });
      return undefined;
    }
  }

  #keep(entry: Entry, seq: number, path: string): void {
    const { predicate } = entry;
    const time = Date.parse(predicate.ts);
    if (time < this.#latest - CLOCK_STEP_MS) {
      const latest = new Date(this.#latest).toISOString();
      this.#findings.add(
        "TRAIL_TIME_BACKWARD",
        `entry ${seq} is of ${predicate.ts}, an earlier one of ${latest}`,
        {
          path,
          seq,
        },
      );
    }
    this.#latest = Math.max(this.#latest, time);
    for (const { digest, size } of predicate.evidence ?? []) this.evidence.set(digest.sha256, { seq, size });
    if (INTEGRITY.has(predicate.kind)) this.integrity.set(seq, entry);
    this.#visit?.(entry);
  }
}

const PREV = /"prev":"([0-9a-f]{64})"/;

/** The leaf hash that an entry says the one before it has; undefined if it says none that can be found. */
export function findPrev(bytes: Uint8Array | undefined): Uint8Array | undefined {
  const [, prev] = PREV.exec(Buffer.from(bytes ?? []).toString("latin1")) ?? [];
  return prev === undefined ? undefined : Buffer.from(prev, "hex");
}

/** Kinds whose entries other checks look at. */
const INTEGRITY: ReadonlySet<string> = new Set([
  "trail.created",
  "config.changed",
  "key.rotated",
  "key.revoked",
  "anchor.recorded",
  "gap.explained",
]);
