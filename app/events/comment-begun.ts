import { randomUUID } from "node:crypto";
import type { Site } from "../services.ts";

/** Keeps that a comment is about to be created. False where that was kept before: it may be there and not yet be seen. */
export async function beginComment({ store, place }: Site, what: string): Promise<boolean> {
  const token = randomUUID();
  return (await store.archive.setOnce(`comment/${place.repositoryId}/${what}`, token)) === token;
}
