import { execFileSync } from "node:child_process";
import type { Repository } from "../nouns.ts";
import { mergeBase, readCommit, type Signature, writeCommit } from "./commits.ts";
import { readFiles, type TreeEntry, writeFiles } from "./trees.ts";

/** The tree that merging two commits gives, or "conflict". */
export function mergeTrees(repository: Repository, ours: string, theirs: string): string {
  const base = mergeBase(repository, ours, theirs);
  if (base === undefined) return "conflict";
  return mergeFrom(repository, { base, ours, theirs });
}

interface Sides {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

function mergeFrom(repository: Repository, sides: Sides): string {
  const files = (commit: string) => readFiles(repository, readCommit(repository, commit)?.tree ?? "");
  const [base, ours, theirs] = [files(sides.base), files(sides.ours), files(sides.theirs)];
  const merged = new Map<string, TreeEntry>();
  for (const path of new Set([...ours.keys(), ...theirs.keys()])) {
    const [before, mine, other] = [base.get(path), ours.get(path), theirs.get(path)];
    if (!same(before, mine) && !same(before, other) && !same(mine, other))
      return mergeTexts(repository, sides);
    const chosen = same(before, mine) ? other : mine;
    if (chosen !== undefined) merged.set(path, chosen);
  }
  return writeFiles(repository, merged);
}

function same(one: TreeEntry | undefined, other: TreeEntry | undefined): boolean {
  return one?.id === other?.id && one?.mode === other?.mode;
}

/** Both sides changed one file: only git can say whether its lines fit together. */
function mergeTexts(repository: Repository, { base, ours, theirs }: Sides): string {
  // git before 2.40 takes no merge base, so "ours" is shown to it as a child of the base.
  const { tree, author, message } = readCommit(repository, ours)!;
  const child = writeCommit(repository, { tree, parents: [base], author, committer: author, message });
  const args = ["-C", repository.directory, "merge-tree", "--write-tree", child, theirs];
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "conflict";
  }
}

export interface MergeRequest {
  readonly base: string;
  readonly head: string;
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

/** A merge commit of base and head; "conflict" if they do not fit. */
export function mergeCommit(repository: Repository, { base, head, ...said }: MergeRequest): string {
  const tree = mergeTrees(repository, base, head);
  return tree === "conflict" ? tree : writeCommit(repository, { tree, parents: [base, head], ...said });
}

/** One commit on base with all that head changes; "conflict" if they do not fit. */
export function squashCommit(repository: Repository, { base, head, ...said }: MergeRequest): string {
  const tree = mergeTrees(repository, base, head);
  return tree === "conflict" ? tree : writeCommit(repository, { tree, parents: [base], ...said });
}

/** The last of `commits`, each put on top of `base` in turn by `committer`; "conflict" if one does not fit. */
export function rebaseCommits(
  repository: Repository,
  { base, commits, committer }: { base: string; commits: readonly string[]; committer: Signature },
): string {
  let onto = base;
  for (const id of commits) {
    const commit = readCommit(repository, id)!;
    const tree = mergeFrom(repository, { base: commit.parents[0] ?? base, ours: onto, theirs: id });
    if (tree === "conflict") return tree;
    const { author, message } = commit;
    onto = writeCommit(repository, { tree, parents: [onto], author, committer, message });
  }
  return onto;
}
