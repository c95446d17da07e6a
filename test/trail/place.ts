import { openGitStore } from "../../gate/trail/git-store.ts";
import { openGitHubStore } from "../../gate/trail/github-store.ts";
import type { TrailStore } from "../../gate/trail/store.ts";
import { clientOf } from "./github-client.ts";

/** Where the stand-in keeps the trail of these tests, and the token that may write it. */
export const TRAIL = { owner: "acme", repo: "models", branch: "weighbridge-trail" } as const;
export const WRITER = "writer";

export interface Place {
  readonly store: TrailStore;
  close(): Promise<void>;
}

/** The store of a child process: over a repository in a folder, or over the stand-in at an address. */
export async function openPlace(place: string): Promise<Place> {
  if (place.startsWith("http:")) {
    return { store: openGitHubStore(clientOf(place, WRITER), TRAIL), close: async () => {} };
  }
  const store = await openGitStore(place);
  return { store, close: () => store.close() };
}
