import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../gate/model/decision.ts";
import type { Digest } from "../../gate/model/digest.ts";
import {
  type DatasetEvidence,
  type Evidence,
  type EvidenceProblem,
  type MetricEvidence,
  TRAIL_ADAPTER,
} from "../../gate/model/evidence.ts";
import type { DeclaredEvaluation } from "../../gate/model/manifest.ts";
import { RULES } from "../../gate/rules/index.ts";
import type { View } from "../../gate/rules/rule.ts";
import {
  BASE_DIGEST,
  evaluation,
  HEAD_DIGEST,
  manifest,
  metric,
  model,
  newModel,
  OTHER_DIGEST,
  removedModel,
  source,
  version,
  view,
} from "./view.ts";

interface Row {
  readonly name: string;
  readonly rule: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly evidence?: readonly Evidence[];
  readonly view?: Partial<View>;
  readonly outcome: Outcome;
  readonly code?: string;
}

const ci = (low: number, high: number, level = 0.95) => ({ low, high, level });
const floor = { metric: "roc_auc", min: 0.78 };
const sure = { ...floor, level: 0.95 };
const twoPlanned = version(HEAD_DIGEST, {
  manifest: manifest({ evaluation: [evaluation({ metrics: [{ name: "roc_auc" }, { name: "recall" }] })] }),
});
const noPlan = version(HEAD_DIGEST, { manifest: manifest({ evaluation: [] }) });
const unreadable = {
  model: "m",
  side: "head",
  code: "JSON_SYNTAX",
  message: "bad",
  place: { path: "m/metrics.json" },
} as const;

/** A metric whose name does not tell which way is better. */
const gainPlan = manifest({ evaluation: [evaluation({ metrics: [{ name: "gain" }] })] });
const gainPlanned = model({
  base: version(BASE_DIGEST, { manifest: gainPlan }),
  head: version(HEAD_DIGEST, { manifest: gainPlan }),
});

function undirected(overrides: Partial<MetricEvidence>): MetricEvidence {
  const { direction: _, ...rest } = metric({ name: "gain", ...overrides });
  return rest;
}

const FLOOR: readonly Row[] = [
  {
    name: "a value at the floor passes",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ value: 0.78 })],
    outcome: "pass",
  },
  {
    name: "a value below it fails",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ value: 0.7799999 })],
    outcome: "fail",
    code: "METRIC_BELOW_FLOOR",
  },
  {
    name: "NaN is an error",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ value: "NaN" })],
    outcome: "error",
    code: "METRIC_NOT_FINITE",
  },
  {
    name: "Infinity is an error, however large",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ value: "Infinity" })],
    outcome: "error",
    code: "METRIC_NOT_FINITE",
  },
  {
    name: "no value is missing evidence",
    rule: "metric.floor",
    args: floor,
    outcome: "missing_evidence",
    code: "METRIC_MISSING",
  },
  {
    name: "no value and an unreadable file is an error",
    rule: "metric.floor",
    args: floor,
    view: { problems: [unreadable] },
    outcome: "error",
    code: "JSON_SYNTAX",
  },
  {
    name: "a problem of another metric is not ours",
    rule: "metric.floor",
    args: floor,
    view: { problems: [{ ...unreadable, metrics: ["recall"] }] },
    outcome: "missing_evidence",
  },
  {
    name: "a value about another digest does not count",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ subject: OTHER_DIGEST, value: 0.9 })],
    outcome: "missing_evidence",
  },
  {
    name: "a bad value about another digest does no harm",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ value: 0.8 }), metric({ subject: OTHER_DIGEST, value: 0.1 })],
    outcome: "pass",
  },
  {
    name: "a value from training data does not count",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ role: "train", dataset: "train", value: 0.99 })],
    outcome: "missing_evidence",
  },
  {
    name: "a value of one slice does not count",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ slice: { sex: "F" }, value: 0.99 })],
    outcome: "missing_evidence",
  },
  {
    name: "the most trusted word counts",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ value: 0.9 }), metric({ trust: "ci", value: 0.7 })],
    outcome: "fail",
  },
  {
    name: "two words of equal trust that differ are an error",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ value: 0.9 }), metric({ value: 0.91 })],
    outcome: "error",
    code: "EVIDENCE_CONTRADICTS",
  },
  {
    name: "every dataset that reports it has to reach it",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ value: 0.9 }), metric({ dataset: "recent", value: 0.7 })],
    outcome: "fail",
  },
  {
    name: "a planned dataset that is silent is missing",
    rule: "metric.floor",
    args: floor,
    evidence: [metric({ dataset: "easy", value: 0.99 })],
    outcome: "missing_evidence",
  },
  {
    name: "an interval above the floor passes",
    rule: "metric.floor",
    args: sure,
    evidence: [metric({ value: 0.8, ci: ci(0.78, 0.82) })],
    outcome: "pass",
  },
  {
    name: "an interval that spans the floor cannot tell",
    rule: "metric.floor",
    args: sure,
    evidence: [metric({ value: 0.8, n: 1000, ci: ci(0.76, 0.84) })],
    outcome: "inconclusive",
    code: "INTERVAL_SPANS_THRESHOLD",
  },
  {
    name: "an interval below the floor fails",
    rule: "metric.floor",
    args: sure,
    evidence: [metric({ value: 0.7, ci: ci(0.65, 0.75) })],
    outcome: "fail",
  },
  {
    name: "an estimate outside of its own interval does not pass",
    rule: "metric.floor",
    args: sure,
    evidence: [metric({ value: 0.7, ci: ci(0.8, 0.9) })],
    outcome: "inconclusive",
  },
  {
    name: "no interval where one is asked for is missing",
    rule: "metric.floor",
    args: sure,
    evidence: [metric({ value: 0.9 })],
    outcome: "missing_evidence",
    code: "INTERVAL_MISSING",
  },
  {
    name: "an interval of lower confidence is not enough",
    rule: "metric.floor",
    args: sure,
    evidence: [metric({ value: 0.9, ci: ci(0.89, 0.91, 0.9) })],
    outcome: "missing_evidence",
  },
  {
    name: "a removed model has no floor",
    rule: "metric.floor",
    args: floor,
    view: { model: removedModel() },
    outcome: "not_applicable",
  },
  {
    name: "a ceiling holds from above",
    rule: "metric.ceiling",
    args: { metric: "ece", max: 0.05 },
    evidence: [metric({ name: "ece", direction: "lower", value: 0.05 })],
    outcome: "pass",
  },
  {
    name: "a value above the ceiling fails",
    rule: "metric.ceiling",
    args: { metric: "ece", max: 0.05 },
    evidence: [metric({ name: "ece", direction: "lower", value: 0.051 })],
    outcome: "fail",
    code: "METRIC_ABOVE_CEILING",
  },
];

