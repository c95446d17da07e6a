import { createHash } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, readlink } from "node:fs/promises";
import { bufferSource, fileSource } from "../artifact/bytes.ts";
import type { ByteSource } from "../model/bytes.ts";
import type { TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import type { ObjectFormat } from "./layout.ts";
import type { Spool } from "./spool.ts";

const CHUNK_BYTES = 256 * 1024;

/** A file or link on the disk, as it was found. */
export interface FoundFile {
  readonly path: string;
  /** Absolute, in bytes. */
  readonly location: Buffer;
  readonly stats: BigIntStats;
}

/** A file of the work tree that differs from HEAD, as it was when its id was taken. */
export interface WorkFile extends FoundFile {
  readonly entry: TreeEntry;
}

/** What stands at a place, a link not followed. */
export async function findFile(location: Buffer, path: string): Promise<FoundFile> {
  return { path, location, stats: await statOf(location, path) };
}

/** The blob id of a file's own bytes or of a link's text: equal content has an equal id. */
export async function blobIdOf(found: FoundFile, format: ObjectFormat): Promise<string> {
  if (found.stats.isSymbolicLink()) return blobId(await readlink(found.location, "buffer"), format);
  const hash = createHash(format).update(`blob ${found.stats.size}\0`);
  await visitWorkFile(found, (chunk) => hash.update(chunk));
  return hash.digest("hex");
}

/** The bytes of a small file or a link's text, if they still are what the id was taken of. */
export async function readWorkFile(file: WorkFile, format: ObjectFormat): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  if (file.stats.isSymbolicLink()) chunks.push(await readlink(file.location, "buffer"));
  else await visitWorkFile(file, (chunk) => chunks.push(Buffer.from(chunk)));
  const bytes = Buffer.concat(chunks);
  if (blobId(bytes, format) !== file.entry.oid) throw changed(file.path);
  return bytes;
}

/** A source over a file of the work tree. */
export async function openWorkFile(file: WorkFile, format: ObjectFormat, spool: Spool): Promise<ByteSource> {
  const { path } = file;
  if (file.stats.isSymbolicLink()) return bufferSource(path, await readWorkFile(file, format));
  const location = file.location.toString("utf8");
  if (Buffer.from(location, "utf8").equals(file.location)) {
    const source = await fileSource(location, path);
    if (isSameFile(file.stats, await statOf(file.location, path))) return source;
    await source.close();
    throw changed(path);
  }
  // No string names this file: read a copy that has a name.
  const copy = spool.create();
  await visitWorkFile(file, (chunk) => copy.write(chunk));
  return copy.open(path);
}

/** Gives all bytes of a file, valid until the visitor returns. Rejects `WORKTREE_CHANGED` if it moves meanwhile. */
async function visitWorkFile(found: FoundFile, visit: (chunk: Uint8Array) => void): Promise<void> {
  const handle = await openFound(found);
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      visit(buffer.subarray(0, bytesRead));
    }
    if (!isSameFile(found.stats, await handle.stat({ bigint: true }))) throw changed(found.path);
  } finally {
    await handle.close();
  }
}

async function openFound({ location, path }: FoundFile): Promise<FileHandle> {
  // A link that takes the file's place is not followed, a pipe does not hold us up.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  try {
    return await open(location, flags);
  } catch (cause) {
    const message = `Cannot open ${path} in the work tree`;
    throw new GateError("FILE_UNREADABLE", message, { place: { path }, cause });
  }
}

async function statOf(location: Buffer, path: string): Promise<BigIntStats> {
  try {
    return await lstat(location, { bigint: true });
  } catch (cause) {
    const message = `Cannot find ${path} in the work tree`;
    throw new GateError("FILE_UNREADABLE", message, { place: { path }, cause });
  }
}

function blobId(bytes: Uint8Array, format: ObjectFormat): string {
  return createHash(format).update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

function changed(path: string): GateError {
  const message = `Cannot read ${path}: it changed while the work tree was read`;
  return new GateError("WORKTREE_CHANGED", message, { place: { path }, fix: "Run the command again" });
}
