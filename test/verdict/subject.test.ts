import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionInput } from "../../gate/model/decision.ts";
import type { DatasetEvidence } from "../../gate/model/evidence.ts";
import { digestOf } from "../../gate/parse/canonical.ts";
import { modelDigests, subjectDigest } from "../../gate/verdict/subject.ts";
import {
  HEAD_DIGEST,
  manifest,
  metric,
  model,
  OTHER_DIGEST,
  policy,
  source,
  version,
} from "../rules/view.ts";
import { gate, input } from "./gates.ts";

const FILE = { path: "m/model.safetensors", kind: "file", oid: "a".repeat(40) } as const;
const DATASET: DatasetEvidence = {
  kind: "dataset",
  model: "m",
  side: "head",
  trust: "declared",
  source: source({ path: "m/model.yml" }),
  name: "train",
  role: "train",
  digest: OTHER_DIGEST,
};

function change(overrides: Partial<DecisionInput["change"]> = {}): DecisionInput["change"] {
  return {
    base: "1",
    mergeBase: "1",
    head: "2",
    files: [{ status: "modified", path: FILE.path, head: FILE }],
    models: [model()],
    ...overrides,
  };
}

const GIVEN = input({ change: change(), evidence: [metric(), DATASET] });
const subjectOf = (overrides: Partial<DecisionInput> = {}) => {
  const given = { ...GIVEN, ...overrides };
  return subjectDigest(given, digestOf(given.policy));
};

/** An untouched rebase, and another run of the same evaluation. */
const KEPT: readonly (readonly [name: string, input: Partial<DecisionInput>])[] = [
  ["C18: another base and another head", { change: change({ base: "7", mergeBase: "7", head: "8" }) }],
  [
    "C18: an unrelated file",
    { change: change({ files: [...change().files, { status: "added", path: "docs/x.md" }] }) },
  ],
  ["another moment", { now: "2027-01-01T00:00:00Z" }],
  ["evidence in another order", { evidence: [DATASET, metric()] }],
  ["a comment in the manifest", { change: withManifest({ lines: { evaluation: 99 } }) }],
  ["a waiver", { waivers: [] }],
];

for (const [name, overrides] of KEPT) {
  test(`${name} keeps what was approved`, () => assert.equal(subjectOf(overrides), subjectOf()));
}

test("C18: another run that measures the same keeps what was approved", () => {
  const run = (value: number, producedAt: string, digest: typeof OTHER_DIGEST) =>
    metric({
      trust: "ci",
      value,
      source: source({ path: "out/m.json", producedAt, digest, line: value === 1 ? 1 : 2 }),
    });
  const first = subjectOf({ evidence: [run(0.8, "2026-11-20T12:00:00Z", HEAD_DIGEST)] });
  assert.equal(subjectOf({ evidence: [run(0.8, "2026-11-21T12:00:00Z", OTHER_DIGEST)] }), first);
  assert.notEqual(subjectOf({ evidence: [run(0.81, "2026-11-20T12:00:00Z", HEAD_DIGEST)] }), first);
});

test("another entry of the trail about the same champion keeps what was approved", () => {
  const champion = (seq: number, digest: typeof OTHER_DIGEST) =>
    metric({
      side: "base",
      source: source({ adapter: "trail@1", path: `weighbridge-trail/${seq}`, digest }),
    });
  const first = subjectOf({ evidence: [champion(4, HEAD_DIGEST)] });
  assert.equal(subjectOf({ evidence: [champion(9, OTHER_DIGEST)] }), first);
  assert.notEqual(subjectOf({ evidence: [{ ...champion(4, HEAD_DIGEST), value: 0.7 }] }), first);
});

function withManifest(overrides: Parameters<typeof manifest>[0]): DecisionInput["change"] {
  const head = version(HEAD_DIGEST, { manifest: manifest(overrides) });
  return change({ models: [model({ head })] });
}

const oid = "b".repeat(40);
/** One byte of the model, its data, its evidence or the policy. */
const DROPPED: readonly (readonly [name: string, input: Partial<DecisionInput>])[] = [
  ["C15: another model file", { change: change({ models: [model({ head: version(OTHER_DIGEST) })] }) }],
  [
    "C15: another byte in a file of the model",
    { change: change({ files: [{ status: "modified", path: FILE.path, head: { ...FILE, oid } }] }) },
  ],
  [
    "C15: a file of the model that is gone",
    { change: change({ files: [{ status: "removed", path: FILE.path }] }) },
  ],
  ["C15: another word of the manifest", { change: withManifest({ purpose: "Prices applications" }) }],
  ["C15: another model besides", { change: change({ models: [model(), model({ id: "n" })] }) }],
  ["C15: other data", { evidence: [metric(), { ...DATASET, digest: HEAD_DIGEST }] }],
  ["C15: another number", { evidence: [metric({ value: 0.81 }), DATASET] }],
  [
    "C15: another byte of a committed result",
    { evidence: [metric({ source: source({ digest: OTHER_DIGEST }) }), DATASET] },
  ],
  ["C15: evidence that is gone", { evidence: [DATASET] }],
  [
    "C15: evidence that cannot be read",
    {
      problems: [
        { model: "m", side: "head", code: "JSON_SYNTAX", message: "x", place: { path: "m/x.json" } },
      ],
    },
  ],
  [
    "C15: another policy",
    { policy: policy({ ...GIVEN.policy, gates: [gate({ with: { metric: "roc_auc", min: 0.7 } })] }) },
  ],
  [
    "C15: a change of the policy beside it",
    { policyChange: { files: [{ path: ".weighbridge/policy.yml", kind: "policy" }], differences: [] } },
  ],
];

for (const [name, overrides] of DROPPED) {
  test(`${name} drops what was approved`, () => assert.notEqual(subjectOf(overrides), subjectOf()));
}

const modelDigest = (overrides: Partial<DecisionInput> = {}) =>
  modelDigests({ ...GIVEN, ...overrides }).get("m");

for (const [name, overrides] of KEPT) {
  test(`${name} keeps what was approved of a model`, () =>
    assert.equal(modelDigest(overrides), modelDigest()));
}

/** They are about other models, or about what judges all of them. */
const NOT_OF_THE_MODEL = new Set([
  "C15: another model besides",
  "C15: another policy",
  "C15: a change of the policy beside it",
]);

for (const [name, overrides] of DROPPED) {
  const isKept = NOT_OF_THE_MODEL.has(name);
  test(`${name} ${isKept ? "keeps" : "drops"} what was approved of a model`, () =>
    assert.equal(modelDigest(overrides) === modelDigest(), isKept));
}

test("what is known of another model keeps what was approved of a model", () => {
  const evidence = [...GIVEN.evidence, metric({ model: "n" })];
  const problems = [
    { model: "n", side: "head", code: "JSON_SYNTAX", message: "x", place: { path: "n/x.json" } } as const,
  ];
  assert.equal(modelDigest({ evidence, problems }), modelDigest());
});

test("C15: another byte in the policy that is to come drops the approval of it", () => {
  const path = ".weighbridge/policy.yml";
  const policyChange = { files: [{ path, kind: "policy" } as const], differences: [] };
  const withPolicy = (id: string) =>
    subjectOf({
      policyChange,
      change: change({ files: [{ status: "modified", path, head: { path, kind: "file", oid: id } }] }),
    });
  assert.equal(withPolicy(oid), withPolicy(oid));
  assert.notEqual(withPolicy(oid), withPolicy("c".repeat(40)));
});
