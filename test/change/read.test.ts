import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { readChangeSet } from "../../gate/change/read.ts";
import { openCheckout } from "../../gate/checkout.ts";
import type { ChangeSet, ModelChange } from "../../gate/model/change.ts";
import { tarFile } from "../artifact/tar-file.ts";
import { runGit, type ScratchRepository, scratchRepository } from "../git.ts";

const cleanups: (() => void)[] = [];
after(() => {
  for (const cleanup of cleanups) cleanup();
});

async function scratch(options: Parameters<typeof scratchRepository>[0] = {}): Promise<ScratchRepository> {
  const repository = await scratchRepository(options);
  cleanups.push(repository.remove);
  return repository;
}

interface ManifestText {
  readonly id?: string;
  readonly artifacts?: readonly string[];
  readonly more?: string;
}

function manifest({ id = "m", artifacts = ["w.bin"], more = "" }: ManifestText = {}): string {
  const list = artifacts.map((path) => `  - path: ${path}\n`).join("");
  return `weighbridge: 1\nid: ${id}\nstatus: production\nartifacts:\n${list}${more}`;
}

/** A repository with the model `m` in models/m, committed as `base`. */
async function withModel(
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<ScratchRepository> {
  const scratched = await scratch();
  scratched.commit("base", { "models/m/model.yml": manifest(), "models/m/w.bin": "weights 1", ...files });
  scratched.git("tag", "base");
  return scratched;
}

async function changeOf(scratched: ScratchRepository, head = "HEAD", base = "base"): Promise<ChangeSet> {
  const checkout = await openCheckout(scratched.directory);
  try {
    return await readChangeSet({ base, head }, checkout);
  } finally {
    await checkout.close();
  }
}

function modelOf(change: ChangeSet, id = "m"): ModelChange {
  const model = change.models.find((one) => one.id === id);
  assert.ok(model, `no model ${id} among ${change.models.map((one) => one.id).join(", ")}`);
  return model;
}

/** `class id: codes of the problems at head, of manifest and artifacts`, for each model. */
function summary(change: ChangeSet): string[] {
  return change.models.map(({ id, changeClass, head }) => {
    const codes = [
      ...(head?.problems ?? []).map(({ code }) => code),
      ...(head?.artifacts ?? []).flatMap(({ problem }) => problem?.code ?? []),
    ];
    return [`${changeClass} ${id}`, ...codes].join(" ");
  });
}

const NPY = arrayOf("<f8");

/** An array as NumPy writes it, without its values. */
function arrayOf(type: string): Buffer {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (0,), }`.padEnd(117);
  return Buffer.from(`\x93NUMPY\x01\x00v\x00${header}\n`, "latin1");
}

function sha(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

function pointerTo(content: string): string {
  const hex = sha(content).slice("sha256:".length);
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${hex}\nsize ${Buffer.byteLength(content)}\n`;
}

test("readChangeSet() gives commits, files, and the model with digests on both sides", async () => {
  const scratched = await withModel();
  const base = scratched.git("rev-parse", "base");
  const head = scratched.commit("refresh", { "models/m/w.bin": "weights 2" });
  const change = await changeOf(scratched);
  assert.deepEqual([change.base, change.mergeBase, change.head], [base, base, head]);
  assert.deepEqual(
    change.files.map(({ status, path }) => `${status} ${path}`),
    ["modified models/m/w.bin"],
  );
  const model = modelOf(change);
  assert.deepEqual(model.base?.artifacts, [{ path: "models/m/w.bin", digest: sha("weights 1") }]);
  assert.deepEqual(model.head?.artifacts, [{ path: "models/m/w.bin", digest: sha("weights 2") }]);
  assert.equal(model.head?.subject, sha("weights 2"));
  assert.deepEqual(model.head?.problems, []);
  assert.equal(model.changeClass, "C", "nobody can compare what the two texts are");
  assert.deepEqual(model.paths, ["models/m/w.bin"]);
  assert.equal(change.models.length, 1);
});

test("readChangeSet() of a commit with itself has no files and no models", async () => {
  const change = await changeOf(await withModel());
  assert.deepEqual([change.files, change.models], [[], []]);
});

test("readChangeSet() leaves models alone that the change does not concern", async () => {
  const scratched = await withModel({
    "models/n/model.yml": manifest({ id: "n" }),
    "models/n/w.bin": "x",
    "readme.md": "1",
  });
  scratched.commit("head", { "models/n/README.md": "card", "readme.md": "2", "src/code.py": "x" });
  assert.deepEqual(summary(await changeOf(scratched)), ["A n"]);
});

test("a subject over several artifacts is the digest of their list, sorted by path from the manifest", async () => {
  const scratched = await withModel();
  scratched.commit("head", {
    "models/m/model.yml": manifest({ artifacts: ["w.bin", "/shared/é.bin", "a/v.bin"] }),
    "models/m/a/v.bin": "v",
    "shared/é.bin": "e",
  });
  const lines = `${sha("e")}  ../../shared/é.bin\n${sha("v")}  a/v.bin\n${sha("weights 1")}  w.bin\n`;
  assert.equal(modelOf(await changeOf(scratched)).head?.subject, sha(lines));
});

test("a model is concerned by a file elsewhere that its manifest names", async () => {
  const more =
    "evaluation: [{ path: /out/m.json, dataset: d, role: test, metrics: [f1] }]\ndata: [{ name: t, role: train, path: /data/train }]\ncard: /docs/m.md\n";
  const named = { "out/m.json": "{}", "data/train/1.csv": "a", "docs/m.md": "1", "shared/e.bin": "e" };
  for (const path of Object.keys(named)) {
    const scratched = await withModel({
      ...named,
      "models/m/model.yml": manifest({ artifacts: ["w.bin", "/shared/e.bin"], more }),
      "models/n/model.yml": manifest({ id: "n" }),
      "models/n/w.bin": "w",
    });
    scratched.commit("head", { [path]: "changed" });
    const change = await changeOf(scratched);
    assert.deepEqual(
      change.models.map(({ id, paths }) => [id, paths]),
      [["m", [path]]],
      path,
    );
    scratched.git("rm", "--quiet", path);
    scratched.commit("removed");
    assert.deepEqual(modelOf(await changeOf(scratched)).paths, [path], `${path} removed`);
  }
});

