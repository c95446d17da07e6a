import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parseJson } from "../../gate/parse/json.ts";
import { assertSchema, checkSchema } from "../../gate/parse/schema.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";
import { refusalOf } from "./refusal.ts";

const SEVERITY = { enum: ["block", "warn", "info"] };

/** A small policy with every turn that a real schema takes. */
const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "https://weighbridge.example/test.schema.json",
  type: "object",
  required: ["weighbridge"],
  additionalProperties: false,
  properties: {
    weighbridge: { const: 1, examples: [1] },
    name: { type: "string", minLength: 1, examples: ["acme credit"] },
    owner: { type: "string", format: "email" },
    created: { type: "string", format: "date-time", examples: ["2026-01-31T12:00:00Z"] },
    count: { type: ["integer", "null"], minimum: 1, maximum: 10 },
    value: { type: ["number", "string"] },
    anything: {},
    tags: { type: "array", items: { type: "string" }, uniqueItems: true, minItems: 1 },
    rows: { type: "array", items: { type: "object" }, uniqueItems: true },
    pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], minItems: 2, items: false },
    retired: false,
    roles: {
      type: "object",
      propertyNames: { pattern: "^[a-z]+$" },
      additionalProperties: { type: "object" },
    },
    limits: {
      type: "object",
      properties: { min: { type: "number" }, max: { type: "number" } },
      additionalProperties: false,
      anyOf: [{ required: ["min"] }, { required: ["max"] }],
    },
    scope: { oneOf: [{ $ref: "#/$defs/digestScope" }, { $ref: "#/$defs/classScope" }] },
    alternative: { oneOf: [{ type: "number" }, { type: "integer" }] },
    step: {
      type: "object",
      required: ["kind"],
      properties: { kind: { enum: ["shell", "http"] }, url: { type: "string" } },
      if: { properties: { kind: { const: "http" } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword
      then: { required: ["url"] },
    },
    extended: {
      allOf: [{ type: "object", properties: { abcd: { type: "number" } } }],
      type: "object",
      properties: { count: { type: "number" } },
      unevaluatedProperties: false,
    },
    gates: { type: "array", items: { $ref: "#/$defs/gate" } },
  },
  $defs: {
    gate: {
      type: "object",
      required: ["id", "rule"],
      additionalProperties: false,
      examples: [{ id: "auc-floor", rule: "metric.floor", with: { min: 0.78 } }],
      properties: {
        id: { type: "string", pattern: "^[a-z-]+$", examples: ["auc-floor"] },
        rule: { type: "string", examples: ["metric.floor"] },
        severity: {
          oneOf: [
            SEVERITY,
            { type: "object", propertyNames: { enum: ["T1", "T2"] }, additionalProperties: SEVERITY },
          ],
          examples: ["block"],
        },
        with: {
          type: "object",
          properties: {
            min: { type: "number", minimum: 0, maximum: 1, examples: [0.78] },
            level: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
            samples: { type: "integer", minimum: 1 },
          },
        },
      },
    },
    digestScope: {
      type: "object",
      required: ["kind", "digest"],
      properties: { kind: { const: "digest" }, digest: { type: "string" } },
      additionalProperties: false,
    },
    classScope: {
      type: "object",
      required: ["kind", "class"],
      properties: { kind: { const: "class" }, class: { enum: ["A", "B"] } },
      additionalProperties: false,
    },
  },
};

const problemsOf = (text: string) => checkSchema(SCHEMA, parseYaml(text, "p.yml"), "p.yml");
const linesOf = (text: string) =>
  problemsOf(text).map(
    ({ code, place, message }) => `${place.line}:${place.column} ${code.slice(7)} ${message}`,
  );

