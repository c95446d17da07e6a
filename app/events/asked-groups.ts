import type { Site } from "../services.ts";
import { changeKept } from "../store/kept-value.ts";
import type { Group } from "./group-parts.ts";

/**
 * Groups of the merge queue whose checks GitHub asked for: a click beside the check of one names its commit alone, and
 * what becomes of a pull request names no group that it is in.
 */

/** The newest of a repository; a queue builds no more at once. What is older than that is not looked at again. */
const GROUPS_MAX = 100;

type Asked = Pick<Site, "store" | "place">;

export async function keepGroup(site: Asked, group: Group): Promise<void> {
  await site.store.archive.setOnce(nameOf(site), "[]");
  await change(site, (groups) => [...groups.filter(({ head }) => head !== group.head), group]);
}

/** It was merged or taken apart. */
export async function dropGroup(site: Asked, head: string): Promise<void> {
  await change(site, (groups) => groups.filter((group) => group.head !== head));
}

export async function findGroup(site: Asked, head: string): Promise<Group | undefined> {
  return (await keptGroups(site)).find((group) => group.head === head);
}

export async function keptGroups(site: Asked): Promise<readonly Group[]> {
  const kept = await site.store.archive.get(nameOf(site));
  return kept === undefined ? [] : JSON.parse(kept);
}

async function change(site: Asked, next: (groups: readonly Group[]) => readonly Group[]): Promise<void> {
  await changeKept<readonly Group[]>(site.store.archive, nameOf(site), (groups) =>
    next(groups).slice(-GROUPS_MAX),
  );
}

function nameOf({ place }: Asked): string {
  return `groups/${place.repositoryId}`;
}