/** Of the floor gate, what a value says that the metric cannot have. */
const OUT_OF_RANGE: readonly (readonly [name: string, value: number, isPercent: boolean])[] = [
  ["roc_auc", 85, true],
  ["roc_auc", 1.5, false],
  ["roc_auc", -0.1, false],
  ["mcc", 62, true],
  ["r2", 1.01, false],
  ["brier", 2.5, false],
  ["rmse", -1, false],
];

const IN_RANGE: readonly (readonly [name: string, value: number])[] = [
  ["roc_auc", 1 + 2 ** -52],
  ["roc_auc", 0],
  ["balanced_accuracy", -0.2],
  ["mcc", -1],
  ["r2", -7],
  ["brier", 1.2],
  ["rmse", 4e9],
  ["wer", 1.3],
  // Names of several things, and names that nobody knows.
  ["bleu", 34.5],
  ["auc", 1200],
  ["p95_ms", 85],
];

const pair = (base: number, head: number, more: Partial<MetricEvidence> = {}) => [
  metric({ side: "base", value: base, ...more }),
  metric({ value: head, ...more }),
];

const REGRESSION: readonly Row[] = [
  {
    name: "no loss passes",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: pair(0.8, 0.81),
    outcome: "pass",
  },
  {
    name: "any loss fails where none is allowed",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: pair(0.8, 0.7999),
    outcome: "fail",
    code: "METRIC_REGRESSED",
  },
  {
    name: "a loss of exactly the margin passes, rounding included",
    rule: "metric.no-regression",
    args: { margin: 0.01 },
    evidence: pair(0.87, 0.86),
    outcome: "pass",
  },
  {
    name: "a loss above the margin fails",
    rule: "metric.no-regression",
    args: { margin: 0.01 },
    evidence: pair(0.87, 0.8599),
    outcome: "fail",
  },
  {
    name: "a relative margin is a share of the base",
    rule: "metric.no-regression",
    args: { relative_margin: 0.1 },
    evidence: pair(0.5, 0.45),
    outcome: "pass",
  },
  {
    name: "with both margins both have to hold",
    rule: "metric.no-regression",
    args: { margin: 0.01, relative_margin: 0.1 },
    evidence: pair(0.5, 0.47),
    outcome: "fail",
  },
  {
    name: "lower is better where the direction says so",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", name: "gain", value: 0.3, direction: "lower" }),
      metric({ name: "gain", value: 0.31, direction: "lower" }),
    ],
    view: { model: gainPlanned },
    outcome: "fail",
  },
  {
    name: "a new model has nothing to lose",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [metric()],
    view: { model: newModel() },
    outcome: "not_applicable",
  },
  {
    name: "no number at base is missing evidence",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [metric()],
    outcome: "missing_evidence",
  },
  {
    name: "other data than at base cannot be compared",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [metric({ side: "base", datasetDigest: OTHER_DIGEST }), metric({ datasetDigest: HEAD_DIGEST })],
    outcome: "missing_evidence",
    code: "DATASET_CHANGED",
  },
  {
    name: "a model without a plan cannot be compared",
    rule: "metric.no-regression",
    args: { margin: 0 },
    view: { model: model({ base: noPlan, head: noPlan }) },
    outcome: "missing_evidence",
    code: "PLAN_EMPTY",
  },
];

const { producedAt: _, ...undated } = source();

const beside = (more: Partial<EvidenceProblem>) => ({ view: { problems: [{ ...unreadable, ...more }] } });

/** What `metric.present` makes of what could not be read beside a number that was found. */
const BESIDE: readonly Row[] = (
  [
    ["a file of the run and a committed number", "declared", { trust: "ci" }, "error"],
    ["a file of the run and a number of the run", "ci", { trust: "ci" }, "error"],
    ["a committed file and a committed number", "declared", { trust: "declared" }, "error"],
    ["a committed file and a number of the run", "ci", { trust: "declared" }, "pass"],
    ["a file that nothing outweighs", "attested", {}, "error"],
    [
      "the metric in the run and a committed number",
      "declared",
      { trust: "ci", metrics: ["roc_auc"] },
      "error",
    ],
    ["another metric of the run", "declared", { trust: "ci", metrics: ["recall"] }, "pass"],
    ["what is no file of numbers", "declared", { metrics: [] }, "pass"],
    ["a file at base", "declared", { side: "base", trust: "ci" }, "pass"],
    ["a silent file", "declared", { trust: "ci", metrics: ["roc_auc"], silent: true }, "pass"],
  ] as const
).map(([name, trust, problem, outcome]) => ({
  name: `unreadable: ${name}`,
  rule: "metric.present",
  evidence: [metric({ trust })],
  ...beside(problem),
  outcome,
  ...(outcome === "error" ? { code: "JSON_SYNTAX" } : {}),
}));

