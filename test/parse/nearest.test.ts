import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearest, nearestPart } from "../../gate/parse/nearest.ts";

const KEYS = ["severity", "rule", "with", "when", "mapsTo", "onInconclusive"];

describe("nearest()", () => {
  const cases: readonly [word: string, expected: string | undefined][] = [
    ["severty", "severity"],
    ["Severity", "severity"],
    ["rules", "rule"],
    ["maps_to", "mapsTo"],
    ["inconclusive", "onInconclusive"],
    ["threshold", undefined],
    ["x", undefined],
    ["wit", "with"],
    ["T5", undefined],
    ["", undefined],
    ["__proto__", undefined],
    ["s".repeat(1_000_000), undefined],
  ];
  for (const [word, expected] of cases) {
    it(`finds ${expected ?? "nothing"} for ${word.slice(0, 20)}`, () =>
      assert.equal(nearest(word, KEYS), expected));
  }

  it("prefers the fewest edits, then the first", () => {
    assert.equal(nearest("metric.flor", ["metric.color", "metric.floor"]), "metric.floor");
    assert.equal(nearest("tier5", ["tier1", "tier2"]), "tier1");
  });
});

describe("nearestPart()", () => {
  const words = ["aml", "consumer-credit", "law-enforcement", "public-services", "public-safety", "other"];
  const cases: readonly [word: string, expected: string | undefined][] = [
    ["credit", "consumer-credit"],
    ["Consumer Credit Scoring", "consumer-credit"],
    ["anti-money-laundering", "aml"],
    ["AML monitoring", "aml"],
    ["public", undefined],
    ["cred", undefined],
    ["p", undefined],
    ["", undefined],
    ["--", undefined],
    ["credit ".repeat(1_000_000), undefined],
  ];
  for (const [word, expected] of cases) {
    it(`finds ${expected ?? "nothing"} for ${JSON.stringify(word.slice(0, 24))}`, () =>
      assert.equal(nearestPart(word, words), expected));
  }
});
