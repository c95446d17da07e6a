import { decodePath } from "../change/path.ts";
import type { EntryKind } from "../model/change.ts";
import { malformed, unsafe } from "./folder.ts";

/** As tree objects spell them; old repositories hold files that their group may write. */
const KINDS: ReadonlyMap<string, EntryKind | "folder"> = new Map([
  ["100644", "file"],
  ["100664", "file"],
  ["100755", "executable"],
  ["120000", "symlink"],
  ["160000", "submodule"],
  ["40000", "folder"],
]);
const MODE_CHARS_MAX = 6;
const ASCII = /^[\x00-\x7f]*$/;
/** What git itself never checks out (read-cache.c, verify_path). */
const UNSAFE_NAME = /^(?:\.{0,2}|\.git)$|\//i;

/** One line of a tree object; of a folder, what it holds is another object. */
export interface Line {
  readonly kind: EntryKind | "folder";
  readonly path: string;
  readonly oid: string;
}

/**
 * What a tree object lists: `<mode> <name>\0<oid>`, the id in bytes. `folder` is the path that it stands at. Throws
 * `TREE_MALFORMED` for bytes of another form or a name twice, `PATH_UNSAFE` for a name such as `..` or `.git`.
 */
export function parseTreeObject(bytes: Buffer, folder: string, oidBytes: number): readonly Line[] {
  const lines: Line[] = [];
  const names = new Set<string>();
  const text = bytes.toString("latin1");
  for (let at = 0; at < bytes.length; ) {
    const space = text.indexOf(" ", at);
    const end = text.indexOf("\0", space);
    const next = end + 1 + oidBytes;
    const kind = space - at > MODE_CHARS_MAX ? undefined : KINDS.get(text.slice(at, space));
    if (space < 0 || end < 0 || next > bytes.length || kind === undefined)
      throw malformed(text.slice(at, at + 80));
    const written = text.slice(space + 1, end);
    const name = ASCII.test(written) ? written : decodePath(bytes.subarray(space + 1, end));
    const path = folder === "" ? name : `${folder}/${name}`;
    if (UNSAFE_NAME.test(name)) throw unsafe(path);
    if (names.has(name)) throw malformed(`${path} twice`);
    names.add(name);
    lines.push({ kind, path, oid: bytes.toString("hex", end + 1, next) });
    at = next;
  }
  return lines;
}