/** What a threshold makes of it: only what would have replaced the number is in its way. */
const ABOVE: readonly Row[] = (
  [
    ["a file of the run and a committed number", "declared", { trust: "ci" }, "error"],
    [
      "the metric in the run and a committed number",
      "declared",
      { trust: "ci", metrics: ["roc_auc"] },
      "error",
    ],
    ["another metric of the run", "declared", { trust: "ci", metrics: ["recall"] }, "pass"],
    ["a file of the run and a number of the run", "ci", { trust: "ci" }, "pass"],
    ["a committed file and a committed number", "declared", { trust: "declared" }, "pass"],
    ["a file at base", "declared", { side: "base", trust: "ci" }, "pass"],
    ["a silent file", "declared", { trust: "ci", metrics: ["roc_auc"], silent: true }, "pass"],
  ] as const
).map(([name, trust, problem, outcome]) => ({
  name: `unreadable above a floor: ${name}`,
  rule: "metric.floor",
  args: floor,
  evidence: [metric({ trust })],
  ...beside(problem),
  outcome,
  ...(outcome === "error" ? { code: "JSON_SYNTAX" } : {}),
}));

test("a file that cannot be read is found once, however many metrics are planned", () => {
  const items = [metric(), metric({ name: "recall" })];
  const about = model({ head: twoPlanned });
  const problems = [{ ...unreadable, fix: "Write it again", trust: "ci" as const }];
  const judgement = RULES.get("metric.present")?.judge({}, view(items, { model: about, problems }));
  assert.deepEqual(judgement?.findings, [
    { code: "JSON_SYNTAX", message: "bad", place: { path: "m/metrics.json" }, fix: "Write it again" },
  ]);
});

test("a metric that the run's file does not report is missing, and says why", () => {
  const problems = [
    { ...unreadable, code: "METRIC_NOT_IN_RUN", metrics: ["roc_auc"], silent: true as const },
  ];
  const judgement = RULES.get("metric.present")?.judge({}, view([], { problems }));
  assert.equal(judgement?.outcome, "missing_evidence");
  assert.equal(judgement?.findings[0]?.code, "METRIC_NOT_IN_RUN");
});

/** What the manifest lists under `data`. */
function listed(digest: Digest | undefined, more: Partial<DatasetEvidence> = {}): DatasetEvidence {
  const { name = "holdout", role = "test", ...rest } = more;
  const about = { model: "m", side: "head", trust: "declared", source: source() } as const;
  return { kind: "dataset", ...about, name, role, ...(digest === undefined ? {} : { digest }), ...rest };
}

const MD5: Digest = `md5:${"1".repeat(32)}`;
const FOLDER: Digest = `md5:${"2".repeat(32)}.dir`;

const CURRENT: readonly Row[] = (
  [
    ["data of that name and digest passes", HEAD_DIGEST, [listed(HEAD_DIGEST)], "pass"],
    ["data of that name and another digest fails", HEAD_DIGEST, [listed(OTHER_DIGEST)], "fail"],
    [
      "data of another name is another matter",
      HEAD_DIGEST,
      [listed(OTHER_DIGEST, { name: "recent" })],
      "pass",
    ],
    ["base's data is another matter", HEAD_DIGEST, [listed(OTHER_DIGEST, { side: "base" })], "pass"],
    ["digests of two kinds cannot be compared", HEAD_DIGEST, [listed(MD5)], "pass"],
    ["the digest of a folder and of a file cannot be compared", MD5, [listed(FOLDER)], "pass"],
    ["data that nothing pins says nothing", HEAD_DIGEST, [listed(undefined)], "pass"],
    ["evidence that names no data says nothing", undefined, [listed(OTHER_DIGEST)], "pass"],
  ] as const
).map(([name, datasetDigest, datasets, outcome]) => ({
  name,
  rule: "evidence.fresh",
  args: { max_age_days: 30 },
  evidence: [metric(datasetDigest === undefined ? {} : { datasetDigest }), ...datasets],
  outcome,
  ...(outcome === "fail" ? { code: "DATASET_NOT_CURRENT" } : {}),
}));

/** What `metric.present` says of a number that the manifest itself lists as measured on training data. */
const TRAINED: readonly (Row & { readonly message: RegExp })[] = [
  {
    name: "says that model.yml lists the dataset as training data",
    rule: "metric.present",
    evidence: [metric({ role: "train" }), listed(HEAD_DIGEST, { role: "train" })],
    outcome: "missing_evidence",
    message: /m\/metrics\.json reports it on data that model\.yml lists with the role train$/,
  },
  {
    name: "says that the dataset has the digest of training data",
    rule: "metric.present",
    evidence: [
      metric({ role: "train", datasetDigest: HEAD_DIGEST }),
      listed(HEAD_DIGEST, { name: "applications", role: "train" }),
    ],
    outcome: "missing_evidence",
    message: /reports it on sha256:a+, which model\.yml lists as applications with the role train$/,
  },
];

for (const { name, rule, evidence = [], outcome, message } of TRAINED) {
  test(`${rule}: ${name}`, () => {
    const judgement = RULES.get(rule)?.judge({}, view(evidence));
    assert.equal(judgement?.outcome, outcome);
    assert.match(judgement?.findings[0]?.message ?? "", message);
  });
}