test("a file belongs to the nearest manifest upwards, and gate and platform files to none", async () => {
  const scratched = await withModel({
    "model.yml": manifest({ id: "root", artifacts: ["root.bin"] }),
    "root.bin": "r",
  });
  scratched.commit("head", { "models/m/code/a.py": "1" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m"]);
  scratched.git("tag", "--force", "base");
  scratched.commit("gate", { ".weighbridge/policy.yml": "x", ".github/workflows/ci.yml": "x" });
  assert.deepEqual(summary(await changeOf(scratched)), []);
  scratched.commit("code", { "src/a.py": "1" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C root"]);
});

test("a manifest of another tool is none, until it takes the place of ours", async () => {
  const scratched = await withModel({ "yolo/model.yml": "nc: 80\n", "yolo/a.py": "1" });
  scratched.commit("head", { "yolo/a.py": "2", "yolo/model.yml": "nc: 81\n" });
  assert.deepEqual(summary(await changeOf(scratched)), []);
  scratched.commit("replaced", { "models/m/model.yml": "nc: 80\n" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m MANIFEST_INVALID"]);
});

test("a broken manifest is a model with the problem, its line, and the id of the base", async () => {
  const scratched = await withModel();
  scratched.commit("head", {
    "models/m/model.yml": `${manifest()}teir: T1\n`,
    "models/new/model.yml": "weighbridge: 1\n  id: x\n",
    "models/new/w.bin": "w",
  });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), [
    "C m MANIFEST_INVALID",
    "D models/new/w.bin MODEL_UNCLAIMED",
    "D new YAML_SYNTAX",
  ]);
  const [problem] = modelOf(change).head?.problems ?? [];
  assert.deepEqual(problem?.place, { path: "models/m/model.yml", line: 6, column: 1 });
  assert.match(problem?.message ?? "", /unknown key "teir"/);
});

test("a manifest that becomes readable keeps its model", async () => {
  const scratched = await withModel({ "models/m/model.yml": `${manifest()}teir: T1\n` });
  scratched.commit("head", { "models/m/model.yml": manifest() });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["C m"]);
  assert.equal(modelOf(change).base?.problems[0]?.code, "MANIFEST_INVALID");
});

test("a manifest that is too large is a problem of its model alone", async () => {
  const large = `${manifest()}# ${"x".repeat(1_100_000)}\n`;
  const scratched = await withModel({ "other/model.yml": `# ${"x".repeat(1_100_000)}\n` });
  scratched.commit("head", { "models/m/model.yml": large });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m FILE_TOO_LARGE"]);
});

test("a new model is of class D, a removed one of class E", async () => {
  const scratched = await withModel();
  scratched.commit("head", { "models/n/model.yml": manifest({ id: "n" }), "models/n/w.bin": "w" });
  scratched.git("rm", "--quiet", "-r", "models/m");
  scratched.commit("removed");
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["E m", "D n"]);
  assert.equal(modelOf(change).head, undefined);
  assert.equal(modelOf(change, "n").base, undefined);
});

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

test("a changed model file that no manifest names is a model by itself", async () => {
  const scratched = await withModel({ "old/a.pkl": "x", "data/d.npy": "\x01" });
  const pickle = Buffer.from("80049506000000000000008c0161942e", "hex");
  scratched.commit("head", {
    "models/m/extra.safetensors": "x",
    "notes/readme.md": pickle,
    "old/a.pkl": "y",
    "notes/text.md": "text",
    "weights.onnx.dvc": `outs:\n- md5: ${"0a".repeat(16)}\n  hash: md5\n  path: weights.onnx\n`,
    "models/m/model.yml": manifest({ more: "data: [{ name: d, role: train, path: /data/d.npy }]\n" }),
    "data/d.npy": NPY,
  });
  scratched.git("rm", "--quiet", "--cached", "-r", "data");
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), [
    "C m",
    "D models/m/extra.safetensors MODEL_UNCLAIMED",
    "D notes/readme.md MODEL_UNCLAIMED",
    "C old/a.pkl MODEL_UNCLAIMED",
    "D weights.onnx.dvc MODEL_UNCLAIMED",
  ]);
  const unclaimed = modelOf(change, "weights.onnx.dvc");
  assert.equal(unclaimed.head?.subject, `md5:${"0a".repeat(16)}`);
  assert.deepEqual(unclaimed.paths, ["weights.onnx.dvc"]);
  const [problem] = modelOf(change, "old/a.pkl").head?.problems ?? [];
  assert.deepEqual(problem, {
    code: "MODEL_UNCLAIMED",
    message: "No model.yml names old/a.pkl among its artifacts",
    place: { path: "old/a.pkl" },
    fix: "Name the file under artifacts in the model.yml beside it, or let weighbridge init write one",
  });
  scratched.git("tag", "--force", "base");
  scratched.git("rm", "--quiet", "old/a.pkl");
  scratched.commit("removed");
  assert.deepEqual(summary(await changeOf(scratched)), ["E old/a.pkl"]);
});

test("a model file does not hide behind a claim that it is data", async () => {
  const pickle = Buffer.from("80049506000000000000008c0161942e", "hex");
  const more =
    "data: [{ name: all, role: train, path: /data }]\nevaluation: [{ path: /out, dataset: d, role: test, metrics: [f1] }]\n";
  const scratched = await withModel();
  scratched.commit("head", {
    "models/m/model.yml": manifest({ more }),
    "data/rows.csv": "a,b\n1,2\n",
    "data/array.npy": NPY,
    "data/objects.npy": arrayOf("|O"),
    "data/table.h5": readFileSync("test/corpus/artifacts/real/text-rows.h5"),
    "data/keras.h5": readFileSync("test/corpus/artifacts/real/keras.h5"),
    "data/keras-dense.h5": readFileSync("test/corpus/artifacts/real/keras-dense.h5"),
    "data/objects.h5": readFileSync("test/corpus/artifacts/real/object-rows.h5"),
    "data/array.h5.dvc": "outs: []\n",
    "data/lfs.npz": pointerTo("large"),
    "data/evil.csv": pickle,
    "data/evil.pkl.dvc": "outs: []\n",
    "out/evil.npy": pickle,
  });
  const unclaimed = (await changeOf(scratched)).models.map(({ id }) => id);
  assert.deepEqual(unclaimed, [
    "data/evil.csv",
    "data/evil.pkl.dvc",
    "data/keras-dense.h5",
    "data/keras.h5",
    "data/objects.h5",
    "data/objects.npy",
    "m",
    "out/evil.npy",
  ]);
});

