import { readCommits } from "../github/comparison.ts";
import { findMergedOnto } from "../github/merged-onto.ts";
import type { Pull } from "../github/pull.ts";
import type { ApiRepository } from "../github/repository.ts";
import { repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";

/** The commit that the branch ended with before a pull request was merged; undefined where it cannot be told. */
export async function findBeforeMerge(
  { client, place }: Site,
  repository: ApiRepository,
  { pull: { mergeSha, head }, base }: { readonly pull: Pull; readonly base: string },
): Promise<string | undefined> {
  if (mergeSha === undefined) return undefined;
  const { commits } = await readCommits(client, await repository.compare(base, head.sha));
  const merge = { sha: mergeSha, head: head.sha, former: base, commits };
  return findMergedOnto(client, repositoryOf(place), merge);
}
