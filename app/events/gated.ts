import { isCheckRequired } from "../github/required-check.ts";
import type { Site } from "../services.ts";

/** Branches beside the default one that have met the gate: a change of a model into them was judged. */

/** Keeps that a change into the branch was judged, as the branch was then. */
export async function noteGated({ store, place }: Site, branch: string, commit: string): Promise<void> {
  await store.archive.setOnce(gatedName(place.repositoryId, branch), commit);
}

/**
 * The commit up to which a branch was looked after, if it has met the gate and nothing enters it without our check
 * now; undefined of any other, for which GitHub is asked nothing.
 */
export async function findGuarded(site: Site, branch: string): Promise<string | undefined> {
  const { client, store, place } = site;
  const commit = await store.archive.get(gatedName(place.repositoryId, branch));
  return commit !== undefined && (await isCheckRequired(client, place, branch)) ? commit : undefined;
}

/** Keeps up to where a branch was looked after, if it has met the gate. What was heard of it may be further on. */
export async function noteInspected({ store, place }: Site, branch: string, commit: string): Promise<void> {
  const name = gatedName(place.repositoryId, branch);
  if ((await store.archive.get(name)) !== undefined) await store.archive.set(name, commit);
}

function gatedName(repositoryId: number, branch: string): string {
  return `gated/${repositoryId}/${branch}`;
}
