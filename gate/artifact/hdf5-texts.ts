import type { ByteSource } from "../model/bytes.ts";
import { ByteWindow } from "./byte-window.ts";
import { bufferSource, sliceSource } from "./bytes.ts";
import { HDF5_TEXT_STEPS_MAX, TRIAL_OPCODES_MAX } from "./limits.ts";
import { type Trial, tryPickle } from "./pickle-trial.ts";

// HDF5 File Format Specification 3.0, sections III.E (global heap) and IV.A.2.m (attribute message).

/** Looked at together; the next stretch begins where a header and a name of greatest length still fit in. */
const STRETCH_BYTES = 1024 * 1024;
const HEADER_BYTES = 9;
const OVERLAP_BYTES = HEADER_BYTES + 0xffff;
/** Of a text, tried before it is read to its end. */
const FRONT_BYTES = 4096;
/** Bytes that are read, or looked through for the end of a name, for one step. */
const STEP_BYTES = 1024;
const TRIAL_STEPS = 8;

/** The class of a datatype, the lower half of its first byte. */
const STRING = 3;
/** Version, type and offset of what stands elsewhere. */
const SHARED_BYTES = 10;

const HEAP = "GCOL\x01";
const HEAP_HEADER_BYTES = 16;
const OBJECT_HEADER_BYTES = 16;

/** `pickle`: whoever loads one of them runs code. `unseen`: there are more than can be looked at. */
export type Texts = "pickle" | "seen" | "unseen";

/** What may still be spent on the texts of one file. */
interface Search {
  readonly source: ByteSource;
  readonly budget: { opcodes: number };
  steps: number;
}

/** Where a text stands in the file. */
interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/**
 * Tries the texts of an HDF5 file as pickles: PyTables loads those in attributes, some of them when it opens the file
 * (tables/attributeset.py, `__getattr__`). An attribute is known by its message, wherever that is kept, and a text of
 * variable length by the heap that it stands in; numbers that read like one are no pickle.
 */
export async function tryHdf5Texts(source: ByteSource, budget: { opcodes: number }): Promise<Texts> {
  const search: Search = { source, budget, steps: HDF5_TEXT_STEPS_MAX };
  for (let start = 0; start < source.size; start += STRETCH_BYTES) {
    const length = Math.min(STRETCH_BYTES + OVERLAP_BYTES, source.size - start);
    const bytes = Buffer.from(await source.read(start, length));
    for (const text of attributesIn(bytes, start, search)) if (await isPickle(text, search)) return "pickle";
    for (let at = bytes.indexOf(HEAP); at >= 0 && at < STRETCH_BYTES; at = bytes.indexOf(HEAP, at + 1)) {
      if (await holdsPickle(start + at, search)) return "pickle";
    }
    if (search.steps <= 0) return "unseen";
  }
  return "seen";
}

/** The values of attributes whose messages begin in a stretch: of fixed length, or of a type that stands elsewhere. */
function* attributesIn(bytes: Buffer, start: number, search: Search): Generator<Stretch> {
  const last = Math.min(STRETCH_BYTES, bytes.length - HEADER_BYTES);
  // A loop: a pattern took twice as long on small numbers.
  for (let at = 0; at < last && search.steps > 0; at++) {
    const version = bytes[at]!;
    if (version === 0 || version > 3) continue;
    const flags = bytes[at + 1]!;
    const nameBytes = bytes[at + 2]! + bytes[at + 3]! * 256;
    if (flags > 3 || nameBytes < 2) continue;
    const name = at + (version === 3 ? 9 : 8);
    if (bytes[name + nameBytes - 1] !== 0) continue;
    search.steps -= Math.floor(nameBytes / STEP_BYTES);
    // The library refuses a name that ends before (H5Oattr.c, H5O__attr_decode).
    if (bytes.indexOf(0, name) < name + nameBytes - 1) continue;
    const pad = (length: number) => (version === 1 ? Math.ceil(length / 8) * 8 : length);
    const datatype = name + pad(nameBytes);
    const isElsewhere = version > 1 && (flags & 1) === 1;
    const datatypeBytes = bytes.readUInt16LE(at + 4);
    const isText = ((bytes[datatype] ?? 0) & 15) === STRING;
    if (isElsewhere ? datatypeBytes < SHARED_BYTES : !isText) continue;
    const offset = start + datatype + pad(datatypeBytes) + pad(bytes.readUInt16LE(at + 6));
    const isCut = isElsewhere || datatype + 8 > bytes.length;
    const length = isCut ? Number.POSITIVE_INFINITY : bytes.readUInt32LE(datatype + 4);
    yield { offset, length };
  }
}

/** Whether one of the objects of a global heap is a pickle. */
async function holdsPickle(offset: number, search: Search): Promise<boolean> {
  const window = new ByteWindow(search.source);
  if (!(await window.cover(offset, HEAP_HEADER_BYTES))) return false;
  const end = Math.min(search.source.size, offset + window.number(offset + 8, 8));
  let at = offset + HEAP_HEADER_BYTES;
  while (at + OBJECT_HEADER_BYTES <= end && search.steps > 0) {
    if (!window.covers(at, OBJECT_HEADER_BYTES)) await window.cover(at, OBJECT_HEADER_BYTES);
    // What is free has no number, and nothing follows it.
    if (window.number(at, 2) === 0) return false;
    const length = window.number(at + 8, 8);
    const value = at + OBJECT_HEADER_BYTES;
    search.steps -= 1;
    // Most are told at once: a promise for each would take longer than all the rest.
    const isAtHand = length <= FRONT_BYTES && window.covers(value, length);
    const isTried = !isAtHand || endsWithStop(window.bytes(value, length));
    if (isTried && (await isPickle({ offset: value, length }, search))) return true;
    at = value + Math.ceil(length / 8) * 8;
  }
  return false;
}

async function isPickle({ offset, length }: Stretch, search: Search): Promise<boolean> {
  const { source, budget } = search;
  const bytes = Math.min(length, source.size - offset);
  if (bytes <= 0) return false;
  const front = await source.read(offset, Math.min(bytes, FRONT_BYTES));
  const isShort = bytes <= FRONT_BYTES;
  if (isShort && !endsWithStop(front)) return false;
  search.steps -= TRIAL_STEPS;
  const trial = await tryPickle(bufferSource(source.name, front));
  if (isShort || runs(trial) || trial.ended !== "cut") return runs(trial);
  search.steps -= Math.ceil(bytes / STEP_BYTES);
  if (search.steps <= 0) return false;
  const whole = sliceSource(source, offset, bytes);
  const again = await tryPickle(whole, Math.min(TRIAL_OPCODES_MAX, budget.opcodes));
  budget.opcodes -= again.opcodes;
  return runs(again);
}

/** What PyTables asks of a text, zeros at its end aside, before it loads it. */
function endsWithStop(text: Uint8Array): boolean {
  let end = text.length;
  while (text[end - 1] === 0) end--;
  return text[end - 1] === 0x2e;
}

/** Lists and numbers, which PyTables and pandas keep as pickles, run nothing. */
function runs({ calls, bareCalls, imports, ended }: Trial): boolean {
  return calls || bareCalls || imports || ended === "limit";
}
