import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { dvc } from "../../gate/adapter/dvc.ts";

function read(path: string, text: string) {
  const [item] = dvc.read({ path, bytes: Buffer.from(text) }).items;
  return item;
}

function readLock(text: string) {
  const item = read("dvc.lock", text);
  assert.ok(item?.kind === "lock");
  return item.stages;
}

test("a lock of the real DVC 3 is read", () => {
  const stages = readLock(
    readFileSync(new URL("../corpus/adapters/dvc/current/dvc.lock", import.meta.url), "utf8"),
  );
  assert.deepEqual(
    [...stages.keys()],
    [
      "prepare",
      "train",
      "evaluate@uk",
      "evaluate@de",
      "named@first",
      "named@second",
      "grid@1-kind0",
      "grid@1-kind1",
      "grid@2-kind0",
      "grid@2-kind1",
    ],
  );
  const train = stages.get("train");
  assert.deepEqual(
    train?.deps.map(({ path, digest, files, textNormalized }) => ({ path, digest, files, textNormalized })),
    [
      {
        path: "../data/prepared.csv",
        digest: "md5:f5dc5ac2097d640e62eb2579cbb41b11",
        files: undefined,
        textNormalized: false,
      },
      {
        path: "../src/",
        digest: "md5:cd0c09ff7f7d9514b44ab64c0e29e965.dir",
        files: 6,
        textNormalized: false,
      },
    ],
  );
  assert.deepEqual([...(train?.params.keys() ?? [])], ["../params.yaml", "options.toml"]);
});

test("a lock of the real DVC 2 says that its text is normalised", () => {
  const stages = readLock(
    readFileSync(new URL("../corpus/adapters/dvc/legacy/dvc.lock", import.meta.url), "utf8"),
  );
  const [dependency] = stages.get("measure")?.deps ?? [];
  assert.equal(dependency?.textNormalized, true);
  assert.equal(dependency?.at.line, 6);
});

for (const [what, text, found] of [
  ["of DVC 1", "train:\n  cmd: python train.py\n", "none"],
  ["of a later version", "schema: '3.0'\nstages: {}\n", '"3.0"'],
  ["whose version is a number", "schema: 2.0\nstages: {}\n", "2.0"],
] as const) {
  test(`a lock ${what} is refused`, () => {
    assert.throws(() => readLock(text), {
      code: "DVC_LOCK_SCHEMA",
      message: `Cannot read dvc.lock: its schema is ${found}, expected "2.0"`,
    });
  });
}

const LOCK = (stage: string) => `schema: '2.0'\nstages:\n  a:\n${stage}`;

for (const [what, text, code] of [
  ["a stage without a command", LOCK("    deps: []\n"), "DVC_INVALID"],
  ["a stage that is no map", "schema: '2.0'\nstages: {a: 1}\n", "DVC_INVALID"],
  ["stages that are a list", "schema: '2.0'\nstages: [a]\n", "DVC_INVALID"],
  ["an entry without a path", LOCK("    cmd: x\n    deps: [{md5: 1}]\n"), "DVC_INVALID"],
  ["an MD5 of other length", LOCK("    cmd: x\n    deps: [{path: a, md5: abc}]\n"), "DVC_INVALID"],
  ["an MD5 in capitals", LOCK(`    cmd: x\n    deps: [{path: a, md5: ${"AB".repeat(16)}}]\n`), "DVC_INVALID"],
  ["a stage that stands twice", `${LOCK("    cmd: x\n")}  a:\n    cmd: y\n`, "YAML_DUPLICATE_KEY"],
  ["an anchor", LOCK("    cmd: &a x\n"), "YAML_ALIAS"],
  ["a list", "- a\n", "DVC_INVALID"],
] as const) {
  test(`a lock with ${what} is refused with ${code}`, () => {
    assert.throws(() => readLock(text), { name: "GateError", code });
  });
}

test("an entry without MD5 binds nothing", () => {
  const text = LOCK("    cmd: x\n    deps:\n    - path: s3://bucket/a\n      etag: abc\n");
  assert.equal(readLock(text).get("a")?.deps[0]?.digest, undefined);
});

test("a pipeline without stages has none, and null is an empty section", () => {
  for (const text of ["{}\n", "stages:\n", "stages: {}\nvars:\n"]) {
    const item = read("sub/dvc.yaml", text);
    assert.ok(item?.kind === "pipeline");
    assert.equal(item.stages.size, 0);
  }
});

test("files of DVC are known by their names", () => {
  const is = (path: string) => dvc.recognises(path, new Uint8Array());
  assert.ok(is("dvc.lock") && is("models/a/dvc.yaml"));
  assert.ok(!is("notdvc.lock") && !is("dvc.yaml.bak") && !is("data.csv.dvc"));
});
