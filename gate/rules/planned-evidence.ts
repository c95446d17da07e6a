import type { MetricEvidence } from "../model/evidence.ts";
import { plannedMetrics } from "./metric-evidence.ts";
import type { View } from "./rule.ts";

/** What a gate about the evidence itself has to look at: the numbers that the plan promises. */
export interface PlannedEvidence {
  readonly metric: string;
  readonly dataset: string;
  /** Everything that reports it, of whatever digest. */
  readonly reported: readonly MetricEvidence[];
  /** The part of it that names this model's digest. */
  readonly aboutThis: readonly MetricEvidence[];
}

export function plannedEvidence(view: View): readonly PlannedEvidence[] {
  const subject = view.model?.head?.subject;
  return plannedMetrics(view).map(({ metric, dataset }) => {
    const reported = view.evidence.filter(
      (item): item is MetricEvidence =>
        item.kind === "metric" && item.side === "head" && item.name === metric && item.dataset === dataset,
    );
    const aboutThis = reported.filter((item) => item.subject !== undefined && item.subject === subject);
    return { metric, dataset, reported, aboutThis };
  });
}

/** Those that may be judged: about this digest, or silent about it (`evidence.subject` judges the silence). */
export function notAboutAnother(view: View, { reported }: PlannedEvidence): readonly MetricEvidence[] {
  const subject = view.model?.head?.subject;
  return reported.filter((item) => item.subject === undefined || item.subject === subject);
}
