import { Frontier, HASH_BYTES, leafHash, rootOf } from "./merkle.ts";
import { bundlePath, formatEntries, hashesAt, segmentPath, TILE_WIDTH, tilePath } from "./tile.ts";

/**
 * The right edge of a stored tree: all that appending needs to know. Small however large the tree is, for what
 * is left of it never changes again.
 */
export interface Edge {
  readonly size: number;
  /** Leaf hash of the last entry; 32 zero bytes before the first. */
  readonly last: Uint8Array;
  /** Entries of the unfinished tile. */
  readonly entries: readonly Uint8Array[];
  /** Positions in the unfinished tile where a stored segment begins. */
  readonly segments: readonly number[];
  /** Hashes of the unfinished tile of each level; those of level 0 are the leaf hashes of `entries`. */
  readonly tiles: readonly (readonly Uint8Array[])[];
}

export const EMPTY_EDGE: Edge = {
  size: 0,
  last: new Uint8Array(HASH_BYTES),
  entries: [],
  segments: [],
  tiles: [[]],
};

/** What one commit does to the tree, beside the checkpoint. */
export interface Fold {
  readonly edge: Edge;
  readonly root: Uint8Array;
  /** Files to write, by path. */
  readonly writes: ReadonlyMap<string, Uint8Array>;
  /** Files of the commit before that go, in the order of the tree. */
  readonly deletes: readonly string[];
}

/** Root of the tree that ends here. */
export function edgeRoot({ tiles }: Edge): Uint8Array {
  const frontier = new Frontier();
  for (let level = tiles.length - 1; level >= 0; level--) {
    for (const hash of tiles[level]!) frontier.push(hash, 8 * level);
  }
  return frontier.root();
}

/**
 * The files that appending `entries` in one commit writes and deletes. Deterministic: who verifies folds the same
 * entries and must get the same files. Bundles and tiles are written when 256 are full, upper tiles hash by hash.
 */
export function foldEntries(edge: Edge, entries: readonly Uint8Array[]): Fold {
  const folding = new Folding(edge);
  for (const entry of entries) folding.append(entry);
  return folding.finish();
}

class Folding {
  readonly #writes = new Map<string, Uint8Array>();
  readonly #deletes = new Set<string>();
  readonly #tiles: Uint8Array[][];
  #size: number;
  #last: Uint8Array;
  #entries: Uint8Array[];
  #segments: number[];
  /** Where the segment of this commit begins in the unfinished tile. */
  #open: number;

  constructor(edge: Edge) {
    this.#size = edge.size;
    this.#last = edge.last;
    this.#entries = [...edge.entries];
    this.#segments = [...edge.segments];
    this.#tiles = edge.tiles.map((hashes) => [...hashes]);
    this.#open = edge.entries.length;
  }

  append(entry: Uint8Array): void {
    this.#last = leafHash(entry);
    this.#entries.push(entry);
    this.#tiles[0]!.push(this.#last);
    this.#size++;
    if (this.#entries.length === TILE_WIDTH) this.#closeTile();
  }

  finish(): Fold {
    if (this.#entries.length > this.#open) {
      const tile = hashesAt(1, this.#size);
      this.#write(
        segmentPath({ tile, position: this.#open }),
        formatEntries(this.#entries.slice(this.#open)),
      );
      this.#segments.push(this.#open);
    }
    const edge: Edge = {
      size: this.#size,
      last: this.#last,
      entries: this.#entries,
      segments: this.#segments,
      tiles: this.#tiles,
    };
    return { edge, root: edgeRoot(edge), writes: this.#writes, deletes: [...this.#deletes] };
  }

  #closeTile(): void {
    const tile = hashesAt(1, this.#size) - 1;
    for (const position of this.#segments) this.#delete(segmentPath({ tile, position }));
    this.#write(bundlePath(tile), formatEntries(this.#entries));
    this.#write(tilePath({ level: 0, index: tile, width: TILE_WIDTH }), Buffer.concat(this.#tiles[0]!));
    this.#raise(0);
    this.#entries = [];
    this.#segments = [];
    this.#open = 0;
  }

  /** Carries the root of the full tile of `level` up, as far as tiles become full. */
  #raise(level: number): void {
    const root = rootOf(this.#tiles[level]!);
    this.#tiles[level] = [];
    const above = level + 1;
    if (this.#tiles.length === above) this.#tiles.push([]);
    const hashes = this.#tiles[above]!;
    hashes.push(root);
    const index = Math.floor((hashesAt(above, this.#size) - 1) / TILE_WIDTH);
    if (hashes.length > 1) this.#delete(tilePath({ level: above, index, width: hashes.length - 1 }));
    this.#write(tilePath({ level: above, index, width: hashes.length }), Buffer.concat(hashes));
    if (hashes.length === TILE_WIDTH) this.#raise(above);
  }

  #write(path: string, bytes: Uint8Array): void {
    this.#writes.set(path, bytes);
  }

  /** A file of this very commit is only forgotten: it never reaches the tree. */
  #delete(path: string): void {
    if (!this.#writes.delete(path)) this.#deletes.add(path);
  }
}

/** What reading an edge needs: hashes of the partial tiles, and the segments of the unfinished tile in order. */
export interface StoredEdge {
  readonly size: number;
  /** Leaf hash of the last entry of the last full tile; zeros before the first. */
  readonly lastOfTile: Uint8Array;
  /** By level from 1. */
  readonly tiles: readonly (readonly Uint8Array[])[];
  readonly segments: readonly { readonly position: number; readonly entries: readonly Uint8Array[] }[];
}

/** The edge that was stored; undefined unless the segments are exactly the entries of the unfinished tile. */
export function toEdge({ size, lastOfTile, tiles, segments }: StoredEdge): Edge | undefined {
  const entries: Uint8Array[] = [];
  for (const segment of segments) {
    if (segment.position !== entries.length || segment.entries.length === 0) return undefined;
    entries.push(...segment.entries);
  }
  if (entries.length !== size % TILE_WIDTH) return undefined;
  const leaves = entries.map(leafHash);
  return {
    size,
    last: leaves.at(-1) ?? lastOfTile,
    entries,
    segments: segments.map(({ position }) => position),
    tiles: [leaves, ...tiles],
  };
}