test("what is packed so that nobody can look into it hides no model among models", async () => {
  const archive = gzipSync(gzipSync(gzipSync(gzipSync("80049506000000000000008c0161942e"))));
  const scratched = await withModel({ "models/m/old.7z": "7z\xbc\xaf\x27\x1c" });
  const more = "data: [{ name: all, role: train, path: data.bz2 }]\n";
  scratched.commit("head", {
    "models/m/model.yml": manifest({ more }),
    "models/m/blob": archive,
    "models/shared.tar.gz": archive,
    "models/m/data.bz2": archive,
    "models/m/rows.csv.gz": archive,
    "models/m/report.docx": archive,
    "models/m/text.gz": gzipSync("text"),
    "docs/site.tar.gz": archive,
  });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), [
    "C m",
    "D models/m/blob MODEL_UNCLAIMED",
    "D models/shared.tar.gz MODEL_UNCLAIMED",
  ]);
  assert.deepEqual(modelOf(change, "models/m/blob").head?.problems, [
    {
      code: "MODEL_UNCLAIMED",
      message: "Nobody can look into models/m/blob, which stands among models, and no model.yml names it",
      place: { path: "models/m/blob" },
      fix: "Commit what is packed in it, or name it under data in the model.yml beside it if it is data",
    },
  ]);
});

test("what is packed elsewhere is suspicious by its name alone", async () => {
  const xz = Buffer.from("\xfd7zXZ\0\0\x04", "latin1");
  const sevenZip = Buffer.from("7z\xbc\xaf\x27\x1c\0\x04", "latin1");
  const zstd = Buffer.from("\x28\xb5\x2f\xfd\x24\0", "latin1");
  const foreign = readFileSync(new URL("../corpus/artifacts/hostile/method-99.zip", import.meta.url));
  const scratched = await withModel();
  scratched.commit("head", {
    "artifacts/credit_weights-2.7z": sevenZip,
    "artifacts/model.tar.gz": gzipSync(tarFile({ "model.pkl": "x" })),
    "artifacts/model.tar.xz": xz,
    "assets/a.dat": xz,
    "data/a.json": xz,
    "data/b.csv": foreign,
    "data/c.csv": zstd,
    // And these are what they say, or as likely anything else.
    "archive/c/0/0": zstd,
    "archive/odd.zip": foreign,
    "docs/contract.docx": foreign,
    "docs/site.tar.gz": gzipSync(tarFile({ "index.html": "text", "font.bin": "text" })),
    "fixtures/a.tar.xz": xz,
    "fixtures/b.TXZ": xz,
    "fixtures/c.7z.001": sevenZip,
    "fixtures/remodelled.tar.xz": xz,
    "vendor/lib.jar": foreign,
  });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), [
    "D artifacts/credit_weights-2.7z MODEL_UNCLAIMED",
    "D artifacts/model.tar.gz MODEL_UNCLAIMED",
    "D artifacts/model.tar.xz MODEL_UNCLAIMED",
    "D assets/a.dat MODEL_UNCLAIMED",
    "D data/a.json MODEL_UNCLAIMED",
    "D data/b.csv MODEL_UNCLAIMED",
    "D data/c.csv MODEL_UNCLAIMED",
  ]);
  const said = (id: string) => modelOf(change, id).head?.problems[0]?.message;
  const end = "and no model.yml names it";
  assert.equal(
    said("artifacts/model.tar.xz"),
    `Nobody can look into artifacts/model.tar.xz, which is called a model, ${end}`,
  );
  assert.equal(
    said("data/a.json"),
    `Nobody can look into data/a.json, which is packed under a name that says otherwise, ${end}`,
  );
});

test("the artifacts of a manifest that becomes unreadable are not models by themselves, but new files are", async () => {
  const scratched = await withModel();
  scratched.commit("head", {
    "models/m/model.yml": "weighbridge: [\n",
    "models/m/w.bin": "weights 2",
    "models/m/extra.pkl": "x",
  });
  assert.deepEqual(summary(await changeOf(scratched)), [
    "C m YAML_SYNTAX",
    "D models/m/extra.pkl MODEL_UNCLAIMED",
  ]);
});

test("an artifact that both git and DVC keep cannot be told", async () => {
  const scratched = await withModel();
  scratched.commit("head", { "models/m/w.bin.dvc": `outs:\n- md5: ${"1a".repeat(16)}\n  path: w.bin\n` });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m ARTIFACT_AMBIGUOUS"]);
});

test("a model file at the root does not take the id of the same name", async () => {
  const scratched = await withModel({ "x/model.yml": manifest({ id: "w.bin" }), "x/w.bin": "x" });
  scratched.commit("head", { "w.bin": "y", "x/w.bin": "z" });
  assert.deepEqual(summary(await changeOf(scratched)), ["D ./w.bin MODEL_UNCLAIMED", "C w.bin"]);
});

test("C47: a symbolic link as an artifact, a manifest or a folder is never followed", async () => {
  const scratched = await withModel({
    "secret/w.bin": "secret",
    "models/n/model.yml": manifest({ id: "n" }),
  });
  const at = (path: string) => join(scratched.directory, path);
  rmSync(at("models/m/w.bin"));
  symlinkSync("../../secret/w.bin", at("models/m/w.bin"));
  rmSync(at("models/n/model.yml"));
  symlinkSync("../m/model.yml", at("models/n/model.yml"));
  scratched.write("models/o/model.yml", manifest({ id: "o", artifacts: ["link/w.bin"] }));
  symlinkSync("../../secret", at("models/o/link"));
  symlinkSync("/etc/passwd", at("free.pkl"));
  scratched.commit("head");
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), [
    "D free.pkl MODEL_UNCLAIMED PATH_UNSAFE",
    "C m PATH_UNSAFE",
    "D models/o/link MODEL_UNCLAIMED PATH_UNSAFE",
    "C n PATH_UNSAFE",
    "D o PATH_UNSAFE",
  ]);
  assert.equal(modelOf(change).head?.subject, undefined);
  assert.deepEqual(modelOf(change).head?.artifacts, [
    {
      path: "models/m/w.bin",
      problem: {
        code: "PATH_UNSAFE",
        message: "Cannot verify models/m/w.bin: it is a symbolic link, which is never followed",
      },
    },
  ]);
});

