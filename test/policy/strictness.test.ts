import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareStrictness, type Strictness, strictestOf } from "../../gate/policy/strictness.ts";

const HIGHER = { kind: "higher" } as const;
const LOWER = { kind: "lower" } as const;
const LOWER_FROM_ZERO = { kind: "lower", default: 0 } as const;
const SUBSET = { kind: "subset" } as const;
const SUPERSET = { kind: "superset" } as const;
const SUPERSET_FROM_A = { kind: "superset", default: ["a"] } as const;
const ORDER = { kind: "order", words: ["info", "warn", "block"] } as const;
const SAME = { kind: "same" } as const;

type Kind = Parameters<typeof compareStrictness>[0];

describe("compareStrictness()", () => {
  const cases: readonly (readonly [Kind, unknown, unknown, Strictness])[] = [
    [HIGHER, 0.8, 0.8, "same"],
    [HIGHER, 0.8, 0.81, "stricter"],
    [HIGHER, 0.8, 0.79, "looser"],
    [HIGHER, undefined, -1e308, "stricter"],
    [HIGHER, 0.8, undefined, "looser"],
    [HIGHER, undefined, undefined, "same"],
    [HIGHER, 0.8, "0.9", "looser"],
    [LOWER, 10, 9, "stricter"],
    [LOWER, 10, 11, "looser"],
    [LOWER, 10, undefined, "looser"],
    [LOWER, undefined, 10, "stricter"],
    [LOWER_FROM_ZERO, undefined, 0.1, "looser"],
    [LOWER_FROM_ZERO, 0.1, undefined, "stricter"],
    [LOWER_FROM_ZERO, undefined, 0, "same"],
    [SUBSET, ["a", "b"], ["b"], "stricter"],
    [SUBSET, ["a", "b"], ["b", "a"], "same"],
    [SUBSET, ["a", "b"], ["b", "c"], "looser"],
    [SUBSET, undefined, ["a"], "stricter"],
    [SUBSET, ["a"], undefined, "looser"],
    [SUPERSET, ["a"], ["b", "a"], "stricter"],
    [SUPERSET, ["a", "b"], ["b", "c"], "looser"],
    [SUPERSET, undefined, ["a"], "stricter"],
    [SUPERSET_FROM_A, undefined, ["b"], "looser"],
    [SUPERSET_FROM_A, undefined, ["b", "a"], "stricter"],
    [ORDER, "warn", "block", "stricter"],
    [ORDER, "warn", "info", "looser"],
    [ORDER, "warn", "blok", "looser"],
    [ORDER, "blok", "block", "looser"],
    [SAME, "roc_auc", "roc_auc", "same"],
    [SAME, "roc_auc", "accuracy", "looser"],
    [SAME, undefined, "roc_auc", "looser"],
    [SAME, "roc_auc", undefined, "looser"],
  ];
  for (const [kind, from, to, expected] of cases) {
    it(`calls ${JSON.stringify(from) ?? "none"} to ${String(to)} ${expected} where ${JSON.stringify(kind)}`, () => {
      assert.equal(compareStrictness(kind, from, to), expected);
    });
  }
});

describe("strictestOf()", () => {
  const cases: readonly (readonly [Kind, unknown, unknown, unknown])[] = [
    [HIGHER, 0.8, 0.9, { value: 0.9 }],
    [HIGHER, 0.9, 0.8, { value: 0.9 }],
    [HIGHER, undefined, 0.8, { value: 0.8 }],
    [LOWER_FROM_ZERO, undefined, 0.1, { value: 0 }],
    [LOWER_FROM_ZERO, 0.1, undefined, { value: 0 }],
    [SUBSET, ["a", "b"], ["b", "c"], { value: ["b"] }],
    [SUBSET, ["a"], ["b"], undefined],
    [{ kind: "subset", default: [] }, ["a"], ["b"], { value: [] }],
    [{ kind: "subset", default: [] }, ["a"], undefined, { value: [] }],
    [SUPERSET, ["a", "b"], ["b", "c"], { value: ["a", "b", "c"] }],
    [ORDER, "warn", "block", { value: "block" }],
    [SAME, "a", "a", { value: "a" }],
    [SAME, "a", "b", undefined],
    [SAME, undefined, "b", undefined],
  ];
  for (const [kind, a, b, expected] of cases) {
    it(`gives ${JSON.stringify(expected)} for ${String(a)} and ${String(b)} where ${JSON.stringify(kind)}`, () => {
      assert.deepEqual(strictestOf(kind, a, b), expected);
    });
  }
});