const TRUSTING: readonly Row[] = [
  {
    name: "what this run measured without a date is fresh",
    rule: "evidence.fresh",
    args: { max_age_days: 1 },
    evidence: [metric({ trust: "ci", source: undated })],
    outcome: "pass",
  },
  {
    name: "a committed number without a date is not",
    rule: "evidence.fresh",
    args: { max_age_days: 1 },
    evidence: [metric({ source: undated })],
    outcome: "missing_evidence",
    code: "EVIDENCE_UNDATED",
  },
  {
    name: "a run cannot make the base easier to beat than its own commit says",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", value: 0.8 }),
      metric({ side: "base", value: 0.5, trust: "ci" }),
      metric({ value: 0.6, trust: "ci" }),
    ],
    outcome: "fail",
  },
  {
    name: "a run cannot silence what the base's own commit says by measuring it on other data",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", value: 0.8, datasetDigest: OTHER_DIGEST }),
      metric({ side: "base", value: 0.7, datasetDigest: HEAD_DIGEST, trust: "ci" }),
      metric({ value: 0.72, datasetDigest: HEAD_DIGEST, trust: "ci" }),
    ],
    outcome: "missing_evidence",
    code: "DATASET_CHANGED",
  },
  {
    name: "nor where the base's own commit names no data",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", value: 0.8 }),
      metric({ side: "base", value: 0.7, datasetDigest: HEAD_DIGEST, trust: "ci" }),
      metric({ value: 0.72, datasetDigest: HEAD_DIGEST, trust: "ci" }),
    ],
    outcome: "missing_evidence",
    code: "DATASET_CHANGED",
  },
  {
    name: "of the base's own numbers the one on the same data counts",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", value: 0.8, datasetDigest: OTHER_DIGEST }),
      metric({ side: "base", value: 0.7, datasetDigest: HEAD_DIGEST }),
      metric({ value: 0.72, datasetDigest: HEAD_DIGEST }),
    ],
    outcome: "pass",
  },
  {
    name: "a run may measure a base that nobody measured",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [metric({ side: "base", value: 0.7, trust: "ci" }), metric({ value: 0.72, trust: "ci" })],
    outcome: "pass",
  },
  {
    name: "data that head no longer names cannot be told to be the same",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [metric({ side: "base", value: 0.8, datasetDigest: OTHER_DIGEST }), metric({ value: 0.9 })],
    outcome: "missing_evidence",
    code: "DATASET_CHANGED",
  },
  {
    name: "a run cannot make the base easier to beat than the trail remembers",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", value: 0.99, source: source({ adapter: TRAIL_ADAPTER }) }),
      metric({ side: "base", value: 0.95, trust: "ci", source: source({ adapter: TRAIL_ADAPTER }) }),
      metric({ side: "base", value: 0.5, trust: "ci" }),
      metric({ value: 0.94, trust: "ci" }),
    ],
    outcome: "fail",
    code: "METRIC_REGRESSED",
  },
  {
    name: "the trail does not contradict the base's own commit",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", value: 0.95, trust: "attested", source: source({ adapter: TRAIL_ADAPTER }) }),
      metric({ side: "base", value: 0.9 }),
      metric({ value: 0.91 }),
    ],
    outcome: "pass",
  },
  {
    name: "where base has moved on, its model of today counts",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", value: 0.95, subject: OTHER_DIGEST }),
      metric({ side: "base", value: 0.6, trust: "ci" }),
      metric({ value: 0.7 }),
    ],
    view: { model: model({ tip: { artifacts: [], subject: OTHER_DIGEST } }) },
    outcome: "fail",
    code: "METRIC_REGRESSED",
  },
  {
    name: "a direction that is turned round is an error",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [
      metric({ side: "base", name: "gain", value: 0.8 }),
      metric({ name: "gain", value: 0.6, direction: "lower" }),
    ],
    view: { model: gainPlanned },
    outcome: "error",
    code: "DIRECTION_CHANGED",
  },
  ...(
    [
      ["metric.present", {}],
      ["metric.floor", floor],
      ["metric.no-regression", { margin: 0 }],
    ] as const
  ).map(
    ([rule, args]): Row => ({
      name: "a well-known metric cannot be turned round, not even by a new model",
      rule,
      args,
      evidence: [metric({ side: "base", direction: "lower" }), metric({ value: 0.95, direction: "lower" })],
      ...(rule === "metric.no-regression" ? {} : { view: { model: newModel() } }),
      outcome: "error",
      code: "DIRECTION_WRONG",
    }),
  ),
  {
    name: "a well-known metric that base had turned round is weighed the right way",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [metric({ side: "base", value: 0.8, direction: "lower" }), metric({ value: 0.9 })],
    outcome: "pass",
  },
  {
    name: "a direction that only the change states settles nothing",
    rule: "metric.no-regression",
    args: { margin: 0 },
    evidence: [undirected({ side: "base", value: 1 }), metric({ name: "gain", value: 50 })],
    view: { model: gainPlanned },
    outcome: "missing_evidence",
    code: "DIRECTION_NEW",
  },
  {
    name: "the policy may state it",
    rule: "metric.no-regression",
    args: { margin: 0, direction: "lower" },
    evidence: [undirected({ side: "base", value: 1 }), undirected({ value: 50 })],
    view: { model: gainPlanned },
    outcome: "fail",
    code: "METRIC_REGRESSED",
  },
];

const NO_MARGIN: Row = {
  name: "a gate without a margin judges nothing",
  rule: "metric.no-regression",
  evidence: pair(0.8, 0.9),
  outcome: "error",
  code: "MARGIN_MISSING",
};

