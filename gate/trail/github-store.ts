import { GateError } from "../model/error.ts";
import type { GitHubApi } from "./github-api.ts";
import { type CommitAnswer, createCommitOnBranch, type GitHubBranch } from "./github-commit.ts";
import { listDifferences, listFolder, readFiles } from "./github-files.ts";
import { GitHubObjects } from "./github-objects.ts";
import { commitOverRest } from "./github-rest-commit.ts";
import {
  type AppendAnswer,
  assertBranchName,
  type StoredCommit,
  type TrailCommit,
  type TrailStore,
} from "./store.ts";

/** Reads show a write after about 30 s at the latest; waiting longer than that costs an alarm a few seconds only. */
const STALE_MS = 60_000;
/** Content of one mutation: base64 makes it a third longer, and at about 40 MB GitHub refuses. */
const MUTATION_BYTES_MAX = 24 * 1024 * 1024;

const OWNER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
const REPO = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

export interface GitHubStoreOptions extends GitHubBranch {
  /** How commits are made: `rest` on a GitHub that has no `createCommitOnBranch`, or does not sign what it makes. */
  readonly commits?: "graphql" | "rest";
}

/**
 * The store over a branch of a repository on GitHub. Each append is one attempt: one request, or over REST one request
 * that moves the branch. Throws `TRAIL_BRANCH_INVALID`, `TRAIL_REPOSITORY_INVALID`.
 */
export function openGitHubStore(api: GitHubApi, options: GitHubStoreOptions): TrailStore {
  const { owner, repo, branch, commits = "graphql" } = options;
  assertBranchName(branch);
  if (!OWNER.test(owner) || !REPO.test(repo)) {
    const name = JSON.stringify(`${owner}/${repo}`);
    throw new GateError("TRAIL_REPOSITORY_INVALID", `Cannot keep a trail in ${name}: no repository's name`);
  }
  const objects = new GitHubObjects(api, { owner, repo });
  const append = async (commit: TrailCommit): Promise<AppendAnswer> => {
    const { parent } = commit;
    const answer: CommitAnswer =
      parent === undefined || commits === "rest" || bytesOf(commit) > MUTATION_BYTES_MAX
        ? await commitOverRest({ api, branch: options, objects }, commit)
        : await createCommitOnBranch(api, options, { ...commit, parent });
    if (answer.kind !== "landed") return answer;
    for (const bytes of commit.writes.values()) objects.keep(bytes);
    const made = {
      id: answer.commit,
      message: commit.message,
      parents: parent === undefined ? [] : [parent],
    };
    await objects.keepCommit(made, answer.tree, commit);
    return { kind: "landed", commit: answer.commit };
  };
  return {
    staleMs: STALE_MS,
    head: () => objects.head(branch),
    read: (commit, paths) => readFiles(objects, commit, paths),
    list: (commit, folder) => listFolder(objects, commit, folder),
    log: (commit, count) => readLog(objects, commit, count),
    countAbove: (from, to) => objects.countAbove(from, to),
    diff: (from, to) => listDifferences(objects, from, to),
    append,
  };
}

async function readLog(
  objects: GitHubObjects,
  commit: string,
  count: number,
): Promise<readonly StoredCommit[]> {
  const log: StoredCommit[] = [];
  for (let next: string | undefined = commit; next !== undefined && log.length < count; ) {
    const read: StoredCommit = await objects.commit(next);
    log.push(read);
    next = read.parents[0];
  }
  return log;
}

function bytesOf({ writes }: TrailCommit): number {
  return [...writes.values()].reduce((sum, bytes) => sum + bytes.length, 0);
}
