import type { Place } from "./place.ts";
import type { Archive } from "./store/archive.ts";

/** Where a repository is known to be, whatever a delivery of before it moved says. */

/** Undefined for a repository that was never listed or written about. */
export async function findPlace(
  archive: Pick<Archive, "get">,
  repositoryId: number,
): Promise<Place | undefined> {
  const text = await archive.get(nameOf(repositoryId));
  // Kept by us: it has the form that `keepPlace` gave it.
  return text === undefined ? undefined : JSON.parse(text);
}

/** Keeps the place of a repository as GitHub lists it. */
export async function keepPlace(archive: Pick<Archive, "get" | "set">, place: Place): Promise<void> {
  const [name, text] = [nameOf(place.repositoryId), toText(place)];
  if ((await archive.get(name)) !== text) await archive.set(name, text);
}

/** Keeps the place unless one is known: a piece of work that is late knows it as it was. */
export async function presumePlace(archive: Pick<Archive, "setOnce">, place: Place): Promise<void> {
  await archive.setOnce(nameOf(place.repositoryId), toText(place));
}

function toText({ installationId, repositoryId, owner, repo }: Place): string {
  return JSON.stringify({ installationId, repositoryId, owner, repo } satisfies Place);
}

function nameOf(repositoryId: number): string {
  return `place/${repositoryId}`;
}
