import type { Site } from "../services.ts";

/** Who brought a commit as a head; undefined where no delivery said so. */
export async function findPusher({ store, place }: Site, head: string): Promise<number | undefined> {
  const id = await store.archive.get(pusherName(place.repositoryId, head));
  return id === undefined ? undefined : Number(id);
}

/** Where it is kept who brought a head: the first delivery about it says so. */
export function pusherName(repositoryId: number, head: string): string {
  return `pusher/${repositoryId}/${head}`;
}
