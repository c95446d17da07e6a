import assert from "node:assert/strict";
import { test } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parseManifest } from "../../gate/change/manifest.ts";
import { DOMAINS } from "../../gate/model/domain.ts";
import { checkSchema } from "../../gate/parse/schema.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";
import schema from "../../policies/schema/model.schema.json" with { type: "json" };
import packSchema from "../../policies/schema/pack.schema.json" with { type: "json" };
import policySchema from "../../policies/schema/policy.schema.json" with { type: "json" };

const SHA = `sha256:${"a".repeat(64)}`;
const MD5 = `md5:${"b".repeat(32)}`;

const FULL = `weighbridge: 1
id: credit-pd
title: Probability of default
owner: acme/credit-owners
purpose: Ranks applications for consumer credit
status: production
next_review: 2027-03-31
tier: T2
context:
  domain: consumer-credit
  jurisdictions: [EU, US-NY]
  role: deployer
  decision_type: credit approval
  affected_persons: consumers
  autonomy: human-in-the-loop
  special_category_data: false
  exposure: 3
  purpose: 2
artifacts:
  - { path: weights.bin, digest: "${SHA}" }
  - path: /shared/encoder.onnx
evaluation:
  - path: ../metrics.json
    dataset: holdout
    role: test
    dataset_digest: "${MD5}"
    subject: "${SHA}"
    produced_at: 2026-11-02T11:00:00+02:00
    metrics: [roc_auc, { name: cost, key: test.cost, direction: lower }]
data:
  - { name: applications, role: train, path: train.csv.dvc, digest: "${MD5}" }
  - { name: population, role: reference }
card: ./README.md
not_applicable:
  - { gate: FAIR-01, reason: Scores machines and no person at all }
`;

function parse(text: string, path = "models/credit/model.yml") {
  return parseManifest(Buffer.from(text), path);
}

test("parseManifest() reads every key, with paths from the repository's root", () => {
  assert.deepEqual(parse(FULL), {
    path: "models/credit/model.yml",
    id: "credit-pd",
    title: "Probability of default",
    owner: "acme/credit-owners",
    purpose: "Ranks applications for consumer credit",
    status: "production",
    nextReview: "2027-03-31",
    tier: "T2",
    context: {
      domain: "consumer-credit",
      jurisdictions: ["EU", "US-NY"],
      role: "deployer",
      decisionType: "credit approval",
      affectedPersons: "consumers",
      autonomy: "human-in-the-loop",
      specialCategoryData: false,
      exposure: 3,
      purpose: 2,
    },
    artifacts: [{ path: "models/credit/weights.bin", digest: SHA }, { path: "shared/encoder.onnx" }],
    evaluation: [
      {
        path: "models/metrics.json",
        dataset: "holdout",
        role: "test",
        datasetDigest: MD5,
        subject: SHA,
        producedAt: "2026-11-02T09:00:00Z",
        metrics: [{ name: "roc_auc" }, { name: "cost", key: "test.cost", direction: "lower" }],
      },
    ],
    data: [
      { name: "applications", role: "train", path: "models/credit/train.csv.dvc", digest: MD5 },
      { name: "population", role: "reference" },
    ],
    card: "models/credit/README.md",
    notApplicable: [{ gate: "FAIR-01", reason: "Scores machines and no person at all" }],
    lines: {
      weighbridge: 1,
      id: 2,
      title: 3,
      owner: 4,
      purpose: 5,
      status: 6,
      next_review: 7,
      tier: 8,
      context: 9,
      artifacts: 19,
      evaluation: 22,
      data: 30,
      card: 33,
      not_applicable: 34,
    },
  });
});

const LEAST = "weighbridge: 1\nid: m\nstatus: candidate\nartifacts: [{ path: m.bin }]\n";

test("parseManifest() needs four keys and leaves out what is absent", () => {
  assert.deepEqual(parse(LEAST, "model.yml"), {
    path: "model.yml",
    id: "m",
    status: "candidate",
    artifacts: [{ path: "m.bin" }],
    evaluation: [],
    data: [],
    notApplicable: [],
    lines: { weighbridge: 1, id: 2, status: 3, artifacts: 4 },
  });
});