test("C48: a submodule in a model's folder cannot be verified", async () => {
  const scratched = await withModel();
  const commit = scratched.git("rev-parse", "HEAD");
  scratched.git("rm", "--quiet", "models/m/w.bin");
  scratched.git("update-index", "--add", "--cacheinfo", `160000,${commit},models/m/w.bin`);
  scratched.git("update-index", "--add", "--cacheinfo", `160000,${commit},models/n/sub`);
  scratched.git("commit", "--quiet", "--message", "submodules");
  scratched.git("checkout", "--quiet", "--force", "HEAD");
  scratched.write("models/n/model.yml", manifest({ id: "n", artifacts: ["sub/w.bin"] }));
  scratched.git("add", "models/n/model.yml");
  scratched.git("commit", "--quiet", "--message", "manifest");
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), [
    "C m SUBMODULE_UNVERIFIABLE",
    "D models/n/sub MODEL_UNCLAIMED SUBMODULE_UNVERIFIABLE",
    "D n SUBMODULE_UNVERIFIABLE",
  ]);
  const message = modelOf(change, "n").head?.artifacts[0]?.problem?.message;
  assert.equal(
    message,
    "Cannot verify models/n/sub/w.bin: models/n/sub is a submodule, whose content is in another repository",
  );
});

test("C49: a Git LFS pointer gives digest and size, if the commit's attributes track the path", async () => {
  const content = "large weights";
  const attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";
  const scratched = await withModel();
  scratched.commit("tracked", { ".gitattributes": attributes, "models/m/w.bin": pointerTo(content) });
  const tracked = modelOf(await changeOf(scratched));
  const pointer = { kind: "lfs", digest: sha(content), size: content.length };
  assert.deepEqual(tracked.head?.artifacts, [{ path: "models/m/w.bin", digest: sha(content), pointer }]);
  assert.equal(tracked.head?.subject, sha(content));

  const cases: [name: string, files: Record<string, string>, code: string][] = [
    ["not tracked", { ".gitattributes": "" }, "POINTER_NOT_TRACKED"],
    ["untracked by a nearer file", { "models/m/.gitattributes": "w.bin -filter\n" }, "POINTER_NOT_TRACKED"],
    [
      "with bad text",
      { "models/m/w.bin": pointerTo(content).replace("size ", "size 0") },
      "POINTER_NONCANONICAL",
    ],
    ["of 1,024 bytes", { "models/m/w.bin": pointerTo(content).padEnd(1024, "\n") }, "POINTER_NONCANONICAL"],
    ["with CRLF", { "models/m/w.bin": pointerTo(content).replaceAll("\n", "\r\n") }, "POINTER_NONCANONICAL"],
  ];
  for (const [name, files, code] of cases) {
    scratched.git("checkout", "--quiet", "--force", "main");
    scratched.git("checkout", "--quiet", "-B", "case");
    scratched.commit(name, files);
    const change = await changeOf(scratched);
    assert.deepEqual(summary(change), [`C m ${code}`], name);
    assert.equal(modelOf(change).head?.artifacts[0]?.digest, undefined, name);
    assert.equal(modelOf(change).head?.subject, undefined, name);
  }
});

test("C49: a change of .gitattributes concerns every model whose pointer it untracks", async () => {
  const scratched = await withModel({
    ".gitattributes": "*.bin filter=lfs\n",
    "models/m/w.bin": pointerTo("m"),
    "models/n/model.yml": manifest({ id: "n", artifacts: ["w.pt"] }),
    "models/n/w.pt": "plain",
  });
  scratched.commit("head", { ".gitattributes": "# nothing\n" });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["C m POINTER_NOT_TRACKED"]);
  assert.deepEqual(modelOf(change).paths, [".gitattributes"]);
});

test("C50: a file that becomes a pointer to itself, and back, is the same content", async () => {
  const scratched = await withModel({ ".gitattributes": "*.bin filter=lfs\n" });
  scratched.commit("pointer", { "models/m/w.bin": pointerTo("weights 1") });
  const forth = modelOf(await changeOf(scratched));
  assert.equal(forth.base?.subject, forth.head?.subject);
  assert.equal(forth.changeClass, "A");
  const pointer = scratched.git("rev-parse", "HEAD");
  scratched.commit("file", { "models/m/w.bin": "weights 1" });
  const back = modelOf(await changeOf(scratched, "HEAD", pointer));
  assert.equal(back.base?.subject, back.head?.subject);
  assert.equal(back.changeClass, "A");
  assert.equal(back.head?.artifacts[0]?.pointer, undefined);
});

test("a .dvc file gives the digest of the artifact beside it", async () => {
  const dvc = (path: string, md5: string) =>
    `outs:\n- md5: ${md5}\n  size: 9\n  hash: md5\n  path: ${path}\n`;
  const scratched = await scratch();
  scratched.commit("base", {
    "models/m/model.yml": manifest({ artifacts: ["w.bin", "v.bin.dvc"] }),
    "models/m/w.bin.dvc": dvc("w.bin", "1a".repeat(16)),
    "models/m/v.bin.dvc": dvc("v.bin", "2a".repeat(16)),
  });
  scratched.git("tag", "base");
  scratched.commit("head", { "models/m/w.bin.dvc": dvc("w.bin", "3a".repeat(16)) });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["C m"]);
  const pointer = (digit: string) => ({ kind: "dvc", digest: `md5:${digit.repeat(16)}`, size: 9 });
  assert.deepEqual(modelOf(change).head?.artifacts, [
    { path: "models/m/w.bin", digest: `md5:${"3a".repeat(16)}`, pointer: pointer("3a") },
    { path: "models/m/v.bin.dvc", digest: `md5:${"2a".repeat(16)}`, pointer: pointer("2a") },
  ]);
  scratched.commit("traversal", { "models/m/w.bin.dvc": dvc("../../w.bin", "3a".repeat(16)) });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m PATH_TRAVERSAL"]);
  scratched.commit("other", { "models/m/w.bin.dvc": dvc("x.bin", "3a".repeat(16)) });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m DVC_INVALID"]);
  scratched.commit("no yaml", { "models/m/w.bin.dvc": "outs: [\n" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m YAML_SYNTAX"]);
});

test("C51: a renamed artifact is missing under its old name, and unclaimed under the new one", async () => {
  const scratched = await withModel();
  scratched.git("mv", "models/m/w.bin", "models/m/v.bin");
  scratched.commit("renamed");
  const change = await changeOf(scratched);
  assert.deepEqual(
    change.files.map(({ status, path, previousPath }) => [status, previousPath, path]),
    [["renamed", "models/m/w.bin", "models/m/v.bin"]],
  );
  assert.deepEqual(summary(change), ["C m ARTIFACT_MISSING", "D models/m/v.bin MODEL_UNCLAIMED"]);
  scratched.commit("followed", { "models/m/model.yml": manifest({ artifacts: ["v.bin"] }) });
  const followed = modelOf(await changeOf(scratched));
  assert.equal(followed.base?.subject, followed.head?.subject);
  assert.equal(followed.changeClass, "C");
});

test("C51: a name in another case or another Unicode normalization is another file", async () => {
  const scratched = await withModel({
    "models/n/model.yml": manifest({ id: "n", artifacts: ["gewicht-\u00e9.bin"] }),
    "models/n/gewicht-\u00e9.bin": "n",
  });
  renameSync(join(scratched.directory, "models/m/w.bin"), join(scratched.directory, "models/m/W.bin"));
  scratched.git("mv", "models/n/gewicht-\u00e9.bin", "models/n/gewicht-e\u0301.bin");
  scratched.commit("renamed");
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), [
    "C m ARTIFACT_MISSING",
    "D models/m/W.bin MODEL_UNCLAIMED",
    "D models/n/gewicht-e\u0301.bin MODEL_UNCLAIMED",
    "C n ARTIFACT_MISSING",
  ]);
  const messages = ["m", "n"].map((id) => modelOf(change, id).head?.artifacts[0]?.problem?.message);
  assert.deepEqual(messages, [
    "Cannot find models/m/w.bin: the commit has no such file; models/m/W.bin stands there, whose name is written otherwise",
    "Cannot find models/n/gewicht-\u00e9.bin: the commit has no such file; models/n/gewicht-e\u0301.bin stands there, whose name is written otherwise",
  ]);
});

