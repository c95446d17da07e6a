import type { Client } from "./client.ts";
import type { ComparedCommit } from "./comparison.ts";
import { type GitCommit, readGitCommit } from "./git-commit.ts";
import type { RepositoryAddress } from "./writers.ts";

/** Commits that are gone back by, each a question. */
const STEPS_MAX = 250;

export interface Merge {
  /** The commit that the merge ended with. */
  readonly sha: string;
  /** Of the pull request. */
  readonly head: string;
  /** A commit that the branch had before. */
  readonly former: string;
  /** Those of the head that `former` does not have, oldest first. */
  readonly commits: readonly ComparedCommit[];
}

/**
 * The commit that a branch ended with before a pull request was merged into it, however that was done: it is the first
 * parent of a merge and of a squash, and stands before all of the commits that a rebase made. Undefined where it cannot
 * be told.
 */
export async function findMergedOnto(
  client: Client,
  repository: RepositoryAddress,
  { sha, head, former, commits }: Merge,
): Promise<string | undefined> {
  let commit = await readGitCommit(client, repository, sha);
  const [first, second, ...others] = commit.parents;
  if (second !== undefined) return second === head && others.length === 0 ? first : undefined;
  let rest = commits;
  for (let step = 1; step <= STEPS_MAX; step++) {
    const at = rest.findLastIndex((own) => isRebased(own, commit));
    // The branch's own again, unless it is the one commit that a squash made.
    if (at === -1 && commit.sha !== sha) return commit.sha;
    const [parent] = commit.parents;
    if (at <= 0 || parent === undefined || parent === former) return parent;
    rest = rest.slice(0, at);
    commit = await readGitCommit(client, repository, parent);
  }
  return undefined;
}

/** Whether a commit can be what a rebase made of another: it keeps the author and the message, and leaves out merges. */
function isRebased({ message, author }: ComparedCommit, made: GitCommit): boolean {
  return made.parents.length === 1 && made.message === message && made.authorEmail === author.email;
}