const PLAN: readonly Row[] = [
  {
    name: "every planned metric reported passes",
    rule: "metric.present",
    evidence: [metric()],
    outcome: "pass",
  },
  {
    name: "a planned metric that is not reported is missing",
    rule: "metric.present",
    evidence: [metric()],
    view: { model: model({ head: twoPlanned }) },
    outcome: "missing_evidence",
    code: "METRIC_MISSING",
  },
  {
    name: "a metric that base planned cannot be left out",
    rule: "metric.present",
    evidence: [metric()],
    view: { model: model({ base: twoPlanned }) },
    outcome: "fail",
    code: "PLAN_SHRUNK",
  },
  { name: "evidence about this digest is", rule: "evidence.subject", evidence: [metric()], outcome: "pass" },
  {
    name: "evidence about another digest is not evidence",
    rule: "evidence.subject",
    evidence: [metric({ subject: OTHER_DIGEST })],
    outcome: "missing_evidence",
    code: "SUBJECT_DIFFERS",
  },
  {
    name: "a second item about another digest does no harm",
    rule: "evidence.subject",
    evidence: [metric(), metric({ subject: OTHER_DIGEST })],
    outcome: "pass",
  },
  {
    name: "recent evidence is fresh",
    rule: "evidence.fresh",
    args: { max_age_days: 2 },
    evidence: [metric()],
    outcome: "pass",
  },
  {
    name: "old evidence is stale",
    rule: "evidence.fresh",
    args: { max_age_days: 0.5 },
    evidence: [metric()],
    outcome: "fail",
    code: "EVIDENCE_STALE",
  },
  {
    name: "the smaller of both ages counts",
    rule: "evidence.fresh",
    args: { max_age_days: 30, max_age_days_by_tier: { T2: 0.5 } },
    evidence: [metric()],
    outcome: "fail",
  },
  {
    name: "evidence without a time is missing",
    rule: "evidence.fresh",
    args: { max_age_days: 30 },
    evidence: [metric({ source: { ...source(), producedAt: "yesterday" } })],
    outcome: "missing_evidence",
  },
  {
    name: "evidence from the future fails",
    rule: "evidence.fresh",
    args: { max_age_days: 30 },
    evidence: [metric({ source: source({ producedAt: "2026-12-24T00:00:00Z" }) })],
    outcome: "fail",
    code: "EVIDENCE_FROM_THE_FUTURE",
  },
  {
    name: "trust reaches what the tier asks",
    rule: "evidence.trust",
    args: { minimum_by_tier: { T2: "ci" } },
    evidence: [metric({ trust: "ci" })],
    outcome: "pass",
  },
  {
    name: "trust below it fails",
    rule: "evidence.trust",
    args: { minimum_by_tier: { T2: "ci" } },
    evidence: [metric()],
    outcome: "fail",
    code: "TRUST_TOO_LOW",
  },
  {
    name: "a tier that is not named asks nothing",
    rule: "evidence.trust",
    args: { minimum_by_tier: { T1: "ci" } },
    evidence: [metric()],
    outcome: "not_applicable",
  },
];

/** A model whose evaluation plan is another at head than at base. */
function replanned(before: Partial<DeclaredEvaluation>, after: readonly Partial<DeclaredEvaluation>[]) {
  const planOf = (plans: readonly Partial<DeclaredEvaluation>[]) =>
    manifest({ evaluation: plans.map(evaluation) });
  return model({
    base: version(OTHER_DIGEST, { manifest: planOf([before]) }),
    head: version(HEAD_DIGEST, { manifest: planOf(after) }),
  });
}

const TRAINING_DATA: DatasetEvidence = {
  ...{ kind: "dataset", model: "m", side: "head", trust: "declared", source: source() },
  ...{ name: "loans", role: "train", digest: OTHER_DIGEST },
};

const MOVED: readonly Row[] = (
  [
    ["another key", {}, [{ metrics: [{ name: "roc_auc", key: "train.roc_auc" }] }]],
    ["another file", {}, [{ path: "m/train_metrics.json" }]],
    [
      "the files of two datasets swapped",
      {},
      [
        { path: "m/train_metrics.json" },
        { path: "m/metrics.json", dataset: "training", role: "train" as const },
      ],
    ],
    ["another role", {}, [{ role: "validation" as const }]],
    ["the data's digest dropped", { datasetDigest: OTHER_DIGEST }, [{}]],
    ["other data", { datasetDigest: OTHER_DIGEST }, [{ datasetDigest: HEAD_DIGEST }]],
    [
      "another key, with the former said to be of another model",
      {},
      [{ subject: BASE_DIGEST }, { subject: HEAD_DIGEST, metrics: [{ name: "roc_auc", key: "train.auc" }] }],
    ],
    [
      "another file, with the former said to be of training data",
      {},
      [{ datasetDigest: OTHER_DIGEST }, { path: "m/train_metrics.json" }],
    ],
  ] as const
).map(([name, before, after]) => ({
  name: `a planned number cannot be taken from elsewhere: ${name}`,
  rule: "metric.present",
  evidence: [metric(), TRAINING_DATA],
  view: { model: replanned(before, after) },
  outcome: "fail",
  code: "PLAN_MOVED",
}));

const STAYED: readonly Row[] = (
  [
    ["its digest is stated for the first time", {}, [{ datasetDigest: HEAD_DIGEST }]],
    ["its key is spelt out", {}, [{ metrics: [{ name: "roc_auc", key: "roc_auc" }] }]],
    ["another file is read beside it", {}, [{}, { path: "m/slices.csv" }]],
    ["both name this model", {}, [{ subject: HEAD_DIGEST }, { subject: HEAD_DIGEST, path: "m/slices.csv" }]],
  ] as const
).map(([name, before, after]) => ({
  name: `a planned number stays where it was if ${name}`,
  rule: "metric.present",
  evidence: [metric()],
  view: { model: replanned(before, after) },
  outcome: "pass",
}));

test("a model that moves with its files moves no number of the plan", () => {
  for (const folder of ["n/", "m/n/", ""]) {
    const plan = [evaluation({ path: `${folder}metrics.json` })];
    const head = version(HEAD_DIGEST, {
      manifest: manifest({ path: `${folder}model.yml`, evaluation: plan }),
    });
    const judgement = RULES.get("metric.present")?.judge({}, view([metric()], { model: model({ head }) }));
    assert.equal(judgement?.outcome, "pass", folder);
  }
});

const slice = { sex: "F" };

/** Beside the number that gates judge stands another, which none takes a number from. */
const VOUCHING: readonly Row[] = [
  ...(["evidence.trust", "evidence.fresh", "evidence.subject"] as const).flatMap((rule): readonly Row[] => {
    const { subject: _, ...silent } = metric({ value: 0.99, source: undated });
    const args = {
      "evidence.trust": { minimum_by_tier: { T2: "ci" } },
      "evidence.fresh": { max_age_days: 2 },
    };
    const outcome = rule === "evidence.trust" ? "fail" : "missing_evidence";
    const common = { rule, outcome, ...(rule === "evidence.subject" ? {} : { args: args[rule] }) } as const;
    return [
      {
        ...common,
        name: "a value of one slice does not vouch for the whole",
        evidence: [silent, metric({ value: 0.55, trust: "ci", slice })],
      },
      {
        ...common,
        name: "a value from training data does not vouch for another",
        evidence: [silent, metric({ value: 0.99, trust: "ci", role: "train" })],
      },
    ];
  }),
  {
    name: "a committed date says nothing about what the run measured",
    rule: "evidence.fresh",
    args: { max_age_days: 2 },
    evidence: [
      metric({ value: 0.9 }),
      metric({ trust: "ci", source: source({ producedAt: "2026-01-01T00:00:00Z" }) }),
    ],
    outcome: "fail",
    code: "EVIDENCE_STALE",
  },
];

