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

/** An end record whose directory was found. */
export interface EndRecord {
  readonly offset: number;
  readonly end: number;
  readonly entries: number;
  readonly directoryOffset: number;
  readonly directoryBytes: number;
  /** Bytes before the archive: what must be added to every offset in it. */
  readonly prefixBytes: number;
}

/** End records whose directory is where they say, from the last to the first. */
export async function findEndRecords(source: ByteSource): Promise<readonly EndRecord[]> {
  const start = Math.max(0, source.size - ZIP_TAIL_BYTES);
  const tail = await source.read(start, source.size - start);
  const text = latin1(tail);
  const records: EndRecord[] = [];
  let at = text.lastIndexOf("PK\x05\x06");
  while (at >= 0 && records.length < ZIP_END_RECORDS_MAX) {
    const record = await readEndRecord(source, tail.subarray(at), start + at);
    if (record !== undefined) records.push(record);
    at = at === 0 ? -1 : text.lastIndexOf("PK\x05\x06", at - 1);
  }
  return records;
}

async function readEndRecord(
  source: ByteSource,
  bytes: Uint8Array,
  offset: number,
): Promise<EndRecord | undefined> {
  if (bytes.length < END_RECORD_BYTES) return undefined;
  const cursor = new Cursor(bytes, source.name);
  cursor.skip(10);
  const stated = {
    entries: cursor.u16(),
    directoryBytes: cursor.u32(),
    directoryOffset: cursor.u32(),
  };
  const end = offset + END_RECORD_BYTES + cursor.u16();
  const isZip64 =
    stated.entries === 0xffff || stated.directoryBytes === IN_ZIP64 || stated.directoryOffset === IN_ZIP64;
  const wide = isZip64 ? await readEndRecord64(source, offset) : undefined;
  const located = await locateDirectory(source, wide ?? { ...stated, endsAt: offset });
  return located && { offset, end, ...located };
}

interface Stated {
  readonly entries: number;
  readonly directoryBytes: number;
  readonly directoryOffset: number;
  /** Where the directory ends if nothing stands between it and its end record. */
  readonly endsAt: number;
}

async function readEndRecord64(source: ByteSource, endRecordOffset: number): Promise<Stated | undefined> {
  const locatorOffset = endRecordOffset - LOCATOR_BYTES;
  if ((await u32At(source, locatorOffset)) !== LOCATOR) return undefined;
  const locator = new Cursor(await source.read(locatorOffset, LOCATOR_BYTES), source.name);
  locator.skip(8);
  const recordOffset = Number(locator.u64());
  if ((await u32At(source, recordOffset)) !== END_RECORD_64) return undefined;
  if (recordOffset + END_RECORD_64_BYTES > source.size) return undefined;
  const record = new Cursor(await source.read(recordOffset, END_RECORD_64_BYTES), source.name);
  record.skip(32);
  const entries = Number(record.u64());
  const directoryBytes = Number(record.u64());
  return { entries, directoryBytes, directoryOffset: Number(record.u64()), endsAt: recordOffset };
}

/** Readers take the stated offset, or count back from the end record: either makes it an archive. */
async function locateDirectory(source: ByteSource, stated: Stated) {
  const { entries, directoryBytes, directoryOffset, endsAt } = stated;
  const counted = endsAt - directoryBytes;
  for (const offset of [counted, directoryOffset]) {
    const isHere = entries === 0 ? offset === 0 : (await u32At(source, offset)) === DIRECTORY_ENTRY;
    if (isHere && offset + directoryBytes <= source.size) {
      return { entries, directoryBytes, directoryOffset: offset, prefixBytes: offset - directoryOffset };
    }
  }
  return undefined;
}

/** The number at an offset; undefined where no four bytes stand. */
export async function u32At(source: ByteSource, offset: number): Promise<number | undefined> {
  if (!(offset >= 0 && offset + 4 <= source.size)) return undefined;
  return new Cursor(await source.read(offset, 4), source.name).u32();
}
