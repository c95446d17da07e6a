import { GateError } from "../model/error.ts";
import type { Batch, OutboxRow } from "./batch.ts";
import { canonicalText } from "./canonical.ts";
import { parseOwnJson } from "./durable-file.ts";
import { parseContent } from "./entry.ts";
import type { Halt, Landed } from "./journal.ts";
import { fits, integer, list, record, type Shape, text } from "./shape.ts";
import { COMMIT, ORIGIN, SHA256, VKEY } from "./vocabulary.ts";

/** What the journal's files say. They are this program's own, and checked all the same: disks and people err. */

const BASE64 = text(/^[A-Za-z0-9+/]*={0,2}$/, "base64");
const ANY = text(/^.*$/s, "a text");

const ROW = record({ id: SHA256, content: ANY, evidence: list(BASE64, 0, 65) });
const BATCH = record(
  {
    origin: ORIGIN,
    from: integer(),
    size: integer(1),
    root: BASE64,
    batchId: text(/^[0-9a-f]{32}$/, "32 hex digits"),
    vkeys: list(VKEY, 1, 2),
    ids: list(SHA256, 1, 1_024),
    time: integer(),
    writes: list(record({ path: ANY, bytes: BASE64 }), 1, 100_000),
    deletes: list(ANY, 0, 100_000),
  },
  { parent: COMMIT },
);
const LANDED = record({ size: integer(1), root: BASE64, commit: COMMIT });
const HALT = record({ code: ANY, message: ANY, since: ANY });

export function formatRow({ id, content, evidence }: OutboxRow): Uint8Array {
  return toJson({ id, content: canonicalText(content), evidence: evidence.map(toBase64) });
}

/** The row. Throws `TRAIL_JOURNAL_DAMAGED`, and the errors of `parseContent`. */
export function parseRow(bytes: Uint8Array, path: string): OutboxRow {
  const { id, content, evidence } = parseAs(ROW, bytes, path);
  return {
    id,
    content: parseContent(Buffer.from(content, "utf8"), path),
    evidence: evidence.map(fromBase64),
  };
}

export function formatBatch({ root, parent, writes, ...batch }: Batch): Uint8Array {
  return toJson({
    ...batch,
    ...(parent === undefined ? {} : { parent }),
    root: toBase64(root),
    writes: [...writes].map(([path, content]) => ({ path, bytes: toBase64(content) })),
  });
}

export function parseBatch(bytes: Uint8Array, path: string): Batch {
  const { root, writes, ...batch } = parseAs(BATCH, bytes, path);
  return {
    ...batch,
    parent: batch.parent,
    root: fromBase64(root),
    writes: new Map(writes.map((file) => [file.path, fromBase64(file.bytes)])),
  };
}

export function formatLanded({ size, root, commit }: Landed): Uint8Array {
  return toJson({ size, root: toBase64(root), commit });
}

export function parseLanded(bytes: Uint8Array, path: string): Landed {
  const { size, root, commit } = parseAs(LANDED, bytes, path);
  return { size, root: fromBase64(root), commit };
}

export function formatHalt(halt: Halt): Uint8Array {
  return toJson(halt);
}

export function parseHalt(bytes: Uint8Array, path: string): Halt {
  return parseAs(HALT, bytes, path);
}

function parseAs<T>(shape: Shape<T>, bytes: Uint8Array, path: string): T {
  const value = parseOwnJson(bytes, path);
  if (fits(value, shape)) return value;
  const { at, expected } = shape.check(value)!;
  throw new GateError("TRAIL_JOURNAL_DAMAGED", `Cannot read ${path}: ${at.slice(1)} is expected ${expected}`);
}

function toJson(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}

function fromBase64(encoded: string): Uint8Array {
  return Buffer.from(encoded, "base64");
}
