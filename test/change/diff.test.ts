import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { diffTrees } from "../../gate/change/diff.ts";
import type { EntryKind, FileChange, Tree, TreeEntry } from "../../gate/model/change.ts";

/** A tree from `path: content`; a letter before the content is the kind: x executable, l link, s submodule. */
function tree(entries: Readonly<Record<string, string>>): Tree {
  const kinds: Readonly<Record<string, EntryKind>> = { x: "executable", l: "symlink", s: "submodule" };
  return new Map(
    Object.entries(entries).map(([path, text]) => {
      const [, letter = "", content = ""] = /^(?:([xls]):)?(.*)$/.exec(text) ?? [];
      return [path, { path, kind: kinds[letter] ?? "file", oid: content }];
    }),
  );
}

function lines(changes: readonly FileChange[]): string[] {
  return changes.map(({ status, path, previousPath }) =>
    previousPath === undefined ? `${status} ${path}` : `${status} ${previousPath} -> ${path}`,
  );
}

const EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

const CASES: {
  name: string;
  base: Record<string, string>;
  head: Record<string, string>;
  expected: string[];
}[] = [
  { name: "equal trees", base: { a: "1" }, head: { a: "1" }, expected: [] },
  { name: "an added file", base: {}, head: { a: "1" }, expected: ["added a"] },
  { name: "C52: a removed file", base: { a: "1" }, head: {}, expected: ["removed a"] },
  { name: "other content", base: { a: "1" }, head: { a: "2" }, expected: ["modified a"] },
  { name: "C53: another mode", base: { a: "1" }, head: { a: "x:1" }, expected: ["mode a"] },
  { name: "C53: another mode and content", base: { a: "1" }, head: { a: "x:2" }, expected: ["modified a"] },
  {
    name: "C47: a file that becomes a link of equal text",
    base: { a: "1" },
    head: { a: "l:1" },
    expected: ["modified a"],
  },
  {
    name: "C48: a folder that becomes a submodule",
    base: { "a/b": "1" },
    head: { a: "s:9" },
    expected: ["added a", "removed a/b"],
  },
  { name: "C51: a renamed file", base: { a: "1" }, head: { b: "1" }, expected: ["renamed a -> b"] },
  {
    name: "C51: a rename to another case",
    base: { "m/A": "1" },
    head: { "m/a": "1" },
    expected: ["renamed m/A -> m/a"],
  },
  {
    name: "C51: a rename to another Unicode normalization",
    base: { "\u00e9": "1" },
    head: { "e\u0301": "1" },
    expected: ["renamed \u00e9 -> e\u0301"],
  },
  { name: "C51: a copied file", base: { a: "1" }, head: { a: "1", b: "1" }, expected: ["copied a -> b"] },
  {
    name: "a copy of a changed file is an added one",
    base: { a: "1" },
    head: { a: "2", b: "1" },
    expected: ["added b", "modified a"],
  },
  {
    name: "a renamed and executable file",
    base: { a: "1" },
    head: { b: "x:1" },
    expected: ["renamed a -> b"],
  },
  {
    name: "a link is not renamed to a file of its text",
    base: { a: "l:1" },
    head: { b: "1" },
    expected: ["added b", "removed a"],
  },
  { name: "a renamed submodule", base: { a: "s:1" }, head: { b: "s:1" }, expected: ["renamed a -> b"] },
  {
    name: "empty files are no renames",
    base: { a: EMPTY },
    head: { b: EMPTY },
    expected: ["added b", "removed a"],
  },
  {
    name: "empty files are no copies",
    base: { a: EMPTY },
    head: { a: EMPTY, b: EMPTY },
    expected: ["added b"],
  },
  {
    name: "the same name is paired first, then by path",
    base: { "a/x": "1", "b/y": "1", "c/z": "1" },
    head: { "d/z": "1", "e/x": "1", "f/q": "1" },
    expected: ["renamed c/z -> d/z", "renamed a/x -> e/x", "renamed b/y -> f/q"],
  },
  {
    name: "a content is a rename's source once",
    base: { a: "1" },
    head: { b: "1", c: "1" },
    expected: ["renamed a -> b", "added c"],
  },
  {
    name: "a copy is of the file with the same name, or of the least path",
    base: { "a/x": "1", "b/y": "1" },
    head: { "a/x": "1", "b/y": "1", "c/y": "1", "c/z": "1" },
    expected: ["copied b/y -> c/y", "copied a/x -> c/z"],
  },
  {
    name: "paths are sorted by UTF-16 code units",
    base: {},
    head: { "\uff61": "1", "😀": "2", Z: "3", a: "4" },
    expected: ["added Z", "added a", "added 😀", "added \uff61"],
  },
];

