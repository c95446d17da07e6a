import assert from "node:assert/strict";
import { test } from "node:test";
import { toReport } from "../../gate/report/report.ts";
import { alignColumns, columnsOf, layOut } from "../../gate/report/terminal-layout.ts";
import { toText } from "../../gate/report/text.ts";
import { FAIL, metric, RECORDS, record } from "./records.ts";

test("no line is wider than the terminal, but for a word that is", () => {
  for (const width of [40, 60, 100, 200]) {
    for (const decision of Object.values(RECORDS)) {
      for (const line of toText(toReport(decision), { width }).split("\n")) {
        assert.ok(columnsOf(line) <= width || !/\S .*\S/.test(line.trim().replace(/^\S+ /, "")), line);
      }
    }
  }
});

test("color is what is asked for: without it no escape sequence, with it only ours, and the same text", () => {
  const report = toReport(FAIL);
  const plain = toText(report, { width: 80 });
  const colored = toText(report, { width: 80, color: true });
  assert.ok(!plain.includes("\u001b"));
  assert.equal(colored.replace(/\u001b\[(?:0|1|2|31|32|33)m/g, ""), plain);
  assert.ok(colored.startsWith("\u001b[31mWeighbridge: 3 gates close this change\u001b[0m\n"));
});

test("a hostile text cannot color", () => {
  assert.doesNotMatch(toText(toReport(RECORDS.hostile), { color: true }), /\u001b(?!\[(?:0|1|2|31|32|33)m)/);
});

test("a paragraph hangs under the end of its label", () => {
  assert.deepEqual(
    layOut(
      { indent: 2, label: "Fix: ", text: "one two three four five six seven eight nine" },
      { width: 40 },
    ),
    ["  Fix: one two three four five six seven", "       eight nine"],
  );
});

test("a long word stands whole on a line of its own", () => {
  const path = `models/${"x".repeat(80)}.onnx`;
  assert.deepEqual(layOut({ indent: 0, text: `see ${path} there` }, { width: 40 }), ["see", path, "there"]);
  assert.deepEqual(layOut({ indent: 0, text: path }, { width: 40 }), [path]);
});

const COLUMNS = [
  ["abc", 3],
  ["模型", 4],
  ["é", 1],
  ["e\u0301", 1],
  ["🚀", 2],
  ["", 0],
] as const;

for (const [text, columns] of COLUMNS) {
  test(`"${text}" takes ${columns} columns`, () => assert.equal(columnsOf(text), columns));
}

test("rows are aligned by columns, or not at all where the terminal is too narrow", () => {
  const rows = [
    ["模型", "1"],
    ["a", "22"],
  ];
  assert.deepEqual(alignColumns(rows, { width: 40 }), ["  模型  1", "  a     22"]);
  assert.equal(alignColumns([["x".repeat(50)]], { width: 40 }), undefined);
});

test("metrics too wide for a table become sentences, and the model is named where there are several", () => {
  const evidence = [metric("head", "a_metric_with_quite_a_long_name", 0.5)];
  const text = toText(toReport(record({ verdict: "pass", results: [], input: { evidence } })), { width: 40 });
  assert.match(
    text,
    /credit-pd:\n {2}a_metric_with_quite_a_long_name on\n {2}holdout is nothing at base, 0\.5000 at\n {2}head \(-\), no gate/,
  );
});
