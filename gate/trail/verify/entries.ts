import { GateError } from "../../model/error.ts";
import { type Entry, type EntryHead, parseEntry, peekEntry } from "../entry.ts";
import { equalHashes } from "../merkle.ts";
import { bundlePath, TILE_WIDTH } from "../tile.ts";
import { IdIndex } from "./id-index.ts";
import type { Findings } from "./report.ts";

/** A server's clock may step back this far when it is set. */
export const CLOCK_STEP_MS = 5 * 60_000;

/** One entry's claim on a file of evidence. */
export interface EvidenceClaim {
  readonly seq: number;
  readonly size: number;
}

/** All that the rest of a trail needs to know of one bundle whose entries are in order among themselves. */
export interface BundleSummary {
  /** Leaf hash that its first entry says the entry before it has. */
  readonly prev: Uint8Array;
  /** 256 leaf hashes, as the bytes of the entries give them. */
  readonly leaves: Uint8Array;
  /** Root over them. */
  readonly root: Uint8Array;
  /** 256 ids of 32 bytes. */
  readonly ids: Uint8Array;
  /** First and last of the times that the entries state. */
  readonly earliest: string;
  readonly latest: string;
  readonly evidence: ReadonlyMap<string, EvidenceClaim>;
}

/** Where entries were verified up to before, and who else wants to see them. */
export interface EntryRulesStart {
  readonly ids?: IdIndex;
  readonly latest?: string;
  readonly visit?: ((entry: Entry) => void) | undefined;
}

/**
 * The rules that hold from entry to entry: canonical, in place, chained, each event once, clocks that go forward.
 * Keeps what later checks need of the entries.
 */
export class EntryRules {
  readonly ids: IdIndex;
  /** Who names which evidence first, by digest. */
  readonly evidence = new Map<string, EvidenceClaim>();
  /** Entries about the trail itself, the governed branch and explanations, by seq. */
  readonly integrity = new Map<number, Entry>();
  readonly #findings: Findings;
  readonly #visit: ((entry: Entry) => void) | undefined;
  #earliest: string | undefined;
  #latest: string;
  #count = 0;

  constructor(findings: Findings, { ids = new IdIndex(), latest = "", visit }: EntryRulesStart = {}) {
    this.#findings = findings;
    this.ids = ids;
    this.#latest = latest;
    this.#visit = visit;
  }

  /** Earliest time that one of the entries checked here states; empty if none does. */
  get earliest(): string {
    return this.#earliest ?? "";
  }

  /** Latest time that an entry states. */
  get latest(): string {
    return this.#latest;
  }

  /** Entries whose content was read. */
  get count(): number {
    return this.#count;
  }

  /** Checks the entry that stands at `seq`, after an entry with the leaf hash `prev`. */
  check(bytes: Uint8Array, { seq, prev, path }: EntryPlace): void {
    const place = { path, seq };
    const head = this.#read(bytes, place);
    if (head === undefined) return;
    this.#count++;
    if (head.seq !== seq) {
      this.#findings.add("TRAIL_SEQ_WRONG", `entry ${seq} says that it is ${head.seq}`, place);
    }
    if (!equalHashes(Buffer.from(head.prev, "hex"), prev)) {
      this.#findings.add("TRAIL_PREV_WRONG", `entry ${seq} does not follow the entry before it`, place);
    }
    const first = this.ids.add(head.id);
    if (first !== undefined) {
      this.#findings.add("TRAIL_ID_TWICE", `entry ${seq} is the event of entry ${first} again`, place);
    }
    if ("ts" in head) this.#keep(head, place);
  }

  /**
   * Takes a bundle that was checked by itself. False, and nothing is taken, if more has to be seen of it: it does not
   * follow the entry with the leaf hash `prev`, a time in it is before one of an earlier entry, an earlier one says
   * another size of the same evidence, or someone visits.
   */
  take(index: number, bundle: BundleSummary, prev: Uint8Array): boolean {
    if (this.#visit !== undefined || !equalHashes(bundle.prev, prev)) return false;
    if (bundle.earliest < this.#latest) return false;
    for (const [digest, { size }] of bundle.evidence) {
      if ((this.evidence.get(digest)?.size ?? size) !== size) return false;
    }
    for (const [at, first] of this.ids.addAll(bundle.ids)) {
      const seq = index * TILE_WIDTH + at;
      const message = `entry ${seq} is the event of entry ${first} again`;
      this.#findings.add("TRAIL_ID_TWICE", message, { path: bundlePath(index), seq });
    }
    this.#count += TILE_WIDTH;
    this.#earliest ??= bundle.earliest;
    this.#latest = bundle.latest;
    for (const [digest, claim] of bundle.evidence) {
      if (!this.evidence.has(digest)) this.evidence.set(digest, claim);
    }
    return true;
  }

  /** What later checks need of the entry; undefined if it is not in order. */
  #read(bytes: Uint8Array, place: { readonly path: string; readonly seq: number }) {
    const name = `entry ${place.seq}`;
    try {
      const head = peekEntry(bytes, name);
      if (head !== undefined && this.#visit === undefined && !INTEGRITY.has(head.kind)) return head;
      const read = parseEntry(bytes, name);
      if (!read.known) {
        this.#findings.leaveOpen("TRAIL_KIND_UNKNOWN", `${name} is of unknown kind '${read.kind}'`, place);
        // Nothing but these members is known to be of the right form.
        const { seq, prev, id } = read.entry.predicate;
        return { seq, prev, id };
      }
      if (INTEGRITY.has(read.entry.predicate.kind)) this.integrity.set(place.seq, read.entry);
      this.#visit?.(read.entry);
      return read.entry.predicate;
    } catch (cause) {
      if (!(cause instanceof GateError)) throw cause;
      this.#findings.addError(cause, place);
      return undefined;
    }
  }

  #keep({ ts, evidence }: EntryHead, { path, seq }: { readonly path: string; readonly seq: number }): void {
    // Times of this form are in order as their texts are.
    if (this.#earliest === undefined || ts < this.#earliest) this.#earliest = ts;
    if (ts >= this.#latest) {
      this.#latest = ts;
    } else if (Date.parse(ts) < Date.parse(this.#latest) - CLOCK_STEP_MS) {
      const message = `entry ${seq} is of ${ts}, an earlier one of ${this.#latest}`;
      this.#findings.add("TRAIL_TIME_BACKWARD", message, { path, seq });
    }
    for (const { digest, size } of evidence ?? []) {
      const claim = this.evidence.get(digest.sha256);
      if (claim === undefined) this.evidence.set(digest.sha256, { seq, size });
      else if (claim.size !== size) {
        const message = `entry ${seq} says that ${digest.sha256} has ${size} bytes, entry ${claim.seq} says ${claim.size}`;
        this.#findings.add("TRAIL_EVIDENCE_SIZE", message, { path, seq });
      }
    }
  }
}

/** Where an entry stands, and after which. */
export interface EntryPlace {
  readonly seq: number;
  readonly prev: Uint8Array;
  readonly path: string;
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
