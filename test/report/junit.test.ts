import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionRecord, GateResult } from "../../gate/model/decision.ts";
import { toJunit } from "../../gate/report/junit.ts";
import { toReport } from "../../gate/report/report.ts";
import { FAIL, gate, PASS, RECORDS, record, result, WAIVED } from "./records.ts";
import { type Element, elementsOf, parseXml } from "./xml.ts";

function junitOf(decision: DecisionRecord): Element {
  return parseXml(toJunit(toReport(decision)));
}

function caseOf(over: Partial<GateResult>): Element | undefined {
  const results = [result(gate("G"), { model: "a", ...over })];
  return elementsOf(junitOf(record({ verdict: "fail", results })), "testcase")[0];
}

const ENDINGS = [
  [{ outcome: "pass" }, undefined],
  [{ outcome: "fail", closes: true }, "failure"],
  [{ outcome: "inconclusive", closes: true }, "failure"],
  [{ outcome: "missing_evidence", closes: true }, "error"],
  [{ outcome: "error", closes: true }, "error"],
  [{ outcome: "not_applicable" }, "skipped"],
  [{ outcome: "fail", waiver: "WVR-7" }, "skipped"],
  [{ outcome: "error", waiver: "WVR-7" }, "skipped"],
] as const;

for (const [over, ending] of ENDINGS) {
  test(`${JSON.stringify(over)} is ${ending ?? "a case that passes"}`, () => {
    assert.deepEqual(
      caseOf(over)?.children.map(({ name }) => name),
      ending === undefined ? [] : [ending],
    );
  });
}

for (const [name, decision] of Object.entries(RECORDS)) {
  test(`the JUnit of "${name}" is well-formed, and its totals are true`, () => {
    const root = junitOf(decision);
    assert.equal(root.name, "testsuites");
    for (const suite of [root, ...elementsOf(root, "testsuite")]) {
      const count = (element: string) => String(elementsOf(suite, element).length);
      const { tests, failures, errors, skipped } = suite.attributes;
      assert.deepEqual(
        [tests, failures, errors, skipped],
        [count("testcase"), count("failure"), count("error"), count("skipped")],
      );
    }
    assert.equal(elementsOf(root, "testcase").length, decision.results.length);
  });
}

test("a failure says what was found and asked, where, why, and what to do", () => {
  const [, , , failure] = elementsOf(junitOf(FAIL), "testcase").map(({ children }) => children[0]);
  assert.equal(failure?.attributes.message, "fail: 0.7712, asked ≥ 0.78");
  assert.equal(failure?.attributes.type, "fail");
  assert.equal(
    failure?.text,
    [
      "roc_auc on holdout is 0.7712, below the floor of 0.78 (models/credit-pd/metrics.json:3)",
      "Why: Below 0.78 it loses to the incumbent vendor's score",
      "Fix: Retrain until roc_auc on holdout is at least 0.78, or ask for a waiver",
    ].join("\n"),
  );
});

test("a waiver and a reason not to apply are shown with what was observed", () => {
  const messages = [WAIVED, PASS].map(
    (decision) => elementsOf(junitOf(decision), "skipped")[0]?.attributes.message,
  );
  assert.deepEqual(messages, [
    "fail, open by waiver WVR-2026-0007: 0.7712, asked ≥ 0.78",
    "not applicable: The model has no dataset: its rules are written by hand",
  ]);
});

test("the time of a suite has no zone, as JUnit's schema has none", () => {
  assert.equal(elementsOf(junitOf(PASS), "testsuite")[0]?.attributes.timestamp, "2026-11-02T09:12:44");
});
