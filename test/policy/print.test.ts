import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PolicyDocument } from "../../gate/policy/document.ts";
import { parsePack, parsePolicy } from "../../gate/policy/parse.ts";
import { printPolicy } from "../../gate/policy/print.ts";
import { documents } from "./documents.ts";

const PACKS = new URL("../../policies/packs/", import.meta.url);

function parseAgain(document: PolicyDocument): PolicyDocument {
  const bytes = Buffer.from(printPolicy(document));
  return (document.kind === "pack" ? parsePack(bytes, "pack.yml") : parsePolicy(bytes, "policy.yml"))
    .document;
}

describe("printPolicy()", () => {
  it("prints what parses to the same document", () => {
    fc.assert(
      fc.property(documents, (document) => {
        assert.deepEqual(parseAgain(document), document);
      }),
      { numRuns: 40 },
    );
  });

  for (const name of readdirSync(PACKS)) {
    it(`prints ${name} to the same document`, () => {
      const { document } = parsePack(readFileSync(new URL(name, PACKS)), name);
      assert.deepEqual(parseAgain(document), document);
    });
  }

  it("writes as a person would", () => {
    const text = `weighbridge: 1
policy: { name: acme-credit, version: 4.2.0 }
extends: [core@1, performance@1]
roles:
  owner: { teams: [acme/credit-owners] }
  validator: { teams: [acme/model-validation], users: [maria] }
models:
  - { id: credit-pd, path: models/credit-pd, tier: T2 }
gates:
  - id: auc-floor
    rule: metric.floor
    why: below 0.78 the scorecard loses to the incumbent vendor score
    with: { metric: roc_auc, dataset: holdout, min: 0.78, level: 0.95 }
    severity: block
  - id: latency
    rule: expression
    with: { require: "metrics.p95_ms.head <= 1.2 * metrics.p95_ms.base" }
`;
    assert.equal(printPolicy(parsePolicy(Buffer.from(text), "policy.yml").document), text);
  });
});
