import assert from "node:assert/strict";
import { test } from "node:test";
import { sortRunFiles } from "../../gate/evidence/run-files.ts";

const EVALUATIONS = new Set(["models/a/metrics.json", "models/b/metrics.json", "models/a/slices.csv"]);
const TREE = [
  "README.md",
  "models/a/model.yml",
  "models/a/metrics.json",
  "models/b/model.yml",
  "models/c/model.yml",
  "models/c/metrics.json",
];

/** The evaluation that a file of the run stands for; `?` where several are meant, nothing where none is. */
function placeOf(
  path: string,
  evaluations: ReadonlySet<string> = EVALUATIONS,
  tree: readonly string[] = TREE,
): string {
  const file = { path, bytes: Buffer.from(path.endsWith(".csv") ? "metric,value\n" : "{}") };
  const { byEvaluation, ambiguous } = sortRunFiles([file], evaluations, tree);
  const places = [...byEvaluation].filter(([, files]) => files.length > 0).map(([place]) => place);
  return ambiguous.length > 0 ? "?" : places.join(" ");
}

const PLACES: readonly (readonly [path: string, place: string])[] = [
  ["models/a/metrics.json", "models/a/metrics.json"],
  ["evidence/models/a/metrics.json", "models/a/metrics.json"],
  ["/home/runner/work/x/models/b/metrics.json", "models/b/metrics.json"],
  ["a/metrics.json", "models/a/metrics.json"],
  ["out/a/metrics.json", "models/a/metrics.json"],
  ["slices.csv", "models/a/slices.csv"],
  ["out/slices.csv", "models/a/slices.csv"],
  ["out/metrics.json", "?"],
  ["metrics.json", "?"],
  // About a model that does not change, with an evaluation file or without: not taken for the nearest one that does.
  ["out/models/c/metrics.json", ""],
  ["out/models/c/slices.csv", ""],
  ["c/metrics.json", ""],
  ["models/a/other.json", ""],
  ["metrics.json.bak", ""],
];

for (const [path, place] of PLACES) {
  test(`${path} stands for ${place === "" ? "nothing" : place}`, () => assert.equal(placeOf(path), place));
}

test("the same path is the same file, whatever else ends like it", () => {
  const evaluations = new Set(["metrics.json", "models/a/metrics.json"]);
  assert.equal(placeOf("metrics.json", evaluations), "metrics.json");
  assert.equal(placeOf("out/metrics.json", evaluations), "?");
});

test("a folder of the repository that is named like the evidence folder does not take the file away", () => {
  assert.equal(
    placeOf("evidence/models/a/metrics.json", EVALUATIONS, [...TREE, "evidence/README.md"]),
    "models/a/metrics.json",
  );
});

test("a file that no adapter knows is left out", () => {
  const { byEvaluation, byModel } = sortRunFiles(
    [{ path: "models/a/metrics.json.gz", bytes: Buffer.from("x") }],
    EVALUATIONS,
    TREE,
  );
  assert.deepEqual([byEvaluation.size, byModel.size], [0, 0]);
});

test("a file whose items all name their model is never ambiguous", () => {
  const item = { schema: "evidence/v1", kind: "metric", name: "m", value: 1, subject: { model: "a" } };
  const bytes = Buffer.from(JSON.stringify(item));
  const named = sortRunFiles([{ path: "metrics.json", bytes }], EVALUATIONS, TREE);
  assert.deepEqual([named.ambiguous.length, named.byModel.get("a")?.length], [0, 1]);
  const nameless = Buffer.from(JSON.stringify({ ...item, subject: undefined }));
  assert.equal(
    sortRunFiles([{ path: "metrics.json", bytes: nameless }], EVALUATIONS, TREE).ambiguous.length,
    1,
  );
});

test("items are sorted by the model that they name", () => {
  const items = ["a", "b", "a"].map((model, index) =>
    JSON.stringify({ schema: "evidence/v1", kind: "metric", name: "m", value: index, subject: { model } }),
  );
  const { byModel } = sortRunFiles(
    [{ path: "x.ndjson", bytes: Buffer.from(items.join("\n")) }],
    EVALUATIONS,
    TREE,
  );
  const valuesOf = (model: string) =>
    byModel.get(model)?.flatMap((file) => file.items.map(({ value }) => value));
  assert.deepEqual([valuesOf("a"), valuesOf("b"), valuesOf("c")], [[0, 2], [1], undefined]);
});
