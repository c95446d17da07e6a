import type { MetricEvidence } from "../model/evidence.ts";
import { findWeightiest, plannedMetrics } from "./metric-evidence.ts";
import type { View } from "./rule.ts";

/** What a gate about the evidence itself has to look at: the numbers that the plan promises. */
export interface PlannedEvidence {
  readonly metric: string;
  readonly dataset: string;
  /** What other gates take the number from: about this digest, or silent about it (`evidence.subject` judges that). */
  readonly judged: readonly MetricEvidence[];
}

/** Of what head plans. What it leaves out of base's plan is a matter of the plan, which `metric.present` judges. */
export function plannedEvidence(view: View): readonly PlannedEvidence[] {
  return plannedMetrics(view)
    .filter(({ plannedAt }) => plannedAt === "head")
    .map(({ metric, dataset }) => {
      return { metric, dataset, judged: findWeightiest(view, "head", { metric, dataset }) };
    });
}
