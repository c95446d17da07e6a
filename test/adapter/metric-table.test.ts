import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetricTable } from "../../gate/adapter/metric-table.ts";

function read(text: string) {
  return readMetricTable(text, "m.csv");
}

test("columns metric and value hold one number in each row", () => {
  const { items } = read("metric,value,dataset\nroc_auc,0.87,holdout\nbrier,0.11,\n");
  assert.deepEqual(items, [
    { kind: "metric", name: "roc_auc", value: 0.87, line: 2, dataset: "holdout" },
    { kind: "metric", name: "brier", value: 0.11, line: 3 },
  ]);
});

test("every other column cuts the population", () => {
  const { items } = read("metric,value,n,positives,sex,region\nrecall,0.5,10,4,F,\nrecall,0.6,30,9,,\n");
  assert.deepEqual(items, [
    { kind: "metric", name: "recall", value: 0.5, line: 2, n: 10, positives: 4, slice: { sex: "F" } },
    { kind: "metric", name: "recall", value: 0.6, line: 3, n: 30, positives: 9 },
  ]);
});

test("a column that is not known never stands for the whole population", () => {
  const { items } = read("metric,value,threshold\nrecall,0.5,0.9\n");
  assert.deepEqual(items, [
    { kind: "metric", name: "recall", value: 0.5, line: 2, slice: { threshold: "0.9" } },
  ]);
});

test("the row numbers that pandas writes are no attribute", () => {
  const { items } = read(",metric,value\n0,roc_auc,0.87\n");
  assert.deepEqual(items, [{ kind: "metric", name: "roc_auc", value: 0.87, line: 2 }]);
});

test("an attribute named __proto__ is only an attribute", () => {
  const [item] = read("metric,value,__proto__\nrecall,0.5,x\n").items;
  assert.ok(item?.kind === "metric" && item.slice !== undefined);
  assert.deepEqual(Object.entries(item.slice), [["__proto__", "x"]]);
});

test("of a table of steps the last row counts", () => {
  const { items } = read("step,train.loss,val.auc\n0,0.9,0.5\n1,0.5,0.7\n12,0.4,0.75\n");
  assert.deepEqual(
    items.map((item) => (item.kind === "metric" ? [item.name, item.value, item.line] : [])),
    [
      ["step", 12, 4],
      ["train.loss", 0.4, 4],
      ["val.auc", 0.75, 4],
    ],
  );
});

test("steps that do not ascend are refused: the best row could have been moved to the end", () => {
  for (const steps of ["1,0.5\n0,0.9", "1,0.5\n1,0.9", "0,0.5\nbest,0.9", "0.5,0.5"]) {
    assert.throws(() => read(`step,auc\n${steps}\n`), { code: "METRIC_STEPS" });
  }
});

test("several rows are refused where nothing tells which of them counts", () => {
  assert.throws(() => read("auc,loss\n0.9,0.1\n0.8,0.2\n"), {
    code: "METRIC_SHAPE",
    message: "Cannot read m.csv as metrics: 2 rows, and no column tells which of them counts",
  });
});

test("a header without a row is refused: nothing was measured", () => {
  assert.throws(() => read("auc,loss\n"), { code: "METRIC_SHAPE" });
  assert.throws(() => read("step,auc\n"), { code: "METRIC_SHAPE" });
});

test("a table of metric and value without a row holds nothing", () => {
  assert.deepEqual(read("metric,value\n"), { items: [], problems: [] });
});

test("a count that is no whole number makes its metric unreadable", () => {
  const { items, problems } = read("metric,value,n\nrecall,0.5,1e3\n");
  assert.deepEqual(items, []);
  assert.equal(problems[0]?.code, "METRIC_COUNT");
  assert.equal(problems[0]?.metric, "recall");
});

test("more cells than the limit are refused", () => {
  assert.throws(() => read(`metric,value\n${"a,1\n".repeat(50_001)}`), { code: "METRIC_SHAPE" });
});

test("a cell of a million digits is refused at once", () => {
  assert.equal(read(`a\n${"1".repeat(1_000_000)}x\n`).problems.length, 1);
});
