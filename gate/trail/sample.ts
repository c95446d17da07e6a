import { hash } from "node:crypto";
import { GateError } from "../model/error.ts";
import { type Entry, parseEntry } from "./entry.ts";
import type { GitStore } from "./git-store.ts";
import type { Head } from "./head.ts";
import { proveAt } from "./prove.ts";
import { type LogFilter, openTrail, readLog } from "./read.ts";

/** A sample that nobody could have steered, and that anybody can draw again. */
export interface Sample {
  readonly origin: string;
  readonly size: number;
  /** Standard base64; the draw depends on it, so the sample is of this state and no other. */
  readonly root: string;
  readonly seed: string;
  readonly filter: LogFilter;
  /** Entries to draw from. */
  readonly population: number;
  /** Entries of the trail that no filter could be held against: this version does not know their kind. */
  readonly unknown: number;
  /** SHA-256 over the index of each entry of the population in decimal, one a line, in order. */
  readonly populationDigest: string;
  /** In the order drawn. */
  readonly drawn: readonly SampledEntry[];
}

export interface SampledEntry {
  readonly seq: number;
  /** The statement's text. */
  readonly entry: string;
  /** A `.tlog-proof` file. */
  readonly proof: string;
}

export const SAMPLE_MAX = 10_000;

export interface SampleRequest {
  readonly count: number;
  readonly seed: string;
  readonly filter?: LogFilter;
}

/** The sample of the trail as it stands. */
export async function drawSample(store: GitStore, request: SampleRequest): Promise<Sample> {
  assertCount(request.count);
  return drawSampleAt(store, await openTrail(store), request);
}

/**
 * Draws `count` entries of the trail as it stood at `head` that pass the filter, or all if there are fewer. The
 * population is complete by the signed checkpoint, but for the entries that it says it leaves out: its size says how
 * many entries there are, each is proved by its index, and whoever has the branch finds the same ones by the filter.
 * Each draw is SHA-256 over seed, root and its number, and rejects what would favour the first entries.
 */
export async function drawSampleAt(
  store: GitStore,
  head: Head,
  { count, seed, filter = {} }: SampleRequest,
): Promise<Sample> {
  assertCount(count);
  const population: number[] = [];
  let unknown = 0;
  for await (const { seq } of readLog(store, head, filter, () => unknown++)) population.push(seq);
  const root = Buffer.from(head.checkpoint.root).toString("base64");
  const drawn: SampledEntry[] = [];
  for (const at of draw(`${seed}\n${root}`, population.length, Math.min(count, population.length))) {
    const { seq, entry, proof } = await proveAt(store, head, population[at]!);
    drawn.push({
      seq,
      entry: Buffer.from(entry).toString("utf8"),
      proof: Buffer.from(proof).toString("utf8"),
    });
  }
  return {
    origin: head.checkpoint.origin,
    size: head.checkpoint.size,
    root,
    seed,
    filter,
    population: population.length,
    unknown,
    populationDigest: hash("sha256", population.map((seq) => `${seq}\n`).join("")),
    drawn,
  };
}

/** What an entry of a sample says. Throws as `parseEntry`. */
export function parseSampled({ seq, entry }: SampledEntry): Entry {
  const read = parseEntry(Buffer.from(entry, "utf8"), `entry ${seq}`);
  // It was drawn from those that a filter was held against.
  if (!read.known) throw new TypeError(`Cannot be drawn: entry ${seq} of kind '${read.kind}'`);
  return read.entry;
}

function assertCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 1 && count <= SAMPLE_MAX) return;
  throw new GateError("TRAIL_SAMPLE_INVALID", `Cannot draw ${count} entries: expected 1 to ${SAMPLE_MAX}`);
}

/** `count` different numbers below `below`, evenly drawn; the same for the same seed. */
export function draw(seed: string, below: number, count: number): readonly number[] {
  const drawn = new Set<number>();
  // 48 bits: the largest multiple of `below` that fits is the limit, for what is beyond would come up more often.
  const limit = 2 ** 48 - (2 ** 48 % below);
  for (let turn = 0; drawn.size < count; turn++) {
    const value = Number.parseInt(hash("sha256", `weighbridge-sample/v1\n${seed}\n${turn}`).slice(0, 12), 16);
    if (value < limit) drawn.add(value % below);
  }
  return [...drawn];
}
