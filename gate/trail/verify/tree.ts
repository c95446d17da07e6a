import type { ObjectReader } from "../../checkout/objects.ts";
import { GateError } from "../../model/error.ts";
import type { Edge } from "../fold.ts";
import { readBlob } from "../git-store.ts";
import { equalHashes, Frontier, HASH_BYTES, joinSubtrees, leafHash, rootOf } from "../merkle.ts";
import {
  bundlePath,
  hashesAt,
  parseEntries,
  partialTile,
  storedTiles,
  TILE_WIDTH,
  tilePath,
} from "../tile.ts";
import type { BundleThreads } from "./bundle-threads.ts";
import { type BundleSummary, type EntryRules, findPrev } from "./entries.ts";
import { isOverstated, type Layout, type Listing } from "./listing.ts";
import type { Findings, Progress } from "./report.ts";

/** Tiles asked for ahead of the one that is verified: git unpacks while we hash. */
const AHEAD = 8;

export interface TreeCheck {
  readonly objects: ObjectReader;
  readonly listing: Listing;
  readonly layout: Layout;
  readonly size: number;
  /** Root that was signed for this size. */
  readonly root: Uint8Array;
  readonly findings: Findings;
  readonly rules: EntryRules;
  /** Where to begin: at nothing, or at the edge of a tree that was verified before. */
  readonly edge: Edge;
  /** Sizes beyond the edge at which the root is wanted, in rising order. */
  readonly sizes: readonly number[];
  readonly onProgress?: Progress;
  /** Threads that have begun to read the bundles, if it is worth it. */
  readonly threads: BundleThreads | undefined;
}

/** Roots by size, as the entries themselves give them; a size is absent where damage hides it. */
export type Roots = ReadonlyMap<number, Uint8Array>;

/**
 * Recomputes the tree of one commit from its entries: bundles, tiles of every level, tail and root. What differs
 * is a finding at its place. Leaves are always hashed again from the bytes; a stored hash only says which side of a
 * difference was altered. Of a size that cannot be, there are no roots.
 */
export async function checkTree(check: TreeCheck): Promise<Roots> {
  if (isOverstated(check.size, check.listing)) return new Map();
  const walk = new TreeWalk(check, await readUpperTiles(check));
  const full = hashesAt(1, check.size);
  const reads: Promise<TileFiles>[] = [];
  for (let index = hashesAt(1, check.edge.size); index < full; index++) {
    check.onProgress?.("entries", index * TILE_WIDTH, check.size);
    if (check.threads !== undefined) {
      const summary = await check.threads.take(index);
      if (!walk.takeSummary(index, summary)) walk.takeTile(index, await readTile(check, index));
      continue;
    }
    for (let next = index + reads.length; next < full && reads.length < AHEAD; next++) {
      reads.push(readTile(check, next));
      // What goes wrong is met where this is awaited.
      reads.at(-1)!.catch(() => {});
    }
    walk.takeTile(index, await reads.shift()!);
  }
  walk.takeTail(await readTail(check));
  walk.finish();
  return walk.roots;
}

interface TileFiles {
  readonly bundle: Uint8Array | undefined;
  readonly tile: Uint8Array | undefined;
}

/** One entry, the file that it stands in, and its leaf hash as its bytes give it. */
interface StoredEntry {
  readonly bytes: Uint8Array;
  readonly path: string;
  readonly leaf: Uint8Array;
}

/** Goes through the tiles from left to right, and keeps what is to the left of it as a few hashes. */
class TreeWalk {
  readonly roots = new Map<number, Uint8Array>();
  readonly #check: TreeCheck;
  readonly #upper: ReadonlyMap<string, Uint8Array>;
  readonly #left = new Frontier();
  /** Hashes of the unfinished tile of each level from 1. */
  readonly #levels: Uint8Array[][];
  readonly #sizes: number[];
  /** Leaf hash of the entry before. */
  #last: Uint8Array;
  /** A hash could not be told: no root is known from here on. */
  #isLost = false;