test("C51: a copied artifact is a model by itself", async () => {
  const scratched = await withModel();
  scratched.commit("copied", { "copy/w.bin": "weights 1" });
  const change = await changeOf(scratched);
  assert.deepEqual(
    change.files.map(({ status }) => status),
    ["copied"],
  );
  assert.deepEqual(summary(change), ["D copy/w.bin MODEL_UNCLAIMED"]);
});

test("C52: a removed artifact is missing, and a folder is no artifact", async () => {
  const scratched = await withModel();
  scratched.git("rm", "--quiet", "models/m/w.bin");
  scratched.commit("removed");
  assert.deepEqual(summary(await changeOf(scratched)), ["C m ARTIFACT_MISSING"]);
  scratched.commit("folder", { "models/m/w.bin/part-1": "x" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m ARTIFACT_FOLDER"]);
});

test("C53: another mode is a change of the file, not of its content", async () => {
  const scratched = await withModel();
  chmodSync(join(scratched.directory, "models/m/w.bin"), 0o755);
  scratched.commit("mode");
  const change = await changeOf(scratched);
  assert.deepEqual(
    change.files.map(({ status }) => status),
    ["mode"],
  );
  assert.deepEqual(summary(change), ["A m"]);
});

test("C54: 3,001 changed files are all there, and the model behind them too", async () => {
  const scratched = await withModel();
  for (let index = 0; index < 3000; index++) scratched.write(`a/${index % 50}/file-${index}.txt`, `${index}`);
  scratched.commit("many", { "models/m/w.bin": "weights 2" });
  const change = await changeOf(scratched);
  assert.equal(change.files.length, 3001);
  assert.deepEqual(summary(change), ["C m"]);
});

test("C56: what only the base changed, and what the change took back, is not blamed on it", async () => {
  const scratched = await withModel({ "models/n/model.yml": manifest({ id: "n" }), "models/n/w.bin": "n" });
  scratched.git("checkout", "--quiet", "-b", "change");
  scratched.commit("forth", { "models/n/w.bin": "other" });
  scratched.commit("back", { "models/n/w.bin": "n", "readme.md": "1" });
  scratched.git("checkout", "--quiet", "main");
  scratched.commit("meanwhile", { "models/m/w.bin": "weights 2" });
  const change = await changeOf(scratched, "change", "main");
  assert.equal(change.base, scratched.git("rev-parse", "main"));
  assert.equal(change.mergeBase, scratched.git("rev-parse", "base"));
  assert.deepEqual(
    change.files.map(({ path }) => path),
    ["readme.md"],
  );
  assert.deepEqual(change.models, []);
});

/** What the change is told by the manifests that the base has by now, by model. */
const staleOf = ({ models }: ChangeSet) =>
  models.map(({ id, head, tip }) => {
    const stale = head?.problems.filter(({ code }) => code === "BRANCH_STALE") ?? [];
    return [id, stale.map(({ place }) => place?.path).join(), tip?.manifest?.id].join(" ").trim();
  });

test("a file that the base has come to name since the branch left is not weighed as if nobody named it", async () => {
  const scratched = await withModel({ "shared/labels.json": "1", "card.md": "1" });
  scratched.git("checkout", "--quiet", "-b", "change");
  scratched.commit("labels", { "shared/labels.json": "2" });
  scratched.git("checkout", "--quiet", "main");
  const more = "data:\n  - { name: labels, role: test, path: /shared/labels.json }\n";
  scratched.commit("a model", { "models/n/model.yml": manifest({ id: "n", more }), "models/n/w.bin": "n" });
  assert.deepEqual(staleOf(await changeOf(scratched, "change", "main")), ["n shared/labels.json n"]);
  // Of a model that was there, and of one that the change concerns anyway.
  scratched.commit("a card", { "models/m/model.yml": manifest({ more: "card: /card.md\n" }) });
  scratched.git("checkout", "--quiet", "change");
  scratched.commit("the card", { "card.md": "2" });
  const both = ["m card.md m", "n shared/labels.json n"];
  assert.deepEqual(staleOf(await changeOf(scratched, "change", "main")), both);
  scratched.commit("weights", { "models/m/w.bin": "weights 2" });
  assert.deepEqual(staleOf(await changeOf(scratched, "change", "main")), both);
  scratched.git("merge", "--quiet", "--no-edit", "main");
  const merged = await changeOf(scratched, "change", "main");
  assert.deepEqual([merged.base === merged.mergeBase, staleOf(merged)], [true, ["m", "n"]]);
});

test("nor is one to which git follows a move", async () => {
  const scratched = await withModel({ "metrics.json": '{ "a": 1 }\n' });
  scratched.git("checkout", "--quiet", "-b", "change");
  scratched.commit("a number", { "metrics.json": '{ "a": 2 }\n' });
  scratched.git("checkout", "--quiet", "main");
  scratched.git("mv", "metrics.json", "models/m/metrics.json");
  const more = "evaluation:\n  - { path: metrics.json, dataset: d, role: test, metrics: [a] }\n";
  scratched.commit("adopted", { "models/m/model.yml": manifest({ more }) });
  assert.deepEqual(staleOf(await changeOf(scratched, "change", "main")), ["m models/m/metrics.json m"]);
});

test("what a pipeline of the base has come to make out of a touched file is not passed over", async () => {
  const scratched = await withModel({ "params.yaml": "lr: 0.1\nseed: 1\n", "src/train.py": "1" });
  const pipeline =
    "stages:\n  train:\n    cmd: train\n    deps: [src/train.py]\n    params: [lr]\n    outs: [models/m/w.bin]\n";
  const md5 = "0".repeat(32);
  const lock = `schema: '2.0'\nstages:\n  train:\n    cmd: train\n    deps: [{ path: src/train.py, hash: md5, md5: ${md5} }]\n    params: { params.yaml: { lr: 0.1 } }\n    outs: [{ path: models/m/w.bin, hash: md5, md5: ${md5} }]\n`;
  scratched.git("checkout", "--quiet", "-b", "seed");
  scratched.commit("a seed", { "params.yaml": "lr: 0.1\nseed: 2\n" });
  scratched.git("checkout", "--quiet", "-b", "change", "main");
  scratched.commit("a rate", { "params.yaml": "lr: 0.5\nseed: 1\n" });
  scratched.git("checkout", "--quiet", "main");
  scratched.commit("a pipeline", { "dvc.yaml": pipeline, "dvc.lock": lock });
  const change = await changeOf(scratched, "change", "main");
  assert.deepEqual([staleOf(change), summary(change)], [["m models/m/w.bin m"], ["C m BRANCH_STALE"]]);
  assert.deepEqual(staleOf(await changeOf(scratched, "seed", "main")), []);
  scratched.git("checkout", "--quiet", "change");
  scratched.git("merge", "--quiet", "--no-edit", "main");
  assert.deepEqual(staleOf(await changeOf(scratched, "change", "main")), ["m"]);
});

test("what the base came to name and the change leaves alone is no matter of it", async () => {
  const scratched = await withModel({ "shared/labels.json": "1", "readme.md": "1" });
  scratched.git("checkout", "--quiet", "-b", "change");
  scratched.commit("weights", { "models/m/w.bin": "weights 2", "readme.md": "2" });
  scratched.git("checkout", "--quiet", "main");
  const more = "data:\n  - { name: labels, role: test, path: /shared/labels.json }\n";
  scratched.commit("a model", { "models/n/model.yml": manifest({ id: "n", more }), "models/n/w.bin": "n" });
  scratched.commit("and its data", { "models/m/model.yml": manifest({ more }) });
  assert.deepEqual(staleOf(await changeOf(scratched, "change", "main")), ["m  m"]);
});

/** Commits one file under a name of any bytes, which no file system has to bear. */
function commitPath(scratched: ScratchRepository, path: Buffer, content: string): void {
  const blob = runGit(scratched.directory, ["hash-object", "-w", "--stdin"], content);
  const record = Buffer.concat([Buffer.from(`100644 ${blob}\t`), path, Buffer.from([0])]);
  runGit(scratched.directory, ["update-index", "-z", "--add", "--index-info"], record);
  scratched.git("commit", "--quiet", "--message", "a path");
}

const HOSTILE_PATHS: readonly [name: string, path: Buffer, id: string][] = [
  ["a line end", Buffer.from("models/a\n::error::x.pkl"), "models/a\n::error::x.pkl"],
  ["a carriage return and a tab", Buffer.from("models/a\r\tx.pkl"), "models/a\r\tx.pkl"],
  ["a backslash", Buffer.from("models\\..\\x.pkl"), "models\\..\\x.pkl"],
  ["a colon", Buffer.from("C:models:x.pkl"), "C:models:x.pkl"],
  ["a percent sign", Buffer.from("models/%0A%2e%2e/x.pkl"), "models/%0A%2e%2e/x.pkl"],
  ["quotes and a pattern", Buffer.from("models/\"*'[x]?.pkl"), "models/\"*'[x]?.pkl"],
  ["3,900 bytes", Buffer.from(`${"long/".repeat(779)}x.pkl`), `${"long/".repeat(779)}x.pkl`],
  ["an override of the direction", Buffer.from("models/\u202elkp.x.pkl"), "models/\u202elkp.x.pkl"],
  ["bytes that are not UTF-8", Buffer.from("models/\xff\xfe.pkl", "latin1"), "models/\udcff\udcfe.pkl"],
  ["the replacement character", Buffer.from("models/\ufffd.pkl"), "models/\ufffd.pkl"],
  ["leading dashes", Buffer.from("--output=x.pkl"), "--output=x.pkl"],
  ["dots that lead nowhere", Buffer.from("models/..a/...pkl.pkl"), "models/..a/...pkl.pkl"],
  ["the name __proto__", Buffer.from("__proto__/constructor.pkl"), "__proto__/constructor.pkl"],
];

for (const [name, path, id] of HOSTILE_PATHS) {
  test(`C57: a path with ${name} is its bytes`, async () => {
    const scratched = await withModel();
    commitPath(scratched, path, "pickle?");
    const change = await changeOf(scratched);
    assert.deepEqual(
      change.files.map((file) => file.path),
      [id],
    );
    assert.deepEqual(summary(change), [`D ${id} MODEL_UNCLAIMED`]);
    assert.deepEqual(modelOf(change, id).head?.artifacts, [{ path: id, digest: sha("pickle?") }]);
  });
}

for (const name of ["..", ".", ".git", ".GIT"]) {
  test(`C57: a tree with an entry named ${name} is refused as a whole`, async () => {
    const scratched = await withModel();
    const blob = runGit(scratched.directory, ["hash-object", "-w", "--stdin"], "x");
    const object = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, "hex")]);
    const args = ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"];
    const inner = runGit(scratched.directory, args, object);
    const outer = runGit(scratched.directory, ["mktree"], `040000 tree ${inner}\tmodels\n`);
    const commit = scratched.git("commit-tree", "-p", "base", "-m", "hostile", outer);
    await assert.rejects(changeOf(scratched, commit), { name: "GateError", code: "PATH_UNSAFE" });
  });
}

