import { GateError } from "../../gate/model/error.ts";
import type { Client } from "./client.ts";
import { isFailure, unreadable } from "./failure.ts";
import { type Account, toAccount } from "./pull.ts";
import { at, listAt, numberAt, objectIdAt, optional, textAt } from "./shape.ts";

const PAGE_SIZE = 100;
/** Two thousand commits; a change of more is not read to its end. */
const PAGES_MAX = 20;

/** Commits of a repository, or of a fork that GitHub keeps with it. */
export interface Range {
  readonly owner: string;
  readonly repo: string;
  /** Commit ids. */
  readonly base: string;
  readonly head: string;
}

/** What GitHub says of a base and a head: one answer to half of what is asked of a change. */
export interface Comparison extends Range {
  readonly mergeBase: string;
  /** Tree ids by commit id, of the commits that the answer shows. */
  readonly trees: ReadonlyMap<string, string>;
  /** The first commits of the head that the base does not have, oldest first. */
  readonly commits: readonly ComparedCommit[];
  /** How many there are in all. */
  readonly total: number;
}

export interface ComparedCommit {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly committer: Signature;
}

/** Who a commit says made it; anybody can write anything there. */
export interface Signature {
  readonly email: string;
  /** The account that owns the address, if one does. */
  readonly account?: Account;
}

/**
 * Compares two commits. Rejects `REVISION_UNKNOWN` where GitHub does not have one of them, `MERGE_BASE_NONE` where
 * they have no common ancestor.
 */
export async function readComparison(client: Client, range: Range): Promise<Comparison> {
  const data = await readPage(client, range, 1);
  const mergeBase = objectIdAt(data, "merge_base_commit", "sha");
  const shown = listAt(data, "commits");
  const trees = [at(data, "merge_base_commit"), at(data, "base_commit"), ...shown].map(
    (commit) => [objectIdAt(commit, "sha"), objectIdAt(commit, "commit", "tree", "sha")] as const,
  );
  if (objectIdAt(data, "base_commit", "sha") !== range.base) throw unreadable("base_commit.sha");
  return {
    ...range,
    mergeBase,
    trees: new Map(trees),
    commits: shown.map(toCommit),
    total: numberAt(data, "total_commits"),
  };
}

/** All commits of the head that the base does not have; `complete` is false where there are too many to read. */
export async function readCommits(
  client: Client,
  first: Comparison,
): Promise<{ readonly commits: readonly ComparedCommit[]; readonly complete: boolean }> {
  const commits = new Map(first.commits.map((commit) => [commit.sha, commit]));
  for (let page = 2; page <= PAGES_MAX && commits.size < first.total; page++) {
    const known = commits.size;
    for (const commit of listAt(await readPage(client, first, page), "commits").map(toCommit)) {
      commits.set(commit.sha, commit);
    }
    if (commits.size === known) break;
  }
  return { commits: [...commits.values()], complete: commits.size === first.total };
}

async function readPage(client: Client, { owner, repo, base, head }: Range, page: number): Promise<unknown> {
  const basehead = `${base}...${head}`;
  try {
    const { data } = await client.rest("GET /repos/{owner}/{repo}/compare/{basehead}", {
      ...{ owner, repo, basehead, per_page: PAGE_SIZE, page },
    });
    return data;
  } catch (cause) {
    if (!isFailure(cause, "GITHUB_NOT_FOUND")) throw cause;
    throw /common ancestor/i.test(cause.message)
      ? noMergeBase(base, head, cause)
      : unknownCommit(basehead, cause);
  }
}

function noMergeBase(base: string, head: string, cause: unknown): GateError {
  const message = `Cannot find the merge base of ${base} and ${head}: they have no commit in common`;
  const fix = "Rebase the change onto the branch that it wants to enter";
  return new GateError("MERGE_BASE_NONE", message, { cause, fix });
}

function unknownCommit(basehead: string, cause: unknown): GateError {
  return new GateError("REVISION_UNKNOWN", `Cannot compare ${basehead}: GitHub does not have both commits`, {
    cause,
  });
}

function toCommit(data: unknown): ComparedCommit {
  return {
    sha: objectIdAt(data, "sha"),
    parents: listAt(data, "parents").map((parent) => objectIdAt(parent, "sha")),
    message: textAt(data, "commit", "message"),
    author: toSignature(data, "author"),
    committer: toSignature(data, "committer"),
  };
}

function toSignature(data: unknown, part: "author" | "committer"): Signature {
  const email = optional(textAt, data, "commit", part, "email") ?? "";
  // Where no account owns the address, GitHub says null, and at times an empty object.
  const account = at(data, part, "id") === undefined ? undefined : toAccount(at(data, part));
  return { email, ...(account !== undefined && { account }) };
}
