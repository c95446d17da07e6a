import type { Client } from "./client.ts";
import { at, listAt, numberAt, textAt } from "./shape.ts";

const COMMITS_AT_ONCE = 50;
/** More authors of one commit than are ever looked up of it. */
const AUTHORS_MAX = 100;

/**
 * Account ids by e-mail address, in lower case, of all whom GitHub takes for authors of these commits, co-authors
 * among them. An address that no account owns is not in it.
 */
export async function findAuthors(
  client: Client,
  { owner, repo }: { readonly owner: string; readonly repo: string },
  commits: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (let start = 0; start < commits.length; start += COMMITS_AT_ONCE) {
    const part = commits.slice(start, start + COMMITS_AT_ONCE);
    const data = await client.graphql(documentOf(part), { owner, repo });
    for (const index of part.keys()) {
      const commit = at(data, "repository", `c${index}`);
      // Null for a commit that GitHub has lost meanwhile.
      if (commit === undefined) continue;
      for (const author of listAt(commit, "authors", "nodes")) {
        if (at(author, "user") === undefined) continue;
        found.set(textAt(author, "email").toLowerCase(), numberAt(author, "user", "databaseId"));
      }
    }
  }
  return found;
}

/** Ids are hexadecimal, as `comparison.ts` has checked, so that they may stand in a document. */
function documentOf(commits: readonly string[]): string {
  const fields = commits.map(
    (sha, index) =>
      `c${index}: object(oid: "${sha}") { ... on Commit { authors(first: ${AUTHORS_MAX}) { nodes { email user { databaseId } } } } }`,
  );
  return `query ($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { ${fields.join(" ")} } }`;
}
