import type { Pull } from "../github/pull.ts";
import { isCheckRequired } from "../github/required-check.ts";
import type { Site } from "../services.ts";
import { changeKept } from "../store/kept-value.ts";
import { recentDefaultBranch } from "./default-branch.ts";

/**
 * Branches that a commit was to go into. A run has the workflow of the commit merged with one of them, and GitHub says
 * of a run which commit it was about, and never which branch.
 */

interface Offer {
  readonly branch: string;
  /** The repository that the head was in. Absent where that was deleted. */
  readonly from?: number;
  /** Whether it was the default branch, or took nothing but what our check lets pass. Its name may be another's by now. */
  readonly isGuarded: boolean;
}

/** Keeps that a pull request with this head wanted to enter the branch. */
export async function noteOffered(
  site: Site,
  { sha, repositoryId: from }: Pick<Pull["head"], "sha" | "repositoryId">,
  branch: string,
): Promise<void> {
  const { archive } = site.store;
  const name = offeredName(site, sha);
  const isSame = (offer: Offer) => offer.branch === branch && offer.from === from;
  if ((await keptOffers(site, sha)).some(isSame)) return;
  const offer: Offer = {
    ...{ branch, isGuarded: await isGuarded(site, branch) },
    ...(from !== undefined && { from }),
  };
  await archive.setOnce(name, "[]");
  await changeKept<readonly Offer[]>(archive, name, (known) =>
    known.some(isSame) ? known : [...known, offer],
  );
}

async function isGuarded(site: Site, branch: string): Promise<boolean> {
  return branch === (await recentDefaultBranch(site)) || isCheckRequired(site.client, site.place, branch);
}

/**
 * Whether a run about the head may have had a workflow that nobody had to agree to: the head was to go into another
 * branch as well, or before, and whoever may write could write to that.
 */
export async function mayRunAnything(site: Site, { head, base }: Pull): Promise<boolean> {
  // A run from another repository is believed only where nobody knows any more which that was.
  const isOfSame = ({ from = head.repositoryId }: Offer) =>
    head.repositoryId === undefined || from === head.repositoryId;
  return (await keptOffers(site, head.sha)).some(
    (offer) => offer.branch !== base.ref && !offer.isGuarded && isOfSame(offer),
  );
}

async function keptOffers(site: Site, sha: string): Promise<readonly Offer[]> {
  const kept = await site.store.archive.get(offeredName(site, sha));
  return kept === undefined ? [] : JSON.parse(kept);
}

function offeredName({ place }: Site, sha: string): string {
  return `offered/${place.repositoryId}/${sha}`;
}
