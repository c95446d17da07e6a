import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyDelta, readSize } from "../../gate/trail/git-delta.ts";

const BASE = Buffer.from("0123456789abcdef");
const MAX = 1_000_000;

test("copies and inserts, as gitformat-pack says", () => {
  // Copies four bytes from the second on, then the word, then two from the eleventh.
  const delta = [16, 9, 0x91, 1, 4, 3, ...Buffer.from("new"), 0x91, 10, 2];
  assert.equal(Buffer.from(applyDelta(BASE, Buffer.from(delta), MAX) ?? []).toString(), "1234newab");
  const large = Buffer.alloc(0x20000, 7);
  // A copy that names no size is of 64 KB, one that names no place begins at the first byte.
  const whole = Buffer.from([0x80, 0x80, 8, 0x80, 0x80, 4, 0x80]);
  assert.deepEqual(applyDelta(large, whole, MAX), large.subarray(0, 0x10000));
});

const malformed: readonly [what: string, delta: readonly number[]][] = [
  ["nothing", []],
  ["a size without an end", [0x90]],
  ["a delta of another base", [15, 1, 1, 65]],
  ["more than it says", [16, 1, 2, 65, 66]],
  ["less than it says", [16, 3, 2, 65, 66]],
  ["an insert that is cut off", [16, 2, 2, 65]],
  ["an insert of nothing", [16, 0, 0]],
  ["a copy beyond the base", [16, 4, 0x91, 14, 4]],
  ["a copy that is cut off", [16, 4, 0x91, 1]],
];
for (const [what, delta] of malformed) {
  test(`takes ${what} for no delta`, () => {
    assert.equal(applyDelta(BASE, Buffer.from(delta), MAX), undefined);
  });
}

test("makes nothing that is longer than a limit", () => {
  const delta = Buffer.from([16, 4, 0x90, 4]);
  assert.equal(applyDelta(BASE, delta, 4)?.length, 4);
  assert.equal(applyDelta(BASE, delta, 3), undefined);
});

test("never throws, and makes what the delta says", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (delta) => {
      const made = applyDelta(BASE, delta, MAX);
      if (made !== undefined) assert.equal(made.length, readSize(delta, 1).value);
    }),
    { numRuns: 5_000 },
  );
});
