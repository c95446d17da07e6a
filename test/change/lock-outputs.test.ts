import assert from "node:assert/strict";
import { test } from "node:test";
import { readChangeSet } from "../../gate/change/read.ts";
import { openCheckout } from "../../gate/checkout.ts";
import type { ChangeSet } from "../../gate/model/change.ts";
import { scratchRepository } from "../git.ts";

const [OLD, NEW] = ["0a".repeat(16), "0b".repeat(16)];

/** A lock with one stage that makes one file. */
function lock(md5: string, path = "model.pkl", stage = "train"): string {
  return `schema: '2.0'\nstages:\n  ${stage}:\n    cmd: make\n    outs:\n    - path: ${path}\n      hash: md5\n      md5: ${md5}\n      size: 7\n`;
}

function pipeline(body: string): string {
  return `stages:\n  train:\n    ${body}\n`;
}

type Files = Readonly<Record<string, string>>;

/** The change from a commit with some files to one with others on top. */
async function changeOf(base: Files, head: Files): Promise<ChangeSet> {
  const scratch = await scratchRepository();
  const before = scratch.commit("base", { "README.md": "x\n", ...base });
  const after = scratch.commit("head", head);
  const checkout = await openCheckout(scratch.directory);
  try {
    return await readChangeSet({ base: before, head: after }, checkout);
  } finally {
    await checkout.close();
    scratch.remove();
  }
}

/** `class id: digest or problem at base -> the same at head` of each model. */
function summary({ models }: ChangeSet): string[] {
  return models.map(({ id, changeClass, base, head }) => {
    const [before, after] = [base, head].map((side) => {
      const artifact = side?.artifacts[0];
      return artifact?.problem?.code ?? artifact?.digest ?? "none";
    });
    return `${changeClass} ${id}: ${before} -> ${after}`;
  });
}

test("a model that a pipeline makes and git does not keep is a model of the change", async () => {
  const change = await changeOf({ "dvc.lock": lock(OLD) }, { "dvc.lock": lock(NEW) });
  assert.deepEqual(summary(change), [`C model.pkl: md5:${OLD} -> md5:${NEW}`]);
  const [model] = change.models;
  assert.deepEqual(model?.paths, ["dvc.lock"]);
  assert.deepEqual(model?.head?.artifacts[0]?.pointer, { kind: "dvc", digest: `md5:${NEW}`, size: 7 });
  assert.equal(model?.head?.problems[0]?.code, "MODEL_UNCLAIMED");
});

