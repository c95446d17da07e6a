import type { ChangeSet } from "../model/change.ts";
import type { Evidence, MetricEvidence } from "../model/evidence.ts";
import type { Champion, ChampionRequest } from "../model/trail.ts";
import type { Collected } from "./side.ts";

const ADAPTER = "trail@1";

/** The models whose base says nothing in numbers, each with what it is at base: the trail may know more. */
export function championless(
  { models }: ChangeSet,
  evidence: readonly Evidence[],
): readonly ChampionRequest[] {
  const measured = new Set(evidence.filter(isOfBase).map(({ model }) => model));
  return models.flatMap(({ id, base }) =>
    base?.subject === undefined || measured.has(id) ? [] : [{ model: id, subject: base.subject }],
  );
}

function isOfBase({ kind, side }: Evidence): boolean {
  return kind === "metric" && side === "base";
}

/**
 * The evidence, with the champions' metrics for the side `base`: what was approved about this very digest is what a
 * candidate is held against where the base commit has no numbers of its own.
 */
export function withChampions({ evidence, problems }: Collected, champions: readonly Champion[]): Collected {
  const metrics = champions.flatMap(({ subject, decision, metrics }) =>
    metrics.map(
      (metric): MetricEvidence => ({
        ...metric,
        side: "base",
        subject,
        source: {
          ...metric.source,
          adapter: ADAPTER,
          path: `weighbridge-trail/${decision}`,
          digest: decision,
        },
      }),
    ),
  );
  return { evidence: [...evidence, ...metrics], problems };
}
