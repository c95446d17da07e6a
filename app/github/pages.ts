import type { Client, Parameters } from "./client.ts";
import { GitHubFailure } from "./failure.ts";
import { listAt } from "./shape.ts";

const PAGE_SIZE = 100;

export interface Listing {
  readonly parameters: Parameters;
  /** Where the list stands in an answer; the answer itself if absent. */
  readonly within?: string;
  /** A longer list is refused: a list is never used in part. */
  readonly pagesMax: number;
}

/** All items of a list, in GitHub's order. Rejects `GITHUB_REFUSED` where there are more pages than may be read. */
export async function readPages(
  client: Client,
  route: string,
  listing: Listing,
): Promise<readonly unknown[]> {
  const { parameters, within, pagesMax } = listing;
  const items: unknown[] = [];
  for (let page = 1; page <= pagesMax; page++) {
    const { data, headers } = await client.rest(route, { ...parameters, per_page: PAGE_SIZE, page });
    items.push(...(within === undefined ? listAt(data) : listAt(data, within)));
    if (!/\brel="next"/.test(String(headers.link ?? ""))) return items;
  }
  const message = `Cannot read all that ${route} lists: more than ${pagesMax * PAGE_SIZE} items`;
  throw new GitHubFailure("GITHUB_REFUSED", message);
}
