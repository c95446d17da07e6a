import assert from "node:assert/strict";
import { test } from "node:test";
import { unitOf } from "../../gate/parse/decimal-unit.ts";

const UNITS: readonly (readonly [text: string, unit: number | undefined])[] = [
  ["0.81", 0.01],
  ["0.850", 0.001],
  ["-.5", 0.1],
  ["12", 1],
  ["1.5e-3", 0.0001],
  ["87.1e-2", 0.001],
  ["2e3", 1000],
  ["NaN", undefined],
  ["1,5", undefined],
];
for (const [text, unit] of UNITS) {
  test(`the last place of ${text} is ${unit ?? "unknown"}`, () => assert.equal(unitOf(text), unit));
}
