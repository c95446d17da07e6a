import type { Client } from "./client.ts";
import { readPages } from "./pages.ts";
import { at, numberAt, objectIdAt, textAt } from "./shape.ts";

/** An open pull request that a commit heads. */
export interface HeadPull {
  readonly number: number;
  readonly baseRef: string;
  /** The default branch of its repository, as it is called now. */
  readonly defaultBranch: string;
}

const PAGES_MAX = 10;

/** The open pull requests that the commit heads now; those that only have it among their commits are others' to gate. */
export async function readHeadPulls(
  client: Client,
  { owner, repo, head }: { readonly owner: string; readonly repo: string; readonly head: string },
): Promise<readonly HeadPull[]> {
  const pulls = await readPages(client, "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", {
    parameters: { owner, repo, commit_sha: head },
    pagesMax: PAGES_MAX,
  });
  return pulls
    .filter((pull) => at(pull, "state") === "open" && objectIdAt(pull, "head", "sha") === head)
    .map((pull) => ({
      number: numberAt(pull, "number"),
      baseRef: textAt(pull, "base", "ref"),
      defaultBranch: textAt(pull, "base", "repo", "default_branch"),
    }));
}
