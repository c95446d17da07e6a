import type { Judgement } from "../model/decision.ts";
import type { MetricEvidence } from "../model/evidence.ts";
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
  const aboutThis = metric.judged.filter((item) => item.subject === subject);
  const seen = { expected: subject, evidence: aboutThis };
  if (aboutThis.length > 0) return pass({ observed: subject, ...seen });
  const [silent] = metric.judged;
  const others = silent === undefined ? reported(view, metric) : [];
  const named = [...new Set(others.flatMap((item) => item.subject ?? []))].sort();
  const name = label(metric);
  const state =
    silent !== undefined
      ? "names no model"
      : named.length > 0
        ? `is about ${named.join(", ")}`
        : "is not reported";
  const path = (silent ?? others[0])?.source.path ?? view.model?.head?.manifest?.path;
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

/** What names another model instead. */
function reported(view: View, { metric, dataset }: PlannedEvidence): readonly MetricEvidence[] {
  const subject = view.model?.head?.subject;
  return view.evidence.filter(
    (item): item is MetricEvidence =>
      item.kind === "metric" &&
      item.side === "head" &&
      item.name === metric &&
      item.dataset === dataset &&
      item.subject !== subject,
  );
}
