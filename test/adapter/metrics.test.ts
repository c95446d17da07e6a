import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import type { RawMetric } from "../../gate/adapter/adapter.ts";
import { METRIC_BYTES_MAX, METRIC_LEAVES_MAX, metrics } from "../../gate/adapter/metrics.ts";
import type { Measure } from "../../gate/model/evidence.ts";

function read(path: string, content: string | Uint8Array) {
  return metrics.read({ path, bytes: typeof content === "string" ? Buffer.from(content) : content });
}

/** Names and values of what could be read. */
function values(path: string, content: string): Record<string, Measure> {
  const items = read(path, content).items.filter((item) => item.kind === "metric");
  return Object.fromEntries(items.map(({ name, value }) => [name, value]));
}

function problemOf(path: string, content: string) {
  const { items, problems } = read(path, content);
  assert.deepEqual(items, []);
  assert.equal(problems.length, 1);
  return problems[0];
}

const SAME_IN_EVERY_FORMAT: readonly (readonly [path: string, text: string])[] = [
  ["metrics.json", '{"test": {"roc_auc": 0.87, "n": 4120}, "step": -2}'],
  ["metrics.yaml", "test:\n  roc_auc: 0.87\n  n: 4120\nstep: -2\n"],
  ["metrics.yml", "test: { roc_auc: 0.87, n: 4120 }\nstep: -2\n"],
  ["metrics.toml", "step = -2\n[test]\nroc_auc = 0.87\nn = 4120\n"],
  ["metrics.csv", "test.roc_auc,test.n,step_of_run\n0.87,4120,-2\n"],
];

for (const [path, text] of SAME_IN_EVERY_FORMAT) {
  test(`${path}: nested numbers are read by their dotted paths`, () => {
    const { step, step_of_run: stepOfRun, ...found } = values(path, text);
    assert.deepEqual(found, { "test.roc_auc": 0.87, "test.n": 4120 });
    assert.equal(step ?? stepOfRun, -2);
  });
}

test("the line of each number is that of the file", () => {
  const { items } = read("m.json", '{\n  "a": 1,\n  "b": {\n    "c": 2 } }');
  assert.deepEqual(
    items.map((item) => [(item as RawMetric).name, (item as RawMetric).line]),
    [
      ["a", 2],
      ["b.c", 4],
    ],
  );
});

test("list items are named by their index", () => {
  assert.deepEqual(values("m.json", '{"folds": [{"auc": 0.8}, {"auc": 0.9}]}'), {
    "folds.0.auc": 0.8,
    "folds.1.auc": 0.9,
  });
});

test("two ways to write one dotted path are both carried, so that they can be seen to contradict", () => {
  const { items } = read("m.json", '{"a.b": 1, "a": {"b": 2}}');
  assert.deepEqual(
    items.map((item) => (item as RawMetric).value),
    [1, 2],
  );
});

test("what the real DVCLive writes is read, its bare NaN too", () => {
  const text = readFileSync(new URL("../corpus/adapters/dvclive/metrics.json", import.meta.url), "utf8");
  assert.deepEqual(values("metrics.json", text), {
    "train.loss": 0.16666666666666666,
    "val.roc_auc": 0.7999999999999999,
    step: 3,
    "test/roc_auc": 0.81,
    "test/log_loss": "NaN",
  });
});

// What a metric file may hold that is no number, or no metric file at all.

const NON_FINITE: readonly (readonly [path: string, text: string])[] = [
  ["m.json", '{"a": NaN, "b": Infinity, "c": -Infinity}'],
  ["m.yaml", "a: .nan\nb: .inf\nc: -.inf\n"],
  ["m.toml", "a = nan\nb = inf\nc = -inf\n"],
  ["m.csv", "a,b,c\nnan,inf,-Infinity\n"],
];

for (const [path, text] of NON_FINITE) {
  test(`${path}: NaN and infinities are carried as such, never as numbers`, () => {
    assert.deepEqual(values(path, text), { a: "NaN", b: "Infinity", c: "-Infinity" });
  });
}

for (const [path, text] of [
  ["m.json", '{"a": -0, "b": -0.0}'],
  ["m.yaml", "a: -0\nb: -0.0\n"],
  ["m.toml", "a = -0\nb = -0.0\n"],
  ["m.csv", "a,b\n-0,-0.0\n"],
] as const) {
  test(`${path}: minus zero is zero`, () => {
    const found = values(path, text);
    assert.ok(Object.is(found.a, 0));
    assert.ok(Object.is(found.b, 0));
  });
}

test("1e999 is refused", () => {
  assert.throws(() => read("m.json", '{"a": 1e999}'), { code: "JSON_NUMBER_RANGE" });
  assert.throws(() => read("m.toml", "a = 1e999"), { code: "TOML_NUMBER_RANGE" });
  assert.equal(problemOf("m.csv", "a\n1e999\n")?.code, "METRIC_NOT_A_NUMBER");
});

test("1e999 in YAML is no number", () => {
  try {
    assert.equal(problemOf("m.yaml", "a: 1e999\n")?.code, "METRIC_NOT_A_NUMBER");
  } catch (error) {
    assert.match(String((error as { code?: string }).code), /^YAML_/);
  }
});

test("a whole number beyond 2^53 is refused", () => {
  assert.throws(() => read("m.json", '{"a": 9007199254740993}'), { code: "JSON_NUMBER_RANGE" });
});

