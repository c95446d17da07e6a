import type { ObjectReader } from "../checkout/objects.ts";
import { GateError } from "../model/error.ts";
import { type Entry, parseEntry } from "./entry.ts";
import { GitPacks } from "./git-packs.ts";
import type { GitStore } from "./git-store.ts";
import { listObjects, readBlob } from "./git-store.ts";
import { type Head, readHead } from "./head.ts";
import { FILE_BYTES_MAX, type TrailStore } from "./store.ts";
import { bundlePath, hashesAt, parseSegmentPath, scanEntries, TILE_WIDTH } from "./tile.ts";

/** Reading what a trail says. It shows what the branch holds; whether that is what was logged, `verify` tells. */

/** Files asked for ahead: others unpack while we search. */
const AHEAD = 16;
/** Bundles from which on it is worth reading where the packs have what. */
const PACKS_FROM = 16;

export interface LogEntry extends Entry {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** What to show; every condition must hold. */
export interface LogFilter {
  /** Ids of models, or the paths that they lie at: about one of them. */
  readonly models?: readonly string[];
  readonly pr?: number;
  /** Numeric id of a person, as actor or approver. */
  readonly actor?: number;
  /** A kind, or a group of kinds with a dot at its end: `deploy.`. */
  readonly kinds?: readonly string[];
  /** RFC 3339, UTC: from this time on, and before that one. */
  readonly from?: string;
  readonly until?: string;
}

/** The last commit of the branch. Rejects `TRAIL_MISSING` and as `readHead`. */
export async function openTrail(store: Pick<TrailStore, "head" | "read">): Promise<Head> {
  const commit = await store.head();
  if (commit !== undefined) return readHead(store, commit);
  throw new GateError("TRAIL_MISSING", "Cannot read the trail: this repository has no such branch", {
    fix: "Fetch it: git fetch origin weighbridge-trail:weighbridge-trail",
  });
}

/**
 * The entries that pass the filter, in order. Only entries whose bytes hold the rarest word of the filter are
 * parsed, so that looking for one model among a million entries costs no more than reading them. `onUnknown` hears of
 * those whose kind this version does not know, for nobody can say whether they pass the filter: of all, for which every
 * entry is parsed, or of those that hold such a word.
 */
export async function* readLog(
  store: GitStore,
  head: Head,
  filter: LogFilter = {},
  onUnknown?: (seq: number, id: string) => void,
  { among = "all" }: { readonly among?: "all" | "found" } = {},
): AsyncGenerator<LogEntry> {
  const needles = onUnknown === undefined || among === "found" ? needlesOf(filter) : [];
  for await (const bundle of readBundles(store, head)) {
    for (const { seq, bytes } of entriesWith(bundle, needles)) {
      const read = parseEntry(bytes, `entry ${seq}`);
      if (!read.known) onUnknown?.(seq, read.entry.predicate.id);
      else if (passes(read.entry, filter)) yield { ...read.entry, seq, bytes };
    }
  }
}

/** The entries that hold one of the needles; without any, all. */
function entriesWith(
  { first, path, bytes }: Bundle,
  needles: readonly Buffer[],
): readonly { readonly seq: number; readonly bytes: Uint8Array }[] {
  const hits = needles.map((needle) => bytes.indexOf(needle));
  if (needles.length > 0 && hits.every((hit) => hit < 0)) return [];
  const found: { seq: number; bytes: Uint8Array }[] = [];
  scanEntries(bytes, path, (at, start, end) => {
    const isFound = needles.some((needle, index) => {
      let hit = hits[index]!;
      if (hit >= 0 && hit < start) hit = hits[index] = bytes.indexOf(needle, start);
      return hit >= 0 && hit + needle.length <= end;
    });
    if (isFound || needles.length === 0) found.push({ seq: first + at, bytes: bytes.subarray(start, end) });
  });
  return found;
}

interface Bundle {
  /** Index of its first entry. */
  readonly first: number;
  readonly path: string;
  readonly bytes: Buffer;
}

async function* readBundles(store: GitStore, head: Head): AsyncGenerator<Bundle> {
  const isLong = hashesAt(1, head.checkpoint.size) >= PACKS_FROM;
  const packs = isLong ? await GitPacks.open(store.gitFolder, head.commit.length / 2) : undefined;
  try {
    yield* readWith({ objects: store.objects, packs }, store, head);
  } finally {
    await packs?.close();
  }
}

/** Where bundles are read: in the packs, and through git what is not to be had there. */
interface Readers {
  readonly objects: ObjectReader;
  readonly packs: GitPacks | undefined;
}

async function* readWith(
  readers: Readers,
  store: GitStore,
  { commit, checkpoint }: Head,
): AsyncGenerator<Bundle> {
  const full = hashesAt(1, checkpoint.size);
  const ids = await listObjects(store.gitFolder, commit, ["tile/entries/", "tail/"]);
  const tail = [...ids.keys()]
    .filter((path) => path.startsWith("tail/"))
    .map((path) => ({ first: full * TILE_WIDTH + (parseSegmentPath(path)?.position ?? 0), path }));
  // No list up to the size, which is only what somebody signed: the first bundle that is missing ends it.
  const fileAt = (at: number) =>
    at < full ? { first: at * TILE_WIDTH, path: bundlePath(at) } : tail[at - full]!;
  const end = full + tail.length;
  const reads: Promise<Bundle>[] = [];
  for (let at = 0; at < end; at++) {
    while (reads.length < AHEAD && at + reads.length < end) {
      const next = at + reads.length;
      const file = fileAt(next);
      reads.push(readBundle(readers, ids.get(file.path), file));
      // What goes wrong is met where this is awaited.
      reads.at(-1)!.catch(() => {});
    }
    yield await reads.shift()!;
  }
}

async function readBundle(
  { objects, packs }: Readers,
  id: string | undefined,
  file: Omit<Bundle, "bytes">,
): Promise<Bundle> {
  const bytes =
    id === undefined ? undefined : ((await packs?.read(id, FILE_BYTES_MAX)) ?? (await readBlob(objects, id)));
  if (bytes === undefined) {
    throw new GateError("TRAIL_FILE_MISSING", `Cannot read the trail: ${file.path} is not there`);
  }
  return { ...file, bytes: asBuffer(bytes) };
}

/** Words of which each entry that passes holds at least one, from the condition that is rarest. */
function needlesOf({ models, pr, actor, kinds }: LogFilter): readonly Buffer[] {
  if (models !== undefined)
    return models.map((model) => Buffer.from(JSON.stringify(model).slice(1, -1), "utf8"));
  if (pr !== undefined) return [Buffer.from(`"number":${pr}`, "utf8")];
  if (actor !== undefined) return [Buffer.from(`"id":${actor}`, "utf8")];
  return (kinds ?? []).map((kind) => Buffer.from(`"kind":"${kind}`, "utf8"));
}

/** True if every condition of the filter holds of the entry. */
export function passes(entry: Entry, { models, pr, actor, kinds, from, until }: LogFilter): boolean {
  const { predicate } = entry;
  if (models !== undefined && !models.some((model) => concerns(entry, model))) return false;
  if (pr !== undefined && predicate.pr?.number !== pr) return false;
  if (actor !== undefined && !involves(entry, actor)) return false;
  if (kinds !== undefined && !kinds.some((kind) => isKind(predicate.kind, kind))) return false;
  if (from !== undefined && predicate.ts < from) return false;
  return until === undefined || predicate.ts < until;
}

/** True if the entry is about the model: it names its id, or a subject lies at its path. */
export function concerns({ subject, predicate }: Entry, model: string): boolean {
  const { gate, approval, stale, waiver, breakglass, incident, feedback, monitor, revalidation } = predicate;
  const named = [gate, approval, stale, waiver, breakglass, incident, feedback, monitor, revalidation];
  return (
    predicate.model?.id === model ||
    predicate.model?.path === model ||
    named.some((detail) => detail?.model === model) ||
    (predicate.decision?.gates ?? []).some((gate) => gate.model === model) ||
    subject.some(({ name }) => `/${name}`.includes(`/${model}/`) || name === model)
  );
}

function involves({ predicate }: Entry, person: number): boolean {
  return (
    predicate.actor?.id === person ||
    (predicate.decision?.approvals ?? []).some((approval) => approval.id === person)
  );
}

function isKind(kind: string, wanted: string): boolean {
  return wanted.endsWith(".") ? kind.startsWith(wanted) : kind === wanted;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
