import type { Client } from "./client.ts";
import { listAt, objectIdAt, optional, textAt } from "./shape.ts";
import type { RepositoryAddress } from "./writers.ts";

/** A commit as git holds it. */
export interface GitCommit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  /** Address that it says its author has; anybody can write anything there. */
  readonly authorEmail: string;
}

export async function readGitCommit(
  client: Client,
  { owner, repo }: RepositoryAddress,
  sha: string,
): Promise<GitCommit> {
  const { data } = await client.rest("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", {
    ...{ owner, repo, commit_sha: sha },
  });
  return {
    ...{ sha: objectIdAt(data, "sha"), tree: objectIdAt(data, "tree", "sha") },
    parents: listAt(data, "parents").map((parent) => objectIdAt(parent, "sha")),
    message: textAt(data, "message"),
    authorEmail: optional(textAt, data, "author", "email") ?? "",
  };
}
