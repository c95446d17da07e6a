import type { Client } from "./client.ts";
import { objectIdAt, textAt } from "./shape.ts";
import type { RepositoryAddress } from "./writers.ts";

/** A branch, and the commit that it ends with. */
export interface Tip {
  readonly branch: string;
  readonly commit: string;
}

/** The commit that a branch ends with. */
export async function readTip(
  client: Client,
  { owner, repo }: RepositoryAddress,
  branch: string,
): Promise<string> {
  const { data } = await client.rest("GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ...{ owner, repo, ref: `heads/${branch}` },
  });
  return objectIdAt(data, "object", "sha");
}

/** The default branch, as it is called and stands now. */
export async function readDefaultTip(client: Client, repository: RepositoryAddress): Promise<Tip> {
  const branch = await readDefaultBranch(client, repository);
  return { branch, commit: await readTip(client, repository, branch) };
}

/** What the default branch is called now. */
export async function readDefaultBranch(client: Client, { owner, repo }: RepositoryAddress): Promise<string> {
  const { data } = await client.rest("GET /repos/{owner}/{repo}", { owner, repo });
  return textAt(data, "default_branch");
}
