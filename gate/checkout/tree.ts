import { decodePath } from "../change/path.ts";
import type { EntryKind, Tree, TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";

/** As `ls-tree` prints them; old repositories hold files that their group may write. */
const KINDS: ReadonlyMap<string, EntryKind> = new Map([
  ["100644 blob", "file"],
  ["100664 blob", "file"],
  ["100755 blob", "executable"],
  ["120000 blob", "symlink"],
  ["160000 commit", "submodule"],
]);
/** Where a listing may have a path that git itself never checks out (read-cache.c, verify_path). */
const UNSAFE_NAME = /[\t/](?:\.{0,2}|\.git)(?=[/\0])/gi;

/**
 * The tree that `git ls-tree -r -z` lists: `<mode> <type> <oid>\t<path>\0`. Throws `TREE_MALFORMED` for a listing
 * of another form or with a path twice, `PATH_UNSAFE` for a path with `..` or `.git`.
 */
export function parseTree(listing: Buffer): Tree {
  const tree = new Map<string, TreeEntry>();
  const text = listing.toString("utf8");
  // A path that is not UTF-8 needs its bytes; then each line is taken from them.
  const isExact = !text.includes("\ufffd");
  const source = isExact ? text : listing.toString("latin1");
  assertSafe(source);
  for (let at = 0; at < source.length; ) {
    const tab = source.indexOf("\t", at);
    const end = source.indexOf("\0", tab);
    const oidAt = source.lastIndexOf(" ", tab) + 1;
    const kind = KINDS.get(source.slice(at, oidAt - 1));
    if (tab < 0 || end < 0 || kind === undefined) throw malformed(source.slice(at, at + 80));
    const name = source.slice(tab + 1, end);
    const path = isExact ? name : decodePath(Buffer.from(name, "latin1"));
    if (tree.has(path)) throw malformed(`${path} twice`);
    tree.set(path, { path, kind, oid: source.slice(oidAt, tab) });
    at = end + 1;
  }
  return tree;
}

function malformed(state: string): GateError {
  return new GateError("TREE_MALFORMED", `Cannot read the tree: it holds ${JSON.stringify(state)}`);
}

/** One search over the whole listing: each path by itself would take as long as all else. */
function assertSafe(listing: string): void {
  for (const { index } of listing.matchAll(UNSAFE_NAME)) {
    const tab = listing.indexOf("\t", listing.lastIndexOf("\0", index) + 1);
    // A later tab is part of the path.
    if (listing[index] === "\t" && index !== tab) continue;
    const path = listing.slice(tab + 1, listing.indexOf("\0", tab));
    const message = `Cannot read the tree: ${JSON.stringify(path)} is a path that git does not check out`;
    throw new GateError("PATH_UNSAFE", message, { place: { path } });
  }
}
