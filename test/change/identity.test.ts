import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOf, manifest, modelOf, scratch, summary, withModel } from "./scratch.ts";

/** Which model it is, whatever its manifest says and wherever it goes. */

test("a model keeps its id when its folder moves, and does not become another one under another id", async () => {
  const scratched = await withModel();
  scratched.git("mv", "models/m", "models/moved");
  scratched.commit("moved");
  const moved = await changeOf(scratched);
  assert.deepEqual(summary(moved), ["A m"]);
  assert.equal(modelOf(moved).base?.manifest?.path, "models/m/model.yml");
  scratched.commit("renamed", { "models/moved/model.yml": manifest({ id: "n" }) });
  const renamed = await changeOf(scratched);
  assert.deepEqual(summary(renamed), ["C m MODEL_ID_CHANGED"]);
  assert.equal(modelOf(renamed).base?.manifest?.path, "models/m/model.yml");
});

test("a model is what its folder held at base, whatever id it states", async () => {
  const scratched = await withModel({ "models/n/model.yml": manifest({ id: "n" }), "models/n/w.bin": "n" });
  scratched.git("rm", "--quiet", "-r", "models/n");
  scratched.commit("taken over", { "models/m/model.yml": manifest({ id: "n" }), "models/m/w.bin": "m 2" });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["C m MODEL_ID_CHANGED", "E n"]);
  assert.deepEqual(modelOf(change).head?.problems, [
    {
      code: "MODEL_ID_CHANGED",
      message: 'Cannot take models/m/model.yml for the model "n": at base it is "m", and is judged as such',
      place: { path: "models/m/model.yml", line: 2 },
      fix: "Keep id: m; a model of another id needs a folder, artifacts and results of its own",
    },
  ]);
});

test("a model that moves under another id is known by its artifacts, by their place, or by its results", async () => {
  const more = "evaluation: [{ path: metrics.json, dataset: d, role: test, metrics: [f1] }]\n";
  const newcomers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    artifact: { "lib/n/model.yml": manifest({ id: "n" }), "lib/n/w.bin": "weights 1" },
    place: {
      "lib/n/model.yml": manifest({ id: "n", artifacts: ["/models/m/w.bin"] }),
      "models/m/w.bin": "weights 2",
    },
    results: {
      "lib/n/model.yml": manifest({ id: "n", more }),
      "lib/n/w.bin": "weights 2",
      "lib/n/metrics.json": '{ "f1": 0.5 }',
    },
  };
  for (const [name, files] of Object.entries(newcomers)) {
    const scratched = await withModel({
      "models/m/model.yml": manifest({ more }),
      "models/m/metrics.json": '{ "f1": 0.5 }',
    });
    scratched.git("rm", "--quiet", "-r", "models/m");
    scratched.commit("moved", files);
    assert.deepEqual(summary(await changeOf(scratched)), ["C m MODEL_ID_CHANGED"], name);
  }
});

test("an artifact of another model is nobody else's, whether that model gives it up or not", async () => {
  const claims = { "lib/n/model.yml": manifest({ id: "n", artifacts: ["../../models/m/w.bin"] }) };
  const decoy = { "models/m/model.yml": manifest({ artifacts: ["x.bin"] }), "models/m/x.bin": "x" };
  const cases: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
    [{ ...claims, ...decoy, "models/m/w.bin": "weights 2" }, ["C m", "D n ARTIFACT_SHARED"]],
    [claims, ["D n ARTIFACT_SHARED"]],
    [
      { "lib/n/model.yml": manifest({ id: "n", artifacts: ["../../models/m/w.bin.dvc"] }) },
      ["D n ARTIFACT_SHARED ARTIFACT_MISSING"],
    ],
    [
      {
        "lib/n/model.yml": manifest({ id: "n", artifacts: ["/lib/w.bin"] }),
        "lib/o/model.yml": manifest({ id: "o", artifacts: ["/lib/w.bin"] }),
        "lib/w.bin": "new",
      },
      ["D n ARTIFACT_SHARED", "D o ARTIFACT_SHARED"],
    ],
  ];
  for (const [files, expected] of cases) {
    const scratched = await withModel();
    scratched.commit("head", files);
    assert.deepEqual(summary(await changeOf(scratched)), expected);
  }
});