const EXPRESSIONS: readonly Row[] = [
  {
    name: "true passes",
    rule: "expression",
    args: { require: "metrics.roc_auc.head >= 0.8 && metrics.roc_auc.delta > 0.0" },
    evidence: pair(0.79, 0.8),
    outcome: "pass",
  },
  {
    name: "false fails",
    rule: "expression",
    args: { require: "metrics.roc_auc.head > metrics.roc_auc.base" },
    evidence: pair(0.8, 0.8),
    outcome: "fail",
    code: "EXPRESSION_FALSE",
  },
  {
    name: "a metric that is not there is missing, whatever an or would forgive",
    rule: "expression",
    args: { require: "metrics.roc_auc.head > 0.1 || metrics.nope.head > 0.5" },
    evidence: pair(0.8, 0.8),
    outcome: "missing_evidence",
  },
  {
    name: "has() may ask for it",
    rule: "expression",
    args: { require: "!has(metrics.nope)" },
    evidence: pair(0.8, 0.8),
    outcome: "pass",
  },
  {
    name: "a new model has no base: an error that says so",
    rule: "expression",
    args: { require: "metrics.roc_auc.head > metrics.roc_auc.base" },
    evidence: [metric()],
    view: { model: newModel() },
    outcome: "error",
    code: "CEL_EVALUATION",
  },
  {
    name: "the class lets a new model through",
    rule: "expression",
    args: { require: 'model.class == "D" || metrics.roc_auc.head > metrics.roc_auc.base' },
    evidence: [metric()],
    view: { model: newModel() },
    outcome: "pass",
  },
  ...(
    [
      ["metrics.roc_auc.head > 0.1", "error"],
      ["metrics['holdout/roc_auc'].head > 0.1", "error"],
      ["!has(metrics.roc_auc)", "error"],
      ["!has(metrics.roc_auc) || metrics.roc_auc.head > 0.1", "error"],
      ["metrics.all(name, metrics[name].head > 0.1)", "error"],
      ["!('roc_auc' in metrics)", "error"],
      ["size(metrics) < 5", "error"],
      ["metrics.recall.head > 0.1", "pass"],
      ["has(metrics.recall)", "pass"],
    ] as const
  ).map(([require, outcome]) => ({
    name: `where one metric is NaN, ${require} is ${outcome}`,
    rule: "expression",
    args: { require },
    evidence: [...pair(0.8, 0.8, { name: "recall" }), metric({ value: "NaN" }), metric({ side: "base" })],
    view: { model: model({ base: twoPlanned, head: twoPlanned }) },
    outcome,
    ...(outcome === "error" ? { code: "METRIC_NOT_FINITE" } : {}),
  })),
  ...(
    [
      ["metrics.roc_auc.head > 0.1", "pass"],
      ["metrics.roc_auc.delta > 0.1", "error"],
      ["!has(metrics.roc_auc.base)", "error"],
      ["metrics.all(name, metrics[name].base > 0.1)", "error"],
    ] as const
  ).map(([require, outcome]) => ({
    name: `where base says NaN, ${require} is ${outcome}`,
    rule: "expression",
    args: { require },
    evidence: [metric(), metric({ side: "base", value: "NaN" })],
    outcome,
    ...(outcome === "error" ? { code: "METRIC_NOT_FINITE" } : {}),
  })),
  {
    name: "two numbers that contradict each other are not looked past",
    rule: "expression",
    args: { require: "!has(metrics.roc_auc)" },
    evidence: [metric({ value: 0.8 }), metric({ value: 0.9 })],
    outcome: "error",
    code: "EVIDENCE_CONTRADICTS",
  },
  ...(
    [
      ["metrics.roc_auc.head > 0.1", "missing_evidence", ["holdout", "late"]],
      ["metrics['late/roc_auc'].head > 0.1", "pass", ["holdout", "late"]],
      ["metrics.all(name, metrics[name].head > 0.1)", "pass", ["holdout", "late"]],
      ["metrics.roc_auc.head > 0.1", "error", ["holdout"]],
      ["metrics.all(name, metrics[name].head > 0.1)", "error", ["holdout"]],
      ["metrics['late/roc_auc'].head > 0.1", "pass", ["holdout"]],
    ] as const
  ).map(([require, outcome, datasets]) => ({
    name: `on two datasets where base has ${datasets.length}, ${require} is ${outcome}`,
    rule: "expression",
    args: { require },
    evidence: ["holdout", "late"].flatMap((dataset) => pair(0.8, 0.8, { dataset })),
    view: {
      model: model({
        base: version(BASE_DIGEST, {
          manifest: manifest({ evaluation: datasets.map((dataset) => evaluation({ dataset })) }),
        }),
      }),
    },
    outcome,
    ...(outcome === "pass" ? {} : { code: "METRIC_AMBIGUOUS" }),
  })),
  {
    name: "a metric that is called as another one of a dataset does not stand in its place",
    rule: "expression",
    args: { require: "metrics['holdout/roc_auc'].head >= 0.8" },
    evidence: [...pair(0.1, 0.1), metric({ name: "holdout/roc_auc", dataset: "late", value: 0.99 })],
    outcome: "error",
    code: "METRIC_AMBIGUOUS",
  },
  {
    name: "a file that was renamed is gone from where it was",
    rule: "expression",
    args: { require: "!('eval/hard.csv' in change.files)" },
    evidence: pair(0.8, 0.8),
    view: {
      change: {
        ...{ base: "1", mergeBase: "1", head: "2", models: [model()] },
        files: [{ status: "renamed", path: "old.csv", previousPath: "eval/hard.csv" }],
      },
    },
    outcome: "fail",
    code: "EXPRESSION_FALSE",
  },
  {
    name: "a metric that is planned and not reported may be asked for",
    rule: "expression",
    args: { require: "!has(metrics.recall) && metrics.all(name, metrics[name].head > 0.1)" },
    evidence: pair(0.8, 0.8),
    view: { model: model({ base: twoPlanned, head: twoPlanned }) },
    outcome: "pass",
  },
  {
    name: "a number is no truth",
    rule: "expression",
    args: { require: "metrics.roc_auc.head" },
    evidence: pair(0.8, 0.8),
    outcome: "error",
    code: "CEL_NOT_BOOLEAN",
  },
];

