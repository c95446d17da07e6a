import { hash } from "node:crypto";
import { GateError } from "../model/error.ts";
import { canonicalBytes, canonicalText, parseCanonical } from "./canonical.ts";
import { Cursor, MISFIT } from "./cursor.ts";
import { KINDS, OVERFLOW, type Predicate } from "./kind.ts";
import { EVIDENCE_MAX } from "./member.ts";
import { sha256 } from "./merkle.ts";
import {
  fits,
  integer,
  listByName,
  type Of,
  oneOf,
  open,
  record,
  type Scanner,
  type Shape,
} from "./shape.ts";
import { SHA256, SUBJECT, TOKEN } from "./vocabulary.ts";

/** One leaf of the trail: an in-toto Statement v1 in canonical JSON. It carries no signature; the tree does. */

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const PREDICATE_TYPE = "https://github.com/OWNER/weighbridge/trail/entry/v1";

/** Well below the 65,535 that a bundle can hold; the rest goes to `evidence/`. */
export const ENTRY_BYTES_WRITTEN_MAX = 60_000;

const KIND_LABEL = Buffer.from('"kind":"');
const ID_DOMAIN = "weighbridge-entry-id/v1\n";

export type Subject = Of<typeof SUBJECT>;

export interface Entry {
  readonly subject: readonly Subject[];
  readonly predicate: Predicate;
}

/** Members that only the trail gives. */
const SEALED = ["v", "seq", "prev", "id", "ts"] as const;

/** What happened, before the trail gives it a place. */
export interface EntryContent {
  readonly subject: readonly Subject[];
  readonly predicate: Omit<Predicate, (typeof SEALED)[number]>;
}

/** The place of an entry in the trail. */
export interface Seal {
  readonly seq: number;
  /** Leaf hash of the entry before, in hex. */
  readonly prev: string;
  /** RFC 3339, UTC, three decimals. */
  readonly ts: string;
}

/** An entry ready for the tree, and what did not fit into it. */
export interface SealedEntry {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly overflow?: Uint8Array;
}

/** An entry as it was read. A kind of a later version is carried but not understood. */
export type ReadEntry =
  | { readonly known: true; readonly entry: Entry }
  | { readonly known: false; readonly entry: UnknownEntry; readonly kind: string };

/** The members that every version has. */
export type UnknownEntry = Of<typeof STRUCTURE>;

const SUBJECTS = listByName(SUBJECT, 1, 256);

/** Checked of a predicate whose `v` or `kind` this version does not know. */
const SKELETON = open({ v: integer(), seq: integer(), prev: SHA256, id: SHA256, kind: TOKEN });
const CONTENT = record({ subject: SUBJECTS, predicate: open({}) });
const LABELLED = open({ predicate: open({ v: oneOf(1), kind: TOKEN }) });
const STRUCTURE = statement(SKELETON);

/** How the entries of one kind are read. */
interface Reading {
  readonly shape: Shape<Entry>;
  readonly scanAll: Scanner<Entry>;
  readonly scanHead: Scanner<Entry>;
}

/** Made for a kind when the first of its entries is met: most runs meet none, and few meet many. */
const readings = new Map<string, Reading>();

function readingOf(name: string): Reading | undefined {
  const known = readings.get(name);
  const kind = known === undefined ? KINDS.get(name) : undefined;
  if (kind === undefined) return known;
  const shape = statement(kind.shape);
  const reading = { shape, scanAll: shape.scanner(true), scanHead: shape.scanner({ predicate: kind.keep }) };
  readings.set(name, reading);
  return reading;
}

function statement<T>(predicate: Shape<T>) {
  return record({
    _type: oneOf(STATEMENT_TYPE),
    predicateType: oneOf(PREDICATE_TYPE),
    subject: SUBJECTS,
    predicate,
  });
}

/**
 * The entry that the bytes spell. Throws `TRAIL_NOT_CANONICAL`, `TRAIL_ENTRY_INVALID` with the member that does
 * not fit, and `TRAIL_ENTRY_ID` if the id is not that of the event.
 */
export function parseEntry(bytes: Uint8Array, name: string): ReadEntry {
  const entry = scanEntry(bytes, "scanAll");
  const read: ReadEntry = entry === undefined ? readSlowly(bytes, name) : { known: true, entry };
  if (read.known) assertId(read.entry, name);
  return read;
}

