import assert from "node:assert/strict";
import { test } from "node:test";
import { type RunFiles, sortRunFiles } from "../../gate/evidence/run-files.ts";
import type { EvidenceFile } from "../../gate/world.ts";

const EVALUATIONS = new Set(["models/a/metrics.json", "models/b/metrics.json", "models/a/slices.csv"]);
const TREE = [
  "README.md",
  "models/a/model.yml",
  "models/a/metrics.json",
  "models/b/model.yml",
  "models/c/model.yml",
  "models/c/metrics.json",
];

/** What the files stand for where the change adds no path. */
function sorted(
  files: readonly EvidenceFile[],
  evaluations: ReadonlySet<string> = EVALUATIONS,
  tree: readonly string[] = TREE,
): RunFiles {
  const baseEvaluations = new Map([...evaluations].map((path) => [path, [path]]));
  return sortRunFiles(files, { evaluations, baseEvaluations, tree, baseTree: tree });
}

/** The evaluation that a file of the run stands for; `?` where several are meant, nothing where none is. */
function placeOf(
  path: string,
  evaluations: ReadonlySet<string> = EVALUATIONS,
  tree: readonly string[] = TREE,
): string {
  const file = { path, bytes: Buffer.from(path.endsWith(".csv") ? "metric,value\n" : "{}") };
  const { byEvaluation, ambiguous } = sorted([file], evaluations, tree);
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
  const { byEvaluation, byModel } = sorted([{ path: "models/a/metrics.json.gz", bytes: Buffer.from("x") }]);
  assert.deepEqual([byEvaluation.size, byModel.size], [0, 0]);
});

test("a file whose items all name their model is never ambiguous", () => {
  const item = { schema: "evidence/v1", kind: "metric", name: "m", value: 1, subject: { model: "a" } };
  const bytes = Buffer.from(JSON.stringify(item));
  const named = sorted([{ path: "metrics.json", bytes }]);
  assert.deepEqual([named.ambiguous.length, named.byModel.get("a")?.length], [0, 1]);
  const nameless = Buffer.from(JSON.stringify({ ...item, subject: undefined }));
  assert.equal(sorted([{ path: "metrics.json", bytes: nameless }]).ambiguous.length, 1);
});

test("items are sorted by the model that they name", () => {
  const items = ["a", "b", "a"].map((model, index) =>
    JSON.stringify({ schema: "evidence/v1", kind: "metric", name: "m", value: index, subject: { model } }),
  );
  const { byModel } = sorted([{ path: "x.ndjson", bytes: Buffer.from(items.join("\n")) }]);
  const valuesOf = (model: string) =>
    byModel.get(model)?.flatMap((file) => file.items.map(({ value }) => value));
  assert.deepEqual([valuesOf("a"), valuesOf("b"), valuesOf("c")], [[0, 2], [1], undefined]);
});

// What a change adds must not draw a run's number away from the evaluation that it is about.

const ONE = new Map([["models/a/metrics.json", ["models/a/metrics.json"]]]);
const BEFORE = ["models/a/model.yml", "models/a/metrics.json", "docs/README.md"];

function after(
  paths: readonly string[],
  added: readonly string[],
  planned: readonly string[] = [],
): RunFiles {
  return sortRunFiles(
    paths.map((path) => ({ path, bytes: Buffer.from("{}") })),
    {
      evaluations: new Set([...ONE.keys(), ...planned]),
      baseEvaluations: ONE,
      tree: [...BEFORE, ...added],
      baseTree: BEFORE,
    },
  );
}

const DECOYS: readonly (readonly [name: string, added: readonly string[], planned: readonly string[]])[] = [
  ["a file", ["docs/evidence/metrics.json"], []],
  ["a folder", ["docs/evidence/README.md"], []],
  ["another model's evaluation", ["toy/evidence/metrics.json"], ["toy/evidence/metrics.json"]],
  ["another model's evaluation that is not there", [], ["evidence/metrics.json"]],
];

for (const [name, added, planned] of DECOYS) {
  test(`${name} that the change adds draws no file of the run away in silence`, () => {
    assert.deepEqual([...after(["evidence/metrics.json"], []).byEvaluation.keys()], [...ONE.keys()]);
    const { ambiguous } = after(["evidence/metrics.json"], added, planned);
    assert.deepEqual(
      ambiguous.map(({ file, paths }) => [file.path, paths]),
      [["evidence/metrics.json", [...ONE.keys()]]],
    );
  });
}

test("a new model's file is its own where the other model has one, too", () => {
  const { ambiguous, byEvaluation } = after(
    ["out/models/a/metrics.json", "out/models/b/metrics.json"],
    ["models/b/model.yml"],
    ["models/b/metrics.json"],
  );
  assert.deepEqual(ambiguous, []);
  assert.deepEqual(
    [...byEvaluation].map(([path, files]) => [path, files.map((file) => file.path)]),
    [
      ["models/a/metrics.json", ["out/models/a/metrics.json"]],
      ["models/b/metrics.json", ["out/models/b/metrics.json"]],
    ],
  );
});

test("a file that the change removes still takes part", () => {
  const removed = sortRunFiles([{ path: "out/c/metrics.json", bytes: Buffer.from("{}") }], {
    evaluations: new Set(ONE.keys()),
    baseEvaluations: ONE,
    tree: BEFORE,
    baseTree: [...BEFORE, "models/c/metrics.json"],
  });
  assert.deepEqual([removed.byEvaluation.size, removed.ambiguous.length], [0, 0]);
});

test("a model that moves with its files takes its run's file along, and loses none to a decoy", () => {
  const move = (path: string, added: readonly string[]) =>
    sortRunFiles([{ path, bytes: Buffer.from("{}") }], {
      evaluations: new Set(["models/a/metrics.json", "models/z/metrics.json"]),
      baseEvaluations: new Map([["models/a/metrics.json", ["models/z/metrics.json"]]]),
      tree: ["models/z/model.yml", ...added],
      baseTree: BEFORE,
    });
  const along = move("out/models/z/metrics.json", []);
  assert.deepEqual([[...along.byEvaluation.keys()], along.ambiguous], [["models/z/metrics.json"], []]);
  const { ambiguous } = move("evidence/metrics.json", ["docs/evidence/metrics.json"]);
  assert.deepEqual(ambiguous[0]?.paths, ["models/a/metrics.json", "models/z/metrics.json"]);
});