for (const row of [
  ...FLOOR,
  ...REGRESSION,
  ...TRUSTING,
  NO_MARGIN,
  ...PLAN,
  ...MOVED,
  ...STAYED,
  ...CURRENT,
  ...BESIDE,
  ...ABOVE,
  ...VOUCHING,
  ...EXPRESSIONS,
]) {
  test(`${row.rule}: ${row.name}`, () => {
    const judgement = RULES.get(row.rule)?.judge(row.args ?? {}, view(row.evidence, row.view));
    assert.equal(judgement?.outcome, row.outcome, JSON.stringify(judgement));
    if (row.code !== undefined) assert.equal(judgement?.findings[0]?.code, row.code);
    assert.equal(
      row.outcome === "pass",
      judgement?.findings.length === 0,
      "every outcome but pass has a finding",
    );
  });
}

test("C58: a value that is not a finite number passes no rule that reads metrics", () => {
  for (const value of ["NaN", "Infinity", "-Infinity"] as const) {
    for (const [rule, args] of [
      ["metric.floor", { metric: "roc_auc", min: -1e300 }],
      ["metric.ceiling", { metric: "roc_auc", max: 1e300 }],
      ["metric.no-regression", { margin: 1e300 }],
      ["metric.present", {}],
    ] as const) {
      const judgement = RULES.get(rule)?.judge(args, view([metric({ side: "base" }), metric({ value })]));
      assert.equal(judgement?.outcome, "error", `${rule} on ${value}`);
    }
  }
});

for (const [name, value, isPercent] of OUT_OF_RANGE) {
  test(`${name} cannot be ${value}, and no rule that reads metrics passes on it`, () => {
    const plan = manifest({ evaluation: [evaluation({ metrics: [{ name }] })] });
    const planned = model({
      base: version(BASE_DIGEST, { manifest: plan }),
      head: version(HEAD_DIGEST, { manifest: plan }),
    });
    const items = [metric({ name, value }), metric({ name, side: "base" })].map(
      ({ direction: _, ...item }) => item,
    );
    for (const [rule, args] of [
      ["metric.floor", { metric: name, min: -1e300 }],
      ["metric.ceiling", { metric: name, max: 1e300 }],
      ["metric.no-regression", { margin: 1e300 }],
      ["metric.present", {}],
    ] as const) {
      const judgement = RULES.get(rule)?.judge(args, view(items, { model: planned }));
      assert.equal(judgement?.outcome, "error", rule);
      const [finding] = judgement?.findings ?? [];
      assert.equal(finding?.code, "METRIC_OUT_OF_RANGE");
      assert.equal(/looks like percent/.test(finding?.message ?? ""), isPercent);
    }
  });
}

for (const [name, value] of IN_RANGE) {
  test(`${name} can be ${value}`, () => {
    const judge = RULES.get("metric.floor")?.judge;
    const judgement = judge?.({ metric: name, min: -1e300 }, view([metric({ name, value })]));
    assert.notEqual(judgement?.findings[0]?.code, "METRIC_OUT_OF_RANGE");
  });
}

test("of base a number in percent is read as the fraction that replaces it", () => {
  const outcomeOf = (name: string, base: number, head: number) => {
    const plan = manifest({ evaluation: [evaluation({ metrics: [{ name }] })] });
    const planned = model({
      base: version(BASE_DIGEST, { manifest: plan }),
      head: version(HEAD_DIGEST, { manifest: plan }),
    });
    const items = [metric({ name, side: "base", value: base }), metric({ name, value: head })].map(
      ({ direction: _, ...item }) => item,
    );
    const judgement = RULES.get("metric.no-regression")?.judge(
      { margin: 0 },
      view(items, { model: planned }),
    );
    return [judgement?.outcome, judgement?.observed, judgement?.findings[0]?.code];
  };
  assert.deepEqual(outcomeOf("roc_auc", 85, 0.86), ["pass", "0.85 → 0.86", undefined]);
  assert.deepEqual(outcomeOf("roc_auc", 85, 0.84), ["fail", "0.85 → 0.84", "METRIC_REGRESSED"]);
  assert.deepEqual(outcomeOf("fpr", 20, 0.3), ["fail", "0.2 → 0.3", "METRIC_REGRESSED"]);
  for (const [name, base] of [
    ["roc_auc", 1.5],
    ["roc_auc", 101],
    ["roc_auc", -1],
    ["mse", -4],
    ["brier", 20],
    ["mcc", -85],
  ] as const) {
    assert.deepEqual(outcomeOf(name, base, 0.9), ["missing_evidence", String(base), "BASE_OUT_OF_RANGE"]);
  }
});

test("an impossible number of base is corrected where the model stays as it is", () => {
  const outcomeOf = (head: typeof HEAD_DIGEST) =>
    RULES.get("metric.no-regression")?.judge(
      { margin: 0 },
      view([metric({ side: "base", value: 850 }), metric({ value: 0.85, subject: head })], {
        model: model({ base: version(BASE_DIGEST), head: version(head) }),
      }),
    ).outcome;
  assert.equal(outcomeOf(BASE_DIGEST), "not_applicable");
  assert.equal(outcomeOf(HEAD_DIGEST), "missing_evidence");
});

