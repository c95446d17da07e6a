import type { Judgement } from "../model/decision.ts";
import { combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { about, findMetric, label, type Planned, plannedMetrics, show } from "./metric-evidence.ts";
import type { Rule, View } from "./rule.ts";

export const metricPresent: Rule = {
  name: "metric.present",
  title: "Every planned metric is reported",
  scope: "model",
  parameters: {},
  judge(_args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const planned = plannedMetrics(view);
    if (planned.length === 0) return missing(noPlan(view));
    return combine(planned.map((metric) => about(metric, judgeOne(view, metric))));
  },
};

/** A metric that base promised stays owed: leaving it out of the plan is how a bad number is hidden. */
function judgeOne(view: View, metric: Planned): Judgement {
  if (metric.plannedAt === "base") {
    return fail({
      code: "PLAN_SHRUNK",
      message: `${label(metric)} was planned at base and is left out here`,
      ...placeOf(view),
      fix: "Put it back into model.yml, or have the plan changed in a pull request of its own",
    });
  }
  const found = findMetric(view, "head", metric);
  if (found.kind === "none") return found.judgement;
  return pass({ observed: show(found.value), evidence: [found.evidence] });
}

function noPlan(view: View) {
  return {
    code: "PLAN_EMPTY",
    message: "The model plans no metric",
    ...placeOf(view),
    fix: "List the metrics to report under evaluation in model.yml",
  };
}

function placeOf(view: View): { place?: { path: string } } {
  const path = view.model?.head?.manifest?.path;
  return path === undefined ? {} : { place: { path } };
}