/** What the rules from entry to entry look at. */
export type EntryHead = Pick<Predicate, "seq" | "prev" | "id" | "kind" | "ts" | "evidence">;

/**
 * The head of an entry that is in order, found without parsing it; undefined says nothing against it, only that
 * `parseEntry` has to look. Throws `TRAIL_ENTRY_ID` as that does.
 */
export function peekEntry(bytes: Uint8Array, name: string): EntryHead | undefined {
  const entry = scanEntry(bytes, "scanHead");
  if (entry !== undefined) assertId(entry, name);
  return entry?.predicate;
}

function assertId(entry: Entry, name: string): void {
  const expected = entryId(entry);
  if (entry.predicate.id === expected) return;
  throw new GateError("TRAIL_ENTRY_ID", `Cannot accept ${name}: its id is not ${expected}`);
}

/** Kind of the entry read last: most have the kind of the one before. */
let lastKind = "decision.made";

/** The entry, or what is kept of it, if its kind is known and its text is plain. */
function scanEntry(bytes: Uint8Array, what: "scanAll" | "scanHead"): Entry | undefined {
  const entry = scanAs(lastKind, bytes, what);
  if (entry !== undefined) return entry;
  const kind = findKind(bytes);
  if (kind === undefined || kind === lastKind) return undefined;
  lastKind = KINDS.has(kind) ? kind : lastKind;
  return scanAs(kind, bytes, what);
}

/** The kind is a guess: it holds if the scan then reads it at its place. */
function scanAs(kind: string, bytes: Uint8Array, what: "scanAll" | "scanHead"): Entry | undefined {
  const scan = readingOf(kind)?.[what];
  if (scan === undefined) return undefined;
  const cursor = new Cursor(bytes);
  const entry = scan(cursor);
  return entry !== MISFIT && cursor.isAtEnd && entry.predicate.kind === kind ? entry : undefined;
}

/** What follows the first `"kind":"`. */
function findKind(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = buffer.indexOf(KIND_LABEL);
  const end = start === -1 ? -1 : buffer.indexOf('"', start + KIND_LABEL.length);
  return end === -1 ? undefined : buffer.toString("latin1", start + KIND_LABEL.length, end);
}

function readSlowly(bytes: Uint8Array, name: string): ReadEntry {
  const value: unknown = parseCanonical(bytes, name);
  const shape = statementOf(value);
  if (shape === undefined) {
    assertShape(value, STRUCTURE, name);
    return { known: false, entry: value, kind: value.predicate.kind };
  }
  assertShape(value, shape, name);
  return { known: true, entry: value };
}

/** The shape of the statement for its kind; undefined for a kind or version that is not known. */
function statementOf(value: unknown): Shape<Entry> | undefined {
  if (!fits(value, LABELLED)) return undefined;
  return readingOf(value.predicate.kind)?.shape;
}

/**
 * Id of the event: however often and by whatever way it is reported, it has this one. 64 hex digits.
 * SHA-256 over a domain and the canonical list of repository, kind and the kind's key.
 */
export function entryId({ predicate }: Entry): string {
  const kind = KINDS.get(predicate.kind);
  if (kind === undefined) throw new TypeError(`Cannot identify entry: unknown kind '${predicate.kind}'`);
  const text = canonicalText([predicate.repo.id, predicate.kind, ...kind.key(predicate)]);
  return hash("sha256", `${ID_DOMAIN}${text}`, "hex");
}

/**
 * The entry at its place. Above 60,000 bytes, its gates and then its subjects move into a file of evidence named
 * `overflow.json`. Throws `TRAIL_ENTRY_INVALID`, and `TRAIL_ENTRY_TOO_LARGE` if that is not enough.
 */
export function sealEntry(content: EntryContent, seal: Seal): SealedEntry {
  const entry = place(content, seal);
  const whole = write(entry);
  if (whole.length <= ENTRY_BYTES_WRITTEN_MAX) return { id: entry.predicate.id, bytes: whole };
  for (const moved of [withoutGates(entry), withoutSubjects(entry)]) {
    const bytes = write(moved.entry);
    if (bytes.length <= ENTRY_BYTES_WRITTEN_MAX) {
      return { id: entry.predicate.id, bytes, overflow: moved.overflow };
    }
  }
  throw new GateError(
    "TRAIL_ENTRY_TOO_LARGE",
    `Cannot write ${entry.predicate.kind} to the trail: ${whole.length} bytes, limit is ${ENTRY_BYTES_WRITTEN_MAX}`,
    { fix: "Put the bulk into a file of evidence" },
  );
}

