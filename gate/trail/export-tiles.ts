import { GateError } from "../model/error.ts";
import type { GitStore } from "./git-store.ts";
import { readBlob } from "./git-store.ts";
import type { Head } from "./head.ts";
import { leafHash } from "./merkle.ts";
import { bundlePath, formatEntries, hashesAt, storedTiles, tileNumber, tilePath } from "./tile.ts";
import { TreeReader } from "./tree-reader.ts";

/** One file of an export. */
export interface ExportedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The trail as strict c2sp.org/tlog-tiles, for the size that it has: the tail becomes a partial bundle and a partial
 * tile of level 0. Whatever reads tiles over HTTP reads the folder that these files make.
 */
export async function* exportTiles(store: GitStore, head: Head): AsyncGenerator<ExportedFile> {
  const { size } = head.checkpoint;
  yield { path: "checkpoint", bytes: head.note };
  for (const tile of storedTiles(size)) {
    yield await readExported(store, head, tilePath(tile));
    if (tile.level === 0) yield await readExported(store, head, bundlePath(tile.index));
  }
  const index = hashesAt(1, size);
  const entries = await new TreeReader(store, head.commit, size).entriesOf(index);
  if (entries.length === 0) return;
  const partial = `${tileNumber(index)}.p/${entries.length}`;
  yield { path: `tile/entries/${partial}`, bytes: formatEntries(entries) };
  yield { path: `tile/0/${partial}`, bytes: Buffer.concat(entries.map(leafHash)) };
}

async function readExported(store: GitStore, { commit }: Head, path: string): Promise<ExportedFile> {
  const bytes = await readBlob(store.objects, `${commit}:${path}`);
  if (bytes !== undefined) return { path, bytes };
  throw new GateError("TRAIL_FILE_MISSING", `Cannot export the trail: ${path} is not there`);
}
