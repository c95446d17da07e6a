import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { MetricEvidence } from "../../gate/model/evidence.ts";
import { collect, collectOpened, type Files, memoryWorld, type Scene } from "./memory.ts";

const OLD = "old weights";
const NEW = "new weights";
const SUBJECT = { base: sha256(OLD), head: sha256(NEW) };
const OTHER = sha256("another model");

function sha256(text: string): `sha256:${string}` {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** A manifest in the folder `models/a` with one evaluation file. */
function manifest(evaluation: string, id = "a"): string {
  return `weighbridge: 1\nid: ${id}\nstatus: candidate\nartifacts: [{ path: model.bin }]\nevaluation:\n  - ${evaluation}\n`;
}

const PLAN = "{ path: metrics.json, dataset: holdout, role: test, metrics: [roc_auc] }";

/** The model before and after, with the same evaluation and other weights. */
function scene(metrics: string | undefined, { plan = PLAN, files = {}, ...rest }: SceneOptions = {}): Scene {
  const common = { "models/a/model.yml": manifest(plan), ...files };
  const base = { "models/a/metrics.json": '{"roc_auc": 0.8}', "models/a/model.bin": OLD };
  const head = {
    ...(metrics === undefined ? {} : { "models/a/metrics.json": metrics }),
    "models/a/model.bin": NEW,
  };
  return { base: { ...base, ...common }, head: { ...head, ...common }, ...rest };
}

interface SceneOptions extends Partial<Pick<Scene, "run" | "content" | "mergeBase">> {
  readonly plan?: string;
  readonly files?: Files;
}

async function read(given: Scene) {
  const { evidence, problems } = await collect(given);
  const metrics = evidence.filter((item): item is MetricEvidence => item.kind === "metric");
  const head = metrics.filter(({ side }) => side === "head");
  return { metrics, head, base: metrics.filter(({ side }) => side === "base"), problems };
}

/** `name=value trust` of each, with its dataset and slice where they are not the usual ones. */
function brief(metrics: readonly MetricEvidence[]): readonly string[] {
  return metrics.map(({ name, value, trust, slice, side }) => {
    return `${side} ${name}=${value} ${trust}${slice === undefined ? "" : ` ${JSON.stringify(slice)}`}`;
  });
}

function evidenceV1(item: object): string {
  return JSON.stringify({ schema: "evidence/v1", kind: "metric", name: "roc_auc", ...item });
}

test("a planned metric is read at both sides, with all that is known of it", async () => {
  const { metrics, problems } = await read(scene('{\n  "roc_auc": 0.82, "n": 9}'));
  assert.deepEqual(problems, []);
  const common = {
    kind: "metric",
    model: "a",
    trust: "declared",
    name: "roc_auc",
    dataset: "holdout",
    role: "test",
    direction: "higher",
  };
  const source = (text: string, line: number) => ({
    adapter: "metrics@1",
    path: "models/a/metrics.json",
    digest: sha256(text),
    line,
  });
  assert.deepEqual(metrics, [
    { ...common, side: "base", value: 0.8, source: source('{"roc_auc": 0.8}', 1) },
    { ...common, side: "head", value: 0.82, source: source('{\n  "roc_auc": 0.82, "n": 9}', 2) },
  ]);
});

test("what the manifest says of an evaluation goes with its numbers", async () => {
  const plan = `{ path: metrics.json, dataset: d, role: train, dataset_digest: "md5:${"1".repeat(32)}", subject: "${OTHER}", produced_at: "2026-11-02T09:00:00Z", metrics: [{ name: gain, direction: lower, key: a.b }] }`;
  const { head } = await read(scene('{"a": {"b": -0}}', { plan }));
  assert.equal(head.length, 1);
  const { role, datasetDigest, subject, direction, value, source } = head[0]!;
  assert.deepEqual(
    { role, datasetDigest, subject, direction, producedAt: source.producedAt },
    {
      role: "train",
      datasetDigest: `md5:${"1".repeat(32)}`,
      subject: OTHER,
      direction: "lower",
      producedAt: "2026-11-02T09:00:00Z",
    },
  );
  assert.ok(Object.is(value, 0));
});

test("a metric without a direction has none", async () => {
  const plan = "{ path: metrics.json, dataset: d, role: test, metrics: [gain] }";
  const { head } = await read(scene('{"gain": 1}', { plan }));
  assert.equal("direction" in head[0]!, false);
});

test("a key means its place in the file, and the name then nothing", async () => {
  const plan = "{ path: metrics.json, dataset: d, role: test, metrics: [{ name: roc_auc, key: test.auc }] }";
  const { head } = await read(scene('{"roc_auc": 0.99, "test": {"auc": 0.7}}', { plan }));
  assert.deepEqual(brief(head), ["head roc_auc=0.7 declared"]);
});

test("numbers that no plan promises are left out", async () => {
  const { head } = await read(scene('{"roc_auc": 0.8, "accuracy": 0.9}'));
  assert.deepEqual(brief(head), ["head roc_auc=0.8 declared"]);
});

// Missing, empty and unreadable are three things.

test("a missing file and a missing key are no problem: a gate says that they are missing", async () => {
  for (const metrics of [undefined, "{}", '{"auc": 0.8}']) {
    const { head, problems } = await read(scene(metrics));
    assert.deepEqual([head, problems], [[], []]);
  }
});

for (const [what, metrics, code, names] of [
  ["an empty file", "", "JSON_SYNTAX", undefined],
  ["a list", "[0.8]", "METRIC_SHAPE", undefined],
  ["a text in the place of the number", '{"roc_auc": "0.8"}', "METRIC_NOT_A_NUMBER", ["roc_auc"]],
  ["null", '{"roc_auc": null}', "METRIC_NOT_A_NUMBER", ["roc_auc"]],
  ["a map of numbers", '{"roc_auc": {"test": 0.8, "train": 0.9}}', "METRIC_NOT_A_NUMBER", ["roc_auc"]],
  ["a map of maps", '{"roc_auc": {"test": {"a": 0.8}}}', "METRIC_NOT_A_NUMBER", ["roc_auc"]],
  ["an unknown version of evidence", '{"schema": "evidence/v2"}', "EVIDENCE_MALFORMED", undefined],
] as const) {
  test(`${what} is a problem of the file`, async () => {
    const { head, problems } = await read(scene(metrics));
    assert.deepEqual(head, []);
    assert.deepEqual(
      problems.map((problem) => [
        problem.model,
        problem.side,
        problem.code,
        problem.place.path,
        problem.metrics,
      ]),
      [["a", "head", code, "models/a/metrics.json", names]],
    );
  });
}

test("a map in the place of a number says which keys there are", async () => {
  const { problems } = await read(scene('{"roc_auc":\n{"test": 0.8, "train": 0.9}}'));
  assert.deepEqual(problems, [
    {
      model: "a",
      side: "head",
      code: "METRIC_NOT_A_NUMBER",
      message: 'Cannot read roc_auc: it holds 2 numbers, "roc_auc.test" among them',
      place: { path: "models/a/metrics.json", line: 2, column: 1 },
      fix: "Say in model.yml which is meant: key: roc_auc.test",
      metrics: ["roc_auc"],
      trust: "declared",
    },
  ]);
});

test("a text in the place of a number that no plan promises is no problem", async () => {
  const { problems } = await read(scene('{"roc_auc": 0.8, "name": "xgboost"}'));
  assert.deepEqual(problems, []);
});

test("a file of an unknown format is a problem", async () => {
  const plan = "{ path: scores.parquet, dataset: d, role: test, metrics: [roc_auc] }";
  const { problems } = await read(scene(undefined, { plan, files: { "models/a/scores.parquet": "PAR1" } }));
  assert.deepEqual([...new Set(problems.map(({ code }) => code))], ["EVIDENCE_FORMAT"]);
});

test("a link is never followed", async () => {
  const plan = "{ path: link.json, dataset: d, role: test, metrics: [roc_auc] }";
  const files = { "models/a/link.json": { link: "metrics.json" } };
  const { head, problems } = await read(scene('{"roc_auc": 0.8}', { plan, files }));
  assert.deepEqual(head, []);
  assert.ok(problems.some(({ code }) => code === "ENTRY_UNSAFE"));
});

test("a file kept by Git LFS is read if its content is here and is what the pointer says", async () => {
  const content = '{"roc_auc": 0.83}';
  const pointer = `version https://git-lfs.github.com/spec/v1\noid ${sha256(content)}\nsize ${content.length}\n`;
  const here = await read(scene(pointer, { content: new Map([[sha256(content), Buffer.from(content)]]) }));
  assert.deepEqual(brief(here.head), ["head roc_auc=0.83 declared"]);
  assert.equal(here.head[0]?.source.digest, sha256(content));
  const gone = await read(scene(pointer));
  assert.deepEqual([gone.head.length, gone.problems[0]?.code], [0, "POINTER_UNRESOLVED"]);
  const forged = await read(
    scene(pointer, { content: new Map([[sha256(content), Buffer.from('{"roc_auc": 0.99}')]]) }),
  );
  assert.deepEqual([forged.head.length, forged.problems[0]?.code], [0, "POINTER_MISMATCH"]);
});

// The base is what the change wants to enter.

test("where the base has moved on, its values are those of its own commit and manifest", async () => {
  const before = scene('{"roc_auc": 0.85}');
  const moved = {
    ...before.base,
    "models/a/model.yml": manifest(PLAN.replace("metrics.json", "results.json")),
    "models/a/results.json": '{"roc_auc": 0.84}',
  };
  const { base, head } = await read({ base: moved, head: before.head, mergeBase: before.base });
  assert.deepEqual(brief(base), ["base roc_auc=0.84 declared"]);
  assert.equal(base[0]?.source.path, "models/a/results.json");
  assert.deepEqual(brief(head), ["head roc_auc=0.85 declared"]);
});

test("where the base has removed or broken the model since, that is said", async () => {
  const before = scene('{"roc_auc": 0.85}');
  const { "models/a/model.yml": _, ...removed } = before.base;
  const gone = await read({ base: removed, head: before.head, mergeBase: before.base });
  assert.deepEqual(gone.base, []);
  const broken = { ...before.base, "models/a/model.yml": "weighbridge: 1\n" };
  const { base, problems } = await read({ base: broken, head: before.head, mergeBase: before.base });
  assert.deepEqual(base, []);
  assert.deepEqual(
    problems.map(({ side, code }) => [side, code]),
    [["base", "MANIFEST_INVALID"]],
  );
});

test("a new model has no base, a removed one no head", async () => {
  const { base, head } = scene('{"roc_auc": 0.8}');
  const added = await read({ base: { "README.md": "x" }, head });
  assert.deepEqual(brief(added.metrics), ["head roc_auc=0.8 declared"]);
  const removed = await read({ base, head: { "README.md": "x" } });
  assert.deepEqual(brief(removed.metrics), ["base roc_auc=0.8 declared"]);
});

// evidence/v1.

test("an item's own words count more than the manifest's", async () => {
  const item = evidenceV1({
    value: 0.9,
    direction: "lower",
    n: 10,
    positives: 3,
    ci: [0.8, 0.95],
    subject: { digest: SUBJECT.head },
    dataset: { name: "holdout", role: "validation", digest: `md5:${"2".repeat(32)}` },
    source: { tool: "mlflow", produced_at: "2026-11-02T09:12:44Z" },
    trust: "attested",
  });
  const plan = PLAN.replace("role: test", 'role: test, produced_at: "2026-01-01T00:00:00Z"');
  const { head } = await read(scene(item, { plan }));
  const { source, ...fact } = head[0]!;
  assert.deepEqual(fact, {
    kind: "metric",
    model: "a",
    side: "head",
    trust: "declared",
    name: "roc_auc",
    dataset: "holdout",
    role: "validation",
    value: 0.9,
    subject: SUBJECT.head,
    datasetDigest: `md5:${"2".repeat(32)}`,
    direction: "lower",
    n: 10,
    positives: 3,
    ci: { low: 0.8, high: 0.95, level: 0.95 },
  });
  assert.deepEqual([source.tool, source.producedAt], ["mlflow", "2026-11-02T09:12:44Z"]);
});

test("the manifest's direction counts more than the file's", async () => {
  const plan = "{ path: metrics.json, dataset: d, role: test, metrics: [{ name: gain, direction: higher }] }";
  const { head } = await read(scene(evidenceV1({ name: "gain", value: 1, direction: "lower" }), { plan }));
  assert.equal(head[0]?.direction, "higher");
});

test("data that either side calls training data stays training data", async () => {
  const asTest = evidenceV1({ value: 0.9, dataset: { role: "test" } });
  const asTrain = evidenceV1({ value: 0.9, dataset: { role: "train" } });
  const trained = PLAN.replace("role: test", "role: train");
  for (const [item, plan] of [
    [asTest, trained],
    [asTrain, PLAN],
  ] as const) {
    const { head } = await read(scene(item, { plan }));
    assert.equal(head[0]?.role, "train");
  }
});

const DIGESTS = [1, 2].map((digit) => `sha256:${String(digit).repeat(64)}`) as [string, string];
const [ONE, TWO] = DIGESTS;

/** Lists of datasets, with the role that a number of `holdout` has where the plan says `test`. */
const LISTS: readonly (readonly [what: string, data: string, role: string])[] = [
  ["lists the dataset as training data", "{ name: holdout, role: train }", "train"],
  [
    "gives it the digest of the training data",
    `{ name: rows, role: train, digest: "${ONE}" }, { name: holdout, role: test, digest: "${ONE}" }`,
    "train",
  ],
  [
    "pins it by a file with the content of the training data",
    "{ name: rows, role: train, path: a.csv }, { name: holdout, role: test, path: b.csv }",
    "train",
  ],
  [
    "keeps both parts in one file",
    "{ name: rows, role: train, path: a.csv }, { name: holdout, role: test, path: a.csv }",
    "test",
  ],
  ["lists other training data", `{ name: rows, role: train, digest: "${ONE}" }`, "test"],
  ["lists nothing that is pinned", "{ name: rows, role: train }, { name: holdout, role: test }", "test"],
];

for (const [what, data, role] of LISTS) {
  test(`of a manifest that ${what}, the number is one of ${role} data`, async () => {
    const text = `${manifest(PLAN)}data: [${data}]\n`;
    const files = { "models/a/model.yml": text, "models/a/a.csv": "x\n1\n", "models/a/b.csv": "x\n1\n" };
    const { head, base } = await read(scene('{"roc_auc": 0.9}', { files }));
    assert.deepEqual([head[0]?.role, base[0]?.role], [role, "test"]);
  });
}

test("a number that names the digest of the training data is one of training data", async () => {
  const text = `${manifest(PLAN)}data: [{ name: rows, role: train, digest: "${ONE}" }]\n`;
  const run = (digest: string) => ({
    "models/a/metrics.json": evidenceV1({ value: 0.9, dataset: { name: "holdout", digest } }),
  });
  for (const [digest, role] of [
    [ONE, "train"],
    [TWO, "test"],
  ] as const) {
    const { head } = await read(
      scene(undefined, { files: { "models/a/model.yml": text }, run: run(digest) }),
    );
    assert.deepEqual(brief(head), ["head roc_auc=0.9 ci"]);
    assert.equal(head[0]?.role, role);
  }
});

test("items about another model or other data are not this model's", async () => {
  const items = [
    evidenceV1({ value: 0.91, subject: { model: "b" } }),
    evidenceV1({ value: 0.92, dataset: { name: "other" } }),
    evidenceV1({ value: 0.93, subject: { model: "a" }, dataset: { name: "holdout" } }),
  ];
  const { head, problems } = await read(scene(`[${items.join(",")}]`));
  assert.deepEqual(brief(head), ["head roc_auc=0.93 declared"]);
  assert.deepEqual(problems, []);
});

test("slices of a planned metric are read with it", async () => {
  const items = [
    evidenceV1({ value: 0.8 }),
    evidenceV1({ kind: "slice_metric", value: 0.7, slice: { sex: "F" }, n: 50 }),
    evidenceV1({ value: 0.6, slice: { sex: "M" } }),
  ];
  const { head } = await read(scene(`[${items.join(",")}]`));
  assert.deepEqual(brief(head), [
    'head roc_auc=0.7 declared {"sex":"F"}',
    'head roc_auc=0.6 declared {"sex":"M"}',
    "head roc_auc=0.8 declared",
  ]);
});

test("a file and a manifest that name different models contradict, unless another item settles it", async () => {
  const plan = PLAN.replace("role: test", `role: test, subject: "${SUBJECT.head}"`);
  const about = (digest: string, value: number) => evidenceV1({ value, subject: { digest } });
  const { head, problems } = await read(scene(about(OTHER, 0.9), { plan }));
  assert.equal(head[0]?.subject, OTHER);
  assert.deepEqual(
    problems.filter(({ side }) => side === "head").map(({ code, metrics }) => [code, metrics]),
    [["EVIDENCE_CONTRADICTS", ["roc_auc"]]],
  );
  const settled = await read(scene(`[${about(OTHER, 0.9)}, ${about(SUBJECT.head, 0.8)}]`, { plan }));
  assert.deepEqual(
    settled.problems.filter(({ side }) => side === "head"),
    [],
  );
});

for (const [word, item, plan] of [
  ["role", { dataset: { role: "validation" } }, PLAN],
  [
    "dataset",
    { dataset: { digest: `md5:${"3".repeat(32)}` } },
    PLAN.replace("role: test", `role: test, dataset_digest: "md5:${"4".repeat(32)}"`),
  ],
] as const) {
  test(`a file and a manifest that name another ${word} contradict`, async () => {
    const { problems } = await read(scene(evidenceV1({ value: 0.9, ...item }), { plan }));
    const [problem] = problems.filter(({ side }) => side === "head");
    assert.equal(problem?.code, "EVIDENCE_CONTRADICTS");
    assert.match(problem?.message ?? "", new RegExp(`the ${word} of roc_auc`));
  });
}

// Files of the run.

test("a file of the run stands beside the committed one, with the trust of its origin", async () => {
  const { head, base } = await read(
    scene('{"roc_auc": 0.8}', { run: { "out/models/a/metrics.json": '{"roc_auc": 0.81}' } }),
  );
  assert.deepEqual(brief(head), ["head roc_auc=0.8 declared", "head roc_auc=0.81 ci"]);
  assert.deepEqual(brief(base), ["base roc_auc=0.8 declared"]);
});

test("the manifest's time and lock say nothing about a file of the run, its subject does", async () => {
  const plan = PLAN.replace(
    "role: test",
    `role: test, subject: "${OTHER}", produced_at: "2026-01-01T00:00:00Z"`,
  );
  const { head } = await read(scene(undefined, { plan, run: { "metrics.json": '{"roc_auc": 0.81}' } }));
  assert.equal(head[0]?.subject, OTHER);
  assert.equal(head[0]?.source.producedAt, undefined);
});

test("a run brings numbers about both models, each by its digest", async () => {
  const items = [
    evidenceV1({ value: 0.7, subject: { digest: SUBJECT.base } }),
    evidenceV1({ value: 0.9, subject: { digest: SUBJECT.head } }),
    evidenceV1({ value: 0.1, subject: { digest: OTHER } }),
  ];
  const { metrics } = await read(
    scene(undefined, { run: { "models/a/metrics.json": `[${items.join(",")}]` } }),
  );
  assert.deepEqual(brief(metrics).toSorted(), [
    "base roc_auc=0.7 ci",
    "base roc_auc=0.8 declared",
    "head roc_auc=0.1 ci",
    "head roc_auc=0.9 ci",
  ]);
});

test("items that name their model and data count wherever their file stands", async () => {
  const dataset = { name: "holdout" };
  const items = [
    evidenceV1({ value: 0.91, subject: { model: "a" }, dataset }),
    evidenceV1({ value: 0.92, subject: { model: "b" }, dataset }),
    evidenceV1({ value: 0.93, subject: { model: "a" } }),
    evidenceV1({ value: 0.94, dataset }),
  ];
  const { head } = await read(scene(undefined, { run: { "/tmp/x/all.ndjson": items.join("\n") } }));
  assert.deepEqual(brief(head), ["head roc_auc=0.91 ci"]);
});

test("a file of the run that cannot be read is a problem of the models that it may be about", async () => {
  const placed = await read(scene(undefined, { run: { "models/a/metrics.json": "{" } }));
  assert.deepEqual(
    placed.problems.map(({ side, code, place }) => [side, code, place.path]),
    [["head", "JSON_SYNTAX", "models/a/metrics.json"]],
  );
  const anywhere = await read(scene(undefined, { run: { "x/all.ndjson": '{"schema":"evidence/v1"' } }));
  assert.deepEqual(
    anywhere.problems.map(({ code }) => code),
    ["JSON_SYNTAX"],
  );
  const unrelated = await read(scene(undefined, { run: { "x/junit.json": "{" } }));
  assert.deepEqual(
    unrelated.problems.map(({ model, code }) => [model, code]),
    [[undefined, "EVIDENCE_UNUSED"]],
  );
});

const V2 = { schema: "evidence/v2" };
const UPSIDE_DOWN = { ci: [0.9, 0.8] };

/** Malformed items of a file that stands for no evaluation: which models they concern, and which of their metrics. */
const MALFORMED: readonly (readonly [what: string, item: object, problems: readonly unknown[]])[] = [
  ["of an unknown version", { ...V2, subject: { model: "b" } }, [["a", undefined]]],
  ["about the model", { ...UPSIDE_DOWN, subject: { model: "a" } }, [["a", ["roc_auc"]]]],
  ["about no model", UPSIDE_DOWN, [["a", ["roc_auc"]]]],
  [
    "about the model and a metric that is not planned",
    { ...UPSIDE_DOWN, subject: { model: "a" }, name: "f1" },
    [["a", ["f1"]]],
  ],
  ["about another model", { ...UPSIDE_DOWN, subject: { model: "b" } }, []],
];

for (const [what, item, expected] of MALFORMED) {
  test(`a malformed item ${what} is a problem of the models that it may be about`, async () => {
    const run = { "x/all.ndjson": evidenceV1({ value: 0.9, dataset: { name: "holdout" }, ...item }) };
    const { problems } = await read(scene('{"roc_auc": 0.82}', { run }));
    const malformed = problems.filter(({ code }) => code === "EVIDENCE_MALFORMED");
    assert.deepEqual(
      malformed.map(({ model, metrics }) => [model, metrics]),
      expected,
    );
    assert.ok(malformed.every(({ trust }) => trust === "ci"));
  });
}

test("a malformed item in a file that stands for an evaluation is none of another model's", async () => {
  const files = { "models/b/model.yml": manifest(PLAN, "b"), "models/b/model.bin": NEW };
  const run = { "models/b/metrics.json": evidenceV1({ value: 0.9, ...UPSIDE_DOWN }) };
  const { head, base } = scene('{"roc_auc": 0.82}', { files });
  const { problems } = await read({ head, base: { ...base, "models/b/model.bin": OLD }, run });
  assert.deepEqual(
    problems.map(({ model, code }) => [model, code]),
    [["b", "EVIDENCE_MALFORMED"]],
  );
});

const IN_PLACE: readonly (readonly [
  what: string,
  run: Files,
  head: readonly string[],
  codes: readonly string[],
])[] = [
  ["reports it", { "models/a/metrics.json": '{"roc_auc": 0.7}' }, ["0.82 declared", "0.7 ci"], []],
  ["does not report it", { "models/a/metrics.json": '{"f1": 0.7}' }, [], ["METRIC_NOT_IN_RUN"]],
  ["is an empty map", { "out/models/a/metrics.json": "{}" }, [], ["METRIC_NOT_IN_RUN"]],
  ["says null", { "models/a/metrics.json": '{"roc_auc": null}' }, ["0.82 declared"], ["METRIC_NOT_A_NUMBER"]],
  ["cannot be read", { "models/a/metrics.json": "" }, ["0.82 declared"], ["JSON_SYNTAX"]],
  [
    "does not report it, but another of the run does",
    {
      "models/a/metrics.json": "{}",
      "e.json": evidenceV1({ value: 0.7, subject: { model: "a" }, dataset: { name: "holdout" } }),
    },
    ["0.82 declared", "0.7 ci"],
    [],
  ],
  [
    "reports it of a slice alone",
    { "models/a/metrics.json": evidenceV1({ value: 0.7, slice: { sex: "F" } }) },
    ["0.7 ci"],
    ["METRIC_NOT_IN_RUN"],
  ],
  [
    "is about another model",
    { "models/a/metrics.json": evidenceV1({ value: 0.7, subject: { digest: OTHER } }) },
    ["0.82 declared", "0.7 ci"],
    [],
  ],
];

for (const [what, run, head, codes] of IN_PLACE) {
  test(`what becomes of the committed number where the run's file in its place ${what}`, async () => {
    const found = await read(scene('{"roc_auc": 0.82}', { run: run as Record<string, string> }));
    assert.deepEqual(found.head.map(({ value, trust }) => `${value} ${trust}`).sort(), [...head].sort());
    assert.deepEqual(
      found.problems.map(({ code }) => code),
      codes,
    );
    assert.deepEqual(brief(found.base), ["base roc_auc=0.8 declared"]);
  });
}

test("a file of the run that may stand for several evaluations is refused", async () => {
  const files = { "models/b/metrics.json": "{}" };
  const { head, problems } = await read(
    scene(undefined, { files, run: { "out/metrics.json": '{"roc_auc": 1}' } }),
  );
  assert.deepEqual(head, []);
  assert.deepEqual(problems, [
    {
      model: "a",
      side: "head",
      code: "EVIDENCE_AMBIGUOUS",
      message:
        "Cannot tell which evaluation out/metrics.json stands for: several files of the repository end like it, models/a/metrics.json among them",
      place: { path: "out/metrics.json" },
      fix: "Keep the folders of models/a/metrics.json below the evidence folder",
      trust: "declared",
    },
  ]);
});

test("a file in which several evaluations stand is read once at each side", async () => {
  const plans = ["a", "b", "c"].map((name) => PLAN.replace("holdout", name)).join("\n  - ");
  const world = memoryWorld(scene('{"roc_auc": 0.8}', { plan: plans }));
  const { evidence, opened } = await collectOpened(world);
  const heads = evidence.flatMap((item) =>
    item.kind === "metric" && item.side === "head" ? [item.dataset] : [],
  );
  assert.deepEqual(heads, ["a", "b", "c"]);
  assert.equal(opened.filter((path) => path === "models/a/metrics.json").length, 2);
});