for (const { name, base, head, expected } of CASES) {
  test(`diffTrees() of ${name}`, () => {
    assert.deepEqual(lines(diffTrees(tree(base), tree(head))).sort(), [...expected].sort());
    const paths = diffTrees(tree(base), tree(head)).map(({ path }) => path);
    assert.deepEqual(paths, paths.toSorted());
  });
}

test("diffTrees() gives the entries of both sides", () => {
  const [change] = diffTrees(tree({ a: "1" }), tree({ b: "x:1" }));
  assert.deepEqual(change, {
    status: "renamed",
    path: "b",
    previousPath: "a",
    base: { path: "a", kind: "file", oid: "1" },
    head: { path: "b", kind: "executable", oid: "1" },
  });
});

const entry: fc.Arbitrary<TreeEntry> = fc.record(
  {
    path: fc.constantFrom("a", "b", "c", "d/a", "d/b", "e/a", "__proto__", "constructor"),
    kind: fc.constantFrom<EntryKind>("file", "executable", "symlink", "submodule"),
    oid: fc.constantFrom("1", "2", "3", EMPTY),
  },
  { noNullPrototype: true },
);
const anyTree: fc.Arbitrary<Tree> = fc
  .uniqueArray(entry, { selector: ({ path }) => path })
  .map((entries) => new Map(entries.map((one) => [one.path, one])));

function apply(base: Tree, changes: readonly FileChange[]): Map<string, TreeEntry> {
  const result = new Map(base);
  for (const { status, base: before } of changes)
    if (before !== undefined && status !== "copied") result.delete(before.path);
  for (const { head } of changes) if (head !== undefined) result.set(head.path, head);
  return result;
}

function sorted(entries: Tree): TreeEntry[] {
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

test("diffTrees() of a tree with itself is empty", () => {
  fc.assert(fc.property(anyTree, (one) => assert.deepEqual(diffTrees(one, one), [])));
});

test("applying diffTrees() to base gives head", () => {
  fc.assert(
    fc.property(anyTree, anyTree, (base, head) => {
      assert.deepEqual(sorted(apply(base, diffTrees(base, head))), sorted(head));
    }),
    { numRuns: 1000 },
  );
});

test("diffTrees() names each path of either side at most once", () => {
  fc.assert(
    fc.property(anyTree, anyTree, (base, head) => {
      const changes = diffTrees(base, head);
      const sources = changes
        .filter(({ status }) => status !== "copied")
        .flatMap((change) => change.base?.path ?? []);
      const targets = changes.map(({ path }) => path);
      assert.equal(new Set(sources).size, sources.length);
      assert.equal(new Set(targets).size, targets.length);
    }),
    { numRuns: 1000 },
  );
});

test("diffTrees() does not depend on the order of the entries", () => {
  fc.assert(
    fc.property(anyTree, anyTree, (base, head) => {
      const reversed = (one: Tree) => new Map([...one].reverse());
      assert.deepEqual(diffTrees(reversed(base), reversed(head)), diffTrees(base, head));
    }),
  );
});
