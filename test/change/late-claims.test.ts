import assert from "node:assert/strict";
import { test } from "node:test";
import { readChangeSet } from "../../gate/change/read.ts";
import { openCheckout } from "../../gate/checkout.ts";
import { scratchRepository } from "../git.ts";
import { BASE, pipeline, YAML } from "./pipeline.ts";

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
