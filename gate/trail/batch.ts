import { formatCheckpoint } from "./checkpoint.ts";
import { type EntryContent, sealEntry } from "./entry.ts";
import { type Edge, foldEntries } from "./fold.ts";
import { leafHash, sha256 } from "./merkle.ts";
import type { TrailCommit } from "./store.ts";
import { formatTrailFile, TRAIL_FILE, type TrailFile } from "./trail-file.ts";

/** The file of the signed checkpoint. */
export const CHECKPOINT_FILE = "checkpoint";
/** The file of the last checkpoint with its cosignatures. */
export const WITNESSED_FILE = "checkpoint.witnessed";

/** Entries and bytes of one commit: what fits into one request to GitHub with room to spare. */
export const BATCH_ENTRIES_MAX = 1_024;
export const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** What happened, with the files that its evidence names: one row of the outbox. */
export interface OutboxRow {
  readonly id: string;
  readonly content: EntryContent;
  readonly evidence: readonly Uint8Array[];
}

/** Everything of a commit but its signatures. From here on it is the only thing that may be signed for its size. */
export interface Batch {
  readonly origin: string;
  /** Entries before it. */
  readonly from: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly batchId: string;
  /** Keys that must sign it, each. */
  readonly vkeys: readonly string[];
  /** Ids of its entries, in order. */
  readonly ids: readonly string[];
  readonly parent: string | undefined;
  /** Seconds since 1970. */
  readonly time: number;
  readonly writes: ReadonlyMap<string, Uint8Array>;
  readonly deletes: readonly string[];
}

export interface BatchRequest {
  readonly origin: string;
  readonly edge: Edge;
  readonly rows: readonly OutboxRow[];
  readonly parent: string | undefined;
  readonly vkeys: readonly string[];
  readonly now: Date;
  /** The trail's new description, if this commit changes it. */
  readonly trailFile?: TrailFile;
  /** The last checkpoint that witnesses cosigned, if it is news; `none` if the one that stands there is none any more. */
  readonly witnessed?: Uint8Array | "none";
}

/** The batch that appends the rows, and the edge after it. Same request, same bytes. */
export function buildBatch(request: BatchRequest): { readonly batch: Batch; readonly edge: Edge } {
  const { origin, edge, rows, parent, vkeys, now, trailFile, witnessed } = request;
  const entries: Uint8Array[] = [];
  const evidence = new Map<string, Uint8Array>();
  let prev = edge.last;
  for (const { content, evidence: files } of rows) {
    const seal = { seq: edge.size + entries.length, prev: hex(prev), ts: now.toISOString() };
    const { bytes, overflow } = sealEntry(content, seal);
    entries.push(bytes);
    prev = leafHash(bytes);
    for (const file of overflow === undefined ? files : [...files, overflow])
      evidence.set(evidencePath(file), file);
  }
  const fold = foldEntries(edge, entries);
  const { size } = fold.edge;
  const writes = new Map([...fold.writes, ...evidence]);
  if (trailFile !== undefined) writes.set(TRAIL_FILE, formatTrailFile(trailFile));
  if (witnessed instanceof Uint8Array) writes.set(WITNESSED_FILE, witnessed);
  const text = formatCheckpoint({ origin, size, root: fold.root });
  const batch: Batch = {
    origin,
    from: edge.size,
    size,
    root: fold.root,
    batchId: batchIdOf(parent, text),
    vkeys,
    ids: rows.map(({ id }) => id),
    parent,
    time: Math.floor(now.getTime() / 1000),
    writes,
    deletes: witnessed === "none" ? [...fold.deletes, WITNESSED_FILE] : fold.deletes,
  };
  return { batch, edge: fold.edge };
}

/** The text that the keys sign. */
export function checkpointText({ origin, size, root }: Batch): string {
  return formatCheckpoint({ origin, size, root });
}

/** The commit of a batch whose checkpoint is signed. */
export function toCommit(batch: Batch, checkpoint: Uint8Array): TrailCommit {
  const writes = new Map([...batch.writes, [CHECKPOINT_FILE, checkpoint] as const]);
  return {
    parent: batch.parent,
    message: messageOf(batch),
    time: batch.time,
    writes,
    deletes: batch.deletes,
  };
}

/** Where a file of evidence is kept: by the SHA-256 of its bytes. */
export function evidencePath(file: Uint8Array): string {
  return evidencePathOf(hex(sha256(file)));
}

export function evidencePathOf(digest: string): string {
  return `evidence/${digest.slice(0, 2)}/${digest.slice(2)}`;
}

/** What a commit's message says; undefined for a message that is not a trail's. */
export interface Trailers {
  readonly first: number;
  readonly last: number;
  readonly batchId: string;
  readonly size: number;
  /** Standard base64. */
  readonly root: string;
}

// `[skip ci]`: without it every append would start the repository's workflows.
function messageOf({ from, size, batchId, root }: Batch): string {
  const trailers = [
    `Batch-Id: ${batchId}`,
    `Tree-Size: ${size}`,
    `Root: ${Buffer.from(root).toString("base64")}`,
  ];
  return `trail: ${from}..${size - 1} [skip ci]\n\n${trailers.join("\n")}\n`;
}

const NUMBER = "(0|[1-9][0-9]{0,15})";
const MESSAGE = new RegExp(
  `^trail: ${NUMBER}\\.\\.${NUMBER} \\[skip ci\\]\\n\\nBatch-Id: ([0-9a-f]{32})\\nTree-Size: ${NUMBER}\\nRoot: ([A-Za-z0-9+/]{43}=)\\n*$`,
);

export function parseMessage(message: string): Trailers | undefined {
  const [, first, last, batchId, size, root] = MESSAGE.exec(message) ?? [];
  if (batchId === undefined || root === undefined) return undefined;
  return { first: Number(first), last: Number(last), batchId, size: Number(size), root };
}

/** Names the batch in its commit's message, so that a lost answer can be looked for. 32 hex digits. */
export function batchIdOf(parent: string | undefined, text: string): string {
  const bytes = Buffer.from(`weighbridge-batch/v1\n${parent ?? ""}\n${text}`, "utf8");
  return hex(sha256(bytes)).slice(0, 32);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
