import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateResult } from "../../gate/model/decision.ts";
import { LOG_ANNOTATIONS_MAX, toAnnotations, toWorkflowCommands } from "../../gate/report/annotations.ts";
import { toReport } from "../../gate/report/report.ts";
import { FAIL, gate, HOSTILE, RECORDS, record, result, WAIT, WAIVED } from "./records.ts";
import { linesOf, parseCommand } from "./runner.ts";

test("each finding has its annotation: what closes is an error, sorted by file and line", () => {
  assert.deepEqual(
    toAnnotations(toReport(FAIL)).map(({ level, path, line, title }) => [level, path, line, title]),
    [
      ["error", "models/credit-pd/metrics.json", 3, "PERF-01: The scorecard separates good from bad (fail)"],
      [
        "error",
        "models/credit-pd/metrics.json",
        3,
        "PERF-02: No planned metric is worse than at base (fail)",
      ],
      [
        "error",
        "models/credit-pd/metrics.json",
        9,
        "PERF-02: No planned metric is worse than at base (fail)",
      ],
      ["error", "models/credit-pd/model.pkl", 1, "CORE-03: Model files cannot run code (fail)"],
      [
        "warning",
        "models/credit-pd/README.md",
        48,
        "DOC-01: The model card says what the model is for (fail, warns only)",
      ],
    ],
  );
});

test("annotations of one file are in the order of its lines", () => {
  const findings = [9, 2, 30].map((line) => ({ code: "X", message: "x", place: { path: "a.json", line } }));
  const results = [result(gate("G"), { outcome: "fail", closes: true, findings })];
  assert.deepEqual(
    toAnnotations(toReport(record({ verdict: "fail", results }))).map(({ line }) => line),
    [2, 9, 30],
  );
});

test("what is waived is a notice, and a finding without a place points at the manifest", () => {
  assert.equal(toAnnotations(toReport(WAIVED))[0]?.level, "notice");
  assert.equal(toAnnotations(toReport(WAIT))[0]?.path, "models/credit-pd/model.yml");
});

test("a path that is not UTF-8 has no annotation in a file, for no interface could carry it", () => {
  const findings = [{ code: "X", message: "x", place: { path: "models/\udc80.pkl", line: 4 } }];
  const results = [result(gate("G"), { outcome: "fail", closes: true, findings })];
  const [annotation] = toAnnotations(toReport(record({ verdict: "fail", results })));
  assert.equal(annotation?.path, undefined);
});

test("every command is one line that the runner reads as it was meant", () => {
  for (const decision of Object.values(RECORDS)) {
    const annotations = toAnnotations(toReport(decision));
    const lines = toWorkflowCommands(annotations);
    assert.equal(linesOf(lines.join("\n")).length, Math.max(lines.length, 1));
    const commands = lines.map(parseCommand);
    assert.deepEqual(
      commands.map((command) => [
        command?.name,
        command?.properties.get("file"),
        command?.properties.get("title"),
        command?.data,
      ]),
      annotations.map(({ level, path, title, message }) => [level, path, title, message]),
    );
  }
});

test("a hostile message has no control character left, for a log shows them", () => {
  for (const { title, message } of toAnnotations(toReport(HOSTILE))) {
    assert.doesNotMatch(title + message.replaceAll("\nFix: ", ""), /[\p{Cc}\p{Cf}\p{Cs}]/u);
  }
});

function many(number: number, over: Partial<GateResult>): readonly GateResult[] {
  return Array.from({ length: number }, (_, index) =>
    result(gate(`G-${index}`), { outcome: "fail", ...over }),
  );
}

test("a log has ten of each level and says how many there are; the list has all", () => {
  const results = [
    ...many(23, { closes: true }),
    ...many(11, { severity: "warn" }),
    ...many(2, { severity: "info" }),
  ];
  const annotations = toAnnotations(toReport(record({ verdict: "fail", results })));
  assert.equal(annotations.length, 36);
  const lines = toWorkflowCommands(annotations);
  const names = lines.map((line) => parseCommand(line)?.name);
  assert.equal(names.filter((name) => name === "error").length, LOG_ANNOTATIONS_MAX);
  assert.equal(names.filter((name) => name === "warning").length, LOG_ANNOTATIONS_MAX);
  assert.equal(names.filter((name) => name === "notice").length, 2);
  assert.deepEqual(
    lines.filter((line) => parseCommand(line) === undefined),
    [
      "Weighbridge marks 10 of 23 errors here; the report has all",
      "Weighbridge marks 10 of 11 warnings here; the report has all",
    ],
  );
});