/** Each text follows `weighbridge: 1`, so its first line is line 2. */
const REFUSED: readonly [text: string, ...lines: string[]][] = [
  ["name: 5", "2:7 TYPE name is 5, expected text that is not empty, for example name: acme credit"],
  ['name: ""', '2:7 VALUE name is "", expected text that is not empty, for example name: acme credit'],
  ["owner: x", '2:8 VALUE owner is "x", expected an e-mail address'],
  [
    "created: 2026-01-31",
    '2:10 VALUE created is "2026-01-31", expected a date and time such as 2026-01-31T12:00:00Z, for example created: "2026-01-31T12:00:00Z"',
  ],
  ["count: 0", "2:8 VALUE count is 0, expected a whole number from 1 to 10 or null"],
  ["count: 1.5", "2:8 TYPE count is 1.5, expected a whole number from 1 to 10 or null"],
  ["tags: []", "2:7 VALUE tags is a list of 0 items, expected a list of at least 1 item"],
  ["tags: [a, b, a]", "2:7 VALUE tags is a list of 3 items, expected a list without duplicates"],
  ["tags: [__proto__, __proto__]", "2:7 VALUE tags is a list of 2 items, expected a list without duplicates"],
  ["tags: [a, 1]", "2:11 TYPE tags[1] is 1, expected text"],
  [
    "rows: [{a: 1, b: 2}, {b: 2, a: 1}]",
    "2:7 VALUE rows is a list of 2 items, expected a list without duplicates",
  ],
  [
    "rows: [{valueOf: 1, toString: 2}, {valueOf: 1, toString: 2}]",
    "2:7 VALUE rows is a list of 2 items, expected a list without duplicates",
  ],
  ["pair: [a, 1, 2]", "2:7 VALUE pair is a list of 3 items, expected a list of at most 2 items"],
  ["retired: 1", "2:10 VALUE retired is 1, expected nothing here"],
  ["roles: {A1: {}}", '2:9 UNKNOWN_KEY roles has the unknown key "A1", expected text that matches ^[a-z]+$'],
  [
    "extended: {bcd: 1}",
    '2:12 UNKNOWN_KEY extended has the unknown key "bcd" (did you mean "abcd"?), expected one of count, abcd',
  ],
  ["step: {kind: http}", '2:7 MISSING_KEY step lacks the key "url"'],
  [
    "step: {kind: htp}",
    '2:14 VALUE step.kind is "htp" (did you mean "http"?), expected one of "shell", "http"',
  ],
  // Unions: the branch that was meant, or one problem that names every choice.
  ["limits: {}", '2:9 MISSING_KEY limits lacks the key "min" or the key "max"'],
  ["alternative: 1", "2:14 VALUE alternative is 1, expected only one of its possible forms"],
  ["scope: 3", "2:8 TYPE scope is 3, expected a map"],
  ["scope: {}", '2:8 MISSING_KEY scope lacks the key "kind"'],
  ["scope: {kind: klass}", '2:15 VALUE scope.kind is "klass", expected "digest" or "class"'],
  ["scope: {kind: class, class: C}", '2:29 VALUE scope.class is "C", expected one of "A", "B"'],
  [
    "scope: {kind: digest, dgest: x}",
    '2:8 MISSING_KEY scope lacks the key "digest"',
    '2:23 UNKNOWN_KEY scope has the unknown key "dgest" (did you mean "digest"?), expected one of kind, digest',
  ],
  [
    "gates: [{id: a, rule: b, severity: blok}]",
    '2:36 VALUE gates[0].severity is "blok" (did you mean "block"?), expected one of "block", "warn", "info", for example severity: block',
  ],
  [
    "gates: [{id: a, rule: b, severity: {T1: blck}}]",
    '2:41 VALUE gates[0].severity.T1 is "blck" (did you mean "block"?), expected one of "block", "warn", "info", for example severity: block',
  ],
  [
    "gates: [{id: a, rule: b, severity: {T9: block}}]",
    '2:37 UNKNOWN_KEY gates[0].severity has the unknown key "T9", expected one of "T1", "T2"',
  ],
  [
    "gates: [{id: a, rule: b, severity: 5}]",
    '2:36 TYPE gates[0].severity is 5, expected one of "block", "warn", "info" or a map, for example severity: block',
  ],
  // Thresholds.
  [
    'gates: [{id: a, rule: b, with: {min: "0.9 "}}]',
    '2:38 TYPE gates[0].with.min is "0.9 ", expected a number from 0 to 1, for example min: 0.78',
  ],
  [
    "gates: [{id: a, rule: b, with: {min: NaN}}]",
    '2:38 TYPE gates[0].with.min is "NaN", expected a number from 0 to 1, for example min: 0.78',
  ],
  [
    "gates: [{id: a, rule: b, with: {min: .nan, level: -.inf, samples: .inf}}]",
    "2:38 NOT_FINITE gates[0].with.min is NaN, expected a number from 0 to 1, for example min: 0.78",
    "2:51 NOT_FINITE gates[0].with.level is -Infinity, expected a number above 0 and below 1",
    "2:67 NOT_FINITE gates[0].with.samples is Infinity, expected a whole number of at least 1",
  ],
  ["value: .nan", "2:8 NOT_FINITE value is NaN, expected a number or text"],
  ["name: .nan", "2:7 TYPE name is NaN, expected text that is not empty, for example name: acme credit"],
  // Keys.
  [
    "gates:\n  - rule: metric.floor\n    severty: block",
    '3:5 MISSING_KEY gates[0] lacks the key "id", for example id: auc-floor',
    '4:5 UNKNOWN_KEY gates[0] has the unknown key "severty" (did you mean "severity"?), expected one of id, rule, severity, with',
  ],
  [
    "gates: [{id: a, rule: b, __proto__: {severity: info}}]",
    '2:26 UNKNOWN_KEY gates[0] has the unknown key "__proto__", expected one of id, rule, severity, with',
  ],
  [
    "gates: [{id: a, rule: b, constructor: 1, hasOwnProperty: 2}]",
    '2:26 UNKNOWN_KEY gates[0] has the unknown key "constructor", expected one of id, rule, severity, with',
    '2:42 UNKNOWN_KEY gates[0] has the unknown key "hasOwnProperty", expected one of id, rule, severity, with',
  ],
  [
    'gates: [{id: a, rule: b, "\\e[31m\\u202e": 1}]',
    '2:26 UNKNOWN_KEY gates[0] has the unknown key "\ufffd[31m\ufffd", expected one of id, rule, severity, with',
  ],
  ["roles: {x: 1}", "2:12 TYPE roles.x is 1, expected a map"],
  [
    'roles: {"a b": {}, x: {}}',
    '2:9 UNKNOWN_KEY roles has the unknown key "a b", expected text that matches ^[a-z]+$',
  ],
];