const REFUSED: readonly [name: string, text: string, code: string][] = [
  ["nothing", "", "MANIFEST_INVALID"],
  ["no version", LEAST.replace("weighbridge: 1\n", ""), "MANIFEST_INVALID"],
  ["another version", LEAST.replace("weighbridge: 1", "weighbridge: 2"), "MANIFEST_INVALID"],
  ["no artifacts", LEAST.replace("[{ path: m.bin }]", "[]"), "MANIFEST_INVALID"],
  ["an unknown key", `${LEAST}teir: T1\n`, "MANIFEST_INVALID"],
  ["an unknown key inside", LEAST.replace("path: m.bin", "path: m.bin, sha: x"), "MANIFEST_INVALID"],
  ["a key __proto__", `${LEAST}__proto__: { id: x }\n`, "MANIFEST_INVALID"],
  ["a key twice", `${LEAST}id: n\n`, "YAML_DUPLICATE_KEY"],
  ["an id in upper case", LEAST.replace("id: m", "id: M"), "MANIFEST_INVALID"],
  ["an id with a slash", LEAST.replace("id: m", "id: a/b"), "MANIFEST_INVALID"],
  ["an id with a line end", LEAST.replace("id: m", 'id: "m\\n"'), "MANIFEST_INVALID"],
  ["an id that is too long", LEAST.replace("id: m", `id: ${"m".repeat(65)}`), "MANIFEST_INVALID"],
  ["an id that is a number", LEAST.replace("id: m", "id: 1"), "MANIFEST_INVALID"],
  ["an unknown status", LEAST.replace("candidate", "live"), "MANIFEST_INVALID"],
  ["a date that is none", `${LEAST}next_review: 2027-02-30\n`, "MANIFEST_INVALID"],
  ["an exposure of 5", `${LEAST}context: { exposure: 5 }\n`, "MANIFEST_INVALID"],
  ["an exposure that is not finite", `${LEAST}context: { exposure: .nan }\n`, "MANIFEST_INVALID"],
  [
    "a digest in upper case",
    LEAST.replace("m.bin", `m.bin, digest: "${SHA.toUpperCase()}"`),
    "MANIFEST_INVALID",
  ],
  ["a digest of git", LEAST.replace("m.bin", `m.bin, digest: "git:${"a".repeat(40)}"`), "MANIFEST_INVALID"],
  ["a short reason", `${LEAST}not_applicable: [{ gate: G, reason: no }]\n`, "MANIFEST_INVALID"],
  ["a path out of the repository", LEAST.replace("m.bin", "../../../m.bin"), "PATH_TRAVERSAL"],
  ["a path from the root out of it", LEAST.replace("m.bin", "/../m.bin"), "PATH_TRAVERSAL"],
  ["a backslash in a path", LEAST.replace("m.bin", "..\\m.bin"), "PATH_UNSAFE"],
  ["a pattern as a path", LEAST.replace("m.bin", '"*.bin"'), "PATH_UNSAFE"],
  ["a line end in a path", LEAST.replace("m.bin", '"m\\n.bin"'), "PATH_UNSAFE"],
  ["an unsafe card", `${LEAST}card: "a?b"\n`, "PATH_UNSAFE"],
  ["an unsafe dataset", `${LEAST}data: [{ name: d, role: train, path: ../../../d }]\n`, "PATH_TRAVERSAL"],
  [
    "an artifact twice",
    LEAST.replace("{ path: m.bin }", "{ path: m.bin }, { path: ./m.bin }"),
    "MANIFEST_DUPLICATE",
  ],
  [
    "a dataset twice",
    `${LEAST}data: [{ name: d, role: train }, { name: d, role: test }]\n`,
    "MANIFEST_DUPLICATE",
  ],
  [
    "a metric twice",
    `${LEAST}evaluation: [{ path: e, dataset: d, role: test, metrics: [f1, { name: f1 }] }]\n`,
    "MANIFEST_DUPLICATE",
  ],
  [
    "more planned metrics than gates can judge",
    `${LEAST}evaluation:\n${[0, 1, 2].map((at) => `  - { path: e${at}, dataset: d${at}, role: test, metrics: [${manyNames(667)}] }\n`).join("")}`,
    "PLAN_TOO_LARGE",
  ],
  [
    "an evaluation without a plan",
    `${LEAST}evaluation: [{ path: e, dataset: d, role: test, metrics: [] }]\n`,
    "MANIFEST_INVALID",
  ],
  [
    "a moment that is none",
    `${LEAST}evaluation: [{ path: e, dataset: d, role: test, metrics: [f1], produced_at: 2016-12-31T23:59:60Z }]\n`,
    "MANIFEST_INVALID",
  ],
  ["an alias", `${LEAST}title: &a x\nowner: *a\n`, "YAML_ALIAS"],
  ["a second document", `${LEAST}---\n${LEAST}`, "YAML_DOCUMENTS"],
];

for (const [name, text, code] of REFUSED) {
  test(`parseManifest() refuses ${name}`, () => {
    assert.throws(() => parse(text), { name: "GateError", code });
  });
}

