import { decodePath } from "../change/path.ts";
import type { EntryKind } from "../model/change.ts";
import { type Draft, draftOf, type Folder, malformed, unsafe } from "./folder.ts";

/** As `ls-tree` prints them; old repositories hold files that their group may write. */
const KINDS: ReadonlyMap<string, EntryKind | "folder"> = new Map([
  ["100644 blob", "file"],
  ["100664 blob", "file"],
  ["100755 blob", "executable"],
  ["120000 blob", "symlink"],
  ["160000 commit", "submodule"],
  ["040000 tree", "folder"],
]);
/** Where a listing may have a path that git itself never checks out (read-cache.c, verify_path). */
const UNSAFE_NAME = /[\t/](?:\.{0,2}|\.git)(?=[/\0])/gi;

/**
 * The root folder, with id `oid`, that `git ls-tree -r -t -z` lists: `<mode> <type> <oid>\t<path>\0`. Throws
 * `TREE_MALFORMED` for a listing of another form, `PATH_UNSAFE` for a path with `..` or `.git`.
 */
export function parseListing(listing: Buffer, oid: string): Folder {
  const text = listing.toString("utf8");
  // A path that is not UTF-8 needs its bytes; then each line is taken from them.
  const isExact = !text.includes("\ufffd");
  const source = isExact ? text : listing.toString("latin1");
  assertSafe(source);
  const open: Draft[] = [draftOf(oid, "")];
  for (let at = 0; at < source.length; ) {
    const tab = source.indexOf("\t", at);
    const end = source.indexOf("\0", tab);
    const oidAt = source.lastIndexOf(" ", tab) + 1;
    const kind = KINDS.get(source.slice(at, oidAt - 1));
    if (tab < 0 || end < 0 || kind === undefined) throw malformed(source.slice(at, at + 80));
    const name = source.slice(tab + 1, end);
    const path = isExact ? name : decodePath(Buffer.from(name, "latin1"));
    const id = source.slice(oidAt, tab);
    // A folder's items follow it.
    while (!stands(path, open.at(-1)!)) open.pop();
    if (kind === "folder") {
      const folder = draftOf(id, path);
      open.at(-1)!.items.push(folder);
      open.push(folder);
    } else open.at(-1)!.items.push({ path, kind, oid: id });
    at = end + 1;
  }
  return open[0]!;
}

/** Whether a path is below a folder that is open; the root has all. */
function stands(path: string, { path: folder }: Folder): boolean {
  return folder === "" || (path.charCodeAt(folder.length) === 0x2f && path.startsWith(folder));
}

/** One search over the whole listing: each path by itself would take as long as all else. */
function assertSafe(listing: string): void {
  for (const { index } of listing.matchAll(UNSAFE_NAME)) {
    const tab = listing.indexOf("\t", listing.lastIndexOf("\0", index) + 1);
    // A later tab is part of the path.
    if (listing[index] === "\t" && index !== tab) continue;
    throw unsafe(listing.slice(tab + 1, listing.indexOf("\0", tab)));
  }
}