test("what stays as it was is no worse, whichever way is better, and what changes has to be told", () => {
  const cost = { name: "cost" };
  const planned = (digest: typeof HEAD_DIGEST) =>
    version(digest, { manifest: manifest({ evaluation: [evaluation({ metrics: [{ name: "cost" }] })] }) });
  const outcomeOf = (base: number, head: Partial<MetricEvidence>) => {
    const { direction: _, ...silent } = metric({ ...cost, side: "base", value: base });
    const { direction: __, ...now } = metric({ ...cost });
    const seen = view([silent, { ...now, ...head }], {
      model: model({ base: planned(BASE_DIGEST), head: planned(HEAD_DIGEST) }),
    });
    const judgement = RULES.get("metric.no-regression")?.judge({ margin: 0 }, seen);
    return [judgement?.outcome, judgement?.findings[0]?.code];
  };
  assert.deepEqual(outcomeOf(10, { value: 10 }), ["pass", undefined]);
  assert.deepEqual(outcomeOf(10, { value: 10, direction: "lower" }), ["pass", undefined]);
  assert.deepEqual(outcomeOf(10, { value: 11 }), ["error", "DIRECTION_UNKNOWN"]);
  assert.deepEqual(outcomeOf(10, { value: 11, direction: "higher" }), ["missing_evidence", "DIRECTION_NEW"]);
  const onOther = { value: 10, datasetDigest: OTHER_DIGEST };
  assert.deepEqual(outcomeOf(10, onOther), ["error", "DIRECTION_UNKNOWN"]);
});

test("a metric that is planned for the first time of a model that stays as it is has no loss", () => {
  const outcomeOf = (head: typeof HEAD_DIGEST, evidence: readonly MetricEvidence[]) =>
    RULES.get("metric.no-regression")?.judge(
      { margin: 0 },
      view(evidence, { model: model({ base: version(BASE_DIGEST), head: version(head) }) }),
    ).outcome;
  const measured = metric({ subject: BASE_DIGEST });
  assert.equal(outcomeOf(BASE_DIGEST, [measured]), "not_applicable");
  assert.equal(outcomeOf(HEAD_DIGEST, [metric()]), "missing_evidence");
  assert.equal(outcomeOf(BASE_DIGEST, [measured, metric({ side: "base", value: 0.9 })]), "fail");
  assert.equal(outcomeOf(BASE_DIGEST, [measured, metric({ side: "base", value: "NaN" })]), "error");
});

test("a metric that leaves the plan is held by the gate about the plan, which can be waived", () => {
  const two = [evaluation({ metrics: [{ name: "roc_auc" }, { name: "recall" }] })];
  const seen = view([metric()], {
    model: model({ base: version(BASE_DIGEST, { manifest: manifest({ evaluation: two }) }) }),
  });
  assert.equal(RULES.get("evidence.subject")?.judge({}, seen).outcome, "pass");
  const judgement = RULES.get("metric.present")?.judge({}, seen);
  assert.deepEqual([judgement?.outcome, judgement?.findings[0]?.code], ["fail", "PLAN_SHRUNK"]);
});

test("a number in percent is told which fraction to report", () => {
  const judgement = RULES.get("metric.present")?.judge({}, view([metric({ value: 85 })]));
  assert.deepEqual(judgement?.findings[0], {
    code: "METRIC_OUT_OF_RANGE",
    message: "roc_auc on holdout is 85, which it cannot be: roc_auc is from 0 to 1; it looks like percent",
    place: { path: "m/metrics.json" },
    fix: "Report it as a fraction (0.85), or name the metric otherwise if it is another one",
    metric: { name: "roc_auc", dataset: "holdout" },
  });
});

test("numbers that differ are shown so that they can be told apart", () => {
  const head = metric({ value: 0.79999991 });
  const floor = RULES.get("metric.floor")?.judge({ metric: "roc_auc", min: 0.8 }, view([head]));
  assert.equal(floor?.findings[0]?.message, "roc_auc on holdout is 0.7999999, below the floor of 0.8");
  assert.deepEqual([floor?.observed, floor?.expected], ["0.7999999", "≥ 0.8"]);
  const pair = [metric({ side: "base", value: 0.80000012 }), head];
  const regression = RULES.get("metric.no-regression")?.judge({ margin: 0 }, view(pair));
  assert.equal(regression?.observed, "0.8000001 → 0.7999999");
  const ci = { low: 0.7999998, high: 0.79999997, level: 0.95 };
  const interval = view([metric({ value: 0.7999999, ci })]);
  const narrow = RULES.get("metric.floor")?.judge({ metric: "roc_auc", min: 0.8, level: 0.95 }, interval);
  assert.equal(narrow?.observed, "0.7999999 [0.7999998, 0.79999997]");
});

test("an inconclusive floor names the sample size that could tell", () => {
  const judgement = RULES.get("metric.floor")?.judge(
    sure,
    view([metric({ value: 0.8, n: 1000, ci: ci(0.76, 0.84) })]),
  );
  // Half width 0.04 over distance 0.02: twice as narrow needs four times the sample.
  assert.match(judgement?.findings[0]?.message ?? "", /about (3999|4000|4001) samples instead of 1000/);
});

test("a number that is not trusted is marked at its line, where the file has lines", () => {
  const placeOf = (line: number | undefined) => {
    const { line: _, ...whole } = source();
    const item = metric({ source: { ...whole, ...(line === undefined ? {} : { line }) } });
    const judgement = RULES.get("evidence.trust")?.judge({ minimum_by_tier: { T2: "ci" } }, view([item]));
    return judgement?.findings[0]?.place;
  };
  assert.deepEqual(placeOf(7), { path: source().path, line: 7 });
  assert.deepEqual(placeOf(undefined), { path: source().path });
});
