import assert from "node:assert/strict";
import { test } from "node:test";
import { EVIDENCE_BYTES_MAX, EVIDENCE_ITEMS_MAX, evidenceV1 } from "../../gate/adapter/evidence-v1.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

/** The example of the format's own description. */
const FULL = {
  schema: "evidence/v1",
  kind: "metric",
  subject: { model: "credit-pd", digest: DIGEST, version: "1.8.0" },
  name: "roc_auc",
  value: 0.871,
  direction: "higher",
  slice: { sex: "F" },
  n: 4120,
  positives: 611,
  ci: [0.861, 0.88],
  seed: 7,
  dataset: { name: "holdout-2026q3", digest: `md5:${"cd".repeat(16)}`, role: "test" },
  source: {
    adapter: "mlflow-file@1",
    tool: "mlflow",
    tool_version: "2.21.3",
    path: "mlruns/0/run/metrics/roc_auc",
    sha256: "ef".repeat(32),
    produced_at: "2026-11-02T09:12:44Z",
    run_url: "https://ci.example.com/1",
  },
  trust: "ci",
};
const LEAST = { schema: "evidence/v1", kind: "metric", name: "roc_auc", value: 0.5 };

function read(content: unknown, path = "evidence.json") {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return evidenceV1.read({ path, bytes: Buffer.from(text) });
}

test("every member of an item is read", () => {
  assert.deepEqual(read(FULL), {
    problems: [],
    items: [
      {
        kind: "metric",
        name: "roc_auc",
        value: 0.871,
        line: 1,
        model: "credit-pd",
        subject: DIGEST,
        dataset: "holdout-2026q3",
        datasetDigest: `md5:${"cd".repeat(16)}`,
        role: "test",
        direction: "higher",
        slice: { sex: "F" },
        n: 4120,
        positives: 611,
        ci: { low: 0.861, high: 0.88, level: 0.95 },
        tool: "mlflow 2.21.3",
        producedAt: "2026-11-02T09:12:44Z",
      },
    ],
  });
});

test("an item says no more than it says", () => {
  assert.deepEqual(read(LEAST).items, [{ kind: "metric", name: "roc_auc", value: 0.5, line: 1 }]);
});

test("the word trust in an item has no effect", () => {
  for (const trust of ["attested", "ci", { level: 9 }, null]) {
    assert.deepEqual(read({ ...LEAST, trust }), read(LEAST));
  }
});

test("one object, an array and lines give the same items", () => {
  const other = { ...LEAST, name: "brier", value: 0.1 };
  const names = (reading: ReturnType<typeof read>) =>
    reading.items.map((item) => (item.kind === "metric" ? [item.name, item.value] : []));
  const both = [
    ["roc_auc", 0.5],
    ["brier", 0.1],
  ];
  assert.deepEqual(names(read([LEAST, other])), both);
  const lines = `${JSON.stringify(LEAST)}\r\n\n${JSON.stringify(other)}\n`;
  assert.deepEqual(names(read(lines, "e.ndjson")), both);
  assert.deepEqual(names(read(lines, "e.jsonl")), both);
});

test("items of lines know their line", () => {
  const { items, problems } = read(`${JSON.stringify(LEAST)}\n\n{"schema":"evidence/v1"}\n`, "e.ndjson");
  assert.deepEqual(
    items.map((item) => item.kind === "metric" && item.line),
    [1],
  );
  assert.equal(problems[0]?.at.line, 3);
});

test("a line that is no JSON is refused with its number", () => {
  assert.throws(() => read(`${JSON.stringify(LEAST)}\n{"schema"`, "e.ndjson"), {
    code: "JSON_SYNTAX",
    place: { path: "e.ndjson", line: 2 },
  });
});

test("a bare NaN and the text NaN are carried as what they are", () => {
  for (const text of ["NaN", '"NaN"']) {
    const [item] = read(JSON.stringify(LEAST).replace("0.5", text)).items;
    assert.equal(item?.kind === "metric" && item.value, "NaN");
  }
  const [item] = read(JSON.stringify(LEAST).replace("0.5", "-Infinity")).items;
  assert.equal(item?.kind === "metric" && item.value, "-Infinity");
});

test("kinds that no gate reads yet are left out", () => {
  for (const kind of ["test_result", "attribution", "dataset", "lineage", "cost", "approval"]) {
    assert.deepEqual(read({ schema: "evidence/v1", kind, anything: [1] }), { items: [], problems: [] });
  }
});

test("a slice that nobody is in is no mistake", () => {
  const { items, problems } = read({ ...LEAST, slice: { sex: "F" }, value: "NaN", n: 0 });
  assert.deepEqual([items.length, problems], [1, []]);
});