test("C57: a tree with a path twice is refused as a whole", async () => {
  const scratched = await withModel();
  const blob = runGit(scratched.directory, ["hash-object", "-w", "--stdin"], "x");
  const entry = Buffer.concat([Buffer.from("100644 w.bin\0"), Buffer.from(blob, "hex")]);
  const args = ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"];
  const tree = runGit(scratched.directory, args, Buffer.concat([entry, entry]));
  const commit = scratched.git("commit-tree", "-p", "base", "-m", "hostile", tree);
  await assert.rejects(changeOf(scratched, commit), { code: "TREE_MALFORMED" });
});

test("the work tree is judged as a commit of it would be", async () => {
  const scratched = await withModel({ ".gitignore": "*.tmp\n" });
  scratched.write("models/m/w.bin", "weights 2");
  scratched.write("models/m/README.md", "card");
  scratched.write("models/m/x.tmp", "ignored");
  scratched.write("models/n/model.yml", manifest({ id: "n" }));
  scratched.write("models/n/w.bin", "n");
  const onDisk = await changeOf(scratched, "worktree");
  assert.equal(onDisk.head, "worktree");
  scratched.commit("head");
  const committed = await changeOf(scratched);
  assert.deepEqual(onDisk, { ...committed, head: "worktree" });
  assert.deepEqual(summary(committed), ["C m", "D n"]);
});

