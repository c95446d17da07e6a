import type { Site } from "../services.ts";
import { requestEvaluation } from "./ask.ts";

/** Who may approve, what is required or who is in a team has changed: whatever waits here is judged again. */
export async function askForOpenPulls(
  { store, place, now }: Pick<Site, "store" | "place" | "now">,
  why: string,
): Promise<void> {
  for (const { number, governed } of await store.archive.openPulls([place.repositoryId])) {
    if (governed) await requestEvaluation(store.inbox, { place, number, why, now: now() });
  }
}

/** The same for one commit that may head several pull requests. */
export async function askForPullsOf({ store, place, now }: Site, head: string, why: string): Promise<void> {
  for (const { number, state } of await store.archive.pullsWithHead(place.repositoryId, head)) {
    if (state === "open") await requestEvaluation(store.inbox, { place, number, why, now: now() });
  }
}