const CASES: readonly (readonly [name: string, base: Files, head: Files, ...found: string[]])[] = [
  ["a new lock", {}, { "a/dvc.lock": lock(NEW) }, `D a/model.pkl: none -> md5:${NEW}`],
  [
    "a lock without the output",
    { "dvc.lock": lock(OLD) },
    { "dvc.lock": "schema: '2.0'\nstages: {}\n" },
    `E model.pkl: md5:${OLD} -> none`,
  ],
  [
    "a lock that says the same in other words",
    { "dvc.lock": lock(OLD) },
    { "dvc.lock": lock(OLD).replace("      size: 7\n", "") },
  ],
  [
    "an output that is no model",
    { "dvc.lock": lock(OLD, "plot.png") },
    { "dvc.lock": lock(NEW, "plot.png") },
  ],
  [
    "an output that git keeps, which speaks for itself",
    { "dvc.lock": lock(OLD), "model.pkl": "weights" },
    { "dvc.lock": lock(NEW) },
  ],
  [
    "a stage that works in a folder of its own",
    { "dvc.lock": lock(OLD), "dvc.yaml": pipeline("wdir: deep") },
    { "dvc.lock": lock(NEW) },
    `C deep/model.pkl: md5:${OLD} -> md5:${NEW}`,
  ],
  [
    "one of the stages that a stage stands for",
    { "dvc.lock": lock(OLD, "model.pkl", "train@uk"), "dvc.yaml": pipeline("do: { wdir: deep }") },
    { "dvc.lock": lock(NEW, "model.pkl", "train@uk") },
    `C deep/model.pkl: md5:${OLD} -> md5:${NEW}`,
  ],
  [
    "a stage whose folder is a template",
    { "dvc.lock": lock(OLD), "dvc.yaml": pipeline("wdir: $" + "{item}") },
    { "dvc.lock": lock(NEW) },
    `C model.pkl: md5:${OLD} -> md5:${NEW}`,
  ],
  [
    "a pipeline that cannot be read",
    { "dvc.lock": lock(OLD), "dvc.yaml": "a: 1\na: 2\n" },
    { "dvc.lock": lock(NEW) },
    `C model.pkl: md5:${OLD} -> md5:${NEW}`,
  ],
  [
    "a lock as DVC wrote it before 1.11",
    { "dvc.lock": `train:\n  cmd: make\n  outs:\n  - path: model.pkl\n    md5: ${OLD}\n` },
    { "dvc.lock": `train:\n  cmd: make\n  outs:\n  - path: model.pkl\n    md5: ${NEW}\n` },
    `C model.pkl: md5:${OLD} -> md5:${NEW}`,
  ],
  [
    "an output in a bucket, which nobody can verify",
    { "dvc.lock": lock(OLD, "s3://bucket/model.pkl") },
    { "dvc.lock": lock(NEW, "s3://bucket/model.pkl") },
    "C s3://bucket/model.pkl: DVC_OUTPUT_UNPINNED -> DVC_OUTPUT_UNPINNED",
  ],
  [
    "an output that leads out of the repository",
    {},
    { "dvc.lock": lock(NEW, "../../model.pkl") },
    "D ../../model.pkl: none -> DVC_OUTPUT_UNPINNED",
  ],
  [
    "an output without a digest",
    {},
    { "dvc.lock": lock(NEW).replace(`      md5: ${NEW}\n`, "") },
    "D model.pkl: none -> DVC_OUTPUT_UNPINNED",
  ],
  [
    "a lock that only the base cannot read",
    { "dvc.lock": "stages: [" },
    { "dvc.lock": lock(NEW) },
    `D model.pkl: none -> md5:${NEW}`,
  ],
];

for (const [name, base, head, ...found] of CASES) {
  test(`readChangeSet() sees in ${name} what it says of models`, async () => {
    assert.deepEqual(summary(await changeOf(base, head)), found);
  });
}

test("a manifest claims what a pipeline makes, and the change of the lock concerns its model", async () => {
  const manifest = "weighbridge: 1\nid: m\nstatus: candidate\nartifacts: [{ path: model.pkl }]\n";
  const claimed = { "models/model.yml": manifest, "dvc.lock": lock(OLD, "models/model.pkl") };
  const change = await changeOf(claimed, { "dvc.lock": lock(NEW, "models/model.pkl") });
  assert.deepEqual(summary(change), [`C m: md5:${OLD} -> md5:${NEW}`]);
  assert.deepEqual(change.models[0]?.paths, ["dvc.lock"]);
});

const BROKEN: readonly (readonly [name: string, text: string, code: string])[] = [
  ["is no YAML", "stages: [", "YAML_SYNTAX"],
  ["has stages that are no map", "stages: [train]\n", "DVC_INVALID"],
  ["has an output without a path", `stages:\n  train:\n    outs:\n    - md5: ${NEW}\n`, "DVC_INVALID"],
  ["has outputs that are no list", "stages:\n  train:\n    outs: model.pkl\n", "DVC_INVALID"],
];

for (const [name, text, code] of BROKEN) {
  test(`a changed lock that ${name} is an error, for nobody could say which models it is about`, async () => {
    await assert.rejects(changeOf({ "dvc.lock": lock(OLD) }, { "dvc.lock": text }), {
      name: "GateError",
      code,
    });
  });
}

test("a broken lock that the change leaves alone keeps nobody out", async () => {
  const change = await changeOf({ "corpus/dvc.lock": "stages: [" }, { "dvc.lock": lock(NEW) });
  assert.deepEqual(summary(change), [`D model.pkl: none -> md5:${NEW}`]);
});