test("SHA-256 repositories give the same models", async () => {
  const summaries = [];
  for (const objectFormat of ["sha1", "sha256"] as const) {
    const scratched = await scratch({ objectFormat });
    scratched.commit("base", { "m/model.yml": manifest(), "m/w.bin": "1" });
    scratched.git("tag", "base");
    scratched.commit("head", { "m/w.bin": "2", "x.pkl": "x" });
    const change = await changeOf(scratched);
    summaries.push([...summary(change), modelOf(change).head?.subject]);
  }
  assert.deepEqual(summaries[0], ["C m", "D x.pkl MODEL_UNCLAIMED", sha("2")]);
  assert.deepEqual(summaries[1], summaries[0]);
});

/** Commits blobs as they are: git add would undo what a checkout does. */
function commitBlobs(
  scratched: ScratchRepository,
  files: Readonly<Record<string, string | Uint8Array>>,
): void {
  for (const [path, content] of Object.entries(files)) {
    const oid = runGit(scratched.directory, ["hash-object", "-w", "--stdin"], content);
    scratched.git("update-index", "--add", "--cacheinfo", `100644,${oid},${path}`);
  }
  scratched.git("commit", "--quiet", "--message", "blobs");
}

test("an artifact of which a checkout makes other bytes cannot be verified", async () => {
  const cases: [rule: string, content: string, isOther: boolean][] = [
    ["working-tree-encoding=GBK", "\u0436", true],
    ["ident", "x $Id$", true],
    ["ident", "x", false],
    ["eol=crlf", "a\n\0", true],
    ["eol=crlf", "a\r\n", false],
    ["text=auto eol=crlf", "a\n\0", false],
    ["text=auto eol=crlf", "a\n", true],
    ["text=auto", "a\n", false],
    ["eol=crlf -text", "a\n", false],
    ["filter=crypt", "a", true],
    ["filter=crypt -filter", "a", false],
  ];
  for (const [rule, content, isOther] of cases) {
    const scratched = await withModel();
    commitBlobs(scratched, { ".gitattributes": `*.bin ${rule}\n`, "models/m/w.bin": content });
    const [, code] = summary(await changeOf(scratched))[0]?.split(" m") ?? [];
    assert.equal(code, isOther ? " ATTRIBUTE_CONVERTS" : "", `${rule} ${JSON.stringify(content)}`);
  }
});

test("an attribute that converts concerns a model none of whose files change", async () => {
  const scratched = await withModel();
  scratched.commit("head", { ".gitattributes": "*.bin working-tree-encoding=ISO-8859-1\n" });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["C m ATTRIBUTE_CONVERTS"]);
  assert.deepEqual(modelOf(change).head?.artifacts[0]?.problem, {
    code: "ATTRIBUTE_CONVERTS",
    message:
      "Cannot verify models/m/w.bin: .gitattributes sets working-tree-encoding=ISO-8859-1 for it, so that a checkout has other bytes than git keeps",
    place: { path: ".gitattributes", line: 1 },
    fix: 'Set "-text -ident -filter !working-tree-encoding" for models/m/w.bin in .gitattributes, below that line',
  });
});

