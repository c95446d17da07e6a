import assert from "node:assert/strict";
import { test } from "node:test";
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, backoffMs } from "../../../app/queue/backoff.ts";

test("each wait is twice the one before, half of it left to chance, up to the longest", () => {
  const longest = (attempts: number) => backoffMs(attempts, () => 1);
  const shortest = (attempts: number) => backoffMs(attempts, () => 0);
  assert.deepEqual([0, 1, 2, 3].map(longest), [2_000, 4_000, 8_000, 16_000]);
  assert.deepEqual([0, 1, 2, 3].map(shortest), [1_000, 2_000, 4_000, 8_000]);
  for (const attempts of [10, 100, 1e9]) {
    assert.equal(longest(attempts), BACKOFF_MAX_MS);
    assert.equal(shortest(attempts), BACKOFF_MAX_MS / 2);
  }
  assert.equal(longest(0), BACKOFF_FIRST_MS);
});

test("what failed together does not come back together", () => {
  const waits = new Set(Array.from({ length: 100 }, () => backoffMs(5)));
  assert.ok(waits.size > 90);
});
