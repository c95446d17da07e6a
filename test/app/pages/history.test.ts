import assert from "node:assert/strict";
import { test } from "node:test";
import { openHistory, recordOf } from "../../../app/pages/history.ts";
import type { DecisionFilter, DecisionRow } from "../../../app/store/archive.ts";
import { gate, metric, policy, record, result } from "../../report/records.ts";
import { decisionOf, rowOf } from "./world.ts";

/** An archive that counts what is read of it; rows are given with the newest first. */
function countingArchive(rows: DecisionRow[]) {
  const asked: DecisionFilter[] = [];
  return {
    asked,
    rows,
    async decisions(filter: DecisionFilter) {
      asked.push(filter);
      return rows
        .filter(({ models }) => filter.model === undefined || models.includes(filter.model))
        .slice(0, filter.countMax);
    },
  };
}

const told = (number: number, auc: number) =>
  rowOf(
    decisionOf({ number, auc, verdict: "pass", now: `2026-11-${String(number).padStart(2, "0")}T00:00:00Z` }),
    { number },
  );

test("records are read once, until there is a newer decision", async () => {
  const archive = countingArchive([told(2, 0.8), told(1, 0.79)]);
  const history = openHistory(archive);
  const first = await history.find(1, "credit-pd");
  assert.deepEqual(
    first?.decisions.map(({ number }) => number),
    [2, 1],
  );
  assert.deepEqual(
    archive.asked.map(({ countMax }) => countMax),
    [1, 50],
  );
  assert.equal(await history.find(1, "credit-pd"), first);
  assert.deepEqual(
    archive.asked.map(({ countMax }) => countMax),
    [1, 50, 1],
  );
  archive.rows.unshift(told(3, 0.81));
  assert.deepEqual(
    (await history.find(1, "credit-pd"))?.decisions.map(({ number }) => number),
    [3, 2, 1],
  );
});

test("one repository never gives what was read for another, nor one model what another's", async () => {
  const history = openHistory(countingArchive([told(1, 0.79)]));
  assert.equal((await history.models(1)).length, 1);
  assert.equal(await history.find(1, "fraud"), undefined);
  assert.equal((await history.find(1, "credit-pd"))?.id, "credit-pd");
});

test("a history says that there may be more than it read", async () => {
  const rows = Array.from({ length: 60 }, (_, at) => told(1 + (at % 27), 0.8));
  const found = await openHistory(countingArchive(rows)).find(1, "credit-pd");
  assert.deepEqual([found?.decisions.length, found?.isCut], [50, true]);
});

test("a point has the number that the report shows, and what the strictest gates asked", async () => {
  const gates = [
    gate("A", { with: { metric: "roc_auc", min: 0.7 } }),
    gate("B", { with: { metric: "roc_auc", dataset: "holdout", min: 0.78 } }),
    gate("C", { with: { metric: "roc_auc", dataset: "other", min: 0.9 } }),
    gate("D", { rule: "metric.ceiling", with: { metric: "roc_auc", dataset: "holdout", max: 0.99 } }),
  ];
  const decision = record({
    verdict: "pass",
    results: gates.map((one) => result(one, { model: "credit-pd" })),
    input: {
      policy: policy({ gates }),
      evidence: [metric("head", "roc_auc", 0.81), metric("head", "loss", "NaN")],
    },
  });
  const found = await openHistory(countingArchive([rowOf(decision)])).find(1, "credit-pd");
  assert.deepEqual(
    found?.decisions[0]?.metrics.map(({ metric: name, shown, value, floor, ceiling }) => ({
      name,
      shown,
      value,
      floor,
      ceiling,
    })),
    [
      { name: "roc_auc", shown: "0.8100", value: 0.81, floor: 0.78, ceiling: 0.99 },
      { name: "loss", shown: "NaN", value: undefined, floor: undefined, ceiling: undefined },
    ],
  );
});

test("a row that holds another record than it says is not shown", () => {
  const [row, other] = [told(1, 0.79), told(2, 0.8)];
  assert.equal(recordOf(row).digest, row.digest);
  assert.throws(() => recordOf({ ...row, record: other.record }), { code: "ARCHIVE_DAMAGED" });
});
