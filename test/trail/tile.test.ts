import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  ENTRY_BYTES_MAX,
  formatEntries,
  parseEntries,
  parseSegmentPath,
  parseTile,
  segmentPath,
  storedTiles,
  tileNumber,
  tilePath,
} from "../../gate/trail/tile.ts";

const LEAVES = ["", "00", "10", "2021"].map((leaf) => Buffer.from(leaf, "hex"));

describe("tileNumber()", () => {
  const numbers: readonly [number, string][] = [
    [0, "000"],
    [5, "005"],
    [999, "999"],
    [1_000, "x001/000"],
    [1_234, "x001/234"],
    [70_000, "x070/000"],
    [1_234_067, "x001/x234/067"],
  ];
  for (const [number, name] of numbers) {
    test(`writes ${number} as ${name}`, () => assert.equal(tileNumber(number), name));
  }
});

describe("storedTiles()", () => {
  const counts = (size: number) => {
    const paths = [...storedTiles(size)].map(tilePath);
    const of = (level: number) => paths.filter((path) => path.startsWith(`tile/${level}/`));
    return { paths, of };
  };

  test("of 70,000 are 273 of level 0, one full and one partial of level 1, one partial of level 2", () => {
    const { of } = counts(70_000);
    assert.equal(of(0).length, 273);
    assert.deepEqual(of(1), ["tile/1/000", "tile/1/001.p/17"]);
    assert.deepEqual(of(2), ["tile/2/000.p/1"]);
    assert.deepEqual(of(3), []);
  });

  const sizes: readonly [number, readonly string[]][] = [
    [0, []],
    [1, []],
    [255, []],
    [256, ["tile/0/000", "tile/1/000.p/1"]],
    [257, ["tile/0/000", "tile/1/000.p/1"]],
    [512, ["tile/0/000", "tile/0/001", "tile/1/000.p/2"]],
  ];
  for (const [size, paths] of sizes) {
    test(`of ${size} are ${paths.join(", ") || "none"}`, () => assert.deepEqual(counts(size).paths, paths));
  }
});

describe("segmentPath()", () => {
  test("puts position 48 of tile 4 where path order is entry order", () => {
    assert.equal(segmentPath({ tile: 4, position: 48 }), "tail/00000004/3/30");
  });

  test("is undone by parseSegmentPath() for every position, and sorts by position", () => {
    const paths = Array.from({ length: 256 }, (_, position) => segmentPath({ tile: 273, position }));
    assert.deepEqual(paths.toSorted(), paths);
    for (const [position, path] of paths.entries()) {
      assert.deepEqual(parseSegmentPath(path), { tile: 273, position });
    }
  });

  const strange = [
    "tail/00000004/3/40",
    "tail/00000004/3/3A",
    "tail/00000004/30",
    "tail/4/3/30",
    "tail/000000004/3/30",
    "tail/00000004/3/30/",
    "tail/00000004/3/30\n",
    "/tail/00000004/3/30",
    "tail/00000004/3/030",
  ];
  for (const path of strange) {
    test(`has no other spelling: ${JSON.stringify(path)} names nothing`, () => {
      assert.equal(parseSegmentPath(path), undefined);
    });
  }
});

describe("formatEntries()", () => {
  test("writes the published segment of the first four leaves", () => {
    assert.equal(Buffer.from(formatEntries(LEAVES)).toString("hex"), "000000010000011000022021");
  });

  test("is undone by parseEntries(), up to the longest entry", () => {
    const entries = [...LEAVES, Buffer.alloc(ENTRY_BYTES_MAX, 7)];
    assert.deepEqual(parseEntries(formatEntries(entries), "it").map(Buffer.from), entries);
  });

  test("refuses an entry of 65,536 bytes", () => {
    assert.throws(() => formatEntries([new Uint8Array(65_536)]), RangeError);
  });
});

describe("parseEntries() refuses", () => {
  const cases: readonly [string, Uint8Array][] = [
    ["half a length", Uint8Array.of(0)],
    ["an entry that ends beyond the file", Uint8Array.of(0, 2, 1)],
    ["257 entries", new Uint8Array(2 * 257)],
  ];
  for (const [name, bytes] of cases) {
    test(name, () => assert.throws(() => parseEntries(bytes, "it"), { code: "TRAIL_BUNDLE_MALFORMED" }));
  }
});

test("parseTile() refuses a file that is not exactly as wide as its name", () => {
  const tile = { level: 1, index: 0, width: 2 };
  assert.equal(parseTile(new Uint8Array(64), tile).length, 2);
  for (const length of [0, 32, 63, 65, 96]) {
    assert.throws(() => parseTile(new Uint8Array(length), tile), { code: "TRAIL_TILE_MALFORMED" });
  }
});