describe("checkSchema()", () => {
  for (const [text, ...lines] of REFUSED) {
    it(`refuses ${text}`, () => assert.deepEqual(linesOf(`weighbridge: 1\n${text}`), lines));
  }

  it("takes what fits", () => {
    const gate = "{id: a, rule: b, severity: {T1: block}, with: {min: 1, level: 0.95, samples: 30}}";
    const text = `weighbridge: 1\ncount: null\nvalue: x\ntags: [a, b]\nscope: {kind: digest, digest: x}\ngates: [${gate}]`;
    assert.deepEqual(problemsOf(text), []);
  });

  for (const [text, line] of [
    ["", "1:1 TYPE the document is null, expected a map"],
    ["- 1", "1:1 TYPE the document is a list of 1 item, expected a map"],
    ["name: x", '1:1 MISSING_KEY the document lacks the key "weighbridge", for example weighbridge: 1'],
    ["weighbridge: 2", "1:14 VALUE weighbridge is 2, expected 1, for example weighbridge: 1"],
    ['weighbridge: "1"', '1:14 TYPE weighbridge is "1", expected 1, for example weighbridge: 1'],
  ] as const) {
    it(`refuses the document ${JSON.stringify(text)}`, () => assert.deepEqual(linesOf(text), [line]));
  }

  it("gives place, found, expected and example apart from the sentence", () => {
    assert.deepEqual(problemsOf("weighbridge: 1\ngates: [{id: a, rule: b, with: {min: 2}}]")[0], {
      code: "SCHEMA_VALUE",
      message: "gates[0].with.min is 2, expected a number from 0 to 1, for example min: 0.78",
      place: { path: "p.yml", line: 2, column: 38 },
      expected: "a number from 0 to 1",
      found: "2",
      example: "min: 0.78",
      fix: "Write min: 0.78",
    });
  });

  it("writes examples for a JSON file in JSON", () => {
    const node = parseJson('{"weighbridge": 1, "gates": [{"id": "a"}]}', "p.json");
    assert.equal(checkSchema(SCHEMA, node, "p.json")[0]?.example, '"rule": "metric.floor"');
  });

  it("takes the example of the map where the key has none", () => {
    const schema = {
      type: "object",
      properties: {
        gates: {
          type: "array",
          items: { type: "object", examples: [{ id: "a", tags: ["x y", "no", "1"] }], required: ["id"] },
        },
      },
    };
    const [problem] = checkSchema(schema, parseYaml("gates: [{}]", "p.yml"), "p.yml");
    assert.equal(problem?.example, '- { id: a, tags: [x y, "no", "1"] }');
  });

  it("names no example of a place that only looks alike", () => {
    const schema = {
      type: "object",
      properties: { id: { type: "string", examples: ["wrong"] }, gate: { $ref: "#/$defs/gate" } },
      $defs: {
        gate: { type: "object", properties: { id: { type: "string" }, next: { $ref: "#/$defs/gate" } } },
      },
    };
    const [problem] = checkSchema(schema, parseYaml("gate: {id: 5}", "p.yml"), "p.yml");
    assert.equal(problem?.example, undefined);
  });

  it("lists at most fifty problems, the first of the document", () => {
    const text = `weighbridge: 1\ngates: [${"{id: A, rule: b}, ".repeat(60)}]`;
    const problems = problemsOf(text);
    assert.equal(problems.length, 50);
    assert.ok(problems[0]?.message.startsWith("gates[0].id"));
    assert.ok(problems[49]?.message.startsWith("gates[49].id"));
  });

  it("explains a list of 60,000 wrong items, in a union or not", () => {
    const schema = {
      type: "object",
      properties: {
        plain: { type: "array", items: { type: "number" } },
        union: { oneOf: [{ type: "array", items: { type: "number" } }, { type: "string" }] },
      },
    };
    const items = Array.from({ length: 60_000 }, () => "x");
    for (const key of ["plain", "union"]) {
      const problems = checkSchema(schema, parseJson(JSON.stringify({ [key]: items }), "p.json"), "p.json");
      assert.equal(problems.length, 50);
      assert.equal(problems[0]?.message, `${key}[0] is "x", expected a number`);
    }
  });

  it("throws for a schema with a keyword that it does not know", () => {
    assert.throws(
      () => checkSchema({ type: "object", propertys: {} }, parseYaml("{}", "p.yml"), "p.yml"),
      /propertys/,
    );
  });

  it("takes two schemas with one id", () => {
    const id = "https://weighbridge.example/twice.json";
    assert.equal(checkSchema({ $id: id, type: "object" }, parseYaml("{}", "p.yml"), "p.yml").length, 0);
    assert.equal(checkSchema({ $id: id, type: "array" }, parseYaml("{}", "p.yml"), "p.yml").length, 1);
  });
});

