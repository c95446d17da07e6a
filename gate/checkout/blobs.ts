import { bufferSource } from "../artifact/bytes.ts";
import type { ByteSource } from "../model/bytes.ts";
import type { TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import type { ObjectReader } from "./objects.ts";
import type { Spool, SpooledFile } from "./spool.ts";

/** A larger blob is spooled to a private file rather than held in memory. */
export const BLOB_MEMORY_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The bytes of blobs, in the order of the entries; `admit` sees the size of each before any of it is kept. One promise
 * for all of them: one for each would take longer than the reading.
 */
export function readBlobs(
  objects: ObjectReader,
  entries: readonly TreeEntry[],
  admit: (entry: TreeEntry, size: number) => void,
): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const contents: Uint8Array[] = [];
    let left = entries.length;
    if (left === 0) resolve(contents);
    for (const [index, entry] of entries.entries()) {
      assertBlobEntry(entry);
      const chunks: Uint8Array[] = [];
      objects.ask({
        name: entry.oid,
        accept: ({ type, size }) => {
          assertBlob(entry, type);
          admit(entry, size);
          return (chunk) => chunks.push(chunk);
        },
        resolve: (header) => {
          if (header === undefined) reject(missing(entry));
          // Always a copy: what git sent may share its memory with other objects.
          contents[index] = Buffer.concat(chunks);
          if (--left === 0) resolve(contents);
        },
        reject,
      });
    }
  });
}

/** A source over a blob, in memory or spooled. */
export async function openBlob(
  { objects, spool }: { readonly objects: ObjectReader; readonly spool: Spool },
  entry: TreeEntry,
): Promise<ByteSource> {
  assertBlobEntry(entry);
  const chunks: Uint8Array[] = [];
  let spooled: SpooledFile | undefined;
  try {
    const header = await objects.read(entry.oid, ({ type, size }) => {
      assertBlob(entry, type);
      if (size <= BLOB_MEMORY_BYTES_MAX) return (chunk) => chunks.push(chunk);
      const file = spool.create();
      spooled = file;
      return (chunk) => file.write(chunk);
    });
    if (header === undefined) throw missing(entry);
  } catch (cause) {
    spooled?.abandon();
    throw cause;
  }
  return spooled?.open(entry.path) ?? bufferSource(entry.path, Buffer.concat(chunks));
}

function assertBlobEntry(entry: TreeEntry): void {
  if (entry.kind === "submodule") {
    const message = `Cannot read ${entry.path}: it is a submodule, whose content is not in this repository`;
    throw new GateError("SUBMODULE_UNVERIFIABLE", message, { place: { path: entry.path } });
  }
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(entry.oid)) {
    throw new TypeError(`Cannot read ${entry.path}: ${entry.oid} is no object id`);
  }
}

function assertBlob(entry: TreeEntry, type: string): void {
  if (type === "blob") return;
  throw new GateError("REPOSITORY_UNREADABLE", `Cannot read ${entry.path}: object ${entry.oid} is a ${type}`);
}

function missing(entry: TreeEntry): GateError {
  const message = `Cannot read ${entry.path}: object ${entry.oid} is not in this clone`;
  return new GateError("OBJECT_MISSING", message, {
    place: { path: entry.path },
    fix: "Clone without --filter, or fetch the object first",
  });
}
