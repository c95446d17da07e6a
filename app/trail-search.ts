import type { DecisionRecord } from "../gate/model/decision.ts";
import { GateError } from "../gate/model/error.ts";
import { type Entry, parseEntry } from "../gate/trail/entry.ts";
import type { Head } from "../gate/trail/head.ts";
import { type EntryProof, proveAt } from "../gate/trail/prove.ts";
import type { TrailStore } from "../gate/trail/store.ts";
import { TILE_WIDTH } from "../gate/trail/tile.ts";
import { TreeReader } from "../gate/trail/tree-reader.ts";

/** Where in a trail an event stands, found with a few reads however long the trail is, and the proof that it does. */

/** The entry that is looked for. */
export interface Wanted {
  /** A text that its bytes hold, and few others. */
  readonly needle: string;
  readonly matches: (entry: Entry) => boolean;
  /** It was not written earlier: milliseconds since 1970. */
  readonly since: number;
}

export interface WantedDecision {
  readonly record: DecisionRecord;
  /** 0 for a merge group. */
  readonly number: number;
  /** The decision was not made earlier: milliseconds since 1970. */
  readonly since: number;
}

/** The entry of the event with this id. */
export function wantedEvent(id: string, since: number): Wanted {
  return { needle: id, matches: ({ predicate }) => predicate.id === id, since };
}

export interface WantedPass {
  readonly digest: string;
  /** The branch that it let something into: what another's policy let pass says nothing of this one. */
  readonly branch: string;
  /** The decision was not made earlier: milliseconds since 1970. */
  readonly since: number;
}

/** The entry that names this very record as the one that let something pass into the branch. */
export function wantedPass({ digest, branch, since }: WantedPass): Wanted {
  const sha256 = hexOf(digest);
  const matches = ({ predicate: { decision, pr } }: Entry) =>
    decision?.digest.sha256 === sha256 && decision.verdict === "pass" && pr?.base === branch;
  return { needle: sha256, matches, since };
}

/** The entry of the decision, by what makes two of them the same (`decision.made` in the table of kinds). */
export function wantedDecision(decision: WantedDecision): Wanted {
  const { record, since } = decision;
  return {
    needle: hexOf(record.digests.subject),
    matches: (entry) => isAbout(entry, decision),
    since,
  };
}

/**
 * The entry and its proof up to the checkpoint that the log's key signed; undefined if the trail does not hold it.
 * Rejects as `findEntry` and `proveAt`.
 */
export async function findProven(
  store: Pick<TrailStore, "read" | "list">,
  head: Head,
  wanted: Wanted,
): Promise<(FoundEntry & { readonly proven: EntryProof }) | undefined> {
  const found = await findEntry(new TreeReader(store, head.commit, head.checkpoint.size), wanted);
  return found && { ...found, proven: await proveAt(store, head, found.seq) };
}

/** The entries of a trail, tile by tile. */
type Entries = Pick<TreeReader, "size" | "entriesOf">;

/** Clocks of several writers may differ by as much (`CLOCK_STEP_MS` of the verification, twice). */
const CLOCK_SLACK_MS = 10 * 60_000;
/** Tiles of 256 entries that are searched from the time of the decision on. */
const TILES_SEARCHED_MAX = 64;

export interface FoundEntry {
  readonly seq: number;
  readonly entry: Entry;
}

/**
 * The entry; undefined if the trail does not hold it. Entries are in the order of time, so that a few
 * tiles tell where to begin. Rejects `TRAIL_SEARCH_LIMIT` where it is not among the 16,384 entries from there on.
 */
export async function findEntry(reader: Entries, wanted: Wanted): Promise<FoundEntry | undefined> {
  const tiles = Math.ceil(reader.size / TILE_WIDTH);
  const needle = Buffer.from(wanted.needle);
  const first = await firstTileSince(reader, tiles, wanted.since - CLOCK_SLACK_MS);
  for (let tile = first; tile < tiles; tile++) {
    if (tile - first === TILES_SEARCHED_MAX) throw notAmong(first * TILE_WIDTH, tile * TILE_WIDTH - 1);
    for (const [at, bytes] of (await reader.entriesOf(tile)).entries()) {
      if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(needle)) continue;
      const seq = tile * TILE_WIDTH + at;
      const read = parseEntry(bytes, `entry ${seq}`);
      if (read.known && wanted.matches(read.entry)) return { seq, entry: read.entry };
    }
  }
  return undefined;
}

/** The first tile that ends at `since` or later. */
async function firstTileSince(reader: Entries, tiles: number, since: number): Promise<number> {
  let [low, high] = [0, Math.max(0, tiles - 1)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await endOf(reader, middle)) < since) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last time that a tile states, in milliseconds; what states none counts as late, and is searched. */
async function endOf(reader: Entries, tile: number): Promise<number> {
  const entries = await reader.entriesOf(tile);
  for (const bytes of entries.toReversed()) {
    const read = parseEntry(bytes, `an entry of tile ${tile}`);
    if (read.known) return Date.parse(read.entry.predicate.ts);
  }
  return Number.POSITIVE_INFINITY;
}

function isAbout({ predicate }: Entry, { record, number }: WantedDecision): boolean {
  const { kind, pr, group, policy, decision } = predicate;
  const { digests, input, verdict } = record;
  const commits = pr ?? group;
  return (
    kind === "decision.made" &&
    (pr?.number ?? 0) === number &&
    commits?.head_sha === input.change.head &&
    commits.base_sha === input.change.base &&
    policy?.digest.sha256 === hexOf(digests.policy) &&
    decision?.subject_digest === hexOf(digests.subject) &&
    decision.evidence_digest === hexOf(digests.evidence) &&
    decision.verdict === verdict
  );
}

function notAmong(first: number, last: number): GateError {
  const message = `Cannot find the event in the trail: it is not among entries ${first} to ${last}`;
  return new GateError("TRAIL_SEARCH_LIMIT", message, {
    fix: "Search a clone: weighbridge trail log",
  });
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}
