import assert from "node:assert/strict";
import { test } from "node:test";
import { toTree } from "../../gate/checkout/folder.ts";
import { parseListing } from "../../gate/checkout/tree.ts";
import { parseTreeObject } from "../../gate/checkout/tree-object.ts";
import type { Tree } from "../../gate/model/change.ts";

const OID = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

function listing(...paths: string[]): Buffer {
  return Buffer.from(paths.map((path) => `100644 blob ${OID}\t${path}\0`).join(""), "latin1");
}

function parseTree(bytes: Buffer): Tree {
  return toTree(parseListing(bytes, OID));
}

test("a listing keeps every path that git can check out", () => {
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

test("a listing keeps bytes that are not UTF-8 apart", () => {
  const tree = parseTree(listing("a\xff", "a\xfe", "\xc3\xa9"));
  assert.deepEqual([...tree.keys()], ["a\udcff", "a\udcfe", "é"]);
  assert.equal(tree.get("é")?.path, "é");
});

test("a listing is refused with what git does not check out", () => {
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

test("a listing of another form is refused", () => {
  const bad = [
    `100644 blob ${OID}\ta`,
    `100644 blob ${OID} a\0`,
    `40000 tree ${OID}\ta\0`,
    `100644 commit ${OID}\ta\0`,
    `170000 blob ${OID}\ta\0`,
    `100644 blob ${OID}\ta\0`.repeat(2),
    "x",
  ];
  for (const text of bad) assert.throws(() => parseTree(Buffer.from(text)), { code: "TREE_MALFORMED" }, text);
});

test("a listing takes no time by the square of a long path", () => {
  const path = `${"a".repeat(2_000_000)}\t${"0123456789abcdef".repeat(100_000)}`;
  assert.equal(parseTree(listing(path)).size, 1);
});

/** One line of a tree object. */
function line(mode: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(OID, "hex")]);
}

test("a tree object lists its files and folders below the path that it stands at", () => {
  const object = Buffer.concat([line("100755", "a\xff"), line("40000", "b"), line("160000", "c\nd")]);
  assert.deepEqual(parseTreeObject(object, "x/y", 20), [
    { kind: "executable", path: "x/y/a\udcff", oid: OID },
    { kind: "folder", path: "x/y/b", oid: OID },
    { kind: "submodule", path: "x/y/c\nd", oid: OID },
  ]);
});

test("a tree object is refused with what git does not check out", () => {
  for (const name of ["", ".", "..", ".git", ".GIT", "a/b", "/"]) {
    assert.throws(
      () => parseTreeObject(Buffer.concat([line("100644", "ok"), line("100644", name)]), "x", 20),
      { code: "PATH_UNSAFE", place: { path: `x/${name}` } },
      JSON.stringify(name),
    );
  }
});

test("a tree object of another form is refused", () => {
  const whole = line("100644", "a");
  const bad = [
    whole.subarray(0, -1),
    whole.subarray(0, 9),
    line("100600", "a"),
    line("040000", "a"),
    line("1006440", "a"),
    Buffer.concat([whole, line("40000", "a")]),
    Buffer.from("x"),
  ];
  for (const object of bad) {
    assert.throws(
      () => parseTreeObject(object, "", 20),
      { code: "TREE_MALFORMED" },
      object.toString("latin1"),
    );
  }
});
