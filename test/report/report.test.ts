import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { toAnnotations } from "../../gate/report/annotations.ts";
import { FORMATS } from "../../gate/report/formats.ts";
import { toMarkdown } from "../../gate/report/markdown.ts";
import { homeOf, toReport } from "../../gate/report/report.ts";
import { explanationsOf, findingsOf, outcomeWords, remedyOf, standingOf } from "../../gate/report/results.ts";
import { countsLine } from "../../gate/report/sentences.ts";
import {
  ADVISORY,
  commitFor,
  ERROR,
  FAIL,
  gate,
  PASS,
  POLICY_WEAKENED,
  policy,
  record,
  result,
  UNUSED,
  WAIT,
  WAIVED,
} from "./records.ts";

const HEADLINES: readonly (readonly [DecisionRecord, string])[] = [
  [PASS, "Weighbridge: no gate closes this change"],
  [FAIL, "Weighbridge: 3 gates close this change"],
  [POLICY_WEAKENED, "Weighbridge: 1 gate closes this change"],
  [ERROR, "Weighbridge: this change could not be judged, so it stays closed"],
  [WAIT, "Weighbridge: only approvals are missing"],
  [WAIVED, "Weighbridge: no gate closes this change; 1 is open by waiver"],
  [ADVISORY, "Weighbridge, advisory only: nothing is enforced; 2 gates warn"],
  [record({ verdict: "pass", results: [], models: [] }), "Weighbridge: this change touches no model"],
  [
    record({
      verdict: "pass",
      results: [result(gate("G"), { outcome: "fail", severity: "warn" })],
      models: [],
    }),
    "Weighbridge: no gate closes this change; 1 gate warns",
  ],
  [of("base", "base", "head"), "Weighbridge: this change touches no model"],
  [
    of("head", "head", "head"),
    "Weighbridge: base and head are the same commit, so there is nothing to judge",
  ],
  [of("base", "head", "head"), "Weighbridge: the base already holds the head, so there is nothing to judge"],
  [
    record({
      verdict: "fail",
      results: [result(gate("G"), { outcome: "fail", closes: true })],
      models: [],
      input: of("head", "head", "head").input,
    }),
    "Weighbridge: 1 gate closes this change; base and head are the same commit, so there is no change",
  ],
];

/** A pass about no model, between these commits. */
function of(base: string, mergeBase: string, head: string): DecisionRecord {
  const commits = { base: commitFor(base), mergeBase: commitFor(mergeBase), head: commitFor(head) };
  const input = { change: { ...commits, files: [], models: [] } };
  return record({ verdict: "pass", results: [], models: [], input });
}

for (const [decision, headline] of HEADLINES) {
  test(`a report says "${headline}"`, () => assert.equal(toReport(decision).headline, headline));
}

test("a pass of nothing does not look like a plain pass", () => {
  assert.equal(toReport(of("base", "base", "head")).tone, "passed");
  assert.equal(toReport(of("head", "head", "head")).tone, "warned");
});

test("blockers stand worst first: errors, then failures, then what is missing, then what cannot be told", () => {
  const outcomes = ["inconclusive", "missing_evidence", "fail", "error"] as const;
  const results = outcomes.map((outcome, index) =>
    result(gate(`G-${index}`), { model: "a", outcome, closes: true }),
  );
  const { blockers } = toReport(record({ verdict: "error", results }));
  assert.deepEqual(
    blockers.map(({ outcome }) => outcome),
    ["error", "fail", "missing_evidence", "inconclusive"],
  );
});

test("of two equal blockers the one of the more critical model stands first", () => {
  const models = [
    { id: "a", changeClass: "C", tier: "T3", tierReasons: [] },
    { id: "b", changeClass: "C", tier: "T1", tierReasons: [] },
  ] as const;
  const results = models.map(({ id }) => result(gate("G-1"), { model: id, outcome: "fail", closes: true }));
  const { blockers } = toReport(record({ verdict: "fail", results, models }));
  assert.deepEqual(
    blockers.map(({ model }) => model),
    ["b", "a"],
  );
});

test("what is waived is neither a blocker nor a warning, and its waiver stands beside it", () => {
  const { blockers, warnings, waived } = toReport(WAIVED);
  assert.deepEqual([blockers, warnings], [[], []]);
  assert.equal(waived[0]?.result.outcome, "fail");
  assert.equal(waived[0]?.waiver?.id, "WVR-2026-0007");
});

test("advisory mode says so and names the command that ends it", () => {
  assert.equal(toReport(ADVISORY).next?.command, "weighbridge init");
  assert.equal(toReport(PASS).next, undefined);
});

test("a change of the judge says what it edits and whose policy decided", () => {
  assert.equal(
    toReport(POLICY_WEAKENED).policyChange?.summary,
    "This change edits its own policy and workflows that judge it; the policy of the base decided. 2 demands loosened, 1 demand tightened.",
  );
  const unreadable = { code: "YAML_TAB", message: "Cannot read policy.yml: a tab" };
  const policyChange = { files: [{ path: "p.yml", kind: "policy" }], differences: [], unreadable } as const;
  assert.equal(
    toReport(record({ verdict: "fail", results: [], input: { policyChange } })).policyChange?.summary,
    "This change edits its own policy; the policy of the base decided. The new policy cannot be read.",
  );
});

