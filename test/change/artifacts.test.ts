import assert from "node:assert/strict";
import { renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { changeOf, manifest, modelOf, pointerTo, scratch, sha, summary, withModel } from "./scratch.ts";

/** What stands at the paths that a manifest names. */

test("an artifact that both git and DVC keep cannot be told", async () => {
  const scratched = await withModel();
  scratched.commit("head", { "models/m/w.bin.dvc": `outs:\n- md5: ${"1a".repeat(16)}\n  path: w.bin\n` });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m ARTIFACT_AMBIGUOUS"]);
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
