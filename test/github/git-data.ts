import { execFileSync } from "node:child_process";
import { readCommit } from "./git/commits.ts";
import { readObject } from "./git/objects.ts";
import { readRef } from "./git/refs.ts";
import { readTree, TREE_MODE, type TreeEntry, walkTree } from "./git/trees.ts";
import type { Repository } from "./nouns.ts";

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

export interface TreeLine {
  readonly mode: string;
  readonly type: string;
  readonly sha: string;
  readonly size?: number;
  readonly path: string;
}

/** What git prints; undefined when it refuses, as for an object that does not exist. */
export function git(repository: Repository, ...args: string[]): Buffer | undefined {
  try {
    return execFileSync("git", ["-C", repository.directory, ...args], {
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  } catch {
    return undefined;
  }
}

/** The commit that a branch names. Throws if there is no such branch. */
export function tip(repository: Repository, branch: string): string {
  const id = readRef(repository, `refs/heads/${branch}`);
  if (id === undefined) throw new Error(`Cannot find the branch ${branch} in ${repository.directory}`);
  return id;
}

/** The full id of an object of one type, by its id, a ref, or another revision that git knows. */
export function objectId(repository: Repository, revision: string, type: string): string | undefined {
  const named =
    readRef(repository, revision) ??
    readRef(repository, `refs/heads/${revision}`) ??
    readRef(repository, `refs/tags/${revision}`) ??
    revision;
  const commit = readCommit(repository, named);
  if (commit !== undefined && type !== "blob") return type === "tree" ? commit.tree : commit.id;
  if (readObject(repository, named)?.type === type) return named;
  // A revision that starts with a dash would be an option, and nothing is behind an id that names no object.
  if (/^(?:-.*|[0-9a-f]{40}|[0-9a-f]{64})$/s.test(revision)) return undefined;
  return git(repository, "rev-parse", "--verify", "--quiet", `${revision}^{${type}}`)?.toString().trim();
}

/** The entry at a path of a commit; its whole tree for the empty path. */
export function entryAt(repository: Repository, commit: string, path: string): TreeEntry | undefined {
  const root = readCommit(repository, commit)?.tree;
  let entry: TreeEntry | undefined = root === undefined ? undefined : { mode: TREE_MODE, id: root };
  for (const name of path.split("/").filter((part) => part !== "")) {
    entry = entry && readTree(repository, entry.id)?.get(name);
  }
  return entry;
}

/** Entries of the tree of an id, folders too where it is `recursive`. */
export function treeLines(
  repository: Repository,
  tree: string,
  options: { readonly recursive?: boolean } = {},
): TreeLine[] {
  const entries = options.recursive ? walkTree(repository, tree) : (readTree(repository, tree) ?? []);
  return [...entries].map(([path, entry]) => toTreeLine(repository, path, entry));
}

export function toTreeLine(repository: Repository, path: string, { mode, id }: TreeEntry): TreeLine {
  const type = mode === TREE_MODE ? "tree" : mode === "160000" ? "commit" : "blob";
  if (type !== "blob") return { mode, type, sha: id, path };
  return { mode, type, sha: id, size: readObject(repository, id)?.bytes.length ?? 0, path };
}
