import type { Judgement } from "../model/decision.ts";
import { combine, missing, notApplicable, pass } from "./judgement.ts";
import { about, label } from "./metric-evidence.ts";
import { type PlannedEvidence, plannedEvidence } from "./planned-evidence.ts";
import type { Rule, View } from "./rule.ts";

export const evidenceSubject: Rule = {
  name: "evidence.subject",
  title: "The evidence is about this model, not another",
  scope: "model",
  parameters: {},
  judge(_args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    if (view.model.head.subject === undefined) {
      return missing({
        code: "SUBJECT_UNKNOWN",
        message: "The model's own digest is not known, so that nothing can be about it",
      });
    }
    const planned = plannedEvidence(view);
    if (planned.length === 0) {
      return missing({
        code: "PLAN_EMPTY",
        message: "The model plans no metric, so that nothing was measured about it",
        fix: "List the metrics to report under evaluation in model.yml",
      });
    }
    return combine(planned.map((metric) => about(metric, judgeOne(view, metric))));
  },
};

/** Items about other digests are not counted against the model: they say nothing about it. */
function judgeOne(view: View, metric: PlannedEvidence): Judgement {
  const subject = view.model?.head?.subject ?? "";
  const seen = { expected: subject, evidence: metric.aboutThis };
  if (metric.aboutThis.length > 0) return pass({ observed: subject, ...seen });
  const named = [...new Set(metric.reported.flatMap((item) => item.subject ?? []))].sort();
  const name = label(metric);
  const state =
    named.length > 0
      ? `is about ${named.join(", ")}`
      : metric.reported.length > 0
        ? "names no model"
        : "is not reported";
  const path = metric.reported[0]?.source.path ?? view.model?.head?.manifest?.path;
  return missing(
    {
      code: "SUBJECT_DIFFERS",
      message: `${name} ${state}; this model is ${subject}`,
      ...(path === undefined ? {} : { place: { path } }),
      fix: `Evaluate this model, then write subject: ${subject} beside the evaluation in model.yml`,
    },
    { observed: named.join(", ") || "none", ...seen },
  );
}
