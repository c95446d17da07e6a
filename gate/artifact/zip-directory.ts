import { isUtf8 } from "node:buffer";
import type { ByteSource } from "../model/bytes.ts";
import type { ScanFinding } from "../model/evidence.ts";
import { Cursor, latin1, utf8 } from "./bytes.ts";
import { Findings } from "./findings.ts";
import { PEEK_BYTES, ZIP_DIRECTORY_BYTES_MAX, ZIP_ENTRIES_MAX } from "./limits.ts";
import { cutOff, inflate, type Unpacked } from "./peek.ts";
import {
  DIRECTORY_ENTRY,
  END_RECORD,
  type EndRecord,
  findEndRecords,
  IN_ZIP64,
  u32At,
} from "./zip-end-record.ts";

// Names of fields follow APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.12.

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_ENTRY_BYTES = 46;

/** Methods of compression. */
export const STORED = 0;
export const DEFLATED = 8;

/** Flag of a member. */
export const ENCRYPTED = 1;

/** One member as the central directory states it. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly externalAttributes: number;
  /** Of the local header in the file. */
  readonly offset: number;
}

export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  /** What makes the directory one that two readers may read differently, or not at all. */
  readonly findings: readonly ScanFinding[];
}

/** The members of the zip that a file is, by its first bytes or by an end record; undefined if it is none. */
export async function findZip(source: ByteSource): Promise<ZipDirectory | undefined> {
  const [last, ...others] = await findEndRecords(source);
  const signature = await u32At(source, 0);
  const findings = new Findings();
  if (last === undefined) {
    if (signature !== LOCAL_HEADER && signature !== END_RECORD) return undefined;
    findings.fail("ZIP_MISMATCH", "", "The file begins as a zip archive and no directory can be found in it");
    return { entries: [], findings: findings.list() };
  }
  const entries = await readEntries(source, last, findings);
  // An end record before the directory is that of an archive in a member, which no reader stops at.
  if (others.some(({ end }) => end > last.directoryOffset)) {
    findings.fail("ZIP_AMBIGUOUS", "", "More than one end record: readers differ in which archive they see");
  }
  const first = entries.reduce((least, { offset }) => Math.min(least, offset), last.directoryOffset);
  if (last.prefixBytes !== 0 || first !== 0) {
    findings.fail("ZIP_AMBIGUOUS", "", "Bytes stand before the archive: the file is something else too");
  }
  if (last.end !== source.size) {
    findings.fail("ZIP_AMBIGUOUS", "", `The archive ends at offset ${last.end}, the file at ${source.size}`);
  }
  return { entries, findings: findings.list() };
}

async function readEntries(source: ByteSource, record: EndRecord, findings: Findings) {
  if (record.entries > ZIP_ENTRIES_MAX || record.directoryBytes > ZIP_DIRECTORY_BYTES_MAX) {
    const stated = `${record.entries} members in ${record.directoryBytes} bytes`;
    findings.fail(
      "COUNT_LIMIT",
      "",
      `The directory has ${stated}, limit is ${ZIP_ENTRIES_MAX} in ${ZIP_DIRECTORY_BYTES_MAX}`,
    );
    return [];
  }
  const length = Math.min(record.directoryBytes, source.size - record.directoryOffset);
  const bytes = await source.read(record.directoryOffset, length);
  const cursor = new Cursor(bytes, source.name);
  const entries: ZipEntry[] = [];
  while (cursor.remaining >= DIRECTORY_ENTRY_BYTES && entries.length < ZIP_ENTRIES_MAX) {
    const entry = readEntry(cursor, record.prefixBytes);
    if (entry === undefined) break;
    entries.push(entry);
  }
  if (entries.length !== record.entries || cursor.remaining > 0 || length < record.directoryBytes) {
    findings.fail(
      "ZIP_MISMATCH",
      "",
      `The end record counts ${record.entries} members, the directory holds ${entries.length}`,
    );
  }
  return entries;
}

