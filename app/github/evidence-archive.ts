import { inflateRawSync } from "node:zlib";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import {
  DEFLATED,
  findZip,
  STORED,
  type ZipDirectory,
  type ZipEntry,
} from "../../gate/artifact/zip-directory.ts";
import { GateError } from "../../gate/model/error.ts";
import { byCodeUnits } from "../../gate/model/order.ts";
import type { EvidenceFile } from "../../gate/world.ts";

/** As for files on a disk (gate/evidence-files.ts): from either door the same evidence is too much. */
const FILES_MAX = 2_000;
const FILE_BYTES_MAX = 16_777_216;
const TOTAL_BYTES_MAX = 268_435_456;
/** Of the archive itself. */
export const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024;
/** Results compress well, by 20 or 50; deflate ends at 1,032, where only a bomb is. */
const RATIO_MAX = 200;
/** Below it, a file of one repeated row is no bomb. */
const RATIO_BYTES_MIN = 1_048_576;
const NAME_BYTES_MAX = 1_024;

const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_BYTES = 30;
const ENCRYPTED = 1;
/** Kinds of a Unix file, the upper half of its attributes; 0 where the archive was not made on Unix. */
const REGULAR = 0o10;
const UNKNOWN_KIND = 0;
/** Relative, with forward slashes, nothing that shows nothing, no step up, no drive, no stream. */
const NAME = /^(?!\/)(?:(?!\.{1,2}(?:\/|$))[^/\\:\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+(?:\/(?!$)|$))+$/u;

/**
 * The files of an archive that a pull request's own workflow has written: hostile input. An archive that two readers
 * could read differently, or that holds anything but plain files with plain names, is refused whole: `EVIDENCE_ARCHIVE`,
 * or `EVIDENCE_LIMIT` where it is too much. Sorted by path.
 */
export async function readArchive(bytes: Uint8Array, name: string): Promise<readonly EvidenceFile[]> {
  if (bytes.length > ARCHIVE_BYTES_MAX)
    throw limit(name, `${bytes.length} bytes, limit is ${ARCHIVE_BYTES_MAX}`);
  const directory = await readDirectory(bytes, name);
  if (directory === undefined) throw refused(name, "it is no zip archive");
  const [finding] = directory.findings;
  if (finding !== undefined) throw refused(name, finding.message);
  const members = directory.entries.filter((entry) => !isFolder(entry));
  assertBounded(members, name);
  assertDistinct(members, name);
  assertApart(members, name);
  const files = members.map((entry) => ({ path: entry.name, bytes: extract(bytes, entry, name) }));
  return files.sort((a, b) => byCodeUnits(a.path, b.path));
}

/** What a directory says may lead anywhere. */
async function readDirectory(bytes: Uint8Array, name: string): Promise<ZipDirectory | undefined> {
  try {
    return await findZip(bufferSource(name, bytes));
  } catch (cause) {
    if (cause instanceof GateError) throw refused(name, cause.message);
    throw cause;
  }
}

function isFolder({ name, bytes }: ZipEntry): boolean {
  return name.endsWith("/") && bytes === 0;
}

/** By what the directory says; what comes out is held against the same numbers. */
function assertBounded(members: readonly ZipEntry[], archive: string): void {
  if (members.length > FILES_MAX) throw limit(archive, `${members.length} files, limit is ${FILES_MAX}`);
  let total = 0;
  for (const { name, bytes, compressedBytes } of members) {
    total += bytes;
    if (bytes > FILE_BYTES_MAX)
      throw limit(archive, `${quote(name)} has ${bytes} bytes, limit is ${FILE_BYTES_MAX}`);
    if (total > TOTAL_BYTES_MAX) throw limit(archive, `more than ${TOTAL_BYTES_MAX} bytes in all`);
    if (bytes > RATIO_BYTES_MIN && bytes > compressedBytes * RATIO_MAX) {
      throw limit(
        archive,
        `${quote(name)} grows from ${compressedBytes} bytes to ${bytes}, limit is ${RATIO_MAX} times`,
      );
    }
  }
}

/** No two names that a disk takes for one. */
function assertDistinct(members: readonly ZipEntry[], archive: string): void {
  const seen = new Set<string>();
  for (const { name } of members) {
    if (Buffer.byteLength(name) > NAME_BYTES_MAX || !NAME.test(name)) {
      throw refused(archive, `${quote(name)} is no plain relative path`);
    }
    const folded = name.normalize("NFC").toLowerCase();
    if (seen.has(folded)) throw refused(archive, `two files are called ${quote(name)}`);
    seen.add(folded);
  }
}

/** Members that share bytes are a way to make much out of little. */
function assertApart(members: readonly ZipEntry[], archive: string): void {
  let end = 0;
  for (const { name, offset, compressedBytes } of members.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end) throw refused(archive, `${quote(name)} shares its bytes with another file`);
    end = offset + LOCAL_HEADER_BYTES + compressedBytes;
  }
}

function extract(archive: Uint8Array, entry: ZipEntry, archiveName: string): Uint8Array {
  const fail = (state: string) => refused(archiveName, `${quote(entry.name)} ${state}`);
  const kind = entry.externalAttributes >>> 28;
  if (kind !== REGULAR && kind !== UNKNOWN_KIND) throw fail("is no regular file");
  if ((entry.flags & ENCRYPTED) !== 0) throw fail("is encrypted");
  const packed = packedBytes(archive, entry);
  if (packed === undefined) throw fail("is not where the directory says");
  const content = unpack(packed, entry);
  if (content === undefined) throw fail("is not what the directory says");
  return content;
}

/** Undefined unless the member's own header is where the directory says, and of the same name. */
function packedBytes(
  archive: Uint8Array,
  { offset, name, compressedBytes }: ZipEntry,
): Uint8Array | undefined {
  if (offset + LOCAL_HEADER_BYTES > archive.length) return undefined;
  const header = Buffer.from(archive.buffer, archive.byteOffset + offset, LOCAL_HEADER_BYTES);
  if (header.readUInt32LE(0) !== LOCAL_HEADER) return undefined;
  const nameEnd = offset + LOCAL_HEADER_BYTES + header.readUInt16LE(26);
  const start = nameEnd + header.readUInt16LE(28);
  if (start + compressedBytes > archive.length) return undefined;
  const written = Buffer.from(archive.subarray(offset + LOCAL_HEADER_BYTES, nameEnd));
  return written.equals(Buffer.from(name)) ? archive.subarray(start, start + compressedBytes) : undefined;
}

/** Undefined where something else comes out than the directory says, or not exactly as much. */
function unpack(packed: Uint8Array, entry: ZipEntry): Uint8Array | undefined {
  const content =
    entry.method === STORED ? packed : entry.method === DEFLATED ? inflate(packed, entry.bytes) : undefined;
  return content?.length === entry.bytes ? content : undefined;
}

function inflate(packed: Uint8Array, bytesMax: number): Uint8Array | undefined {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(bytesMax, 1) });
  } catch (cause) {
    if (cause instanceof Error && "code" in cause) return undefined;
    throw cause;
  }
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}

function refused(archive: string, state: string): GateError {
  return new GateError("EVIDENCE_ARCHIVE", `Cannot read the evidence in ${archive}: ${state}`, {
    fix: "Upload the files with actions/upload-artifact, as the workflow of weighbridge init does",
  });
}

function limit(archive: string, state: string): GateError {
  return new GateError("EVIDENCE_LIMIT", `Cannot read the evidence in ${archive}: ${state}`);
}
