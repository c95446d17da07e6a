import type { Tree, TreeEntry } from "../../gate/model/change.ts";
import { byCodeUnits } from "../../gate/model/order.ts";
import type { PathChange } from "../github/proposal.ts";

const WORKFLOWS = ".github/workflows/";

/** What takes a merge back. Paths are sorted. */
export interface Restoration {
  readonly changes: readonly PathChange[];
  /** Left alone: they are not what the merge left, or something else stands in their way. */
  readonly changedSince: readonly string[];
  /** Left alone: the App may not write workflows. */
  readonly workflows: readonly string[];
}

export interface Trees {
  /** Of the branch before the merge, after it, and now. */
  readonly before: Tree;
  readonly merged: Tree;
  readonly now: Tree;
}

/** Every path that a merge changed becomes again what it was before, unless somebody has changed it since. */
export function toRestoration({ before, merged, now }: Trees): Restoration {
  const paths = [...new Set([...before.keys(), ...merged.keys()])].sort(byCodeUnits);
  const due = paths.filter(
    (path) => !isSame(before.get(path), merged.get(path)) && !isSame(before.get(path), now.get(path)),
  );
  const workflows = due.filter((path) => path.startsWith(WORKFLOWS));
  const own = due.filter((path) => !path.startsWith(WORKFLOWS));
  const untouched = own.filter((path) => isSame(merged.get(path), now.get(path)));
  const removed = new Set(untouched.filter((path) => !before.has(path)));
  const standing = new Set([...now.keys()].filter((path) => !removed.has(path)));
  const isFree = freeBeside(standing);
  const restored = untouched.filter((path) => removed.has(path) || isFree(path));
  const isRestored = new Set(restored);
  return {
    changes: restored.map((path) => toChange(path, before.get(path), now.get(path))),
    changedSince: own.filter((path) => !isRestored.has(path)),
    workflows,
  };
}

function toChange(path: string, to: TreeEntry | undefined, from: TreeEntry | undefined): PathChange {
  return { path, ...(to !== undefined && { to }), ...(from !== undefined && { from }) };
}

function isSame(one: TreeEntry | undefined, other: TreeEntry | undefined): boolean {
  return one?.oid === other?.oid && one?.kind === other?.kind;
}

/** Tells whether a path can be a file beside these: none of them is a folder of it, or in a folder of its name. */
function freeBeside(standing: ReadonlySet<string>): (path: string) => boolean {
  const folders = new Set([...standing].flatMap(foldersOf));
  return (path) => !folders.has(path) && !foldersOf(path).some((folder) => standing.has(folder));
}

/** `a` and `a/b` of `a/b/c`. */
function foldersOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
}
