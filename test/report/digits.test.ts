import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Measure } from "../../gate/model/evidence.ts";
import { type ShownPair, showPair } from "../../gate/report/digits.ts";

const CASES: readonly (readonly [Measure | undefined, Measure | undefined, ShownPair])[] = [
  [0.7912, 0.7712, { base: "0.7912", head: "0.7712", delta: "-0.0200" }],
  [0.5, 0.5, { base: "0.5000", head: "0.5000", delta: "0" }],
  [41, 44, { base: "41", head: "44", delta: "+3" }],
  [41, 44.5, { base: "41.0000", head: "44.5000", delta: "+3.5000" }],
  [0.08123, 0.08121, { base: "0.08123", head: "0.08121", delta: "-0.00002" }],
  [0.123456789, 0.123456788, { base: "0.123456789", head: "0.123456788", delta: "-1.00e-9" }],
  [0.81254999, 0.81255001, { base: "0.8125", head: "0.8126", delta: "+2.00e-8" }],
  [0.1 + 0.2, 0.3, { base: "0.30000000000000004", head: "0.3", delta: "-5.55e-17" }],
  [0.00001234, 0.00001235, { base: "0.00001234", head: "0.00001235", delta: "+1.000e-8" }],
  [1.5e12, 2.5e12, { base: "1500000000000", head: "2500000000000", delta: "+1000000000000" }],
  [1.5e21, 2.5e21, { base: "1.500e+21", head: "2.500e+21", delta: "+1.000e+21" }],
  [undefined, 0.8, { head: "0.8000" }],
  [0.8, undefined, { base: "0.8000" }],
  [0.8, "NaN", { base: "0.8000", head: "NaN" }],
  ["-Infinity", "Infinity", { base: "-Infinity", head: "Infinity" }],
  [undefined, undefined, {}],
  [0, -0.25, { base: "0.0000", head: "-0.2500", delta: "-0.2500" }],
];

for (const [base, head, expected] of CASES) {
  test(`showPair(${base}, ${head}) is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(showPair(base, head), expected);
  });
}

test("two numbers that differ never look the same, and their difference never looks like none", () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(number, number, (base, head) => {
      const shown = showPair(base, head);
      if (base === head) return;
      assert.notEqual(shown.base, shown.head);
      assert.notEqual(Number(shown.delta), 0);
      assert.equal(shown.delta?.startsWith("+"), head > base);
    }),
    { numRuns: 5_000 },
  );
});