test("the counts name only what there is, and add up", () => {
  assert.equal(countsLine(toReport(FAIL).counts), "5 gates: 3 close, 1 warns, 1 does not apply");
  assert.equal(countsLine(toReport(record({ verdict: "pass", results: [] })).counts), "0 gates");
  for (const decision of [PASS, FAIL, ERROR, ADVISORY, WAIVED, POLICY_WEAKENED, WAIT]) {
    const { results, ...parts } = toReport(decision).counts;
    assert.equal(
      Object.values(parts).reduce((sum, part) => sum + part, 0),
      results,
    );
  }
});

test("an unknown gate with no finding is not silent", () => {
  const silent = result(gate("G-1", { title: "Something holds" }), { outcome: "error", closes: true });
  assert.deepEqual(findingsOf(silent), [{ code: "ERROR", message: "Not met: Something holds" }]);
});

test("what has no place of its own is at home in the model's manifest, or in the policy for the whole change", () => {
  const report = toReport(FAIL);
  const home = (model?: string) => homeOf(result(gate("G"), model === undefined ? {} : { model }), report);
  assert.deepEqual(home("credit-pd"), { path: "models/credit-pd/model.yml" });
  assert.deepEqual(home(), { path: ".weighbridge/policy.yml" });
  assert.equal(home("unknown"), undefined);
});

const TONES = [
  [PASS, "passed"],
  [WAIVED, "passed"],
  [ADVISORY, "warned"],
  [WAIT, "waiting"],
  [FAIL, "closed"],
  [ERROR, "closed"],
] as const;

for (const [decision, tone] of TONES) {
  test(`"${toReport(decision).headline}" has the tone ${tone}`, () =>
    assert.equal(toReport(decision).tone, tone));
}

test("an explanation names the waivers that do not help", () => {
  const refusedWaivers = [{ id: "WVR-7", reason: "expired on 2026-10-01" }];
  const findings = [{ code: "X", message: "x", place: { path: "a.json", line: 2 } }];
  assert.deepEqual(explanationsOf(result(gate("G"), { outcome: "fail", findings, refusedWaivers })), [
    { text: "x", source: [], place: { path: "a.json", line: 2 } },
    { text: "Waiver WVR-7 has no effect: expired on 2026-10-01", source: [] },
  ]);
});

test("the fix of a finding comes before the fix of its gate", () => {
  const of = gate("G", { fix: "of the gate" });
  assert.equal(remedyOf(result(of)), "of the gate");
  const findings = [
    { code: "A", message: "a" },
    { code: "B", message: "b", fix: "of the finding" },
  ];
  assert.equal(remedyOf(result(of, { findings })), "of the finding");
});

const STANDINGS = [
  [{ outcome: "pass" }, "passes", "pass"],
  [{ outcome: "not_applicable" }, "not_applicable", "not applicable"],
  [{ outcome: "fail", closes: true }, "closes", "fail"],
  [{ outcome: "missing_evidence", closes: true }, "closes", "missing evidence"],
  [{ outcome: "fail", waiver: "WVR-7" }, "waived", "fail, open by waiver WVR-7"],
  [{ outcome: "fail", severity: "warn" }, "warns", "fail, warns only"],
  [{ outcome: "inconclusive" }, "warns", "inconclusive, warns only"],
  [{ outcome: "error", severity: "info" }, "notes", "error, warns only"],
] as const;

for (const [over, standing, words] of STANDINGS) {
  test(`${JSON.stringify(over)} ${standing}: "${words}"`, () => {
    assert.equal(standingOf(result(gate("G"), over)), standing);
    assert.equal(outcomeWords(result(gate("G"), over)), words);
  });
}

test("a report keeps the order of the record: the whole change first, then the models", () => {
  const results = [result(gate("A")), result(gate("A"), { model: "a" }), result(gate("B"), { model: "a" })];
  const { groups } = toReport(record({ verdict: "pass", results, input: { policy: policy() } }));
  assert.deepEqual(
    groups.map(({ model, results: group }) => [model, group.length]),
    [
      [undefined, 1],
      ["a", 2],
    ],
  );
});

test("those who acted are named as the caller knows them, and nobody pings anybody", () => {
  const names = new Map([
    [7, "@acme/everyone"],
    [9, "<b>anna</b>"],
  ]);
  const { source } = toMarkdown(toReport(WAIT, names), { pull: 12 });
  assert.match(source, /everyone/);
  assert.doesNotMatch(source, /(?<![\w`])@acme|<b>anna/);
  assert.match(toMarkdown(toReport(WAIT), { pull: 12 }).source, /user 7/);
});

test("a pass without what the run brought is a pass with a warning, in every document", () => {
  const decision = { ...PASS, input: { ...PASS.input, problems: [UNUSED] } };
  const report = toReport(decision);
  assert.equal(report.tone, "warned");
  assert.match(report.statement, /1 file of the run is not used$/);
  for (const [name, render] of Object.entries(FORMATS)) {
    assert.match(render(decision), /results\.json/, name);
  }
  assert.deepEqual(
    toAnnotations(report).map(({ level, path, message }) => [level, path, message]),
    [["warning", undefined, `${UNUSED.message}\nFix: ${UNUSED.fix}`]],
  );
  assert.match(FORMATS.sarif(decision), /"level": "warning",\s+"message": \{\s+"text": "Cannot use/);
  assert.match(FORMATS.junit(decision), /<system-err>Cannot use [^<]*results\.json[^<]*<\/system-err>/);
});
