import type { FileChange, Tree, TreeEntry } from "../model/change.ts";
import { groupBy } from "../model/group.ts";
import { byCodeUnits } from "../model/order.ts";
import { nameOf } from "./path.ts";

/** Ids of the empty blob, SHA-1 and SHA-256: equal emptiness is no sign of a common origin. */
export const EMPTY_BLOBS = new Set([
  "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
  "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
]);

/**
 * What differs between two trees, sorted by path. A removed and an added path of the same content are one renamed
 * file; an added path whose content still stands elsewhere is a copy. Content is compared by object id alone.
 */
export function diffTrees(base: Tree, head: Tree): FileChange[] {
  const changes: FileChange[] = [];
  const added: TreeEntry[] = [];
  for (const entry of head.values()) {
    const before = base.get(entry.path);
    if (before === undefined) added.push(entry);
    else if (!isSame(before, entry)) changes.push(inPlace(before, entry));
  }
  const removed = [...base.values()].filter((entry) => !head.has(entry.path));
  added.sort(byPath);
  removed.sort(byPath);
  const renames = pairRenames(removed, added);
  const copies = findCopies(
    base,
    head,
    added.filter((entry) => !renames.has(entry)),
  );
  for (const entry of added) changes.push(arrival(entry, renames.get(entry), copies.get(entry)));
  const sources = new Set(renames.values());
  for (const entry of removed) {
    if (!sources.has(entry)) changes.push({ status: "removed", path: entry.path, base: entry });
  }
  return changes.sort(byPath);
}

function isSame(a: TreeEntry, b: TreeEntry): boolean {
  return a === b || (a.kind === b.kind && a.oid === b.oid);
}

function inPlace(base: TreeEntry, head: TreeEntry): FileChange {
  const onlyMode = base.oid === head.oid && substance(base) === substance(head);
  return { status: onlyMode ? "mode" : "modified", path: head.path, base, head };
}

function arrival(head: TreeEntry, renamed: TreeEntry | undefined, copied: TreeEntry | undefined): FileChange {
  const source = renamed ?? copied;
  if (source === undefined) return { status: "added", path: head.path, head };
  const status = renamed === undefined ? "copied" : "renamed";
  return { status, path: head.path, previousPath: source.path, base: source, head };
}

/** What the content is: a link whose text equals a file's bytes is not that file. */
function substance(entry: TreeEntry): string {
  return entry.kind === "executable" ? "file" : entry.kind;
}

function contentKey(entry: TreeEntry): string {
  return `${substance(entry)} ${entry.oid}`;
}

/** The removed entry that each added one was: the same name first, then by path. Both lists sorted by path. */
function pairRenames(
  removed: readonly TreeEntry[],
  added: readonly TreeEntry[],
): ReadonlyMap<TreeEntry, TreeEntry> {
  const pairs = new Map<TreeEntry, TreeEntry>();
  const used = new Set<TreeEntry>();
  for (const keyOf of [(entry: TreeEntry) => `${contentKey(entry)} ${nameOf(entry.path)}`, contentKey]) {
    const free = removed.filter((entry) => !used.has(entry) && !EMPTY_BLOBS.has(entry.oid));
    const sources = groupBy(free.reverse(), keyOf);
    for (const entry of added) {
      // The last of a reversed list: the least path that is left.
      const source = pairs.has(entry) ? undefined : sources.get(keyOf(entry))?.pop();
      if (source === undefined) continue;
      pairs.set(entry, source);
      used.add(source);
    }
  }
  return pairs;
}

/** The unchanged entry that each added one repeats: the same name first, then the least path. */
function findCopies(base: Tree, head: Tree, added: readonly TreeEntry[]): ReadonlyMap<TreeEntry, TreeEntry> {
  const copies = new Map<TreeEntry, TreeEntry>();
  const wanted = new Set(added.filter((entry) => !EMPTY_BLOBS.has(entry.oid)).map(contentKey));
  if (wanted.size === 0) return copies;
  const least = new Map<string, TreeEntry>();
  for (const entry of base.values()) {
    const content = contentKey(entry);
    if (!wanted.has(content)) continue;
    const after = head.get(entry.path);
    if (after === undefined || !isSame(entry, after)) continue;
    for (const key of [content, `${content} ${nameOf(entry.path)}`]) {
      const known = least.get(key);
      if (known === undefined || entry.path < known.path) least.set(key, entry);
    }
  }
  for (const entry of added) {
    const content = contentKey(entry);
    const source = least.get(`${content} ${nameOf(entry.path)}`) ?? least.get(content);
    if (source !== undefined) copies.set(entry, source);
  }
  return copies;
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return byCodeUnits(a.path, b.path);
}
