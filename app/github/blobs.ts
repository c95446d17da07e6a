import { bufferSource, fileSource } from "../../gate/artifact/bytes.ts";
import type { ByteSource } from "../../gate/model/bytes.ts";
import type { TreeEntry } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import { BATCH_BLOB_BYTES_MAX, readBatch, type SizedBlob } from "./blob-batch.ts";
import type { ObjectSource } from "./cache.ts";
import { isFailure } from "./failure.ts";
import { blobHash } from "./git-object.ts";
import { Spool, type SpooledFile } from "./spool.ts";

/** GitHub's own limit for the content of a blob. */
export const BLOB_BYTES_MAX = 100 * 1024 * 1024;
/** A larger blob goes to a file rather than into memory. */
export const BLOB_MEMORY_BYTES_MAX = 4 * 1024 * 1024;

/** A blob that was read once: its bytes, or the file that holds them. */
type Held = { readonly bytes: Uint8Array } | { readonly path: string };

/** The blobs of one repository; each is read once, and is what its id says, or is refused. */
export class Blobs {
  readonly #source: ObjectSource;
  readonly #spool = new Spool();
  readonly #held = new Map<string, Promise<Held>>();

  constructor(source: ObjectSource) {
    this.#source = source;
  }

  async read(entry: TreeEntry, size: number): Promise<Uint8Array> {
    const held = await this.#hold(entry, size);
    if ("bytes" in held) return held.bytes;
    const source = await fileSource(held.path, entry.path);
    try {
      return await source.read(0, source.size);
    } finally {
      await source.close();
    }
  }

  async open(entry: TreeEntry, size: number): Promise<ByteSource> {
    const held = await this.#hold(entry, size);
    return "bytes" in held ? bufferSource(entry.path, held.bytes) : fileSource(held.path, entry.path);
  }

  /** Reads small blobs together that are not at hand yet, where there are several. */
  async prefetch(blobs: readonly SizedBlob[]): Promise<void> {
    const wanted = new Map<string, SizedBlob>();
    for (const blob of blobs) {
      if (blob.size > BATCH_BLOB_BYTES_MAX || this.#held.has(blob.oid)) continue;
      if ((await this.#source.cache.find(`blob/${blob.oid}`)) === undefined) wanted.set(blob.oid, blob);
    }
    if (wanted.size < 2) return;
    for (const [oid, bytes] of await readBatch([...wanted.values()], this.#source)) {
      this.#held.set(oid, Promise.resolve({ bytes }));
      await this.#source.cache.keep(`blob/${oid}`, bytes);
    }
  }

  close(): void {
    this.#spool.close();
  }

  #hold(entry: TreeEntry, size: number): Promise<Held> {
    const known = this.#held.get(entry.oid);
    if (known !== undefined) return known;
    const held = this.#fetch(entry, size);
    this.#held.set(entry.oid, held);
    return held;
  }

  async #fetch(entry: TreeEntry, size: number): Promise<Held> {
    if (size > BLOB_BYTES_MAX) throw tooLarge(entry, size);
    if (size > BLOB_MEMORY_BYTES_MAX) return this.#fetchToFile(entry, size);
    const name = `blob/${entry.oid}`;
    const kept = await this.#source.cache.find(name);
    if (kept !== undefined) return { bytes: kept };
    let chunks: Uint8Array[] = [];
    await this.#download(entry, size, () => {
      chunks = [];
      return (chunk) => chunks.push(chunk);
    });
    const bytes = Buffer.concat(chunks);
    await this.#source.cache.keep(name, bytes);
    return { bytes };
  }

  async #fetchToFile(entry: TreeEntry, size: number): Promise<Held> {
    const files: SpooledFile[] = [];
    try {
      await this.#download(entry, size, () => {
        const file = this.#spool.create();
        files.push(file);
        return file.write;
      });
    } finally {
      for (const file of files) file.end();
    }
    // Of several attempts the last one is whole.
    return { path: files.at(-1)!.path };
  }

  /** Gives the bytes on, and refuses what is longer than the tree says or has another id. */
  async #download(entry: TreeEntry, size: number, start: () => (chunk: Uint8Array) => void): Promise<void> {
    const { client, owner, repo } = this.#source;
    const parameters = {
      owner,
      repo,
      file_sha: entry.oid,
      headers: { accept: "application/vnd.github.raw+json" },
    };
    let hash = blobHash(entry.oid, size);
    let left = size;
    try {
      await client.download("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", parameters, () => {
        hash = blobHash(entry.oid, size);
        left = size;
        const write = start();
        return (chunk) => {
          left -= chunk.length;
          if (left < 0) throw unverified(entry);
          hash.update(chunk);
          write(chunk);
        };
      });
    } catch (cause) {
      throw isFailure(cause, "GITHUB_NOT_FOUND") ? missing(entry, cause) : cause;
    }
    if (hash.digest("hex") !== entry.oid) throw unverified(entry);
  }
}

function missing({ path, oid }: TreeEntry, cause: unknown): GateError {
  const message = `Cannot read ${path}: GitHub has no blob ${oid}`;
  return new GateError("OBJECT_MISSING", message, { place: { path }, cause });
}

function unverified({ path, oid }: TreeEntry): GateError {
  const message = `Cannot read ${path}: what GitHub sent is not the blob ${oid}`;
  return new GateError("OBJECT_UNVERIFIED", message, { place: { path } });
}

function tooLarge({ path }: TreeEntry, size: number): GateError {
  const message = `Cannot read ${path}: ${size} bytes, GitHub gives at most ${BLOB_BYTES_MAX}`;
  const fix = "Keep files of this size in Git LFS, whose digest can be told without them";
  return new GateError("OBJECT_TOO_LARGE", message, { place: { path }, fix });
}
