import type { Tree, TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";

/** As deep as git itself goes (core.maxTreeDepth). */
export const FOLDERS_DEEP_MAX = 2048;

/** A folder of a commit. One that two commits have at the same path with the same id is the same value in both. */
export interface Folder {
  readonly kind: "folder";
  readonly path: string;
  readonly oid: string;
  /** In git's order. */
  readonly items: readonly Item[];
}

export type Item = TreeEntry | Folder;

/** A folder whose items are still being read. */
export interface Draft extends Folder {
  readonly items: Item[];
}

export function draftOf(oid: string, path: string): Draft {
  return { kind: "folder", path, oid, items: [] };
}

/** All files below a folder by path, in git's order. Throws `TREE_MALFORMED` for a path that stands there twice. */
export function toTree(root: Folder): Tree {
  const tree = new Map<string, TreeEntry>();
  addFiles(tree, root, 0);
  return tree;
}

function addFiles(tree: Map<string, TreeEntry>, { items, path }: Folder, depth: number): void {
  if (depth > FOLDERS_DEEP_MAX)
    throw malformed(`${path.slice(0, 80)}… deeper than ${FOLDERS_DEEP_MAX} folders`);
  for (const item of items) {
    if (item.kind === "folder") addFiles(tree, item, depth + 1);
    else if (tree.has(item.path)) throw malformed(`${item.path} twice`);
    else tree.set(item.path, item);
  }
}

export function malformed(state: string): GateError {
  return new GateError("TREE_MALFORMED", `Cannot read the tree: it holds ${JSON.stringify(state)}`);
}

export function unsafe(path: string): GateError {
  const message = `Cannot read the tree: ${JSON.stringify(path)} is a path that git does not check out`;
  return new GateError("PATH_UNSAFE", message, { place: { path } });
}
