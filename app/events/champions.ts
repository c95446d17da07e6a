import type { Champion, ModelState } from "../../gate/model/trail.ts";
import { RECORDS_MAX, wordOn } from "../../gate/trail/champion.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import { decisionsInto, recentDefaultBranch } from "./default-branch.ts";

const FEW = 4;

/**
 * The champions among what is asked for, from what was kept when they were decided: each passing decision is in the
 * trail before it is shown, so this is what a clone's reader would find there.
 */
export async function keptChampions(
  site: Site,
  requests: readonly ModelState[],
): Promise<readonly Champion[]> {
  if (requests.length === 0) return [];
  // What was let into any other branch was judged by what anybody may have written there.
  const baseRef = await recentDefaultBranch(site);
  const found = await Promise.all(requests.map((request) => findKept(site, request, baseRef)));
  return found.filter((champion) => champion !== undefined);
}

async function findKept(site: Site, request: ModelState, baseRef: string): Promise<Champion | undefined> {
  const { model, subject: content } = request;
  // Each comes with its whole record, and the first few hold the champion nearly always.
  for (const countMax of [FEW, RECORDS_MAX]) {
    const rows = await decisionsInto(site, baseRef, { model, content, verdict: "pass", countMax });
    for (const row of rows) {
      const kept = recordOf(row);
      const word = wordOn(kept, request);
      if (word === undefined || !(word.isIntroduction || (await hasEntered(site, row)))) continue;
      return { ...request, decision: kept.digest, metrics: word.metrics };
    }
    if (rows.length < countMax) return undefined;
  }
  return undefined;
}

/** Whether the pull request was merged as it was judged. */
export async function hasEntered(
  { store }: Site,
  { repositoryId, number, head }: DecisionRow,
): Promise<boolean> {
  const pull = await store.archive.findPull(repositoryId, number);
  return pull?.state === "merged" && pull.head === head;
}
