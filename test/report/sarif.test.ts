import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import type { DecisionRecord, GateResult } from "../../gate/model/decision.ts";
import { toReport } from "../../gate/report/report.ts";
import { toSarif } from "../../gate/report/sarif.ts";
import { ERROR, FAIL, gate, HOSTILE, RECORDS, record, result, WAIVED } from "./records.ts";
import { parseCommand } from "./runner.ts";

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations?: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string };
      readonly region: { readonly startLine: number };
    };
  }[];
  readonly partialFingerprints: { readonly "weighbridge/v1": string };
  readonly suppressions?: readonly {
    readonly kind: string;
    readonly status: string;
    readonly justification: string;
  }[];
}

interface SarifRun {
  readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
  readonly invocations: readonly {
    readonly executionSuccessful: boolean;
    readonly toolExecutionNotifications?: readonly unknown[];
  }[];
  readonly results: readonly SarifResult[];
}

function runOf(decision: DecisionRecord): SarifRun {
  return JSON.parse(toSarif(toReport(decision))).runs[0];
}

/** The schema is of draft 4; without its own name it reads the same in draft 7. */
function sarifSchema() {
  const text = readFileSync(new URL("corpus/sarif-2.1.0-rtm.5.json", import.meta.url), "utf8");
  const { $schema, id, ...schema } = JSON.parse(text);
  assert.deepEqual([$schema, typeof id], ["http://json-schema.org/draft-04/schema#", "string"]);
  return schema;
}

const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats.default(ajv);
const isSarif = ajv.compile(sarifSchema());

for (const [name, decision] of Object.entries(RECORDS)) {
  test(`the SARIF of "${name}" fits the schema of SARIF 2.1.0`, () => {
    const log = JSON.parse(toSarif(toReport(decision)));
    assert.equal(isSarif(log), true, ajv.errorsText(isSarif.errors));
  });
}

test("the schema refuses what is not SARIF", () => {
  assert.equal(isSarif({ version: "2.1.0", runs: [{ tool: { driver: {} } }] }), false);
});

test("a severity gives the level, and every result points at its rule", () => {
  const { results, tool } = runOf(FAIL);
  assert.deepEqual(
    results.map(({ ruleId, level }) => [ruleId, level]),
    [
      ["CORE-03", "error"],
      ["DOC-01", "warning"],
      ["PERF-01", "error"],
      ["PERF-02", "error"],
      ["PERF-02", "error"],
    ],
  );
  for (const item of results) assert.equal(tool.driver.rules[item.ruleIndex]?.id, item.ruleId);
});

test("what passes and what does not apply is no result, but its rule is listed", () => {
  const { results, tool } = runOf(RECORDS.pass);
  assert.deepEqual(results, []);
  assert.equal(tool.driver.rules.length, 4);
});

test("a waiver is an accepted suppression that names it", () => {
  assert.deepEqual(runOf(WAIVED).results[0]?.suppressions, [
    {
      kind: "external",
      status: "accepted",
      justification:
        "WVR-2026-0007 until 2027-01-31T00:00:00Z: The incumbent's outage is worse than half a point of AUC",
    },
  ]);
  assert.equal(runOf(FAIL).results[0]?.suppressions, undefined);
});

test("a change that could not be judged is an execution that failed, with the reasons", () => {
  const [invocation] = runOf(ERROR).invocations;
  assert.equal(invocation?.executionSuccessful, false);
  assert.equal(invocation?.toolExecutionNotifications?.length, 1);
  assert.equal(runOf(FAIL).invocations[0]?.executionSuccessful, true);
});

function fails(message: string, line: number, over: Partial<GateResult> = {}): GateResult {
  const findings = [{ code: "METRIC_BELOW_FLOOR", message, place: { path: "m.json", line } }];
  return result(gate("G"), { model: "a", outcome: "fail", closes: true, findings, ...over });
}

function fingerprints(...results: readonly GateResult[]): readonly string[] {
  return runOf(record({ verdict: "fail", results })).results.map(
    (item) => item.partialFingerprints["weighbridge/v1"],
  );
}

test("a fingerprint does not change with the value, the line or the outcome", () => {
  const [one] = fingerprints(fails("auc is 0.71", 3));
  assert.deepEqual(fingerprints(fails("auc is 0.72", 9)), [one]);
  assert.deepEqual(fingerprints(fails("auc is NaN", 3, { outcome: "error" })), [one]);
});

test("a fingerprint changes with gate, model, code, file and metric, and none stands twice in a file", () => {
  const finding = { code: "METRIC_BELOW_FLOOR", message: "x", place: { path: "m.json", line: 3 } };
  const all = fingerprints(
    fails("x", 3),
    fails("x", 3),
    { ...fails("x", 3), gate: "H" },
    fails("x", 3, { model: "b" }),
    fails("x", 3, { findings: [{ ...finding, code: "OTHER" }] }),
    fails("x", 3, { findings: [{ ...finding, place: { path: "n.json" } }] }),
    fails("x", 3, { findings: [{ ...finding, metric: { name: "auc" } }] }),
    fails("x", 3, { findings: [{ ...finding, metric: { name: "auc", dataset: "holdout" } }] }),
  );
  assert.equal(new Set(all).size, all.length);
});

test("every result has a line in a file, for code scanning refuses one that has none", () => {
  for (const decision of Object.values(RECORDS)) {
    for (const { locations } of runOf(decision).results) {
      assert.ok((locations?.[0]?.physicalLocation.region.startLine ?? 0) >= 1);
    }
  }
});

test("a SARIF file that is printed holds no command for the runner, and still says all", () => {
  const text = toSarif(toReport(HOSTILE));
  assert.match(HOSTILE.results[0]?.findings[0]?.message ?? "", /##\[error\]/);
  for (const line of text.split("\n")) assert.equal(parseCommand(line), undefined);
  assert.match(runOf(HOSTILE).results[0]?.message.text ?? "", /##\[error\]/);
});

test("a hostile path is a relative reference that gives back its bytes", () => {
  const uri = runOf(HOSTILE).results[0]?.locations?.[0]?.physicalLocation.artifactLocation.uri ?? "";
  assert.match(uri, /^(?:[\w.~!'()*/-]|%[0-9A-F]{2})+$/);
  assert.match(uri, /%E2%80%AEgnp\.exe/);
  assert.match(uri, /%80/);
});
