import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Outcome } from "../../gate/model/decision.ts";
import type { Given } from "../../gate/policy/given.ts";
import { inherit } from "../../gate/policy/inherit.ts";
import { parsePolicy } from "../../gate/policy/parse.ts";
import { runVector } from "../../gate/policy/vectors.ts";

function gateOf(text: string) {
  const bytes = Buffer.from(
    `weighbridge: 1\npolicy: { name: acme, version: 1.0.0 }\ngates: [{ id: g, ${text} }]`,
  );
  const [gate] = inherit({ file: parsePolicy(bytes, "policy.yml"), parents: [] }).policy.gates;
  return gate ?? assert.fail("there is no gate");
}

const FLOOR = "rule: metric.floor, with: { metric: roc_auc, min: 0.78, level: 0.95 }";

describe("runVector()", () => {
  const cases: readonly (readonly [name: string, gate: string, given: Given, outcome: Outcome])[] = [
    [
      "an interval above the floor",
      FLOOR,
      { metrics: [{ name: "roc_auc", value: 0.81, ci: [0.79, 0.83] }] },
      "pass",
    ],
    [
      "an interval that spans the floor",
      FLOOR,
      { metrics: [{ name: "roc_auc", value: 0.79, ci: [0.77, 0.81], n: 900 }] },
      "inconclusive",
    ],
    [
      "an interval below the floor",
      FLOOR,
      { metrics: [{ name: "roc_auc", value: 0.7, ci: [0.69, 0.71] }] },
      "fail",
    ],
    [
      "an interval at too low a level",
      FLOOR,
      { metrics: [{ name: "roc_auc", value: 0.9, ci: [0.89, 0.91], level: 0.8 }] },
      "missing_evidence",
    ],
    [
      "a slice, which is not the whole",
      FLOOR,
      { metrics: [{ name: "roc_auc", value: 1, slice: { sex: "F" } }] },
      "missing_evidence",
    ],
    ["a file that cannot be read", FLOOR, { metrics: [], problems: [{ code: "JSON_SYNTAX" }] }, "error"],
    [
      "an expression over base and head",
      'rule: expression, with: { require: "metrics.p95_ms.head <= 1.2 * metrics.p95_ms.base" }',
      {
        metrics: [
          { name: "p95_ms", side: "base", value: 100 },
          { name: "p95_ms", value: 119 },
        ],
      },
      "pass",
    ],
    [
      "an expression without its base",
      'rule: expression, with: { require: "metrics.p95_ms.head <= 1.2 * metrics.p95_ms.base" }',
      { metrics: [{ name: "p95_ms", value: 119 }] },
      "error",
    ],
    [
      "a tier that the gate does not ask about",
      `${FLOOR}, when: 'model.tier == "T1"'`,
      { tier: "T3", metrics: [] },
      "not_applicable",
    ],
    [
      "a domain that the gate asks about",
      `rule: manifest.valid, when: 'model.domain == "consumer-credit"'`,
      { manifest: { domain: "consumer-credit" } },
      "pass",
    ],
    ["a when that cannot be evaluated", "rule: manifest.valid, when: int(model.id) == 1", {}, "error"],
    ["an owner that is left out", "rule: inventory.registered", { manifest: { without: ["owner"] } }, "fail"],
    [
      "a context that is left out",
      "rule: inventory.registered, with: { require: [context] }",
      { manifest: { without: ["context"] } },
      "fail",
    ],
    [
      "two files of which one is a pickle",
      "rule: artifact.format, with: { allow: [onnx] }",
      { artifacts: [{}, { path: "models/example/encoder.pkl", format: "pickle" }] },
      "fail",
    ],
    [
      "several files",
      "rule: evidence.subject",
      { artifacts: [{}, { path: "models/example/b.onnx" }] },
      "pass",
    ],
    [
      "a front matter without a licence",
      "rule: card.complete, with: { front_matter: [license] }",
      { card: { sections: [] } },
      "fail",
    ],
    ["a removed model", FLOOR, { model: "removed" }, "not_applicable"],
  ];
  for (const [name, text, given, outcome] of cases) {
    it(`finds ${outcome} for ${name}`, () => {
      const result = runVector(gateOf(text), { name, given, outcome });
      assert.equal(result.judgement.outcome, outcome, JSON.stringify(result.judgement));
      assert.ok(result.isMet);
    });
  }

  it("says what came instead where a vector is not met", () => {
    const result = runVector(gateOf(FLOOR), { name: "too good", given: { metrics: [] }, outcome: "pass" });
    assert.deepEqual(
      [result.isMet, result.expected, result.judgement.outcome],
      [false, "pass", "missing_evidence"],
    );
  });

  it("leaves everything in order that is not given", () => {
    for (const rule of [
      "manifest.valid",
      "inventory.registered",
      "artifact.digest",
      "artifact.format",
      "data.pinned",
    ]) {
      const result = runVector(gateOf(`rule: ${rule}`), { name: rule, given: {}, outcome: "pass" });
      assert.ok(result.isMet, `${rule}: ${JSON.stringify(result.judgement)}`);
    }
  });
});