const NOT_NUMBERS: readonly (readonly [what: string, path: string, text: string, state: string])[] = [
  ["a text", "m.json", '{"a": "0.9"}', 'it is the text "0.9"'],
  ["a text with a space", "m.json", '{"a": "0.9 "}', 'it is the text "0.9 "'],
  ["a text with a space in YAML", "m.yaml", 'a: "0.9 "\n', 'it is the text "0.9 "'],
  ["a flag", "m.json", '{"a": true}', 'it is "true"'],
  ["null", "m.json", '{"a": null}', "it is null"],
  ["an empty map", "m.json", '{"a": {}}', "it is an empty map"],
  ["an empty list", "m.yaml", "a: []\n", "it is an empty list"],
  ["a cell with a space", "m.csv", "a\n0.9 \n", 'its cell is "0.9 "'],
  ["a cell with a unit", "m.csv", "a\n90%\n", 'its cell is "90%"'],
  ["a cell with a decimal comma", "m.csv", 'a\n"0,9"\n', 'its cell is "0,9"'],
  ["a hexadecimal cell", "m.csv", "a\n0x10\n", 'its cell is "0x10"'],
];

for (const [what, path, text, state] of NOT_NUMBERS) {
  test(`${what} is no number: a problem of its key, with the reason`, () => {
    const problem = problemOf(path, text);
    assert.equal(problem?.code, "METRIC_NOT_A_NUMBER");
    assert.equal(problem?.metric, "a");
    assert.equal(problem?.message, `Cannot read a: ${state}, expected a number`);
  });
}

test("an empty cell is no number", () => {
  const { problems } = read("m.csv", "a,b\n,1\n");
  assert.equal(problems[0]?.message, 'Cannot read a: its cell is "", expected a number');
});

test("a key that is no number leaves the others to be read", () => {
  const { items, problems } = read("m.json", '{"auc": 0.8, "model": "xgboost"}');
  assert.equal(items.length, 1);
  assert.equal(problems.length, 1);
});

const REFUSED: readonly (readonly [
  what: string,
  path: string,
  content: string | Uint8Array,
  code: string,
])[] = [
  ["a key that stands twice", "m.json", '{"auc": 0.9, "auc": 0.1}', "JSON_DUPLICATE_KEY"],
  ["a byte order mark", "m.json", "\ufeff{}", "TEXT_ENCODING"],
  ["UTF-16", "m.json", Buffer.from('\ufeff{"auc": 0.9}', "utf16le"), "TEXT_ENCODING"],
  ["UTF-16 without a mark", "m.json", Buffer.from('{"auc": 0.9}', "utf16le"), "TEXT_ENCODING"],
  ["the key __proto__", "m.json", '{"__proto__": {"auc": 0.9}}', "METRIC_KEY_RESERVED"],
  ["the key __proto__ deep in the file", "m.yaml", "a:\n  b:\n    __proto__: 1\n", "METRIC_KEY_RESERVED"],
  ["a file of 100 MB", "m.json", new Uint8Array(100_000_000), "METRIC_TOO_LARGE"],
  ["a byte above the limit", "m.json", new Uint8Array(METRIC_BYTES_MAX + 1), "METRIC_TOO_LARGE"],
  ["nesting beyond the limit", "m.json", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`, "JSON_DEPTH"],
  ["a list", "m.json", "[0.9]", "METRIC_SHAPE"],
  ["a number alone", "m.json", "0.9", "METRIC_SHAPE"],
  ["a text alone", "m.yaml", "roc_auc 0.9", "METRIC_SHAPE"],
  ["more values than the limit", "m.json", `{"a":[${"1,".repeat(METRIC_LEAVES_MAX)}1]}`, "METRIC_LIMIT"],
  ["a file that is empty", "m.json", "", "JSON_SYNTAX"],
  ["an empty YAML file", "m.yaml", "", "METRIC_SHAPE"],
  ["an empty CSV file", "m.csv", "", "CSV_HEADER"],
  ["a file cut off", "m.json", '{"auc": 0.9', "JSON_SYNTAX"],
];

for (const [what, path, content, code] of REFUSED) {
  test(`${what} is refused with ${code}`, () => {
    assert.throws(() => read(path, content), { name: "GateError", code });
  });
}

test("a refusal says what stands there and what is expected", () => {
  assert.throws(() => read("eval/m.json", "[0.9]"), {
    message: "Cannot read eval/m.json: it holds a list, expected a map from metric to number",
  });
  assert.throws(() => read("m.json", new Uint8Array(METRIC_BYTES_MAX + 1)), {
    message: "Cannot read m.json: 16777217 bytes, limit for metrics is 16777216",
  });
});

test("a map at the limit of depth is read", () => {
  const text = `${'{"a":'.repeat(63)}1${"}".repeat(63)}`;
  assert.deepEqual(Object.values(values("m.json", text)), [1]);
});

test("every map of finite numbers reads back as it was written", () => {
  const finite = fc.double({ noNaN: true, min: -(2 ** 53 - 1), max: 2 ** 53 - 1 });
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
  fc.assert(
    fc.property(fc.dictionary(name, finite, { minKeys: 1 }), (map) => {
      const written = JSON.stringify(map);
      const expected = Object.fromEntries(
        Object.entries(map).map(([key, value]) => [key, value === 0 ? 0 : value]),
      );
      assert.deepEqual(values("m.json", written), expected);
    }),
    { numRuns: 200 },
  );
});