describe("assertSchema()", () => {
  it("lists every problem, at the place of the first", () => {
    const text = "weighbridge: 1\nname: 5\ncolour: red\n";
    const error = refusalOf(() => assertSchema(SCHEMA, parseYaml(text, "p.yml"), "p.yml", "POLICY_INVALID"));
    assert.equal(error.code, "POLICY_INVALID");
    assert.deepEqual(error.place, { path: "p.yml", line: 2, column: 7 });
    assert.equal(error.fix, "Write name: acme credit");
    assert.deepEqual(error.message.split("\n"), [
      "p.yml:2:7: name is 5, expected text that is not empty, for example name: acme credit",
      'p.yml:3:1: the document has the unknown key "colour", expected one of weighbridge, name, owner, created, count, value, anything, tags, rows, pair, retired, roles, …',
    ]);
  });

  it("takes the code of the first problem where none is given", () => {
    assert.equal(
      refusalOf(() => assertSchema(SCHEMA, parseYaml("{}", "p.yml"), "p.yml")).code,
      "SCHEMA_MISSING_KEY",
    );
  });

  it("says nothing of a document that fits", () => {
    assert.doesNotThrow(() => assertSchema(SCHEMA, parseYaml("weighbridge: 1", "p.yml"), "p.yml"));
  });
});

describe("the published schemas", () => {
  const directory = new URL("../../policies/schema/", import.meta.url);
  const names = readdirSync(directory).filter((name) => name.endsWith(".json"));

  it("are there", () => assert.ok(names.length > 0));

  for (const name of names) {
    const schema = JSON.parse(readFileSync(new URL(name, directory), "utf8"));
    it(`${name} is a schema of draft 2020-12`, () => {
      const ajv = new Ajv2020({ strict: false, logger: false });
      addFormats.default(ajv);
      assert.equal(ajv.validateSchema(schema), true, ajv.errorsText());
    });

    it(`${name} compiles, and refuses an empty file`, () => {
      assert.notEqual(checkSchema(schema, parseYaml("", "empty.yml"), "empty.yml").length, 0);
    });
  }
});
