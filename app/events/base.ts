import type { Pull } from "../github/pull.ts";
import type { PullView } from "../github/pull-view.ts";
import { readTip } from "../github/tip.ts";
import type { Site } from "../services.ts";
import type { Archive } from "../store/archive.ts";

/** The commit that a pull request would enter; its own `base.sha` may be older. */
export interface Base {
  readonly commit: string;
  /** Whether GitHub said so since the pull request was opened to be judged; else it is what was last heard of. */
  readonly isTold: boolean;
}

/**
 * What the base of a pull request is taken for at first, by what was last heard of the branch. Nothing is decided by
 * it before GitHub has said the same after the weighing.
 */
export async function presumeBase({ store, place }: Site, { base }: Pull): Promise<Base> {
  const heard = await findHeard(store.archive, place.repositoryId, base.ref);
  return { commit: heard ?? base.sha, isTold: false };
}

/** The base as GitHub has it now: as it was seen with the pull request, if that was about the same branch. */
export async function tellBase(site: Site, { base }: Pull, { pull, baseTip }: PullView): Promise<Base> {
  const seen = pull.base.ref === base.ref ? baseTip : undefined;
  const commit = seen ?? (await readTip(site.client, site.place, base.ref));
  await noteTip(site, base.ref, commit);
  return { commit, isTold: true };
}

/** Keeps what was heard of a branch. */
export async function noteTip({ store, place }: Site, branch: string, commit: string): Promise<void> {
  const name = tipName(place.repositoryId, branch);
  if ((await store.archive.get(name)) !== commit) await store.archive.set(name, commit);
}

/** What was last heard of a branch; undefined before the first time. */
export function findHeard(
  archive: Pick<Archive, "get">,
  repositoryId: number,
  branch: string,
): Promise<string | undefined> {
  return archive.get(tipName(repositoryId, branch));
}

function tipName(repositoryId: number, branch: string): string {
  return `tip/${repositoryId}/${branch}`;
}
