import type { MetricEvidence } from "../../gate/model/evidence.ts";
import type { Champion, ChampionRequest } from "../../gate/model/trail.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import type { Site } from "../services.ts";

/** Decisions about a model that are looked through, the newest first: as many as the trail's own reader takes. */
const DECISIONS_MAX = 200;
const PASSED_MAX = 16;

/**
 * The champions among what is asked for, from what was kept when they were decided: each passing decision is in the
 * trail before it is shown, so this is what a clone's reader would find there.
 */
export async function keptChampions(
  { store, place }: Site,
  requests: readonly ChampionRequest[],
): Promise<readonly Champion[]> {
  const found: Champion[] = [];
  for (const { model, subject } of requests) {
    const rows = await store.archive.decisions({
      ...{ repositoryId: place.repositoryId, model, countMax: DECISIONS_MAX },
    });
    const passed = rows.filter(({ verdict }) => verdict === "pass").slice(0, PASSED_MAX);
    for (const { record, digest } of passed) {
      const { input } = parseDecision(Buffer.from(record, "utf8"), digest);
      const judged = input.change.models.find(({ id }) => id === model);
      if (judged?.head?.subject !== subject) continue;
      const metrics = input.evidence.filter(
        (item): item is MetricEvidence =>
          item.kind === "metric" &&
          item.side === "head" &&
          item.model === model &&
          (item.subject === undefined || item.subject === subject),
      );
      found.push({ model, subject, decision: digest as Champion["decision"], metrics });
      break;
    }
  }
  return found;
}
