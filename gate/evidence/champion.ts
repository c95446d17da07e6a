import { type ChangeSet, subjectAt } from "../model/change.ts";
import { type MetricEvidence, TRAIL_ADAPTER } from "../model/evidence.ts";
import type { Champion, ModelState } from "../model/trail.ts";
import type { Collected } from "./side.ts";

/**
 * Each model with what it is at base. The trail is asked about all of them: a run that brings numbers about the base
 * must not be a reason to leave what was approved unheard.
 */
export function championRequests({ models }: ChangeSet): readonly ModelState[] {
  return models.flatMap((model) => {
    const subject = subjectAt(model, "base");
    return subject === undefined ? [] : [{ model: model.id, subject }];
  });
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
          adapter: TRAIL_ADAPTER,
          path: `weighbridge-trail/${decision}`,
          digest: decision,
        },
      }),
    ),
  );
  return { evidence: [...evidence, ...metrics], problems };
}
