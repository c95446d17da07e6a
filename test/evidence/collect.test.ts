import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { canonical } from "../../gate/parse/canonical.ts";
import { collect, type Files, type Scene } from "./memory.ts";

function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function manifest(id: string): string {
  return `weighbridge: 1
id: ${id}
status: candidate
artifacts: [{ path: model.bin }, { path: extra.bin }]
evaluation:
  - { path: metrics.json, dataset: test, role: test, metrics: [roc_auc, brier] }
  - { path: slices.csv, dataset: test, role: test, metrics: [roc_auc] }
  - { path: broken.json, dataset: other, role: test, metrics: [roc_auc] }
card: README.md
data: [{ name: rows, role: train, path: rows.csv }, { name: none, role: test }]
`;
}

function model(id: string, weights: string): Record<string, string> {
  const files = {
    "model.yml": manifest(id),
    "model.bin": weights,
    "extra.bin": "more",
    "metrics.json": '{"roc_auc": 0.8, "brier": NaN}',
    "slices.csv": "metric,value,sex\nroc_auc,0.7,F\nroc_auc,0.75,M\nroc_auc,0.7,F\n",
    "broken.json": "[",
    "README.md": "# A\n\nTODO\n\n| metric | value |\n|---|---|\n| roc_auc | 0.8 |\n",
    "rows.csv": "1\n",
    "dvc.yaml":
      "stages: {b: {cmd: x, outs: [metrics.json]}, a: {cmd: y, deps: [gone], outs: [slices.csv]}}\n",
  };
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`models/${id}/${path}`, text]));
}

const BASE = { ...model("b", "old"), ...model("a", "old") };
const HEAD = { ...model("b", "new"), ...model("a", "new") };
const RUN = {
  "out/models/a/metrics.json": '{"roc_auc": 0.81}',
  "out/models/b/metrics.json": '{"roc_auc": 0.82, "brier": "0.1"}',
  "out/all.ndjson": ["a", "b"].map((id) => item(id, { value: 0.83 })).join("\n"),
  "out/metrics.json": '{"roc_auc": 0.99}',
};

function item(model: string, rest: object): string {
  const subject = { model, ...("subject" in rest ? (rest.subject as object) : {}) };
  const dataset = { name: "test" };
  return JSON.stringify({
    schema: "evidence/v1",
    kind: "metric",
    name: "roc_auc",
    dataset,
    ...rest,
    subject,
  });
}

function shuffled(files: Files, order: readonly string[]): Files {
  return Object.fromEntries(order.map((path) => [path, files[path]!]));
}

test("the same files in any order give the same evidence and problems, byte for byte", async () => {
  const expected = canonical(await collect({ base: BASE, head: HEAD, run: RUN }));
  const orders = (files: Files) =>
    fc.shuffledSubarray(Object.keys(files), { minLength: Object.keys(files).length });
  await fc.assert(
    fc.asyncProperty(orders(BASE), orders(HEAD), orders(RUN), async (base, head, run) => {
      const scene: Scene = {
        base: shuffled(BASE, base),
        head: shuffled(HEAD, head),
        run: shuffled(RUN, run) as Record<string, string>,
      };
      assert.equal(canonical(await collect(scene)), expected);
    }),
    { numRuns: 10 },
  );
});

test("evidence is sorted by model, side, kind and name", async () => {
  const { evidence, problems } = await collect({ base: BASE, head: HEAD, run: RUN });
  const heads = evidence.filter(({ model, side }) => model === "a" && side === "head");
  assert.deepEqual(
    heads.map(
      (found) =>
        `${found.kind} ${"name" in found ? found.name : "stage" in found ? found.stage : found.path}`,
    ),
    [
      "artifact models/a/extra.bin",
      "artifact models/a/model.bin",
      "card models/a/README.md",
      "dataset none",
      "dataset rows",
      "lock a",
      "lock b",
      "metric brier",
      ...Array(6).fill("metric roc_auc"),
    ],
  );
  assert.deepEqual([...new Set(evidence.map(({ model }) => model))], ["a", "b"]);
  const place = (problem: (typeof problems)[number]) => `${problem.model} ${problem.side} ${problem.code}`;
  assert.deepEqual(problems.map(place), [
    "a base JSON_SYNTAX",
    "a head JSON_SYNTAX",
    "a head EVIDENCE_AMBIGUOUS",
    "b base JSON_SYNTAX",
    "b head JSON_SYNTAX",
    "b head EVIDENCE_AMBIGUOUS",
    "b head METRIC_NOT_A_NUMBER",
  ]);
});

test("a change without a model has no evidence, whatever the run brings", async () => {
  const found = await collect({ base: { a: "1" }, head: { a: "2" }, run: RUN });
  assert.deepEqual(found, { evidence: [], problems: [] });
});

// The law that keeps one model's evidence apart from another's.

const subjects = fc.constantFrom(sha256("x"), sha256("y"), sha256("z"));
const values = fc.constantFrom(0.1, 0.5, 0.99, "NaN");
const slices = fc.option(fc.constantFrom({ sex: "F" }, { sex: "M" }), { nil: undefined });
const others = fc.record({
  value: values,
  subject: fc.record({ digest: subjects }),
  slice: slices,
  direction: fc.option(fc.constantFrom("higher", "lower"), { nil: undefined }),
  n: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
});

for (const where of ["commit", "run"] as const) {
  test(`an item of the ${where} about another digest neither removes nor alters what is said about this one`, async () => {
    const files = model("a", "new");
    const own = item("a", { value: 0.8, subject: { digest: subjectOf("new") } });
    const sceneWith = (items: readonly string[]): Scene => {
      const text = `[${items.join(",")}]`;
      const head = where === "commit" ? { ...files, "models/a/metrics.json": text } : files;
      return { base: model("a", "old"), head, ...(where === "run" ? { run: { "x.json": text } } : {}) };
    };
    const said = async (items: readonly string[]) => {
      const { evidence, problems } = await collect(sceneWith(items));
      const about = evidence.filter(({ subject }) => subject === undefined || !OTHERS.has(subject));
      return { about: about.map(withoutFileDigest), problems };
    };
    const before = await said([own]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(others, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (added, first) => {
          const items = added.map((other) => item("a", other));
          const after = await said(first ? [...items, own] : [own, ...items]);
          assert.deepEqual(after.about, before.about);
          assert.deepEqual(after.problems, before.problems);
        },
      ),
      { numRuns: 15 },
    );
  });
}

const OTHERS: ReadonlySet<string> = new Set(["x", "y", "z"].map(sha256));

/** The file is another one with another item in it; what it says about this model is the same. */
function withoutFileDigest(found: Awaited<ReturnType<typeof collect>>["evidence"][number]) {
  return found.source.path.endsWith(".json") || found.kind === "lock"
    ? { ...found, source: found.source.path, mismatches: [] }
    : found;
}

/** SHA-256 over `<digest>  <path>` of both artifacts. */
function subjectOf(weights: string): string {
  return sha256(`${sha256("more")}  extra.bin\n${sha256(weights)}  model.bin\n`);
}
