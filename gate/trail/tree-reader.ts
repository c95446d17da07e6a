import { GateError } from "../model/error.ts";
import { type Edge, edgeRoot, toEdge } from "./fold.ts";
import {
  consistencySubtrees,
  EMPTY_ROOT,
  HASH_BYTES,
  inclusionSubtrees,
  joinSubtrees,
  leafHash,
  rootOf,
  type Subtree,
  subtreesOf,
} from "./merkle.ts";
import type { TrailStore } from "./store.ts";
import {
  bundlePath,
  hashesAt,
  levelsOf,
  parseEntries,
  parseSegmentPath,
  parseTile,
  partialTile,
  TILE_WIDTH,
  type Tile,
  tilePath,
} from "./tile.ts";

/** Hashes and entries of the tree in one commit, read as few files as it takes. It trusts what it reads. */
export class TreeReader {
  readonly size: number;
  readonly #store: Pick<TrailStore, "read" | "list">;
  readonly #commit: string;
  #segments: Promise<readonly Segment[]> | undefined;

  constructor(store: Pick<TrailStore, "read" | "list">, commit: string, size: number) {
    this.#store = store;
    this.#commit = commit;
    this.size = size;
  }

  /** Hashes that prove the entry at `index`, leaf's sibling first. */
  async proveInclusion(index: number): Promise<readonly Uint8Array[]> {
    return this.#prove(inclusionSubtrees(index, this.size));
  }

  /** Hashes that prove that the tree of size `from` is the beginning of this one. */
  async proveConsistency(from: number): Promise<readonly Uint8Array[]> {
    return this.#prove(consistencySubtrees(from, this.size));
  }

  /** Root that the tree had when its size was `size`. */
  async rootAt(size: number): Promise<Uint8Array> {
    if (size === 0) return EMPTY_ROOT;
    const [root] = await this.#prove([subtreesOf(0, size)]);
    return root!;
  }

  /** The bytes of the entry at `index`. */
  async entry(index: number): Promise<Uint8Array> {
    const tile = Math.floor(index / TILE_WIDTH);
    const [entry] = (await this.entriesOf(tile)).slice(index % TILE_WIDTH);
    if (entry === undefined || index >= this.size) throw damaged(`entry ${index} is not there`);
    return entry;
  }

  /** The entries of a tile; of the unfinished one as many as there are. */
  async entriesOf(tile: number): Promise<readonly Uint8Array[]> {
    if (tile === hashesAt(1, this.size)) {
      return (await this.#tail()).flatMap(({ entries }) => entries);
    }
    const path = bundlePath(tile);
    return parseEntries(await this.#read(path), path);
  }

  /** What appending needs. Throws `TRAIL_TREE_DAMAGED` if the files are not those of a tree of this size. */
  async edge(): Promise<Edge> {
    const tiles: (readonly Uint8Array[])[] = [];
    for (let level = 1; level < levelsOf(this.size); level++) {
      const tile = partialTile(level, this.size);
      tiles.push(tile === undefined ? [] : parseTile(await this.#read(tilePath(tile)), tile));
    }
    const segments = await this.#tail();
    const edge = toEdge({ size: this.size, lastOfTile: await this.#lastOfTile(), tiles, segments });
    if (edge === undefined) throw damaged(`the tail does not hold ${this.size % TILE_WIDTH} entries`);
    return edge;
  }

  async #prove(hashes: readonly (readonly Subtree[])[]): Promise<readonly Uint8Array[]> {
    const tiles = await this.#readTiles(hashes.flat().map((subtree) => this.#tileOf(subtree)));
    return hashes.map((subtrees) =>
      joinSubtrees(
        subtrees.map(({ level, index }) => {
          const tile = this.#tileOf({ level, index });
          const width = 2 ** (level % 8);
          const start = (index * width) % TILE_WIDTH;
          return rootOf(tiles.get(tilePath(tile))!.slice(start, start + width));
        }),
      ),
    );
  }

  /** The tile that holds the hashes below a subtree's root. */
  #tileOf({ level, index }: Subtree): Tile {
    const height = Math.floor(level / 8);
    const tile = Math.floor((index * 2 ** (level % 8)) / TILE_WIDTH);
    const partial = partialTile(height, this.size);
    return partial?.index === tile ? partial : { level: height, index: tile, width: TILE_WIDTH };
  }

  async #readTiles(tiles: readonly Tile[]): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
    const wanted = new Map(tiles.map((tile) => [tilePath(tile), tile]));
    const hashes = new Map<string, readonly Uint8Array[]>();
    for (const [path, tile] of wanted) {
      // A partial tile of level 0 is not stored: its entries are in the tail.
      const isTail = tile.level === 0 && tile.width < TILE_WIDTH;
      const tail = async () => (await this.#tail()).flatMap(({ entries }) => entries.map(leafHash));
      hashes.set(path, isTail ? await tail() : parseTile(await this.#read(path), tile));
    }
    return hashes;
  }

  async #lastOfTile(): Promise<Uint8Array> {
    const tiles = hashesAt(1, this.size);
    if (tiles === 0) return new Uint8Array(HASH_BYTES);
    const tile = { level: 0, index: tiles - 1, width: TILE_WIDTH };
    return parseTile(await this.#read(tilePath(tile)), tile).at(-1)!;
  }

  #tail(): Promise<readonly Segment[]> {
    this.#segments ??= this.#readTail();
    return this.#segments;
  }

  async #readTail(): Promise<readonly Segment[]> {
    const paths = await this.#store.list(this.#commit, "tail");
    const files = await this.#store.read(this.#commit, paths);
    return paths.map((path, at) => {
      const segment = parseSegmentPath(path);
      const bytes = files[at];
      if (segment?.tile !== hashesAt(1, this.size) || bytes === undefined) {
        throw damaged(`${path} is not of the unfinished tile`);
      }
      return { position: segment.position, entries: parseEntries(bytes, path) };
    });
  }

  async #read(path: string): Promise<Uint8Array> {
    const [bytes] = await this.#store.read(this.#commit, [path]);
    if (bytes === undefined) throw damaged(`${path} is not there`);
    return bytes;
  }
}

interface Segment {
  readonly position: number;
  readonly entries: readonly Uint8Array[];
}

/** The edge of a tree whose root is known. Throws `TRAIL_TREE_DAMAGED` if its files have another root. */
export async function readEdge(reader: TreeReader, root: Uint8Array): Promise<Edge> {
  const edge = await reader.edge();
  if (Buffer.compare(edgeRoot(edge), root) === 0) return edge;
  throw damaged(`its files do not have the root of the checkpoint of ${reader.size}`);
}

function damaged(state: string): GateError {
  return new GateError("TRAIL_TREE_DAMAGED", `Cannot read the trail: ${state}`);
}
