import type { Repository } from "../nouns.ts";
import { type GitObject, readObject, writeObject } from "./objects.ts";

export interface TreeEntry {
  /** Six octal digits. */
  readonly mode: string;
  readonly id: string;
}

export const TREE_MODE = "040000";

const PARSED = new WeakMap<GitObject, ReadonlyMap<string, TreeEntry>>();

/** Entries of one tree by name; undefined if the id names none. */
export function readTree(repository: Repository, id: string): ReadonlyMap<string, TreeEntry> | undefined {
  const object = readObject(repository, id);
  if (object?.type !== "tree") return undefined;
  const entries = PARSED.get(object) ?? parseTree(object.bytes, id.length / 2);
  PARSED.set(object, entries);
  return entries;
}

function parseTree(bytes: Buffer, idBytes: number): ReadonlyMap<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const zero = bytes.indexOf(0, space);
    const mode = bytes.subarray(at, space).toString("latin1").padStart(6, "0");
    const entryId = bytes.subarray(zero + 1, zero + 1 + idBytes).toString("hex");
    entries.set(bytes.subarray(space + 1, zero).toString(), { mode, id: entryId });
    at = zero + 1 + idBytes;
  }
  return entries;
}

/** Everything below a tree by its path, folders too, in git's order. */
export function walkTree(repository: Repository, id: string, prefix = ""): Map<string, TreeEntry> {
  const found = new Map<string, TreeEntry>();
  for (const [name, entry] of readTree(repository, id) ?? []) {
    const path = `${prefix}${name}`;
    found.set(path, entry);
    if (entry.mode !== TREE_MODE) continue;
    for (const [below, each] of walkTree(repository, entry.id, `${path}/`)) found.set(below, each);
  }
  return found;
}

/** Files below a tree by their path: what a commit is a snapshot of. */
export function readFiles(repository: Repository, id: string): Map<string, TreeEntry> {
  return new Map([...walkTree(repository, id)].filter(([, { mode }]) => mode !== TREE_MODE));
}

/** Writes the trees that hold these files; the id of the outermost. */
export function writeFiles(repository: Repository, files: ReadonlyMap<string, TreeEntry>): string {
  const entries = new Map<string, TreeEntry>();
  const folders = new Map<string, Map<string, TreeEntry>>();
  for (const [path, entry] of files) {
    const slash = path.indexOf("/");
    if (slash === -1) {
      entries.set(path, entry);
    } else {
      const name = path.slice(0, slash);
      const inside = folders.get(name) ?? new Map<string, TreeEntry>();
      folders.set(name, inside.set(path.slice(slash + 1), entry));
    }
  }
  for (const [name, inside] of folders) {
    entries.set(name, { mode: TREE_MODE, id: writeFiles(repository, inside) });
  }
  return writeTree(repository, entries);
}

/** Writes one tree; its id. */
export function writeTree(repository: Repository, entries: ReadonlyMap<string, TreeEntry>): string {
  // Git sorts a folder as if its name ended in a slash, and by bytes.
  const sortKey = ([name, { mode }]: [string, TreeEntry]) =>
    Buffer.from(mode === TREE_MODE ? `${name}/` : name);
  const sorted = [...entries].sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)));
  const lines = sorted.flatMap(([name, { mode, id }]) => [
    Buffer.from(`${mode.replace(/^0/, "")} ${name}\0`),
    Buffer.from(id, "hex"),
  ]);
  return writeObject(repository, "tree", Buffer.concat(lines));
}

/** Files that differ between two trees, by path, as they are on each side; equal folders are not looked into. */
export function changedFiles(
  repository: Repository,
  base: string,
  head: string,
  prefix = "",
): Map<string, Change> {
  const changed = new Map<string, Change>();
  if (base === head) return changed;
  const [before, after] = [readTree(repository, base), readTree(repository, head)];
  for (const name of new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])) {
    const [one, other] = [before?.get(name), after?.get(name)];
    if (one?.id === other?.id && one?.mode === other?.mode) continue;
    const folders = [one, other].map((entry) => (entry?.mode === TREE_MODE ? entry.id : ""));
    const inside = changedFiles(repository, folders[0]!, folders[1]!, `${prefix}${name}/`);
    for (const [path, change] of inside) changed.set(path, change);
    const files = [one, other].map((entry) => (entry?.mode === TREE_MODE ? undefined : entry));
    if (files.some((entry) => entry !== undefined)) {
      changed.set(`${prefix}${name}`, { before: files[0], after: files[1] });
    }
  }
  return changed;
}

export interface Change {
  readonly before: TreeEntry | undefined;
  readonly after: TreeEntry | undefined;
}
