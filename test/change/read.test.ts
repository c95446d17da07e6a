import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runGit, type ScratchRepository } from "../git.ts";
import { changeOf, manifest, modelOf, scratch, sha, summary, withModel } from "./scratch.ts";

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