  constructor(check: TreeCheck, upper: ReadonlyMap<string, Uint8Array>) {
    this.#check = check;
    this.#upper = upper;
    this.#levels = check.edge.tiles.slice(1).map((hashes) => [...hashes]);
    for (let level = this.#levels.length; level > 0; level--) {
      for (const hash of this.#levels[level - 1]!) this.#left.push(hash, 8 * level);
    }
    this.#sizes = [...check.sizes];
    this.#last = check.edge.last;
  }

  takeTile(index: number, { bundle, tile }: TileFiles): void {
    const entries = bundle === undefined ? undefined : this.#parse(bundle, bundlePath(index));
    const computed = entries?.map(({ leaf }) => leaf);
    const leaves = this.#settle(index, computed, this.#whole(tile, tilePathOf(index)));
    if (entries !== undefined && leaves !== undefined) this.#checkEntries(index, leaves, entries);
    const root = leaves === undefined ? this.#parentOf(index) : this.#advance(index, leaves);
    this.#last = leaves?.at(-1) ?? this.#last;
    if (root === undefined) this.#isLost = true;
    // Where no hash can be told the place is kept, so that what follows stands where it should.
    this.#raise(root ?? new Uint8Array(HASH_BYTES), 1);
  }

  /** Takes a tile whose entries are in order by themselves; false if they have to be looked at in their place. */
  takeSummary(index: number, summary: BundleSummary | undefined): boolean {
    const isKnown = index * TILE_WIDTH < this.#check.edge.size;
    if (summary === undefined || isKnown || !this.#check.rules.take(index, summary, this.#last)) return false;
    const hasSize = (this.#sizes[0] ?? Number.POSITIVE_INFINITY) <= (index + 1) * TILE_WIDTH;
    const root = hasSize ? this.#advance(index, hashesIn(summary.leaves)) : summary.root;
    this.#last = summary.leaves.subarray(-HASH_BYTES);
    this.#raise(root, 1);
    return true;
  }

  /** The entries of the unfinished tile; undefined if a segment is damaged. */
  takeTail(tail: readonly StoredEntry[] | undefined): void {
    this.#isLost ||= tail === undefined;
    if (tail === undefined) return;
    const { size, root } = this.#check;
    const leaves = tail.map(({ leaf }) => leaf);
    // No tile keeps these hashes, but each entry keeps the one before: if those give the signed root, they are right.
    const kept = leaves.map((leaf, at) => findPrev(tail[at + 1]?.bytes) ?? leaf);
    const settled = this.#isRoot(leaves, root) || !this.#isRoot(kept, root) ? leaves : kept;
    this.#checkEntries(hashesAt(1, size), settled, tail);
    this.#advance(hashesAt(1, size), settled);
  }

  /** Compares the unfinished tiles of the upper levels. */
  finish(): void {
    for (const [at, hashes] of this.#levels.entries()) {
      const tile = partialTile(at + 1, this.#check.size);
      if (tile !== undefined && !this.#isLost) this.#compare(tilePath(tile), hashes);
    }
  }

  #parse(bundle: Uint8Array, path: string): readonly StoredEntry[] | undefined {
    const { findings } = this.#check;
    const entries = parseStored(bundle, path, findings);
    if (entries === undefined || entries.length === TILE_WIDTH) return entries;
    findings.add("TRAIL_BUNDLE_MALFORMED", `${path} holds ${entries.length} entries, expected 256`, { path });
    return undefined;
  }

  /** The bytes of a full tile; undefined if there are fewer or more. */
  #whole(bytes: Uint8Array | undefined, path: string): Uint8Array | undefined {
    if (bytes === undefined || bytes.length === TILE_WIDTH * HASH_BYTES) return bytes;
    const message = `${path} has ${bytes.length} bytes, expected ${TILE_WIDTH * HASH_BYTES}`;
    this.#check.findings.add("TRAIL_TILE_MALFORMED", message, { path });
    return undefined;
  }

  /**
   * The leaf hashes of a tile. Where the entries and the tile differ, the hash that the tile above keeps says which
   * of the two was altered; where it fits neither, both are findings and the entries count.
   */
  #settle(
    index: number,
    computed: readonly Uint8Array[] | undefined,
    tile: Uint8Array | undefined,
  ): readonly Uint8Array[] | undefined {
    if (computed === undefined || tile === undefined) return computed ?? (tile && hashesIn(tile));
    if (equalHashes(Buffer.concat(computed), tile)) return computed;
    const stored = hashesIn(tile);
    const differing = computed.flatMap((leaf, at) => (equalHashes(leaf, stored[at]!) ? [] : [at]));
    const parent = this.#parentOf(index);
    const fits = (leaves: readonly Uint8Array[]) =>
      parent !== undefined && equalHashes(rootOf(leaves), parent);
    const path = tilePathOf(index);
    if (!fits(computed) && fits(stored)) return stored;
    for (const at of differing) {
      const seq = index * TILE_WIDTH + at;
      this.#check.findings.add("TRAIL_TILE_WRONG", `${path} does not hold the hash of entry ${seq}`, {
        path,
        seq,
      });
    }
    return computed;
  }

