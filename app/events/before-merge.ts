import { GateError } from "../../gate/model/error.ts";
import { readCommits } from "../github/comparison.ts";
import { findMergedOnto } from "../github/merged-onto.ts";
import type { Pull } from "../github/pull.ts";
import type { ApiRepository } from "../github/repository.ts";
import { repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import { isPassing } from "./passing.ts";

/**
 * The commit that the branch ended with before a pull request was merged; undefined where it cannot be told, as of
 * commits that GitHub does not have any more. Rejects with what passes by itself.
 */
export async function findBeforeMerge(
  { client, place }: Site,
  repository: ApiRepository,
  { pull: { mergeSha, head }, base }: { readonly pull: Pull; readonly base: string },
): Promise<string | undefined> {
  if (mergeSha === undefined) return undefined;
  try {
    const { commits } = await readCommits(client, await repository.compare(base, head.sha));
    const merge = { sha: mergeSha, head: head.sha, former: base, commits };
    return await findMergedOnto(client, repositoryOf(place), merge);
  } catch (cause) {
    if (!(cause instanceof GateError) || isPassing(cause)) throw cause;
    return undefined;
  }
}