/** The entry under the cursor; undefined where there is none or it runs over the end of the directory. */
function readEntry(cursor: Cursor, prefixBytes: number): ZipEntry | undefined {
  if (cursor.u32() !== DIRECTORY_ENTRY) return undefined;
  cursor.skip(4);
  const flags = cursor.u16();
  const method = cursor.u16();
  cursor.skip(8);
  const narrow = { compressedBytes: cursor.u32(), bytes: cursor.u32() };
  const [nameBytes, extraBytes, commentBytes] = [cursor.u16(), cursor.u16(), cursor.u16()];
  cursor.skip(4);
  const externalAttributes = cursor.u32();
  const offset = cursor.u32();
  if (cursor.remaining < nameBytes + extraBytes + commentBytes) return undefined;
  const name = decodeName(cursor.bytes(nameBytes));
  const extra = cursor.bytes(extraBytes);
  cursor.skip(commentBytes);
  const wide = widen({ ...narrow, offset }, extra);
  return { name, flags, method, externalAttributes, ...wide, offset: wide.offset + prefixBytes };
}

/** Sizes and offset with those from the zip64 extra field that did not fit in 32 bits. */
function widen(narrow: { bytes: number; compressedBytes: number; offset: number }, extra: Uint8Array) {
  const wide = { ...narrow };
  const cursor = zip64Field(extra);
  if (cursor === undefined) return wide;
  for (const key of ["bytes", "compressedBytes", "offset"] as const) {
    if (wide[key] === IN_ZIP64 && cursor.remaining >= 8) wide[key] = Number(cursor.u64());
  }
  return wide;
}

function zip64Field(extra: Uint8Array): Cursor | undefined {
  const cursor = new Cursor(extra, "extra field");
  while (cursor.remaining >= 4) {
    const id = cursor.u16();
    const length = Math.min(cursor.u16(), cursor.remaining);
    const field = cursor.bytes(length);
    if (id === 1) return new Cursor(field, "zip64 field");
  }
  return undefined;
}

/** Two different names never become one text: what is not UTF-8 is kept byte by byte. */
function decodeName(bytes: Uint8Array): string {
  return isUtf8(bytes) ? utf8(bytes) : latin1(bytes);
}

/** Where the data of a member begins; undefined unless its local header is where the directory says, and of its name. */
async function memberOffset(source: ByteSource, entry: ZipEntry): Promise<number | undefined> {
  const headerBytes = 30;
  if ((await u32At(source, entry.offset)) !== LOCAL_HEADER) return undefined;
  if (entry.offset + headerBytes > source.size) return undefined;
  const cursor = new Cursor(await source.read(entry.offset, headerBytes), source.name);
  cursor.skip(26);
  const nameBytes = cursor.u16();
  const start = entry.offset + headerBytes;
  const end = start + nameBytes + cursor.u16();
  if (end > source.size) return undefined;
  return decodeName(await source.read(start, nameBytes)) === entry.name ? end : undefined;
}

/**
 * A member as it is before compression: its first bytes, or all of it up to a limit; nothing of one that is compressed
 * in a way that is not read. Undefined if its local header is not where the directory says, or has another name.
 */
export async function unpackMember(
  source: ByteSource,
  entry: ZipEntry,
  bytesMax = PEEK_BYTES,
): Promise<Unpacked | undefined> {
  const start = await memberOffset(source, entry);
  if (start === undefined) return undefined;
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    return { bytes: new Uint8Array(0), ended: "fault", cost: 0 };
  }
  const length = Math.min(entry.compressedBytes, bytesMax, source.size - start);
  const input = await source.read(start, length);
  const isStored = entry.method === STORED;
  const unpacked: Unpacked = isStored
    ? { bytes: input, ended: "end", cost: length }
    : await inflate("deflate", input, bytesMax);
  return length < entry.compressedBytes ? cutOff(unpacked) : unpacked;
}