/** Id of the event that `content` tells of. Throws unless it can be sealed at any place. */
export function checkContent(content: EntryContent): string {
  return sealEntry(content, {
    seq: Number.MAX_SAFE_INTEGER,
    prev: "0".repeat(64),
    ts: "2026-11-21T22:14:05.123Z",
  }).id;
}

/** The content that canonical bytes spell. Throws as `parseEntry` and `checkContent`. */
export function parseContent(bytes: Uint8Array, name: string): EntryContent {
  const value = parseCanonical(bytes, name);
  assertShape(value, CONTENT, name);
  // `checkContent` judges the members, against the shape of the kind.
  const content = value as unknown as EntryContent;
  checkContent(content);
  return content;
}

function place(content: EntryContent, { seq, prev, ts }: Seal): Entry {
  const placed = SEALED.find((member) => Object.hasOwn(content.predicate, member));
  if (placed !== undefined) throw invalid("entry", `only the trail gives it its ${placed}`);
  const predicate = { ...content.predicate, v: 1 as const, seq, prev, id: "0".repeat(64), ts };
  // Through the canonical form and back: what is checked is what is written, whatever the content is made of.
  const value: unknown = parseCanonical(write({ subject: content.subject, predicate }), "entry");
  const shape = statementOf(value);
  if (shape === undefined) throw invalid("entry", `unknown kind '${predicate.kind}'`);
  assertShape(value, shape, "entry");
  const evidence = value.predicate.evidence ?? [];
  if (evidence.length > EVIDENCE_MAX || evidence.some((item) => item.name === OVERFLOW)) {
    throw invalid("entry", `its evidence is more than ${EVIDENCE_MAX} files, or named ${OVERFLOW}`);
  }
  return { ...value, predicate: { ...value.predicate, id: entryId(value) } };
}

function write({ subject, predicate }: Entry): Uint8Array {
  return canonicalBytes({ _type: STATEMENT_TYPE, predicateType: PREDICATE_TYPE, subject, predicate });
}

interface Moved {
  readonly entry: Entry;
  readonly overflow: Uint8Array;
}

function withoutGates(entry: Entry): Moved {
  const { decision } = entry.predicate;
  if (decision?.gates === undefined) return { entry, overflow: canonicalBytes({}) };
  const { gates, ...rest } = decision;
  const overflow = canonicalBytes({ gates });
  return {
    entry: withOverflow({ ...entry, predicate: { ...entry.predicate, decision: rest } }, overflow),
    overflow,
  };
}

function withoutSubjects(entry: Entry): Moved {
  const { subject, predicate } = entry;
  const { gates, ...rest } = predicate.decision ?? {};
  const overflow = canonicalBytes(gates === undefined ? { subject } : { gates, subject });
  const digest = { sha256: hex(sha256(overflow)) };
  const decision = predicate.decision === undefined ? {} : { decision: rest as typeof predicate.decision };
  const slim = { subject: [{ name: OVERFLOW, digest }], predicate: { ...predicate, ...decision } };
  return { entry: withOverflow(slim, overflow), overflow };
}

function withOverflow(entry: Entry, overflow: Uint8Array): Entry {
  const item = {
    name: OVERFLOW,
    digest: { sha256: hex(sha256(overflow)) },
    size: overflow.length,
    mediaType: "application/json",
  };
  const evidence = [...(entry.predicate.evidence ?? []), item];
  return { ...entry, predicate: { ...entry.predicate, evidence } };
}

function assertShape<T>(value: unknown, shape: Shape<T>, name: string): asserts value is T {
  const mismatch = shape.check(value);
  if (mismatch === undefined) return;
  const { at, expected } = mismatch;
  throw invalid(name, `${at === "" ? "it" : at.slice(1)} is expected ${expected}`);
}

function invalid(name: string, state: string): GateError {
  return new GateError("TRAIL_ENTRY_INVALID", `Cannot accept ${name}: ${state}`);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