const MALFORMED: readonly (readonly [what: string, item: unknown, message: RegExp])[] = [
  ["an unknown version", { ...LEAST, schema: "evidence/v2" }, /evidence\/v1/],
  ["an unknown kind", { ...LEAST, kind: "metrics" }, /kind/],
  ["no value", { schema: "evidence/v1", kind: "metric", name: "roc_auc" }, /value/],
  ["a text as value", { ...LEAST, value: "0.9" }, /value/],
  ["a text with a space as value", { ...LEAST, value: "0.9 " }, /value/],
  ["null as value", { ...LEAST, value: null }, /value/],
  ["an unknown member", { ...LEAST, positive: 3 }, /positive/],
  ["a slice metric without a slice", { ...LEAST, kind: "slice_metric" }, /slice/],
  ["an empty slice", { ...LEAST, slice: {} }, /slice/],
  ["a number in a slice", { ...LEAST, slice: { age: 30 } }, /age/],
  ["a short digest", { ...LEAST, subject: { digest: "sha256:ab" } }, /digest/],
  ["a digest in capitals", { ...LEAST, subject: { digest: DIGEST.toUpperCase() } }, /digest/],
  ["an unknown role", { ...LEAST, dataset: { role: "Test" } }, /role/],
  ["an unknown direction", { ...LEAST, direction: "up" }, /direction/],
  ["a negative n", { ...LEAST, n: -1 }, /n/],
  ["no rows", { ...LEAST, n: 0 }, /measured on 0 rows/],
  ["positives without n", { ...LEAST, positives: 3 }, /"n"/],
  ["more positives than rows", { ...LEAST, n: 2, positives: 3 }, /3 positives among 2 rows/],
  ["an interval upside down", { ...LEAST, ci: [0.9, 0.8] }, /from 0.9 down to 0.8/],
  ["an interval of one number", { ...LEAST, ci: [0.9] }, /ci/],
  ["a level of 95", { ...LEAST, ci: [0.8, 0.9], ci_level: 95 }, /ci_level/],
  ["a level without an interval", { ...LEAST, ci_level: 0.9 }, /ci/],
  ["a local time", { ...LEAST, source: { produced_at: "2026-11-02T09:12:44+01:00" } }, /produced_at/],
  ["a thirteenth month", { ...LEAST, source: { produced_at: "2026-13-02T09:12:44Z" } }, /is not a time/],
];

for (const [what, item, message] of MALFORMED) {
  test(`an item with ${what} is a problem and not a number`, () => {
    const { items, problems } = read([LEAST, item]);
    assert.equal(items.length, 1, "the item beside it stands");
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.code, "EVIDENCE_MALFORMED");
    assert.equal(problems[0]?.metric, what === "an unknown version" ? undefined : "roc_auc");
    assert.match(problems[0]?.message ?? "", message);
  });
}

test("an item that is no object is a problem of the whole file", () => {
  for (const item of [null, 0.9, "evidence/v1", []]) {
    const { items, problems } = read([item]);
    assert.deepEqual(items, []);
    assert.equal(problems[0]?.code, "EVIDENCE_MALFORMED");
    assert.equal(problems[0]?.metric, undefined);
  }
});

test("the time is in UTC and whole seconds, as Python writes it too", () => {
  for (const moment of ["2026-11-02T09:12:44.123456+00:00", "2026-11-02T09:12:44Z"]) {
    const [item] = read({ ...LEAST, source: { produced_at: moment } }).items;
    assert.equal(item?.kind === "metric" && item.producedAt, "2026-11-02T09:12:44Z");
  }
});

test("an empty file, an empty array and a file without an item are refused: they prove nothing", () => {
  assert.throws(() => read(""), { code: "JSON_SYNTAX" });
  assert.throws(() => read("[]"), { code: "EVIDENCE_LIMIT" });
  assert.throws(() => read("\n \n", "e.ndjson"), { code: "EVIDENCE_LIMIT" });
});

test("a file beyond a limit is refused", () => {
  const bytes = new Uint8Array(EVIDENCE_BYTES_MAX + 1);
  assert.throws(() => evidenceV1.read({ path: "e.json", bytes }), { code: "EVIDENCE_TOO_LARGE" });
  assert.throws(() => read(`[${"1,".repeat(EVIDENCE_ITEMS_MAX)}1]`), { code: "EVIDENCE_LIMIT" });
});

test("a file is ours by its shape, of whatever version", () => {
  const is = (path: string, text: string) => evidenceV1.recognises(path, Buffer.from(text));
  assert.ok(is("any/where.json", JSON.stringify([FULL], null, 2)));
  assert.ok(is("e.ndjson", JSON.stringify(LEAST)));
  assert.ok(is("e.json", '{"schema" : "evidence/v7"}'));
  assert.ok(!is("e.yaml", JSON.stringify(LEAST)));
  assert.ok(!is("metrics.json", '{"roc_auc": 0.9}'));
  assert.ok(!is("metrics.json", '{"schema": "other/v1"}'));
});

test("a malformed item names its model where it can be told", () => {
  const subject = { model: "credit-pd" };
  const modelOf = (item: object) => read({ ...LEAST, subject, ...item }).problems[0]?.model;
  assert.equal(modelOf({ value: null }), "credit-pd");
  assert.equal(modelOf({ value: null, subject: { model: 7 } }), undefined);
  assert.equal(modelOf({ schema: "evidence/v2" }), undefined);
});

test("a malformed item says what is wrong, and how it should be", () => {
  assert.deepEqual(read({ ...LEAST, n: 2, positives: 3 }).problems, [
    {
      code: "EVIDENCE_MALFORMED",
      message: "Cannot read the evidence for roc_auc: 3 positives among 2 rows",
      at: { line: 1, column: 1 },
      metric: "roc_auc",
      fix: "Write it as policies/schema/evidence.schema.json says",
    },
  ]);
});
