import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { tarFile } from "../artifact/tar-file.ts";
import { runGit, type ScratchRepository } from "../git.ts";
import { changeOf, manifest, modelOf, pointerTo, summary, withModel } from "./scratch.ts";

/** Files that no manifest names: which of them are models by themselves. */

const NPY = arrayOf("<f8");

/** An array as NumPy writes it, without its values. */
function arrayOf(type: string): Buffer {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (0,), }`.padEnd(117);
  return Buffer.from(`\x93NUMPY\x01\x00v\x00${header}\n`, "latin1");
}

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
