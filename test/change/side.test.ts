import assert from "node:assert/strict";
import { test } from "node:test";
import { diffTrees } from "../../gate/change/diff.ts";
import { readSides } from "../../gate/change/side.ts";
import type { Tree, TreeEntry } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Repository } from "../../gate/world.ts";

/** A repository whose files hold their object id as text; nothing else is asked of it here. */
function textRepository(): Repository {
  const unasked = () => Promise.reject(new GateError("UNASKED", "Cannot answer: not asked in this test"));
  return {
    commit: unasked,
    mergeBase: unasked,
    tree: unasked,
    open: unasked,
    openContent: unasked,
    read: async (entries) => entries.map(({ oid }) => Buffer.from(oid)),
  };
}

function treeOf(files: Readonly<Record<string, string>>): Tree {
  const entries = Object.entries(files).map(([path, oid]): [string, TreeEntry] => [
    path,
    { path, kind: "file", oid },
  ]);
  return new Map(entries);
}

async function touched(base: Tree, head: Tree) {
  const sides = await readSides({ base, head }, diffTrees(base, head), textRepository());
  return { base: [...sides.base.touched.keys()].sort(), head: [...sides.head.touched.keys()].sort() };
}

test("a file is touched at base where it was, and at head where it is", async () => {
  const base = treeOf({ changed: "1", removed: "2", moved: "3", kept: "4" });
  const head = treeOf({ changed: "9", added: "8", there: "3", kept: "4", copy: "4" });
  assert.deepEqual(await touched(base, head), {
    base: ["changed", "moved", "removed"],
    head: ["added", "changed", "copy", "there"],
  });
});

test("a file is touched at both sides by attributes that decide its filter otherwise", async () => {
  const files = { "a/w.bin": "1", "a/w.txt": "2", "b/w.bin": "3" };
  const base = treeOf({
    ...files,
    "a/.gitattributes": "*.bin filter=lfs\n*.txt text\n",
    ".gitattributes": "# 1\n",
  });
  const head = treeOf({ ...files, "a/.gitattributes": "*.txt -text\n", ".gitattributes": "# 2\n" });
  const both = [".gitattributes", "a/.gitattributes", "a/w.bin"];
  assert.deepEqual(await touched(base, head), { base: both, head: both });
});

test("more attributes than can be tried on all files are refused", async () => {
  const rules = "*.bin filter=lfs\n".repeat(1000);
  const files = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`f${index}`, "1"]));
  const base = treeOf({ ...files, ".gitattributes": rules });
  const head = treeOf({ ...files, ".gitattributes": `${rules}#\n` });
  await assert.rejects(touched(base, head), {
    code: "ATTRIBUTES_TOO_MANY",
    message: "Cannot tell what a checkout makes of 60001 files: 2000 rules in .gitattributes are too many",
  });
});
