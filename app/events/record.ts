import type { DecisionRecord } from "../../gate/model/decision.ts";
import { canonical } from "../../gate/parse/canonical.ts";
import { type ContentWithEvidence, toDecisionContent } from "../../gate/trail/decision-content.ts";
import { checkContent } from "../../gate/trail/entry.ts";
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
  await recordAfterLast(site, pull.number, toDecisionContent(record, setting));
  return record.verdict === "pass" ? trails.settle(place) : { kind: "landed" };
}

/** The decision about a pull request that the trail was told of last. */
interface LastDecision {
  /** What it says, whatever it follows. */
  readonly said: string;
  readonly follows: string | undefined;
  readonly id: string;
}

/**
 * Words come and go, and evidence may read as it read before: a verdict that returns after another would be the event
 * of the first, and the trail would end with the one between. So it names the decision that it follows.
 */
async function recordAfterLast(
  { trails, place, store }: Site,
  number: number,
  { content, evidence }: ContentWithEvidence,
): Promise<void> {
  const { approvals = [], waivers = [] } = content.predicate.decision ?? {};
  const said = canonical({ id: checkContent(content), approvals, waivers });
  const name = `decided/${place.repositoryId}/${number}`;
  const kept = await store.archive.get(name);
  const last: LastDecision | undefined = kept === undefined ? undefined : JSON.parse(kept);
  const follows = last?.said === said ? last.follows : last?.id;
  const refs = follows === undefined ? {} : { refs: [follows] };
  const id = await trails.record(place, {
    content: { ...content, predicate: { ...content.predicate, ...refs } },
    evidence,
  });
  const next: LastDecision = { said, follows, id };
  await store.archive.set(name, JSON.stringify(next));
}

/** What each model is in the head, where that can be told. */
function contentsOf({ input }: DecisionRecord): ReadonlyMap<string, string> {
  return new Map(
    input.change.models.flatMap(({ id, head }) => (head?.subject === undefined ? [] : [[id, head.subject]])),
  );
}
