import type { Judgement } from "../model/decision.ts";
import type { MetricEvidence } from "../model/evidence.ts";
import { numberOf, textOf } from "./arguments.ts";
import { combine, fail, inconclusive, missing, notApplicable, pass, type Seen } from "./judgement.ts";
import { about, datasetsOf, findMetric, label, type MetricName, show, showApart } from "./metric-evidence.ts";
import type { Arguments, Parameter, Rule, View } from "./rule.ts";

const METRIC: Parameter = {
  schema: { type: "string", minLength: 1, description: "Name of the metric.", examples: ["roc_auc"] },
  required: true,
  tighter: { kind: "same" },
};
const DATASET: Parameter = {
  schema: {
    type: "string",
    minLength: 1,
    description: "Dataset of the metric; every dataset that reports it if absent.",
    examples: ["holdout"],
  },
  tighter: { kind: "same" },
};
const LEVEL: Parameter = {
  schema: {
    type: "number",
    minimum: 0.5,
    exclusiveMaximum: 1,
    description: "Confidence: the bound of the metric's interval has to hold, not only its estimate.",
    examples: [0.95],
  },
  tighter: { kind: "higher" },
};

/** A threshold and the side of it that is good; everything below is written for a floor and mirrored. */
interface Threshold {
  readonly bound: number;
  readonly sign: 1 | -1;
  readonly level?: number;
}

export const metricFloor: Rule = {
  name: "metric.floor",
  title: "A metric reaches its floor",
  scope: "model",
  parameters: {
    metric: METRIC,
    dataset: DATASET,
    min: {
      schema: { type: "number", description: "Least value that is good enough.", examples: [0.78] },
      required: true,
      tighter: { kind: "higher" },
    },
    level: LEVEL,
  },
  judge: (args, view) => judgeThreshold(args, view, { bound: numberOf(args, "min") ?? Number.NaN, sign: 1 }),
};

export const metricCeiling: Rule = {
  name: "metric.ceiling",
  title: "A metric stays below its ceiling",
  scope: "model",
  parameters: {
    metric: METRIC,
    dataset: DATASET,
    max: {
      schema: { type: "number", description: "Largest value that is good enough.", examples: [0.35] },
      required: true,
      tighter: { kind: "lower" },
    },
    level: LEVEL,
  },
  judge: (args, view) => judgeThreshold(args, view, { bound: numberOf(args, "max") ?? Number.NaN, sign: -1 }),
};

function judgeThreshold(args: Arguments, view: View, edge: Threshold): Judgement {
  if (view.model?.head === undefined) return notApplicable("The model is removed");
  const level = numberOf(args, "level");
  const threshold = level === undefined ? edge : { ...edge, level };
  const metric = textOf(args, "metric") ?? "";
  const dataset = textOf(args, "dataset");
  const datasets = dataset === undefined ? datasetsOf(view, metric) : [dataset];
  const names: readonly MetricName[] =
    datasets.length === 0 ? [{ metric }] : datasets.map((name) => ({ metric, dataset: name }));
  return farthest(
    names.map((name) => about(name, judgeOne(view, name, threshold))),
    threshold,
  );
}

/**
 * The worst outcome, with the number that is farthest on the wrong side: a waiver's own limit is held against it. Where
 * one of several that do not pass has no number, there is none.
 */
function farthest(parts: readonly Judgement[], { sign }: Threshold): Judgement {
  const { measured: own, ...worst } = combine(parts);
  const open = parts.filter(({ outcome }) => outcome !== "pass");
  const numbers = open.map(({ measured = Number.NaN }) => sign * measured);
  const measured = open.length === 0 ? own : sign * Math.min(...numbers);
  const observed = open.find((part) => part.measured === measured)?.observed;
  return {
    ...worst,
    ...(measured === undefined || Number.isNaN(measured) ? {} : { measured }),
    ...(observed === undefined ? {} : { observed }),
  };
}

function judgeOne(view: View, name: MetricName, threshold: Threshold): Judgement {
  const found = findMetric(view, "head", name);
  if (found.kind === "none")
    return { ...found.judgement, expected: expectation(threshold.sign, show(threshold.bound)) };
  return threshold.level === undefined
    ? judgeEstimate(found.evidence, found.value, threshold)
    : judgeInterval(found.evidence, found.value, { ...threshold, level: threshold.level });
}