test("parseManifest() refuses what is not UTF-8", () => {
  assert.throws(() => parseManifest(Buffer.from(`\ufeff${LEAST}`), "model.yml"), { code: "TEXT_ENCODING" });
  assert.throws(() => parseManifest(Buffer.from(LEAST, "utf16le"), "model.yml"), { code: "TEXT_ENCODING" });
});

test("parseManifest() says what is wrong, where, and how it would be right", () => {
  assert.throws(() => parse(LEAST.replace("candidate", "live")), {
    message:
      'models/credit/model.yml:3:9: status is "live", expected one of "experiment", "candidate", "production", "retired", for example status: production',
    place: { path: "models/credit/model.yml", line: 3, column: 9 },
    fix: "Write status: production",
  });
  const words = DOMAINS.map((word) => `"${word}"`).join(", ");
  for (const [written, meant] of [
    ["credit", ' (did you mean "consumer-credit"?)'],
    ["Consumer-Credit", ' (did you mean "consumer-credit"?)'],
    ["anti-money-laundering", ' (did you mean "aml"?)'],
    ["healthcare", ""],
  ]) {
    assert.throws(() => parse(`${LEAST}context:\n  domain: ${written}\n`), {
      code: "MANIFEST_INVALID",
      message: `models/credit/model.yml:6:11: context.domain is "${written}"${meant}, expected one of ${words}, for example domain: consumer-credit`,
      place: { path: "models/credit/model.yml", line: 6, column: 11 },
    });
  }
  assert.throws(() => parse(LEAST.replace("m.bin", "../../../m.bin")), {
    message: 'Cannot read models/credit/model.yml: path "../../../m.bin" leads out of the repository',
    place: { path: "models/credit/model.yml", line: 4, column: 21 },
    fix: "Write the path from the manifest's folder, or from the root with a leading /",
  });
  const twice = `${LEAST}evaluation: [{ path: e, dataset: d, role: test, metrics: [f1, auc, f1] }]\n`;
  assert.throws(() => parse(twice), {
    message: 'Cannot read models/credit/model.yml: evaluation[0].metrics names "f1" twice',
    place: { path: "models/credit/model.yml", line: 5, column: 68 },
    fix: "Keep one of the two",
  });
});

type SchemaNode = Readonly<Record<string, unknown>>;

/** Every node of the schema that describes a value, with its path; a reference has what it refers to, too. */
function* schemaNodes(node: SchemaNode, at = ""): Generator<readonly [at: string, node: SchemaNode]> {
  const definitions: Readonly<Record<string, SchemaNode>> = schema.$defs;
  yield [at, { ...definitions[String(node.$ref).replace("#/$defs/", "")], ...node }];
  for (const [name, property] of Object.entries(node.properties ?? {}))
    yield* schemaNodes(property, `${at}.${name}`);
  if (node.items !== undefined) yield* schemaNodes(node.items as SchemaNode, `${at}[]`);
}

test("the schema is one of draft 2020-12", () => {
  const ajv = new Ajv2020.default({ strict: true, allowUnionTypes: true });
  addFormats.default(ajv);
  assert.ok(ajv.validateSchema(schema, true));
  ajv.compile(schema);
});

test("the schema describes every property, closes every map, and bounds every list and text", () => {
  for (const [at, node] of schemaNodes(schema)) {
    assert.ok(node.description, `${at} has a description`);
    if (node.type === "object") assert.equal(node.additionalProperties, false, at);
    if (node.type === "array") assert.ok(node.maxItems, `${at} has an end`);
    const isBounded = node.maxLength ?? node.pattern ?? node.format ?? node.enum;
    if (node.type === "string") assert.ok(isBounded, `${at} has an end`);
  }
});

test("the schema shows an example of every property, which fits", () => {
  for (const [at, node] of schemaNodes(schema)) {
    if (at === "") continue;
    const { examples } = node;
    assert.ok(Array.isArray(examples) && examples.length > 0, `${at} has examples`);
    for (const example of examples) {
      const document = parseYaml(JSON.stringify(example), "example");
      assert.deepEqual(checkSchema({ ...node, $defs: schema.$defs }, document, "example"), [], at);
    }
  }
});

test("the schemas of manifest, policy and pack know the same domains as the tiers", () => {
  assert.deepEqual(schema.properties.context.properties.domain.enum, DOMAINS);
  for (const { $defs } of [policySchema, packSchema]) {
    assert.deepEqual($defs.givenManifest.properties.domain.enum, DOMAINS);
  }
});

/** Names of metrics, none twice. */
function manyNames(count: number): string {
  return Array.from({ length: count }, (_, at) => `m${at}`).join(", ");
}
