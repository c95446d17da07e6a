import { createHash } from "node:crypto";
import { type BigIntStats, constants, readSync } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import type { ByteSource } from "../model/bytes.ts";
import { GateError } from "../model/error.ts";
import { readFailure } from "../model/system-failure.ts";
import { READ_BYTES_MAX, STREAM_BYTES } from "./limits.ts";

/** Bytes done and bytes in all. */
export type Progress = (done: number, total: number) => void;

/** A chunk and where in the file it starts. The bytes are valid only until the call returns. */
export type ChunkVisitor = (chunk: Uint8Array, offset: number) => void;

/** Turns of the event loop are given up this often, so that progress is drawn and signals are heard. */
const YIELD_BYTES = 16 * 1024 * 1024;

/** A source over bytes in memory. What it reads are views, not copies. */
export function bufferSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(offset, length) {
      checkRange({ name, size: bytes.length }, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    async close() {},
  };
}

/** A source over a part of another, which is closed by whoever opened it. */
export function sliceSource({ name, read }: ByteSource, start: number, size: number): ByteSource {
  return {
    name,
    size,
    async read(offset, length) {
      checkRange({ name, size }, offset, length);
      return read(start + offset, length);
    },
    async close() {},
  };
}

/**
 * A source over one regular file, opened once. Rejects `PATH_UNSAFE` for a symbolic link, a pipe, a device or a
 * folder, and `FILE_UNREADABLE` for what cannot be opened. Folders above the file may still be links. A path that is
 * not UTF-8 is given in bytes.
 */
export async function fileSource(path: string | Buffer, name: string): Promise<ByteSource> {
  const before = await statOf(path, name);
  if (!before.isFile()) throw unsafe(name, kindOf(before));
  const handle = await openFile(path, name);
  const opened = await handle.stat({ bigint: true });
  if (opened.dev !== before.dev || opened.ino !== before.ino || !opened.isFile()) {
    await handle.close();
    throw unsafe(name, "replaced while it was opened");
  }
  return handleSource(handle, name, opened);
}

function handleSource(handle: FileHandle, name: string, opened: BigIntStats): ByteSource {
  const source = { name, size: Number(opened.size) };
  const readInto = async (offset: number, target: Uint8Array) => {
    checkRange(source, offset, target.length);
    // Synchronous: a promise for each 256 KiB costs a third of the speed.
    fill(handle.fd, target, offset, name);
  };
  return {
    ...source,
    readInto,
    async read(offset, length) {
      checkRange(source, offset, length);
      const target = Buffer.allocUnsafeSlow(length);
      await readInto(offset, target);
      return target;
    },
    async changed() {
      const now = await handle.stat({ bigint: true });
      return now.size !== opened.size || now.mtimeNs !== opened.mtimeNs || now.ctimeNs !== opened.ctimeNs;
    },
    close: () => handle.close(),
  };
}

function fill(fd: number, target: Uint8Array, offset: number, name: string): void {
  let done = 0;
  while (done < target.length) {
    const count = readSync(fd, target, done, target.length - done, offset + done);
    if (count === 0) throw truncated(name, offset, target.length, offset + done);
    done += count;
  }
}

async function statOf(path: string | Buffer, name: string): Promise<BigIntStats> {
  try {
    return await lstat(path, { bigint: true });
  } catch (cause) {
    throw readFailure(name, cause);
  }
}

async function openFile(path: string | Buffer, name: string): Promise<FileHandle> {
  // O_NOFOLLOW and O_NONBLOCK for what takes the file's place after the check: a link, or a pipe without a writer.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  try {
    return await open(path, flags);
  } catch (cause) {
    throw readFailure(name, cause);
  }
}

function kindOf(stats: BigIntStats): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe";
  return "a device or a socket";
}

function unsafe(name: string, state: string): GateError {
  return new GateError("PATH_UNSAFE", `Cannot read ${name}: ${state}, expected a regular file`);
}

function truncated(name: string, offset: number, length: number, end: number): GateError {
  return new GateError(
    "TRUNCATED",
    `Cannot read ${name}: ${length} bytes at offset ${offset} are wanted, the data ends at ${end}`,
  );
}

/** Refuses what does not lie inside, or is too much for one allocation, before anything is allocated. */
function checkRange(source: { name: string; size: number }, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size)) {
    throw truncated(source.name, offset, length, source.size);
  }
  if (length > READ_BYTES_MAX) {
    const message = `Cannot read ${source.name}: ${length} bytes at once, limit is ${READ_BYTES_MAX}`;
    throw new GateError("READ_LIMIT", message);
  }
}

/** Bytes as text, one character for each byte. */
export function latin1(bytes: Uint8Array): string {
  return view(bytes).toString("latin1");
}

/** Bytes that are UTF-8 as text, a byte order mark included. */
export function utf8(bytes: Uint8Array): string {
  return view(bytes).toString("utf8");
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Visits every byte of the source in order, in chunks of 256 KiB. */
export async function streamBytes(
  source: ByteSource,
  visit: ChunkVisitor,
  onProgress?: Progress,
): Promise<void> {
  const buffer = source.readInto && Buffer.allocUnsafeSlow(Math.min(STREAM_BYTES, source.size));
  for (let offset = 0; offset < source.size; ) {
    const length = Math.min(STREAM_BYTES, source.size - offset);
    visit(await chunkAt(source, offset, length, buffer), offset);
    offset += length;
    onProgress?.(offset, source.size);
    if (offset % YIELD_BYTES === 0) await setImmediate();
  }
}

async function chunkAt(
  source: ByteSource,
  offset: number,
  length: number,
  buffer: Uint8Array | undefined,
): Promise<Uint8Array> {
  if (source.readInto === undefined || buffer === undefined) return source.read(offset, length);
  const target = buffer.subarray(0, length);
  await source.readInto(offset, target);
  return target;
}

/** SHA-256 of the whole source, 64 lower-case hex digits. */
export async function sha256(source: ByteSource, onProgress?: Progress): Promise<string> {
  const hash = createHash("sha256");
  await streamBytes(source, (chunk) => hash.update(chunk), onProgress);
  return hash.digest("hex");
}

/** Reads little-endian numbers one after another, never past the end of the bytes it was given. */
export class Cursor {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #name: string;
  #offset = 0;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** The next bytes, as a view. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (!(length >= 0 && length <= this.remaining)) {
      throw truncated(this.#name, start, length, this.#bytes.length);
    }
    this.#offset = start + length;
    return start;
  }
}