test("a manifest and its results may not be in another encoding in a checkout", async () => {
  const more = "evaluation: [{ path: e.json, dataset: d, role: test, metrics: [f1] }]\n";
  const scratched = await withModel({ "models/m/model.yml": manifest({ more }), "models/m/e.json": "{}" });
  commitBlobs(scratched, { ".gitattributes": "*.json working-tree-encoding=UTF-16\n" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m ATTRIBUTE_CONVERTS"]);
  commitBlobs(scratched, { ".gitattributes": "*.json eol=crlf\n*.yml ident\n" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m"]);
});

test("a file that becomes a pickle in a checkout is a model, and text of another encoding is not", async () => {
  const pickle = Buffer.from(
    "80049516000000000000008c05706f736978948c0673797374656d9493948c046964202094859452942e",
    "hex",
  );
  const hidden = Buffer.from(pickle.toString("latin1"), "utf8");
  const wide = Buffer.from(pickle.toString("utf16le"), "utf8");
  const scratched = await withModel({ "later.dat": hidden.toString("utf8") });
  commitBlobs(scratched, {
    ".gitattributes":
      "*.dat working-tree-encoding=ISO-8859-1\n*.rc working-tree-encoding=UTF-16LE-BOM eol=crlf\n*.raw working-tree-encoding=UTF-16LE\n*.odd working-tree-encoding=CP037\n",
    "a.dat": hidden,
    "b.dat": "Gr\u00fc\u00dfe\n",
    "c.rc": "text\n",
    "d.raw": wide,
    "e.odd": "text\n",
  });
  assert.deepEqual(summary(await changeOf(scratched)), [
    "D a.dat MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D d.raw MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D e.odd MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D later.dat MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
  ]);
});

test("a text of which a checkout makes a pickle is a model", async () => {
  const pickle = "0cposix\nsystem\n(S'true'\ntR.";
  // The text that the first byte counts out ends where the id of the blob begins to stand in it.
  const expanded = `U0$Id$x${pickle}`.padEnd(60, "~");
  // With a carriage return more, the first text of 35 bytes ends before the U, behind which stands another.
  const wrapped = `U#a\n${"b".repeat(32)}U#${"c".repeat(35)}U\x05posixU\x06system\x93(U\x04truetR.`;
  const scratched = await withModel({ "later.txt": expanded });
  commitBlobs(scratched, {
    ".gitattributes": "*.txt ident\n*.crlf eol=crlf\n",
    "a.txt": expanded,
    "b.txt": "$Id$ words\n",
    "c.crlf": Buffer.from(wrapped, "latin1"),
    "d.crlf": "words\n",
    "e.plain": expanded,
  });
  assert.deepEqual(summary(await changeOf(scratched)), [
    "D a.txt MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D c.crlf MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D later.txt MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
  ]);
});

test("an artifact of the base is still a model where the head calls it data", async () => {
  const base = { "models/m/model.yml": manifest({ artifacts: ["w.npy"] }), "models/m/w.npy": NPY };
  const scratched = await withModel({ ...base, "models/m/d.npy": NPY });
  const data = (name: string) => `data: [{ name: d, role: reference, path: ${name} }]\n`;
  const changed = Buffer.concat([NPY, Buffer.from("x")]);
  scratched.commit("data all along", {
    "models/m/model.yml": manifest({ artifacts: ["w.npy"], more: data("d.npy") }),
    "models/m/d.npy": changed,
  });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m"]);
  scratched.commit("demoted", {
    "models/m/model.yml": manifest({ more: data("w.npy") }),
    "models/m/w.npy": changed,
  });
  assert.deepEqual(summary(await changeOf(scratched)), [
    "C m",
    "C models/m/d.npy MODEL_UNCLAIMED",
    "D models/m/w.npy MODEL_UNCLAIMED",
  ]);
});

const PICKLE = Buffer.from(
  "80049516000000000000008c05706f736978948c0673797374656d9493948c046964202094859452942e",
  "hex",
);

/** Puts content where Git LFS keeps it, or DVC; the pointer to it. */
function lfsOf(scratched: ScratchRepository, content: Uint8Array, isHere = true): string {
  const hex = createHash("sha256").update(content).digest("hex");
  if (isHere) scratched.write(`.git/lfs/objects/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`, content);
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${hex}\nsize ${content.length}\n`;
}

function dvcOf(scratched: ScratchRepository, path: string, content: Uint8Array, kept?: Uint8Array): string {
  const hex = createHash("md5").update(content).digest("hex");
  if (kept !== undefined) scratched.write(`.dvc/cache/files/md5/${hex.slice(0, 2)}/${hex.slice(2)}`, kept);
  return `outs:\n- md5: ${hex}\n  size: 1\n  hash: md5\n  path: ${path}\n`;
}

test("what stands behind a pointer that no manifest claims is looked at, or else is a model", async () => {
  const text = Buffer.from("text");
  const elsewhere = Buffer.from("elsewhere");
  const scratched = await withModel();
  scratched.write(".git/info/exclude", ".dvc/cache\n");
  const dvc = (path: string, content: Uint8Array, kept?: Uint8Array) => dvcOf(scratched, path, content, kept);
  scratched.commit("head", {
    "lfs/pickle.dat": lfsOf(scratched, PICKLE),
    "lfs/pickle.csv": lfsOf(scratched, PICKLE),
    "lfs/text.dat": lfsOf(scratched, text),
    "lfs/absent.dat": lfsOf(scratched, elsewhere, false),
    "lfs/absent.parquet": lfsOf(scratched, elsewhere, false),
    "lfs/absent.png": lfsOf(scratched, elsewhere, false),
    "lfs/absent.zip": lfsOf(scratched, elsewhere, false),
    "lfs/crooked.dat": `\n${lfsOf(scratched, elsewhere, false)}`,
    "dvc/pickle.dat.dvc": dvc("pickle.dat", PICKLE, PICKLE),
    "dvc/text.dat.dvc": dvc("text.dat", text, text),
    "dvc/swapped.dat.dvc": dvc("swapped.dat", Buffer.from("swapped"), text),
    "dvc/absent.csv.dvc": dvc("absent.csv", elsewhere),
    "dvc/folder.dvc": `outs:\n- md5: ${"0a".repeat(16)}.dir\n  hash: md5\n  path: folder\n`,
    "data/claimed.dvc": `outs:\n- md5: ${"0a".repeat(16)}.dir\n  hash: md5\n  path: claimed\n`,
    "data/pickle.raw": lfsOf(scratched, PICKLE),
    "data/absent.raw": lfsOf(scratched, elsewhere, false),
    "models/m/model.yml": manifest({ more: "data: [{ name: d, role: train, path: /data }]\n" }),
  });
  assert.deepEqual(
    (await changeOf(scratched)).models.map(({ id }) => id),
    [
      "data/pickle.raw",
      "dvc/folder.dvc",
      "dvc/pickle.dat.dvc",
      "dvc/swapped.dat.dvc",
      "lfs/absent.dat",
      "lfs/absent.zip",
      "lfs/crooked.dat",
      "lfs/pickle.csv",
      "lfs/pickle.dat",
      "m",
    ],
  );
});

test("a submodule or a folder's link where models are is one that nobody can look into", async () => {
  const scratched = await withModel({ "lib/code.py": "1" });
  for (const path of ["models/fraud", "models/m/weights", "vendor/f.safetensors", "vendor/tool"]) {
    runGit(scratched.directory, ["init", "--quiet", path]);
    runGit(join(scratched.directory, path), ["commit", "--quiet", "--allow-empty", "--message", "x"]);
  }
  const links = {
    "models/l": "/opt",
    "models/m/l": "../../lib",
    "models/m/c.py": "../../lib/code.py",
    v: "lib",
  };
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(scratched.directory, path));
  scratched.commit("head");
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), [
    "C m",
    "D models/fraud MODEL_UNCLAIMED SUBMODULE_UNVERIFIABLE",
    "D models/l MODEL_UNCLAIMED PATH_UNSAFE",
    "D models/m/l MODEL_UNCLAIMED PATH_UNSAFE",
    "D models/m/weights MODEL_UNCLAIMED SUBMODULE_UNVERIFIABLE",
    "D vendor/f.safetensors MODEL_UNCLAIMED SUBMODULE_UNVERIFIABLE",
  ]);
  assert.match(modelOf(change, "models/fraud").head?.problems[0]?.fix ?? "", /^Commit the files themselves/);
});
