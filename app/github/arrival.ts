import type { Client } from "./client.ts";
import { GitHubFailure } from "./failure.ts";
import { at, listAt, numberAt, objectIdAt, textAt } from "./shape.ts";

/** What GitHub tells of a commit that came to a branch. */
export interface Arrival {
  readonly commit: string;
  /** Id of its tree. */
  readonly tree: string;
  /** The pull requests that were merged and that it came in by; empty for a push past all of them. */
  readonly merged: readonly MergedPull[];
}

export interface MergedPull {
  readonly number: number;
  readonly head: string;
  /** The branch that it was merged into. */
  readonly baseRef: string;
}

const DOCUMENT = `query ($owner: String!, $repo: String!, $commit: GitObjectID!) {
  repository(owner: $owner, name: $repo) {
    object(oid: $commit) {
      ... on Commit {
        tree { oid }
        associatedPullRequests(first: 100) { nodes { number state headRefOid baseRefName } }
      }
    }
  }
}`;

/** A commit with the pull requests that it came in by, in one question. Rejects `GITHUB_NOT_FOUND` for one that is gone. */
export async function readArrival(
  client: Client,
  { owner, repo, commit }: { readonly owner: string; readonly repo: string; readonly commit: string },
): Promise<Arrival> {
  const data = at(await client.graphql(DOCUMENT, { owner, repo, commit }), "repository", "object");
  if (data === undefined) {
    const message = `Cannot read commit ${commit}: GitHub has none in ${owner}/${repo}`;
    throw new GitHubFailure("GITHUB_NOT_FOUND", message);
  }
  const pulls = listAt(data, "associatedPullRequests", "nodes");
  return {
    commit,
    tree: objectIdAt(data, "tree", "oid"),
    merged: pulls.filter((pull) => textAt(pull, "state") === "MERGED").map(toMerged),
  };
}

function toMerged(pull: unknown): MergedPull {
  return {
    number: numberAt(pull, "number"),
    head: objectIdAt(pull, "headRefOid"),
    baseRef: textAt(pull, "baseRefName"),
  };
}
