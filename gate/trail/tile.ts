import { GateError } from "../model/error.ts";
import { HASH_BYTES } from "./merkle.ts";

/** Names and contents of tiles, bundles and segments: c2sp.org/tlog-tiles with height 8, and our tail. */

/** Entries of a bundle, hashes of a tile. */
export const TILE_WIDTH = 256;

/** Entries carry a length of two bytes (tlog-tiles, "Log entries"). */
export const ENTRY_BYTES_MAX = 65_535;

export const BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + ENTRY_BYTES_MAX);

/** Levels 0..6 hold every tree of at most 2^53 entries. */
const LEVEL_MAX = 6;

/** Tile `index` of `level` holds hashes over 256^level entries each; `width` below 256 only if it is partial. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** One file of entries of the unfinished tile: everything that one commit added to it. */
export interface Segment {
  /** The unfinished tile. */
  readonly tile: number;
  /** Of the first entry in the tile, 0..255. */
  readonly position: number;
}

/** 5 → `005`, 1234 → `x001/234`, 1234067 → `x001/x234/067`. */
export function tileNumber(index: number): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const groups = padded.match(/\d{3}/g)!;
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join("/");
}

/** `tile/1/000.p/17`, or `tile/0/x001/234` if the tile is full. */
export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level}/${tileNumber(index)}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** `tile/entries/x001/234`; only full bundles are stored. */
export function bundlePath(index: number): string {
  return `tile/entries/${tileNumber(index)}`;
}

/** `tail/00000004/3/30` for position 48 of tile 4: path order is entry order. */
export function segmentPath({ tile, position }: Segment): string {
  const name = position.toString(16).padStart(2, "0");
  return `tail/${String(tile).padStart(8, "0")}/${name[0]}/${name}`;
}

const SEGMENT_PATH = /^tail\/([0-9]{8,16})\/[0-9a-f]\/([0-9a-f]{2})$/;

/** The segment that a path names; undefined for any other spelling. */
export function parseSegmentPath(path: string): Segment | undefined {
  const match = SEGMENT_PATH.exec(path);
  if (match === null) return undefined;
  const segment = { tile: Number(match[1]), position: Number.parseInt(match[2]!, 16) };
  return segmentPath(segment) === path ? segment : undefined;
}

/** Hashes that level `level` of a tree has, over 256^level entries each. */
export function hashesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** The partial tile of each level, undefined where the level ends with a full tile or is empty. */
export function partialTile(level: number, size: number): Tile | undefined {
  const hashes = hashesAt(level, size);
  const width = hashes % TILE_WIDTH;
  return width === 0 ? undefined : { level, index: Math.floor(hashes / TILE_WIDTH), width };
}

/** Levels of a tree of this size that hold any hash: at least 1. */
export function levelsOf(size: number): number {
  let levels = 1;
  while (levels <= LEVEL_MAX && hashesAt(levels, size) > 0) levels++;
  return levels;
}

/** Everything a tree of this size keeps under `tile/`: no partial tile of level 0, no partial bundle. */
export function* storedTiles(size: number): Generator<Tile> {
  for (let level = 0; level < levelsOf(size); level++) {
    const full = hashesAt(level + 1, size);
    for (let index = 0; index < full; index++) yield { level, index, width: TILE_WIDTH };
    const partial = level === 0 ? undefined : partialTile(level, size);
    if (partial !== undefined) yield partial;
  }
}

/** Each entry with its length before it, as two bytes, big-endian. */
export function formatEntries(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX) {
      throw new RangeError(`Cannot store an entry of ${entry.length} bytes: limit is ${ENTRY_BYTES_MAX}`);
    }
    bytes[at] = entry.length >> 8;
    bytes[at + 1] = entry.length & 0xff;
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

/** Views of the entries, at most 256. Throws `TRAIL_BUNDLE_MALFORMED` if the bytes do not end with an entry. */
export function parseEntries(bytes: Uint8Array, path: string): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  scanEntries(bytes, path, (_, start, end) => entries.push(bytes.subarray(start, end)));
  return entries;
}

/** Tells of each entry its number in the bundle and where its bytes begin and end. Throws as `parseEntries`. */
export function scanEntries(
  bytes: Uint8Array,
  path: string,
  visit: (at: number, start: number, end: number) => void,
): void {
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    if (count === TILE_WIDTH) throw malformed(path, `it holds more than ${TILE_WIDTH} entries`);
    if (at + 2 > bytes.length) throw malformed(path, "it ends inside a length");
    const end = at + 2 + bytes[at]! * 256 + bytes[at + 1]!;
    if (end > bytes.length) throw malformed(path, `entry ${count} ends beyond the file`);
    visit(count, at + 2, end);
    at = end;
  }
}

/** Views of the hashes of a tile. Throws `TRAIL_TILE_MALFORMED` unless there are exactly `width`. */
export function parseTile(bytes: Uint8Array, tile: Tile): readonly Uint8Array[] {
  if (bytes.length !== tile.width * HASH_BYTES) {
    throw new GateError(
      "TRAIL_TILE_MALFORMED",
      `Cannot read ${tilePath(tile)}: it has ${bytes.length} bytes, expected ${tile.width * HASH_BYTES}`,
    );
  }
  return Array.from({ length: tile.width }, (_, at) =>
    bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}

function malformed(path: string, state: string): GateError {
  return new GateError("TRAIL_BUNDLE_MALFORMED", `Cannot read ${path}: ${state}`);
}