  #checkEntries(index: number, leaves: readonly Uint8Array[], entries: readonly StoredEntry[]): void {
    const { edge, findings, rules } = this.#check;
    for (const [at, { bytes, path, leaf }] of entries.entries()) {
      const seq = index * TILE_WIDTH + at;
      const isKnown = seq < edge.size;
      const expected = isKnown ? edge.tiles[0]![at]! : leaves[at]!;
      if (!equalHashes(leaf, expected)) {
        findings.add("TRAIL_ENTRY_ALTERED", `entry ${seq} is not what was logged`, { path, seq });
      } else if (!isKnown) {
        rules.check(bytes, { seq, prev: this.#last, path });
      }
      if (!isKnown) this.#last = expected;
    }
  }

  /** Takes the leaves of a tile into the tree, and notes the roots of the sizes on the way; the tile's own root. */
  #advance(index: number, leaves: readonly Uint8Array[]): Uint8Array {
    const start = index * TILE_WIDTH;
    const local = new Frontier();
    for (const leaf of leaves) {
      local.push(leaf);
      if (this.#sizes[0] !== start + local.size) continue;
      this.#sizes.shift();
      if (!this.#isLost) this.roots.set(start + local.size, this.#rootWith(local));
    }
    return local.root();
  }

  #rootWith(local: Frontier): Uint8Array {
    return joinSubtrees([...this.#left.hashes(), ...local.hashes()]);
  }

  #isRoot(leaves: readonly Uint8Array[], root: Uint8Array): boolean {
    const local = new Frontier();
    for (const leaf of leaves) local.push(leaf);
    return equalHashes(this.#rootWith(local), root);
  }

  /** Hands the root of a full tile of the level below up, as far as tiles become full. */
  #raise(root: Uint8Array, level: number): void {
    if (level === 1) this.#left.push(root, 8);
    if (this.#levels.length < level) this.#levels.push([]);
    const hashes = this.#levels[level - 1]!;
    hashes.push(root);
    if (hashes.length < TILE_WIDTH) return;
    // The frontier has merged the full tiles to its left.
    const index = this.#left.size / TILE_WIDTH ** (level + 1) - 1;
    if (!this.#isLost) this.#compare(tilePath({ level, index, width: TILE_WIDTH }), hashes);
    this.#levels[level - 1] = [];
    this.#raise(rootOf(hashes), level + 1);
  }

  #compare(path: string, hashes: readonly Uint8Array[]): void {
    const stored = this.#upper.get(path);
    if (stored === undefined || equalHashes(stored, Buffer.concat(hashes))) return;
    const at = hashes.findIndex(
      (hash, n) => !equalHashes(hash, stored.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES)),
    );
    const where =
      at === -1 ? "is longer than it should be" : `does not hold hash ${at} of the tiles below it`;
    this.#check.findings.add("TRAIL_TILE_WRONG", `${path} ${where}`, { path });
  }

  /** The hash that the tile of level 1 keeps of tile `index`. */
  #parentOf(index: number): Uint8Array | undefined {
    const above = Math.floor(index / TILE_WIDTH);
    const partial = partialTile(1, this.#check.size);
    const tile = partial?.index === above ? partial : { level: 1, index: above, width: TILE_WIDTH };
    const start = (index % TILE_WIDTH) * HASH_BYTES;
    const hash = this.#upper.get(tilePath(tile))?.subarray(start, start + HASH_BYTES);
    return hash?.length === HASH_BYTES ? hash : undefined;
  }
}

function tilePathOf(index: number): string {
  return tilePath({ level: 0, index, width: TILE_WIDTH });
}

function hashesIn(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, at) =>
    bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}

async function readTile({ objects, listing }: TreeCheck, index: number): Promise<TileFiles> {
  const [bundle, tile] = await Promise.all([
    readFile(objects, listing, bundlePath(index)),
    readFile(objects, listing, tilePathOf(index)),
  ]);
  return { bundle, tile };
}

/** Tiles of level 1 and above that are not wholly to the left of the edge. */
async function readUpperTiles({
  objects,
  listing,
  size,
  edge,
}: TreeCheck): Promise<ReadonlyMap<string, Uint8Array>> {
  const upper = new Map<string, Uint8Array>();
  for (const tile of storedTiles(size)) {
    const isBehind = (tile.index + 1) * TILE_WIDTH <= hashesAt(tile.level, edge.size);
    if (tile.level === 0 || isBehind) continue;
    const path = tilePath(tile);
    const bytes = await readFile(objects, listing, path);
    if (bytes !== undefined) upper.set(path, bytes);
  }
  return upper;
}

/** The tail's entries in order; undefined if they are not exactly those of the unfinished tile. */
async function readTail(check: TreeCheck): Promise<readonly StoredEntry[] | undefined> {
  const { objects, listing, layout, size, findings } = check;
  const entries: StoredEntry[] = [];
  for (const { path, position } of layout.segments) {
    const bytes = (await readFile(objects, listing, path)) ?? new Uint8Array(0);
    const segment = parseStored(bytes, path, findings);
    if (segment === undefined) return undefined;
    if (position !== entries.length || segment.length === 0) {
      const message = `${path} holds ${segment.length} entries from ${position}, expected some from ${entries.length}`;
      findings.add("TRAIL_SEGMENT_WRONG", message, { path });
      return undefined;
    }
    entries.push(...segment);
  }
  if (entries.length === size % TILE_WIDTH) return entries;
  const message = `the tail holds ${entries.length} entries, expected ${size % TILE_WIDTH}`;
  findings.add("TRAIL_SEGMENT_WRONG", message, { path: "tail" });
  return undefined;
}

function parseStored(
  bytes: Uint8Array,
  path: string,
  findings: Findings,
): readonly StoredEntry[] | undefined {
  try {
    return parseEntries(bytes, path).map((entry) => ({ bytes: entry, path, leaf: leafHash(entry) }));
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    findings.addError(cause, { path });
    return undefined;
  }
}

/** A file of the listing. An object that is not in this clone is no finding: the clone is not whole. */
export async function readFile(
  objects: ObjectReader,
  listing: Listing,
  path: string,
): Promise<Uint8Array | undefined> {
  const oid = listing.get(path);
  if (oid === undefined) return undefined;
  const bytes = await readBlob(objects, oid);
  if (bytes !== undefined) return bytes;
  throw new GateError("OBJECT_MISSING", `Cannot read ${path}: object ${oid} is not in this clone`, {
    fix: "Clone without --filter",
  });
}
