import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTree } from "../../gate/checkout/tree.ts";

const OID = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

function listing(...paths: string[]): Buffer {
  return Buffer.from(paths.map((path) => `100644 blob ${OID}\t${path}\0`).join(""), "latin1");
}

test("parseTree() keeps every path that git can check out", () => {
  const paths = [
    "a",
    "a b/c",
    "a\tb",
    "a\t..",
    "a\t../b",
    "..a/b..",
    "...",
    "a/.gitignore",
    ".github/x",
    " ",
    "\n",
    "\t",
  ];
  assert.deepEqual([...parseTree(listing(...paths)).keys()], paths);
});

test("parseTree() keeps bytes that are not UTF-8 apart", () => {
  const tree = parseTree(listing("a\xff", "a\xfe", "\xc3\xa9"));
  assert.deepEqual([...tree.keys()], ["a\udcff", "a\udcfe", "é"]);
  assert.equal(tree.get("é")?.path, "é");
});

test("parseTree() refuses what git does not check out", () => {
  const paths = [
    "..",
    "../a",
    "a/..",
    "a/../b",
    ".",
    "a/./b",
    "a//b",
    "/a",
    "a/",
    "",
    ".git",
    ".GIT/hooks/x",
    "a/.git",
    "a\t/../b",
    "a\t../..",
  ];
  for (const path of paths) {
    assert.throws(
      () => parseTree(listing("ok", path)),
      { code: "PATH_UNSAFE", place: { path } },
      JSON.stringify(path),
    );
  }
});

test("parseTree() refuses a listing of another form", () => {
  const bad = [
    `100644 blob ${OID}\ta`,
    `100644 blob ${OID} a\0`,
    `040000 tree ${OID}\ta\0`,
    `100644 commit ${OID}\ta\0`,
    `170000 blob ${OID}\ta\0`,
    `100644 blob ${OID}\ta\0`.repeat(2),
    "x",
  ];
  for (const text of bad) assert.throws(() => parseTree(Buffer.from(text)), { code: "TREE_MALFORMED" }, text);
});

test("parseTree() takes no time by the square of a long path", () => {
  const path = `${"a".repeat(2_000_000)}\t${"0123456789abcdef".repeat(100_000)}`;
  assert.equal(parseTree(listing(path)).size, 1);
});
