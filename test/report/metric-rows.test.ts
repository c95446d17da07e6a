import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateResult } from "../../gate/model/decision.ts";
import type { MetricEvidence } from "../../gate/model/evidence.ts";
import type { Gate } from "../../gate/model/gate.ts";
import { type MetricRow, toMetricRows } from "../../gate/report/metric-rows.ts";
import { digestFor, gate, metric, policy, record, result } from "./records.ts";

function rowsOf(
  evidence: readonly MetricEvidence[],
  gates: readonly Gate[] = [],
  results: readonly GateResult[] = [],
): readonly MetricRow[] {
  return toMetricRows(record({ verdict: "pass", results, input: { evidence, policy: policy({ gates }) } }));
}

const BOTH = [metric("base", "roc_auc", 0.79), metric("head", "roc_auc", 0.77)];

test("a row holds both sides, the signed difference, and whether it is better", () => {
  const [row] = rowsOf(BOTH);
  assert.deepEqual(row, {
    model: "credit-pd",
    metric: "roc_auc",
    dataset: "holdout",
    base: "0.7900",
    head: "0.7700",
    delta: "-0.0200",
    change: "worse",
  });
});

test("a number of one side alone has a row", () => {
  assert.deepEqual(
    rowsOf([metric("head", "roc_auc", 0.77)]).map(({ base, head, delta }) => [base, head, delta]),
    [[undefined, "0.7700", undefined]],
  );
});

const CHANGES = [
  ["log_loss", 0.4, 0.3, undefined, "better"],
  ["log_loss", 0.4, 0.4, undefined, "same"],
  ["business_value", 1.5, 2.5, undefined, undefined],
  ["business_value", 1.5, 2.5, "lower", "worse"],
  ["roc_auc", 0.7, "NaN", "higher", undefined],
] as const;

for (const [name, base, head, direction, change] of CHANGES) {
  test(`${name} from ${base} to ${head} with direction ${direction} is ${change}`, () => {
    const over = direction === undefined ? {} : { direction };
    assert.equal(rowsOf([metric("base", name, base), metric("head", name, head, over)])[0]?.change, change);
  });
}

const LEFT_OUT = [
  ["a slice", metric("head", "roc_auc", 0.5, { slice: { sex: "F" } })],
  ["training data", metric("head", "roc_auc", 0.99, { role: "train" })],
  ["another digest", metric("head", "roc_auc", 0.99, { subject: digestFor("other") })],
  ["another model", metric("head", "roc_auc", 0.99, { model: "other" })],
] as const;

for (const [what, evidence] of LEFT_OUT) {
  test(`evidence about ${what} has no place in the table`, () => assert.deepEqual(rowsOf([evidence]), []));
}

test("evidence about this very digest counts", () => {
  assert.equal(rowsOf([metric("head", "roc_auc", 0.7, { subject: digestFor("head") })])[0]?.head, "0.7000");
});

test("the most trusted value stands, and two of equal trust stand against each other", () => {
  const declared = metric("head", "roc_auc", 0.99, { trust: "declared" });
  assert.equal(rowsOf([declared, ...BOTH])[0]?.head, "0.7700");
  const [row] = rowsOf([...BOTH, metric("head", "roc_auc", 0.78)]);
  assert.equal(row?.head, "0.77 ≠ 0.78");
  assert.equal(row?.delta, undefined);
});

const FLOOR = gate("FLOOR", { with: { metric: "roc_auc", dataset: "holdout" } });
const ANY_DATASET = gate("ANY", { with: { metric: "roc_auc" } });
const PLAN = gate("PLAN", { rule: "metric.no-regression" });
const CARD = gate("CARD", { rule: "card.complete" });
const about = { model: "credit-pd" } as const;
const fails = { ...about, outcome: "fail", closes: true } as const;
const onAuc = { findings: [{ code: "X", message: "x", metric: { name: "roc_auc", dataset: "holdout" } }] };

const JUDGED: readonly (readonly [string, Gate, GateResult, string | undefined])[] = [
  ["a gate that names it passes", FLOOR, result(FLOOR, about), "pass"],
  ["a gate that names it fails", FLOOR, result(FLOOR, fails), "fail"],
  ["a gate over all datasets finds it", ANY_DATASET, result(ANY_DATASET, { ...fails, ...onAuc }), "fail"],
  ["a gate over the plan finds it", PLAN, result(PLAN, { ...fails, ...onAuc }), "fail"],
  ["a gate over the plan passes", PLAN, result(PLAN, about), "pass"],
  ["a gate over the plan fails and does not say for which number", PLAN, result(PLAN, fails), undefined],
  ["a gate is not about metrics", CARD, result(CARD, fails), undefined],
  ["a gate is about another model", FLOOR, result(FLOOR, { ...fails, model: "other" }), undefined],
  [
    "a gate over the plan finds another number, and something that names none",
    PLAN,
    result(PLAN, {
      ...fails,
      findings: [
        { code: "X", message: "x", metric: { name: "brier_score" } },
        { code: "Y", message: "y" },
      ],
    }),
    undefined,
  ],
  [
    "a gate over the plan finds another number",
    PLAN,
    result(PLAN, { ...fails, findings: [{ code: "X", message: "x", metric: { name: "brier_score" } }] }),
    "pass",
  ],
];

for (const [when, of, judged, outcome] of JUDGED) {
  test(`where ${when}, the row says ${outcome}`, () => {
    assert.equal(rowsOf(BOTH, [of], [judged])[0]?.judged?.outcome, outcome);
  });
}

test("a number that is not planned is not judged by a gate over the plan", () => {
  const [row] = rowsOf([metric("head", "made_up", 1)], [PLAN], [result(PLAN, about)]);
  assert.equal(row?.judged, undefined);
});

test("the worst of several gates is shown, and the worst rows stand first", () => {
  const evidence = [metric("head", "brier_score", 0.1), ...BOTH];
  const rows = rowsOf(evidence, [FLOOR, PLAN], [result(FLOOR, fails), result(PLAN, about)]);
  assert.deepEqual(
    rows.map(({ metric: name, judged }) => [name, judged?.outcome, judged?.result.gate]),
    [
      ["roc_auc", "fail", "FLOOR"],
      ["brier_score", "pass", "PLAN"],
    ],
  );
});

test("a metric named __proto__ is only a metric", () => {
  assert.equal(rowsOf([metric("head", "__proto__", 0.5)])[0]?.metric, "__proto__");
});
