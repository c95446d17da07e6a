import type { DecisionRecord } from "../../gate/model/decision.ts";
import { canonical } from "../../gate/parse/canonical.ts";
import { toDecisionContent } from "../../gate/trail/decision-content.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import type { Standing } from "../trails.ts";
import { noteGated } from "./gated.ts";
import { recordVotes } from "./votes.ts";
import type { Weighing } from "./weighing.ts";

/**
 * Writes a decision down: kept here at once, and in the trail before anything green is shown. How the trail stands;
 * for what is not green nobody waits for it.
 */
export async function recordDecision(
  site: Site,
  { pull, base }: Weighing,
  record: DecisionRecord,
): Promise<Standing> {
  const { trails, place, store, now } = site;
  const row: DecisionRow = {
    ...{ repositoryId: place.repositoryId, number: pull.number, head: pull.head.sha, base },
    ...{
      baseRef: pull.base.ref,
      digest: record.digest,
      subject: record.digests.subject,
      verdict: record.verdict,
    },
    models: record.models.map(({ id }) => id),
    record: canonical(record),
    decidedAt: now(),
  };
  await store.archive.keepDecision(row, contentsOf(record));
  await noteGated(site, pull.base.ref, base);
  await recordVotes(site, pull, record);
  const setting = { ...trails.setting(place), pr: { number: pull.number, base: pull.base.ref } };
  await trails.record(place, toDecisionContent(record, setting));
  return record.verdict === "pass" ? trails.settle(place) : { kind: "landed" };
}

/** What each model is in the head, where that can be told. */
function contentsOf({ input }: DecisionRecord): ReadonlyMap<string, string> {
  return new Map(
    input.change.models.flatMap(({ id, head }) => (head?.subject === undefined ? [] : [[id, head.subject]])),
  );
}
