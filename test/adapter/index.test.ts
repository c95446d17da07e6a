import assert from "node:assert/strict";
import { test } from "node:test";
import { ADAPTERS, findAdapter } from "../../gate/adapter/index.ts";

for (const [path, text, name] of [
  ["metrics.json", '{"auc": 0.9}', "metrics@1"],
  ["a/METRICS.JSON", "{}", "metrics@1"],
  ["metrics.yaml", "auc: 0.9", "metrics@1"],
  ["metrics.csv", "auc\n0.9\n", "metrics@1"],
  ["results.json", '{"schema":"evidence/v1"}', "evidence@1"],
  ["results.json", '[{"schema":"evidence/v2"}]', "evidence@1"],
  ["results.ndjson", '{"schema":"evidence/v1"}', "evidence@1"],
  ["README.md", "# A", "model-card@1"],
  ["dvc.lock", "schema: '2.0'", "dvc@1"],
  ["dvc.yaml", "stages: {}", "dvc@1"],
  ["results.ndjson", "{}", undefined],
  ["scores.parquet", "PAR1", undefined],
  ["json", "{}", undefined],
  ["metrics", "{}", undefined],
  ["", "", undefined],
] as const) {
  test(`${path} of ${JSON.stringify(text)} is read by ${name ?? "nobody"}`, () => {
    assert.equal(findAdapter(path, Buffer.from(text))?.name, name);
  });
}

test("every adapter has a name of its own, with its version", () => {
  const names = ADAPTERS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z-]+@[1-9][0-9]*$/);
});
