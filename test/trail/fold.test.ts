import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Edge, EMPTY_EDGE, edgeRoot, foldEntries, toEdge } from "../../gate/trail/fold.ts";
import { Frontier, leafHash } from "../../gate/trail/merkle.ts";
import {
  bundlePath,
  levelsOf,
  parseEntries,
  parseSegmentPath,
  parseTile,
  partialTile,
  storedTiles,
  tilePath,
} from "../../gate/trail/tile.ts";

const entryOf = (index: number) => Buffer.from(String(index));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** The files of a branch, as commits write and delete them. */
class Files {
  readonly paths = new Map<string, Uint8Array>();
  edge: Edge = EMPTY_EDGE;

  /** One commit that appends up to `size`. */
  appendTo(size: number): Uint8Array {
    const entries = Array.from({ length: size - this.edge.size }, (_, at) => entryOf(this.edge.size + at));
    const { edge, root, writes, deletes } = foldEntries(this.edge, entries);
    for (const path of deletes) assert.ok(this.paths.delete(path), `${path} was there to delete`);
    for (const [path, bytes] of writes) {
      assert.ok(!deletes.includes(path), `${path} is not written and deleted`);
      assert.ok(!this.paths.has(path), `${path} is written once`);
      this.paths.set(path, bytes);
    }
    this.edge = edge;
    return root;
  }
}

function rootAt(size: number): string {
  const frontier = new Frontier();
  for (let index = 0; index < size; index++) frontier.push(leafHash(entryOf(index)));
  return hex(frontier.root());
}

/** Files that a tree of this size has, whatever the batches were, but for its segments. */
function expectedPaths(size: number): readonly string[] {
  const tiles = [...storedTiles(size)];
  const bundles = tiles.filter(({ level }) => level === 0).map(({ index }) => bundlePath(index));
  return [...tiles.map(tilePath), ...bundles].sort();
}

describe("F20: batches that end", () => {
  for (const size of [1, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537]) {
    test(`at ${size} leave exactly the files of 6.4 and the root of the tree`, () => {
      const files = new Files();
      const before = Math.max(0, size - 700);
      if (before > 0) files.appendTo(before);
      const root = files.appendTo(size);
      assert.equal(hex(root), rootAt(size));
      const segments = [...files.paths.keys()].filter((path) => path.startsWith("tail/"));
      const others = [...files.paths.keys()].filter((path) => !path.startsWith("tail/"));
      assert.deepEqual(others.sort(), expectedPaths(size));
      assert.equal(segments.length === 0, size % 256 === 0);
    });
  }

  test("with 1,024 from position 255 close five tiles and leave one segment", () => {
    const files = new Files();
    files.appendTo(255);
    const root = files.appendTo(255 + 1_024);
    assert.equal(hex(root), rootAt(1_279));
    assert.deepEqual(
      [...files.paths.keys()].filter((path) => path.startsWith("tail/")),
      ["tail/00000004/0/00"],
    );
    assert.ok(files.paths.has("tile/1/000.p/4"));
    assert.ok(!files.paths.has("tile/1/000.p/3"));
  });
});

test("70,000 entries in uneven batches leave the published root and the files of 6.4", () => {
  const files = new Files();
  // Batches of 1 to 1,024, in a fixed order that meets every position of a tile.
  for (let size = 1; size < 70_000; size += 1 + ((size * 7) % 1_024)) files.appendTo(size);
  const root = files.appendTo(70_000);
  assert.equal(hex(root), "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e");
  const rest = [...files.paths.keys()].filter((path) => !/^tile\/(?:0|entries)\//.test(path)).sort();
  const tail = rest.filter((path) => path.startsWith("tail/"));
  assert.deepEqual(
    rest.filter((path) => !path.startsWith("tail/")),
    ["tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"],
  );
  assert.ok(tail.every((path) => path.startsWith("tail/00000273/")));
  const stored = tail.flatMap((path) => parseEntries(files.paths.get(path)!, path));
  assert.deepEqual(
    stored.map((entry) => Buffer.from(entry).toString()),
    Array.from({ length: 112 }, (_, at) => String(273 * 256 + at)),
  );
});

describe("toEdge()", () => {
  const files = new Files();
  for (const size of [3, 250, 520, 530, 545]) files.appendTo(size);
  const segments = [...files.paths.keys()]
    .filter((path) => path.startsWith("tail/"))
    .map((path) => ({
      position: parseSegmentPath(path)!.position,
      entries: parseEntries(files.paths.get(path)!, path),
    }));
  const tiles = Array.from({ length: levelsOf(545) - 1 }, (_, at) => {
    const tile = partialTile(at + 1, 545);
    return tile === undefined ? [] : parseTile(files.paths.get(tilePath(tile))!, tile);
  });
  const stored = { size: 545, lastOfTile: new Uint8Array(32), tiles, segments };

  test("restores the edge that was stored: appending goes on as before", () => {
    const edge = toEdge(stored);
    assert.ok(edge !== undefined);
    assert.deepEqual(edgeRoot(edge), edgeRoot(files.edge));
    const next = Array.from({ length: 300 }, (_, at) => entryOf(545 + at));
    const [restored, kept] = [foldEntries(edge, next), foldEntries(files.edge, next)];
    assert.deepEqual(restored.root, kept.root);
    assert.deepEqual([...restored.writes.keys()], [...kept.writes.keys()]);
    assert.deepEqual(restored.deletes, kept.deletes);
  });

  test("is undefined for a segment too many, too few, out of place or empty", () => {
    const [first, second, ...rest] = segments;
    assert.equal(segments.length, 3);
    assert.equal(toEdge({ ...stored, segments: [first!, ...rest] }), undefined);
    assert.equal(toEdge({ ...stored, segments: segments.slice(0, -1) }), undefined);
    assert.equal(toEdge({ ...stored, segments: [second!, first!, ...rest] }), undefined);
    assert.equal(toEdge({ ...stored, segments: [...segments, { position: 33, entries: [] }] }), undefined);
    assert.equal(
      toEdge({ ...stored, segments: [...segments, { position: 33, entries: [entryOf(0)] }] }),
      undefined,
    );
  });
});