test("models that shared an artifact at base go on doing so, and one of them may go", async () => {
  const artifacts = ["w.bin", "/shared/e.bin"];
  const scratched = await withModel({
    "models/m/model.yml": manifest({ artifacts }),
    "models/n/model.yml": manifest({ id: "n", artifacts }),
    "models/n/w.bin": "n",
    "shared/e.bin": "e",
  });
  scratched.commit("shared", { "shared/e.bin": "e 2" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m", "C n"]);
  scratched.git("checkout", "--quiet", "base");
  scratched.git("rm", "--quiet", "-r", "models/n");
  scratched.commit("removed");
  assert.deepEqual(summary(await changeOf(scratched)), ["E n"]);
});

test("a model is not gone while its artifacts are there", async () => {
  const keepers: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["w.bin", { "models/m/w.bin": "weights 1" }],
    ["w.bin.dvc", { "models/m/w.bin.dvc": `outs:\n- md5: ${"1a".repeat(16)}\n  path: w.bin\n` }],
  ];
  for (const [name, files] of keepers) {
    const scratched = await scratch();
    scratched.commit("base", { "models/m/model.yml": manifest(), ...files });
    scratched.git("tag", "base");
    scratched.git("rm", "--quiet", "models/m/model.yml");
    scratched.commit("without its manifest");
    const change = await changeOf(scratched);
    assert.deepEqual(summary(change), ["C m MODEL_ABANDONED"], name);
    assert.deepEqual(modelOf(change).head?.problems[0], {
      code: "MODEL_ABANDONED",
      message: "Cannot take the model of models/m/model.yml for removed: the commit still has models/m/w.bin",
      place: { path: "models/m/model.yml" },
      fix: "Remove the artifacts too, or keep the model.yml with status: retired",
    });
    scratched.git("rm", "--quiet", `models/m/${name}`);
    scratched.commit("without anything");
    assert.deepEqual(summary(await changeOf(scratched)), ["E m"], name);
  }
});

test("a path that another disk takes for a model's is a finding of that model, and of its own", async () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
    [
      { "models/M/model.yml": manifest({ id: "n" }), "models/M/w.bin": "n" },
      ["C m PATH_COLLISION", "D n PATH_COLLISION"],
    ],
    [{ "models/m/W.BIN": "other" }, ["C m PATH_COLLISION", "D models/m/W.BIN MODEL_UNCLAIMED"]],
    [{ "Models/m/vocab.txt": "x" }, ["C m PATH_COLLISION"]],
    [{ "models/m/\u00e9.py": "x", "models/m/e\u0301.py": "x" }, ["C m PATH_COLLISION"]],
    [{ "docs/a.md": "x", "docs/A.md": "y" }, []],
  ];
  for (const [files, expected] of cases) {
    const scratched = await withModel();
    scratched.commit("head", files);
    assert.deepEqual(summary(await changeOf(scratched)), expected);
  }
  const scratched = await withModel();
  scratched.git("mv", "models/m", "models/other");
  scratched.git("mv", "models/other", "models/M");
  scratched.commit("renamed by case alone");
  assert.deepEqual(summary(await changeOf(scratched)), ["A m"]);
});

test("a model that moves with its id is told from a copy of it", async () => {
  const scratched = await withModel();
  scratched.git("mv", "models/m", "models/z");
  scratched.commit("moved", { "models/a/model.yml": manifest({ id: "a" }), "models/a/w.bin": "weights 1" });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["D a", "C m"]);
  assert.equal(modelOf(change).head?.manifest?.path, "models/z/model.yml");
});

test("two models with one id both have the problem, and the older keeps the id", async () => {
  const scratched = await withModel();
  scratched.commit("head", { "models/a/model.yml": manifest(), "models/a/w.bin": "other" });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["C m MODEL_ID_DUPLICATE", "D models/a/model.yml MODEL_ID_DUPLICATE"]);
  assert.equal(modelOf(change).head?.manifest?.path, "models/m/model.yml");
  assert.deepEqual(modelOf(change).paths, ["models/a/model.yml"]);
  assert.deepEqual(modelOf(change).head?.problems[0], {
    code: "MODEL_ID_DUPLICATE",
    message: 'Cannot tell the models apart: models/m/model.yml, models/a/model.yml have the same id "m"',
    place: { path: "models/m/model.yml", line: 2 },
    fix: "Give the newer model an id of its own",
  });
});

test("a model cannot take another's id by taking its place", async () => {
  const scratched = await withModel({ "models/n/model.yml": manifest({ id: "n" }), "models/n/w.bin": "n" });
  scratched.commit("head", {
    "models/m/model.yml": `${manifest()}broken: [\n`,
    "models/n/model.yml": manifest({ id: "m" }),
  });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["C m YAML_SYNTAX", "C n MODEL_ID_CHANGED"]);
});

test("a model file at the root does not take the id of the same name", async () => {
  const scratched = await withModel({ "x/model.yml": manifest({ id: "w.bin" }), "x/w.bin": "x" });
  scratched.commit("head", { "w.bin": "y", "x/w.bin": "z" });
  assert.deepEqual(summary(await changeOf(scratched)), ["D ./w.bin MODEL_UNCLAIMED", "C w.bin"]);
});