function judgeEstimate(evidence: MetricEvidence, value: number, threshold: Threshold): Judgement {
  const [observed = "", bound = ""] = showApart([value, threshold.bound]);
  const seen = {
    observed,
    expected: expectation(threshold.sign, bound),
    measured: value,
    evidence: [evidence],
  };
  // Written so that NaN on either side could not pass.
  return threshold.sign * value >= threshold.sign * threshold.bound
    ? pass(seen)
    : miss(evidence, { sign: threshold.sign, bound }, seen);
}

/** Passes where the whole interval is on the good side, fails where it is on the bad side. */
function judgeInterval(
  evidence: MetricEvidence,
  value: number,
  threshold: Threshold & { readonly level: number },
): Judgement {
  const { ci } = evidence;
  const { sign, level } = threshold;
  const estimates = ci === undefined ? [] : [ci.low, ci.high];
  const [bound = "", shown = "", ...interval] = showApart([threshold.bound, value, ...estimates]);
  const expected = `${expectation(sign, bound)} at confidence ${level}`;
  if (ci === undefined || ci.level < level) {
    return missing(noInterval(evidence, level), { observed: shown, expected, evidence: [evidence] });
  }
  const seen = {
    observed: `${shown} [${interval.join(", ")}]`,
    expected,
    measured: value,
    evidence: [evidence],
  };
  const isGood = (number: number) => sign * number >= sign * threshold.bound;
  const [bad, good] = sign === 1 ? [ci.low, ci.high] : [ci.high, ci.low];
  // The estimate has to hold too: an interval that does not hold its own estimate proves nothing.
  if (isGood(bad) && isGood(value)) return pass(seen);
  if (sign * good < sign * threshold.bound) return miss(evidence, { sign, bound }, seen);
  return inconclusive(cannotTell(evidence, value, threshold.bound), seen);
}

/** The threshold, with its bound as it is shown beside the value. */
interface ShownThreshold {
  readonly sign: Threshold["sign"];
  readonly bound: string;
}

function miss(evidence: MetricEvidence, { bound, sign }: ShownThreshold, seen: Seen): Judgement {
  const name = label({ metric: evidence.name, dataset: evidence.dataset });
  return fail(
    {
      code: sign === 1 ? "METRIC_BELOW_FLOOR" : "METRIC_ABOVE_CEILING",
      message: `${name} is ${seen.observed}, ${sign === 1 ? "below the floor of" : "above the ceiling of"} ${bound}`,
      place: placeOf(evidence),
    },
    seen,
  );
}

function noInterval(evidence: MetricEvidence, level: number) {
  const has = evidence.ci === undefined ? "no interval" : `an interval at ${evidence.ci.level}`;
  return {
    code: "INTERVAL_MISSING",
    message: `${label({ metric: evidence.name, dataset: evidence.dataset })} has ${has}, the policy asks for confidence ${level}`,
    place: placeOf(evidence),
    fix: "Report the confidence interval, for example from a bootstrap, in an evidence/v1 file",
  };
}

/** An interval narrows with the root of the sample: n has to grow by (half width / distance)^2. */
function cannotTell(evidence: MetricEvidence, value: number, bound: number) {
  const { ci, n } = evidence;
  const halfWidth = ci === undefined ? 0 : (ci.high - ci.low) / 2;
  const distance = Math.abs(value - bound);
  const needed = n === undefined || distance === 0 ? undefined : Math.ceil(n * (halfWidth / distance) ** 2);
  const size =
    needed === undefined || n === undefined ? "" : `; about ${needed} samples instead of ${n} could tell`;
  return {
    code: "INTERVAL_SPANS_THRESHOLD",
    message: `${label({ metric: evidence.name, dataset: evidence.dataset })} may be on either side of ${show(bound)}${size}`,
    place: placeOf(evidence),
    fix: "Evaluate on a larger sample",
  };
}

function expectation(sign: Threshold["sign"], bound: string): string {
  return `${sign === 1 ? "≥" : "≤"} ${bound}`;
}

function placeOf({ source }: MetricEvidence): { path: string; line?: number } {
  return { path: source.path, ...(source.line === undefined ? {} : { line: source.line }) };
}
