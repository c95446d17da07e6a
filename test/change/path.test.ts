import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodePath, encodePath, foldersAbove, relativePath, resolvePath } from "../../gate/change/path.ts";

test("decodePath() keeps UTF-8 as text and every other byte as a lone surrogate", () => {
  const cases: [bytes: number[], path: string][] = [
    [[0x61, 0x2f, 0x62], "a/b"],
    [[0xc3, 0xa9], "é"],
    [[0xef, 0xbb, 0xbf, 0x61], "\ufeffa"],
    [[0xef, 0xbf, 0xbd], "\ufffd"],
    [[0xf0, 0x9f, 0x98, 0x80], "😀"],
    [[0xff], "\udcff"],
    [[0x61, 0xe9, 0x62], "a\udce9b"],
    [[0xc0, 0xaf], "\udcc0\udcaf"],
    [[0xed, 0xb2, 0x80], "\udced\udcb2\udc80"],
    [[0xf5, 0x80, 0x80, 0x80], "\udcf5\udc80\udc80\udc80"],
    [[0xe2, 0x82], "\udce2\udc82"],
  ];
  for (const [bytes, path] of cases) assert.equal(decodePath(Uint8Array.from(bytes)), path);
});

test("encodePath() undoes decodePath(), so that two paths are never the same string", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      assert.deepEqual(new Uint8Array(encodePath(decodePath(bytes))), bytes);
    }),
    { numRuns: 2000 },
  );
});

test("decodePath() agrees with TextDecoder about what is UTF-8", () => {
  const bytes = fc.array(
    fc.constantFrom(0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f),
  );
  fc.assert(
    fc.property(bytes, (list) => {
      const path = decodePath(Uint8Array.from(list));
      const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      if (path.isWellFormed()) assert.equal(strict.decode(Uint8Array.from(list)), path);
      else assert.throws(() => strict.decode(Uint8Array.from(list)));
    }),
    { numRuns: 2000 },
  );
});

test("resolvePath() stays in the repository", () => {
  const cases: [folder: string, written: string, path: string | undefined][] = [
    ["models/a", "w.bin", "models/a/w.bin"],
    ["models/a", "./x//w.bin", "models/a/x/w.bin"],
    ["models/a", "../b/w.bin", "models/b/w.bin"],
    ["models/a", "/shared/w.bin", "shared/w.bin"],
    ["models/a", "data/", "models/a/data"],
    ["", "w.bin", "w.bin"],
    ["models/a", "../../w.bin", "w.bin"],
    ["models/a", "../../../w.bin", undefined],
    ["models/a", "/../w.bin", undefined],
    ["", "..", undefined],
    ["models/a", "../..", undefined],
    ["models/a", "/", undefined],
    ["", "a/..", undefined],
  ];
  for (const [folder, written, path] of cases) assert.equal(resolvePath(folder, written), path, written);
});

test("relativePath() is undone by resolvePath()", () => {
  const name = fc.constantFrom("a", "b", "c.bin", "ä");
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
  const folder = fc.array(name, { maxLength: 4 }).map((names) => names.join("/"));
  fc.assert(
    fc.property(folder, path, (from, to) => {
      assert.equal(resolvePath(from, relativePath(from, to)), to);
    }),
  );
});

test("foldersAbove() ends at the root", () => {
  assert.deepEqual([...foldersAbove("a/b/c")], ["a/b", "a", ""]);
  assert.deepEqual([...foldersAbove("c")], [""]);
});
