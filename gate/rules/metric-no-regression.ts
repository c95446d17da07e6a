import { subjectAt } from "../model/change.ts";
import type { Judgement } from "../model/decision.ts";
import type { MetricEvidence } from "../model/evidence.ts";
import type { Direction } from "../model/manifest.ts";
import { knownDirection } from "../model/metric-names.ts";
import { numberOf, textOf } from "./arguments.ts";
import { broken, combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { about, findMetric, label, plannedMetrics, showApart } from "./metric-evidence.ts";
import type { Arguments, Rule, View } from "./rule.ts";

/**
 * Rounding of a subtraction of two doubles, relative to the larger: 0.87 - 0.86 is 0.010000000000000009, which a
 * margin of 0.01 has to allow.
 */
const ROUNDING = 4 * Number.EPSILON;

interface Margins {
  readonly absolute?: number;
  readonly relative?: number;
}

export const metricNoRegression: Rule = {
  name: "metric.no-regression",
  title: "No metric is worse than at base",
  scope: "model",
  parameters: {
    metric: {
      schema: {
        type: "string",
        minLength: 1,
        description: "Name of the metric; every metric of the evaluation plan if absent.",
        examples: ["roc_auc"],
      },
      tighter: { kind: "same" },
    },
    dataset: {
      schema: {
        type: "string",
        minLength: 1,
        description: "Dataset of the metric; every planned dataset if absent.",
        examples: ["holdout"],
      },
      tighter: { kind: "same" },
    },
    margin: {
      schema: {
        type: "number",
        minimum: 0,
        description:
          "Largest loss that is allowed, in the metric's unit. This or relative_margin has to be given.",
        examples: [0.005],
      },
      tighter: { kind: "lower" },
    },
    relative_margin: {
      schema: {
        type: "number",
        minimum: 0,
        maximum: 1,
        description:
          "Largest loss that is allowed, as a share of the base's value. With both, both have to hold.",
        examples: [0.02],
      },
      tighter: { kind: "lower" },
    },
    direction: {
      schema: {
        enum: ["higher", "lower"],
        description:
          "Which way is better; of a metric whose name does not tell, and of which base states nothing.",
        examples: ["higher"],
      },
      tighter: { kind: "same" },
    },
  },
  needsOneOf: ["margin", "relative_margin"],
  judge: judgeRegression,
};

function judgeRegression(args: Arguments, view: View): Judgement {
  if (view.model?.head === undefined) return notApplicable("The model is removed");
  if (view.model.base === undefined)
    return notApplicable("The model is new: there is no base to compare with");
  const metric = textOf(args, "metric");
  const dataset = textOf(args, "dataset");
  const planned = plannedMetrics(view).filter(
    (name) =>
      (metric === undefined || name.metric === metric) && (dataset === undefined || name.dataset === dataset),
  );
  if (planned.length === 0) return missing(noPlan(view, metric));
  const absolute = numberOf(args, "margin");
  const relative = numberOf(args, "relative_margin");
  if (absolute === undefined && relative === undefined) return broken(noMargin());
  const margins = {
    ...(absolute === undefined ? {} : { absolute }),
    ...(relative === undefined ? {} : { relative }),
  };
  const direction = directionOf(args);
  const terms = { margins, ...(direction === undefined ? {} : { direction }) };
  return combine(planned.map((name) => about(name, compare(view, name, terms))));
}

/** What the policy says of a comparison. */
interface Terms {
  readonly margins: Margins;
  readonly direction?: Direction;
}

function directionOf(args: Arguments): Direction | undefined {
  const word = textOf(args, "direction");
  return word === "higher" || word === "lower" ? word : undefined;
}

function compare(view: View, name: { metric: string; dataset: string }, terms: Terms): Judgement {
  const head = findMetric(view, "head", name);
  if (head.kind === "none") return head.judgement;
  const { datasetDigest } = head.evidence;
  const base = findMetric(view, "base", {
    ...name,
    ...(datasetDigest === undefined ? {} : { datasetDigest }),
  });
  if (base.kind === "none") {
    const isFirst = base.judgement.outcome === "missing_evidence" && isSameModel(view);
    return isFirst
      ? notApplicable("The model is the one at base, of which there was no such number")
      : base.judgement;
  }
  const isEqual = base.value === head.value && base.evidence.datasetDigest === datasetDigest;
  const known = knownDirection(name.metric) ?? terms.direction ?? base.evidence.direction;
  // What stays as it was is no worse, whichever way is better.
  const direction = known ?? (isEqual ? (head.evidence.direction ?? "higher") : undefined);
  if (direction === undefined) {
    if (head.evidence.direction === undefined) return broken(noDirection(view, name));
    return missing(directionNew(head.evidence), { evidence: [base.evidence, head.evidence] });
  }
  if (differ(direction, head.evidence.direction)) return broken(turned(head.evidence, direction));
  if (base.evidence.datasetDigest !== datasetDigest) {
    return missing(notComparable(base.evidence, head.evidence), {
      evidence: [base.evidence, head.evidence],
    });
  }
  return weigh(base.evidence, head.evidence, {
    base: base.value,
    head: head.value,
    direction,
    margins: terms.margins,
  });
}

/** Byte for byte: then it cannot have become worse. */
function isSameModel({ model }: View): boolean {
  const subject = model === undefined ? undefined : subjectAt(model, "head");
  return model !== undefined && subject !== undefined && subject === subjectAt(model, "base");
}

interface Pair {
  readonly base: number;
  readonly head: number;
  readonly direction: Direction;
  readonly margins: Margins;
}

function weigh(baseEvidence: MetricEvidence, headEvidence: MetricEvidence, pair: Pair): Judgement {
  const { base, head, direction } = pair;
  const loss = direction === "higher" ? base - head : head - base;
  const allowed = allowance(pair);
  const [before, after] = showApart([base, head]);
  const [lost, most] = showApart([loss, allowed], 4);
  const seen = {
    observed: `${before} → ${after}`,
    expected: `loss ≤ ${most}`,
    evidence: [baseEvidence, headEvidence],
  };
  if (loss <= allowed + ROUNDING * Math.max(Math.abs(base), Math.abs(head))) return pass(seen);
  const { source } = headEvidence;
  return fail(
    {
      code: "METRIC_REGRESSED",
      message: `${label({ metric: headEvidence.name, dataset: headEvidence.dataset })} went from ${before} to ${after}: ${lost} worse, ${most} allowed`,
      place: { path: source.path, ...(source.line === undefined ? {} : { line: source.line }) },
    },
    seen,
  );
}

/** The smaller of the two allowances, for both have to hold. */
function allowance({ base, margins }: Pair): number {
  const { absolute = Infinity, relative = Infinity } = margins;
  // Infinity times a base of zero would be NaN.
  return relative === Infinity ? absolute : Math.min(absolute, relative * Math.abs(base));
}

function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

/** An absent margin is no limit, so that a child that states one is stricter; without any there is nothing to judge. */
function noMargin() {
  return {
    code: "MARGIN_MISSING",
    message: "The gate states neither margin nor relative_margin",
    fix: "Write with: { margin: 0 } to allow no loss at all",
  };
}

function noPlan(view: View, metric: string | undefined) {
  const path = view.model?.head?.manifest?.path;
  return {
    code: "PLAN_EMPTY",
    message: metric === undefined ? "The model plans no metric" : `The model plans no metric ${metric}`,
    ...(path === undefined ? {} : { place: { path } }),
    fix: "List the metrics to report under evaluation in model.yml",
  };
}

function noDirection(view: View, name: { metric: string; dataset: string }) {
  const path = view.model?.head?.manifest?.path;
  return {
    code: "DIRECTION_UNKNOWN",
    message: `Nothing says whether more ${name.metric} is better or worse`,
    ...(path === undefined ? {} : { place: { path } }),
    fix: `State it in model.yml: metrics: [{ name: ${name.metric}, direction: higher }]`,
  };
}

/** Who states it for the first time could state what suits the change. */
function directionNew(head: MetricEvidence) {
  return {
    code: "DIRECTION_NEW",
    message: `That ${head.direction} ${head.name} is better is said here for the first time: base does not state it`,
    place: { path: head.source.path },
    fix: `Have it stated first in a pull request of its own, or in the policy: with: { metric: ${head.name}, direction: ${head.direction} }`,
  };
}

/** Turned round, every loss is a gain. */
function turned(head: MetricEvidence, direction: Direction) {
  return {
    code: "DIRECTION_CHANGED",
    message: `At base or by the policy ${direction} ${head.name} is better; here it is to be ${head.direction}`,
    place: { path: head.source.path },
    fix: "Put the direction back, or have it corrected in a pull request of its own",
  };
}

/** A digest that one side alone states leaves open whether it was the same data. */
function notComparable(base: MetricEvidence, head: MetricEvidence) {
  const name = label({ metric: head.name, dataset: head.dataset });
  const [atBase, here] = [base, head].map(({ datasetDigest }) => datasetDigest ?? "data without a digest");
  return {
    code: "DATASET_CHANGED",
    message: `${name} was measured on other data than at base, as far as can be told: ${atBase} there, ${here} here`,
    place: { path: head.source.path },
    fix: "Measure it on the same data, and plan newer data under another dataset name, first for the model as it stands at base",
  };
}
