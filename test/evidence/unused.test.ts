import assert from "node:assert/strict";
import { test } from "node:test";
import type { EvidenceProblem } from "../../gate/model/evidence.ts";
import { collect, type Files } from "./memory.ts";

const PLAN =
  "{ path: metrics.json, dataset: holdout, role: test, metrics: [roc_auc, { name: brier, key: b }] }";

function manifest(id: string, plan = PLAN): string {
  return `weighbridge: 1\nid: ${id}\nstatus: candidate\nartifacts: [{ path: model.bin }]\nevaluation:\n  - ${plan}\n`;
}

/** Model `a` changes, `b` does not; the evaluation file of neither is committed. */
async function unused(
  run: Readonly<Record<string, string>>,
  files: Files = {},
): Promise<readonly EvidenceProblem[]> {
  const common = {
    "models/a/model.yml": manifest("a"),
    "models/b/model.yml": manifest("b", PLAN.replace("metrics.json", "/reports/b.json")),
    "models/b/model.bin": "b",
    ...files,
  };
  const { problems } = await collect({
    base: { ...common, "models/a/model.bin": "old" },
    head: { ...common, "models/a/model.bin": "new" },
    run,
  });
  return problems.filter(({ code }) => code === "EVIDENCE_UNUSED");
}

function item(over: object = {}): object {
  return {
    ...{ schema: "evidence/v1", kind: "metric", name: "roc_auc", value: 0.8 },
    ...{ subject: { model: "a" }, dataset: { name: "holdout" } },
    ...over,
  };
}

function lines(...items: readonly object[]): string {
  return items.map((each) => JSON.stringify(each)).join("\n");
}

const USED: readonly (readonly [what: string, run: Readonly<Record<string, string>>])[] = [
  ["stands for an evaluation", { "out/models/a/metrics.json": '{"roc_auc": 0.8, "other": 1}' }],
  ["names its model and data", { "e.ndjson": lines(item(), item({ name: "b", value: 0.1 })) }],
  ["is about a model that does not change", { "e.ndjson": lines(item({ subject: { model: "b" } })) }],
  ["stands in the folder of a model that does not change", { "out/models/b/slices.csv": "metric,value\n" }],
  ["is an evaluation of a model that does not change", { "out/reports/b.json": '{"roc_auc": 0.8}' }],
  [
    "has numbers besides those that are planned",
    {
      "e.ndjson": lines(
        item(),
        item({ name: "f1" }),
        item({ dataset: { name: "recent" } }),
        item({ dataset: { name: "rows", role: "train" } }),
      ),
    },
  ],
  [
    "has only kinds that no gate reads",
    { "e.json": JSON.stringify({ schema: "evidence/v1", kind: "cost" }) },
  ],
  [
    "is about another digest",
    { "e.ndjson": lines(item({ subject: { model: "a", digest: `sha256:${"1".repeat(64)}` } })) },
  ],
];

for (const [what, run] of USED) {
  test(`a file of the run that ${what} is used`, async () => {
    assert.deepEqual(await unused(run, { "reports/README.md": "x" }), []);
  });
}

const UNUSED: readonly (readonly [
  what: string,
  run: Readonly<Record<string, string>>,
  message: string,
  line?: number,
])[] = [
  [
    "matches nothing",
    { "results.json": '{"roc_auc": 0.5}' },
    "Cannot use results.json: no evaluation of a model that changes has a path that ends like it",
  ],
  [
    "stands in the model's folder under another name",
    { "models/a/results.json": '{"roc_auc": 0.5}' },
    "Cannot use models/a/results.json: no evaluation of a model that changes has a path that ends like it",
  ],
  [
    "no adapter knows",
    { "results.parquet": "PAR1" },
    "Cannot use results.parquet: no adapter knows its format",
  ],
  [
    "names a model that there is not",
    { "e.ndjson": lines(item(), item({ subject: { model: "A" } })) },
    'Cannot use 1 of 2 items of e.ndjson: no model.yml has the id "A"; did you mean "a"?',
    2,
  ],
  [
    "is malformed and names a model that there is not",
    { "e.ndjson": lines(item({ subject: { model: "zzzz" }, value: "0.5" })) },
    'Cannot use 1 of 1 items of e.ndjson: no model.yml has the id "zzzz"',
    1,
  ],
  [
    "names a dataset that there is not",
    { "e.ndjson": lines(item({ dataset: { name: "Holdout" } })) },
    'Cannot use 1 of 1 items of e.ndjson: "roc_auc" was measured on "Holdout", and is planned on "holdout"; did you mean "holdout"?',
    1,
  ],
  [
    "names no model",
    { "e.ndjson": lines(item({ subject: { digest: `sha256:${"1".repeat(64)}` } })) },
    'Cannot use 1 of 1 items of e.ndjson: "roc_auc" names no model, and the file stands for no evaluation',
    1,
  ],
  [
    "names no data",
    {
      "e.ndjson": lines({
        schema: "evidence/v1",
        kind: "metric",
        name: "roc_auc",
        value: 1,
        subject: { model: "a" },
      }),
    },
    'Cannot use 1 of 1 items of e.ndjson: "roc_auc" names no dataset, and the file stands for no evaluation',
    1,
  ],
  [
    "holds nothing that is planned",
    { "e.ndjson": lines(item({ name: "rocauc" }), item({ name: "f1" })) },
    "Cannot use e.ndjson: no plan promises any of its numbers",
  ],
];

for (const [what, run, message, line] of UNUSED) {
  test(`a file of the run that ${what} is not used, and that is said`, async () => {
    const [problem, ...others] = await unused(run);
    assert.deepEqual(others, []);
    assert.equal(problem?.message, message);
    assert.deepEqual([problem?.model, problem?.metrics, problem?.place.line], [undefined, [], line]);
    assert.ok((problem?.fix ?? "") !== "");
  });
}

test("of very many files that are not used, some are named and the rest are counted", async () => {
  const run = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`plots/${at}.png`, "x"]));
  const problems = await unused(run);
  assert.equal(problems.length, 21);
  assert.ok(problems.some(({ message }) => message.startsWith("Cannot use 30 more files of the run:")));
});

test("a file that cannot be read, or may stand for several, is told once and not as unused", async () => {
  const broken = { "x/all.ndjson": '{"schema":"evidence/v1"' };
  assert.deepEqual(await unused(broken), []);
  assert.deepEqual(await unused({ "metrics.json": "{}" }, { "other/metrics.json": "{}" }), []);
});

test("a manifest that cannot be read keeps no file from being told of", async () => {
  const problems = await unused(
    { "e.ndjson": lines(item({ subject: { model: "b" } })) },
    { "models/b/model.yml": "weighbridge: 1\nid: b\nartifacts: [" },
  );
  assert.equal(problems.length, 1);
});
