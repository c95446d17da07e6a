import { hash } from "node:crypto";
import { GateError } from "../model/error.ts";
import type { OutboxRow } from "./batch.ts";
import { checkContent, type EntryContent } from "./entry.ts";
import { OWN_KINDS } from "./kind.ts";

/** Files of evidence of one entry, together: they travel in one request. */
export const EVIDENCE_BYTES_MAX = 6 * 1024 * 1024;

/**
 * The row that keeps an event and its evidence. Throws the errors of `checkContent`, `TRAIL_EVIDENCE_WRONG` unless
 * the files are exactly those that the entry names, and `TRAIL_KIND_RESERVED` for what only the trail says of itself.
 */
export function toRow(content: EntryContent, evidence: readonly Uint8Array[] = []): OutboxRow {
  const { kind } = content.predicate;
  if (!OWN_KINDS.has(kind)) return toOwnRow(content, evidence);
  throw new GateError(
    "TRAIL_KIND_RESERVED",
    `Cannot append ${kind}: only the trail writes it, together with the file that it tells of`,
  );
}

/** The row of any kind, for who writes the file that it tells of as well. Throws as `toRow`. */
export function toOwnRow(content: EntryContent, evidence: readonly Uint8Array[]): OutboxRow {
  const id = checkContent(content);
  const total = evidence.reduce((sum, file) => sum + file.length, 0);
  if (total > EVIDENCE_BYTES_MAX) throw wrong(content, `${total} bytes, limit is ${EVIDENCE_BYTES_MAX}`);
  const named = (content.predicate.evidence ?? []).map(({ digest, size }) => `${digest.sha256} ${size}`);
  const given = evidence.map((file) => `${hash("sha256", file)} ${file.length}`);
  const missing = named.find((file) => !given.includes(file));
  if (missing !== undefined) throw wrong(content, `${missing.split(" ")[0]} is named and not given`);
  const spare = given.find((file) => !named.includes(file));
  if (spare !== undefined) throw wrong(content, `${spare.split(" ")[0]} is given and not named`);
  return { id, content, evidence };
}

function wrong({ predicate }: EntryContent, state: string): GateError {
  return new GateError("TRAIL_EVIDENCE_WRONG", `Cannot take evidence of ${predicate.kind}: ${state}`);
}
