import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { goesBack, kindOfSuccess, type Run, type Success, withRun } from "../../../app/events/runs.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";
import type { Digest } from "../../../gate/model/digest.ts";

/** A letter is a version, and each comes with a status of its own; those that go back, in capitals. */
function told(versions: string): string {
  let runs: readonly Run[] = [];
  return [...versions]
    .map((subject, at) => {
      const run = { status: at + 1, subject };
      runs = withRun(runs, run);
      return goesBack(runs, run) ? subject.toUpperCase() : subject;
    })
    .join("");
}

describe("a rollback", () => {
  const ways: readonly [string, string][] = [
    ["brings back what ran before", "abA"],
    ["is not the first of anything, nor the same again", "aabbcc"],
    ["is not what was gone back from, deployed again", "abAb"],
    ["happens as often as it does", "abAbAbA"],
    ["goes back by several versions, and from there on everything is new again", "abcdBcde"],
    ["is not what was gone back from, after something else came in its place", "abAcb"],
    ["goes back from what was gone back from and came again", "abAcbCA"],
    ["is told across many runs of one content", `a${"b".repeat(500)}A`],
  ];
  for (const [name, marked] of ways) test(name, () => assert.equal(told(marked.toLowerCase()), marked));

  test("is told by the order of the statuses, however they are heard of", () => {
    const runs = [..."abcab"].map((subject, at) => ({ status: at + 1, subject }));
    const expected = [false, false, false, true, false];
    for (const order of [runs, runs.toReversed(), [3, 0, 4, 2, 1].map((at) => runs[at]!)]) {
      const kept = order.reduce<readonly Run[]>(withRun, []);
      assert.deepEqual(
        runs.map((run) => goesBack(kept, run)),
        expected,
      );
    }
  });

  test("is told among the last hundred", () => {
    const many = Array.from({ length: 150 }, (_, at) => ({ status: at + 1, subject: `v${at}` }));
    const kept = many.reduce<readonly Run[]>(withRun, []);
    assert.equal(kept.length, 100);
    assert.deepEqual(
      ["v49", "v50"].map((subject) => goesBack(kept, { status: 151, subject })),
      [false, true],
    );
  });
});

const PLACE = { installationId: 1, owner: "acme", repo: "credit", repositoryId: 5 };

function openSite(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-runs-"));
  const store = openSqliteStore(folder, { leaseMs: 30_000, quietMs: 0 }, Date.now);
  context.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { store, place: PLACE };
}

/** A success that brings these versions of models, as `credit-pd: v2`; of a version `?` nobody could tell what it is. */
function success(status: number, versions: Readonly<Record<string, string>>, sha = "a".repeat(40)): Success {
  const models = Object.entries(versions).map(([id, version]) => ({
    ...{ id, changeClass: "B" as const, classReasons: [], paths: [] },
    head: {
      ...{ problems: [], artifacts: [] },
      ...(version !== "?" && { subject: `sha256:${version}` as Digest }),
    },
  }));
  return { environment: "production", sha, deployment: status, status, models };
}

const [FORWARD, BACK] = ["deploy.succeeded", "deploy.rolled_back"] as const;

test("a success that is heard of again is what it was, whatever came since", async (context) => {
  const site = openSite(context);
  const versions = ["v2", "v3", "v2", "v3"].map((version, at) => success(at + 1, { a: version }));
  const expected = [FORWARD, FORWARD, BACK, FORWARD];
  for (const [at, each] of versions.entries()) assert.equal(await kindOfSuccess(site, each), expected[at]);
  for (const [at, each] of versions.entries()) assert.equal(await kindOfSuccess(site, each), expected[at]);
  // One that was said before an earlier one was heard of.
  assert.equal(await kindOfSuccess(site, success(9, { a: "v2" })), BACK);
  await kindOfSuccess(site, success(8, { a: "v2" }));
  assert.equal(await kindOfSuccess(site, success(9, { a: "v2" })), BACK);
});

test("models that are deployed in turn do not take each other back", async (context) => {
  const site = openSite(context);
  const turns: readonly [Readonly<Record<string, string>>, string][] = [
    [{ a: "a1" }, FORWARD],
    [{ b: "b1" }, FORWARD],
    [{ a: "a1" }, FORWARD],
    [{ b: "b1" }, FORWARD],
    [{ a: "a2", b: "b1" }, FORWARD],
    [{ a: "a2", b: "b2" }, FORWARD],
    [{ a: "a1", b: "b2" }, BACK],
  ];
  for (const [at, [versions, kind]] of turns.entries())
    assert.equal(await kindOfSuccess(site, success(at + 1, versions)), kind, `turn ${at + 1}`);
});

test("an environment is one however it is spelled, and another is another", async (context) => {
  const site = openSite(context);
  const turns = [
    ["production", "v2", FORWARD],
    ["Production", "v3", FORWARD],
    ["staging", "v2", FORWARD],
    ["PRODUCTION", "v2", BACK],
  ] as const;
  for (const [at, [environment, version, kind]] of turns.entries())
    assert.equal(await kindOfSuccess(site, { ...success(at + 1, { a: version }), environment }), kind);
});

test("what is not known by a digest is known by its commit", async (context) => {
  const site = openSite(context);
  const kinds = [];
  for (const [at, sha] of ["one", "two", "one"].entries())
    kinds.push(await kindOfSuccess(site, success(at + 1, { a: "?" }, sha)));
  assert.deepEqual(kinds, [FORWARD, FORWARD, BACK]);
});

test("successes at the same time are all kept, and each says the same twice", async (context) => {
  const site = openSite(context);
  const versions = Array.from({ length: 24 }, (_, at) => success(at + 1, { a: `v${at}` }));
  const twice = [...versions, ...versions.toReversed()];
  const kinds = await Promise.all(twice.map((each) => kindOfSuccess(site, each)));
  assert.deepEqual(new Set(kinds), new Set([FORWARD]));
  for (let at = 22; at >= 0; at--)
    assert.equal(await kindOfSuccess(site, success(100 - at, { a: `v${at}` })), BACK, `v${at}`);
});
