import assert from "node:assert/strict";
import { test } from "node:test";
import { readChangeSet } from "../../gate/change/read.ts";
import { openCheckout } from "../../gate/checkout.ts";
import type { ChangeSet } from "../../gate/model/change.ts";
import { scratchRepository } from "../git.ts";
import { BASE, pipeline, YAML } from "./pipeline.ts";
import { changeOf, manifest, summary, withModel } from "./scratch.ts";

type Written = Readonly<Record<string, string>>;

const { "dvc.lock": LOCK, "dvc.yaml": _, ...UNMADE } = BASE as Written;
const MADE: Written = { ...UNMADE, "dvc.yaml": YAML, "dvc.lock": LOCK! };

/** `<model> <first path that was not weighed>` of a change that left `before`, which has become `meanwhile`. */
async function staleAfter(before: Written, meanwhile: Written, change: Written): Promise<readonly string[]> {
  const scratch = await scratchRepository();
  scratch.commit("before", before);
  scratch.git("branch", "change");
  const base = scratch.commit("meanwhile", meanwhile);
  scratch.git("checkout", "--quiet", "change");
  const head = scratch.commit("change", change);
  const checkout = await openCheckout(scratch.directory);
  try {
    const { models } = await readChangeSet({ base, head }, checkout);
    return models.map(({ id, head: version }) => {
      const stale = version?.problems.filter(({ code }) => code === "BRANCH_STALE") ?? [];
      return [id, ...stale.map(({ place }) => place?.path)].join(" ");
    });
  } finally {
    await checkout.close();
    scratch.remove();
  }
}

const RATE = { "params.yaml": "train: { lr: 0.9 }\nother: { seed: 1 }\n" };
const SEED = { "params.yaml": "train: { lr: 0.1 }\nother: { seed: 2 }\n" };
const NEW_LOCK = pipeline({ out: "b" }) as Written;
const NEW_DEPENDENCY = {
  "dvc.yaml": YAML.replace("src/train.py]", "src/train.py, src/shared.py]"),
  "dvc.lock": LOCK!.replaceAll("src/train.py, hash", "src/shared.py, hash"),
};
const SHARED = { ...MADE, "src/shared.py": "1\n" };

for (const [what, before, meanwhile, change, found] of [
  ["a value of a pipeline that came", UNMADE, MADE, RATE, ["m models/m/metrics.json"]],
  ["code of one that came", UNMADE, MADE, { "src/prepare.py": "2\n" }, ["m models/m/metrics.json"]],
  ["a value that it does not use", UNMADE, MADE, SEED, []],
  ["code of a stage that makes no model", UNMADE, MADE, { "src/other.py": "2\n" }, []],
  ["a new dependency", SHARED, NEW_DEPENDENCY, { "src/shared.py": "2\n" }, ["m models/m/metrics.json"]],
  ["what the pipeline used before, too", MADE, NEW_LOCK, { "src/train.py": "2\n" }, ["m"]],
  ["what a pipeline that stood still uses", MADE, { "readme.md": "1" }, RATE, ["m"]],
] as const) {
  const title = found.some((model) => model.includes(" ")) ? "has to be weighed again" : "is no late claim";
  test(`where the base has moved on, ${what} ${title}`, async () => {
    assert.deepEqual(await staleAfter(before, meanwhile, change), found);
  });
}

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
