import assert from "node:assert/strict";
import { test } from "node:test";
import { Readiness } from "../../app/readiness.ts";

test("it says of each check whether it holds, and why not to the one who listens", async () => {
  const failures: unknown[] = [];
  const readiness = new Readiness(
    {
      store: async () => {},
      github: () => Promise.reject(new RangeError("no token")),
      thrown: () => {
        throw new RangeError("at once");
      },
    },
    (name, cause) => failures.push([name, cause instanceof Error && cause.message]),
  );
  assert.deepEqual(await readiness.check(), [
    { name: "store", ok: true },
    { name: "github", ok: false },
    { name: "thrown", ok: false },
  ]);
  assert.deepEqual(failures.toSorted(), [
    ["github", "no token"],
    ["thrown", "at once"],
  ]);
});

test("a check that does not come back does not hold", async () => {
  const readiness = new Readiness({ store: () => new Promise(() => {}) }, () => {});
  assert.deepEqual(await readiness.check(), [{ name: "store", ok: false }]);
});

test("however often it is asked, the checks run once in five seconds", async () => {
  let runs = 0;
  let now = 0;
  const readiness = new Readiness(
    { store: async () => void runs++ },
    () => {},
    () => now,
  );
  await Promise.all([readiness.check(), readiness.check()]);
  now = 4_999;
  await readiness.check();
  assert.equal(runs, 1);
  now = 5_000;
  await readiness.check();
  assert.equal(runs, 2);
});

test("a process that stops is not ready, whatever its checks say", async () => {
  const readiness = new Readiness({ store: async () => {} }, () => {});
  await readiness.check();
  readiness.stop();
  assert.deepEqual(await readiness.check(), [{ name: "running", ok: false }]);
});
