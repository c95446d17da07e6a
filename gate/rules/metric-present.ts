import type { Judgement } from "../model/decision.ts";
import { broken, combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import {
  about,
  findReported,
  label,
  type Planned,
  plannedMetrics,
  show,
  toFinding,
  unreadableBeside,
} from "./metric-evidence.ts";
import { findMoves } from "./planned-place.ts";
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
    const moves = findMoves(view);
    const parts = planned.map((metric) => about(metric, judgeOne(view, metric, moves(metric))));
    return combine([...parts, ...unreadableFiles(view, planned, parts)]);
  },
};

/**
 * Of files that could not be read at all, what no metric's own judgement says: a number that was found elsewhere and
 * counts no more than they do may be the one that they would have replaced.
 */
function unreadableFiles(
  view: View,
  planned: readonly Planned[],
  parts: readonly Judgement[],
): readonly Judgement[] {
  const said = new Set(parts.flatMap(({ findings }) => findings.map(({ message }) => message)));
  const problems = planned.flatMap((metric) => {
    const found = findReported(view, "head", metric);
    return found.kind === "none" ? [] : unreadableBeside(view, found.evidence);
  });
  const unsaid = [...new Set(problems)].filter(({ message }) => !said.has(message));
  return unsaid.length === 0 ? [] : [broken(unsaid.map(toFinding))];
}

/** A metric that base promised stays owed: leaving it out of the plan is how a bad number is hidden. */
function judgeOne(view: View, metric: Planned, moves: readonly string[]): Judgement {
  if (metric.plannedAt === "base") {
    return fail({
      code: "PLAN_SHRUNK",
      message: `${label(metric)} was planned at base and is left out here`,
      ...placeOf(view),
      fix: "Put it back into model.yml, or ask for a waiver of this gate",
    });
  }
  if (moves.length > 0) return fail(moves.map((move) => moved(view, metric, move)));
  const found = findReported(view, "head", metric);
  if (found.kind === "none") return found.judgement;
  const unreadable = unreadableBeside(view, found.evidence, metric.metric);
  if (unreadable.length > 0) return broken(unreadable.map(toFinding), { evidence: [found.evidence] });
  return pass({ observed: show(found.value), evidence: [found.evidence] });
}

function moved(view: View, metric: Planned, move: string) {
  return {
    code: "PLAN_MOVED",
    message: `${label(metric)} is not the number that was planned at base: ${move}`,
    ...placeOf(view),
    fix: "Put it back in model.yml, and plan other data beside it under another dataset name; or ask for a waiver of this gate",
  };
}

function noPlan(view: View) {
  return {
    code: "PLAN_EMPTY",
    message: "The model plans no metric",
    ...placeOf(view),
    fix: "List the metrics to report under evaluation in model.yml",
  };
}

function placeOf(view: View): { place?: { path: string; line?: number } } {
  const manifest = view.model?.head?.manifest;
  if (manifest === undefined) return {};
  const line = manifest.lines.evaluation;
  return { place: { path: manifest.path, ...(line === undefined ? {} : { line }) } };
}
