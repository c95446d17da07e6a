import type { ByteSource } from "../model/bytes.ts";
import { Cursor, latin1 } from "./bytes.ts";
import { ZIP_END_RECORDS_MAX, ZIP_TAIL_BYTES } from "./limits.ts";

// APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16.

export const END_RECORD = 0x06054b50;
const END_RECORD_BYTES = 22;
const LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
const END_RECORD_64 = 0x06064b50;
const END_RECORD_64_BYTES = 56;
export const DIRECTORY_ENTRY = 0x02014b50;
/** Stands in a 32-bit field whose value is in the zip64 one. */
export const IN_ZIP64 = 0xffffffff;

/** An end record, with one directory that a reader may find by it. */
export interface EndRecord {
  readonly offset: number;
  readonly end: number;
  readonly entries: number;
  readonly directoryOffset: number;
  readonly directoryBytes: number;
  /** Bytes before the archive: what must be added to every offset in it. */
  readonly prefixBytes: number;
}

/** End records from the last to the first, one for each directory to which they lead; that of Python first. */
export async function findEndRecords(source: ByteSource): Promise<readonly EndRecord[]> {
  const start = Math.max(0, source.size - ZIP_TAIL_BYTES);
  const tail = await source.read(start, source.size - start);
  const text = latin1(tail);
  const records: EndRecord[] = [];
  let at = text.lastIndexOf("PK\x05\x06");
  while (at >= 0 && records.length < ZIP_END_RECORDS_MAX) {
    records.push(...(await readEndRecord(source, tail.subarray(at), start + at)));
    at = at === 0 ? -1 : text.lastIndexOf("PK\x05\x06", at - 1);
  }
  return records;
}

async function readEndRecord(
  source: ByteSource,
  bytes: Uint8Array,
  offset: number,
): Promise<readonly EndRecord[]> {
  if (bytes.length < END_RECORD_BYTES) return [];
  const cursor = new Cursor(bytes, source.name);
  cursor.skip(10);
  const narrow = {
    entries: cursor.u16(),
    directoryBytes: cursor.u32(),
    directoryOffset: cursor.u32(),
    endsAt: offset,
  };
  const end = offset + END_RECORD_BYTES + cursor.u16();
  const records = new Map<number, EndRecord>();
  for (const stated of [...(await readEndRecords64(source, offset)), narrow]) {
    for (const located of await locateDirectories(source, stated)) {
      if (!records.has(located.directoryOffset)) {
        records.set(located.directoryOffset, { offset, end, ...located });
      }
    }
  }
  return [...records.values()];
}

interface Stated {
  readonly entries: number;
  readonly directoryBytes: number;
  readonly directoryOffset: number;
  /** Where the directory ends if nothing stands between it and its end record. */
  readonly endsAt: number;
}

/**
 * The zip64 records that the locator before an end record leads to. Python takes the one that touches the locator,
 * and takes it whatever the end record says; others go by the locator's offset, in the file or in the archive.
 */
async function readEndRecords64(source: ByteSource, endRecordOffset: number): Promise<readonly Stated[]> {
  const locatorOffset = endRecordOffset - LOCATOR_BYTES;
  if ((await u32At(source, locatorOffset)) !== LOCATOR) return [];
  const locator = new Cursor(await source.read(locatorOffset, LOCATOR_BYTES), source.name);
  locator.skip(8);
  const offsets = [
    locatorOffset - END_RECORD_64_BYTES,
    Number(locator.u64()),
    await lastBefore(source, "PK\x06\x06", locatorOffset),
  ];
  const records: Stated[] = [];
  for (const offset of new Set(offsets)) {
    const record = await readEndRecord64(source, offset);
    if (record !== undefined) records.push(record);
  }
  return records;
}

async function readEndRecord64(source: ByteSource, offset: number): Promise<Stated | undefined> {
  if ((await u32At(source, offset)) !== END_RECORD_64) return undefined;
  if (offset + END_RECORD_64_BYTES > source.size) return undefined;
  const record = new Cursor(await source.read(offset, END_RECORD_64_BYTES), source.name);
  record.skip(32);
  const entries = Number(record.u64());
  const directoryBytes = Number(record.u64());
  return { entries, directoryBytes, directoryOffset: Number(record.u64()), endsAt: offset };
}

/** Where a signature last stands before an offset; -1 if not within the length that a tail has. */
async function lastBefore(source: ByteSource, signature: string, offset: number): Promise<number> {
  const start = Math.max(0, offset - ZIP_TAIL_BYTES);
  const at = latin1(await source.read(start, offset - start)).lastIndexOf(signature);
  return at < 0 ? -1 : start + at;
}

/**
 * Readers count back from the end record, or take the stated offset: either makes it an archive. Some go by the
 * number of entries and some by the size of the directory, so neither decides whether there is one.
 */
async function locateDirectories(
  source: ByteSource,
  { entries, directoryBytes, directoryOffset, endsAt }: Stated,
) {
  const found = [];
  for (const offset of [endsAt - directoryBytes, directoryOffset]) {
    const isEmpty = entries === 0 && directoryBytes === 0 && offset === 0;
    if (!isEmpty && (await u32At(source, offset)) !== DIRECTORY_ENTRY) continue;
    const prefixBytes = offset - directoryOffset;
    found.push({ entries, directoryBytes, directoryOffset: offset, prefixBytes });
  }
  return found;
}

/** The number at an offset; undefined where no four bytes stand. */
export async function u32At(source: ByteSource, offset: number): Promise<number | undefined> {
  if (!(offset >= 0 && offset + 4 <= source.size)) return undefined;
  return new Cursor(await source.read(offset, 4), source.name).u32();
}
