import type { Champion, ChampionRequest } from "../../gate/model/trail.ts";
import { metricsAbout, PASSED_MAX } from "../../gate/trail/champion.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import type { Site } from "../services.ts";
import { recentDefaultBranch } from "./default-branch.ts";

/**
 * The champions among what is asked for, from what was kept when they were decided: each passing decision is in the
 * trail before it is shown, so this is what a clone's reader would find there.
 */
export async function keptChampions(
  site: Site,
  requests: readonly ChampionRequest[],
): Promise<readonly Champion[]> {
  if (requests.length === 0) return [];
  // What was let into any other branch was judged by what anybody may have written there.
  const baseRef = await recentDefaultBranch(site);
  const found = await Promise.all(requests.map((request) => findKept(site, request, baseRef)));
  return found.filter((champion) => champion !== undefined);
}

async function findKept(
  { store, place }: Site,
  request: ChampionRequest,
  baseRef: string,
): Promise<Champion | undefined> {
  const { model, subject: content } = request;
  const rows = await store.archive.decisions({
    ...{ repositoryId: place.repositoryId, model, content, baseRef },
    ...{ verdict: "pass", countMax: PASSED_MAX },
  });
  for (const { record, digest } of rows) {
    const kept = parseDecision(Buffer.from(record, "utf8"), digest);
    const metrics = metricsAbout(kept, request);
    if (metrics !== undefined) return { ...request, decision: kept.digest, metrics };
  }
  return undefined;
}
