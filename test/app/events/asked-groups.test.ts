import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { dropGroup, findGroup, keepGroup } from "../../../app/events/asked-groups.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";

const PLACE = { installationId: 1, owner: "acme", repo: "credit", repositoryId: 5 };
const KEPT_MAX = 100;

function group(number: number) {
  const head = number.toString(16).padStart(40, "0");
  return { base: "b".repeat(40), head, branch: "main", named: number };
}

function openSite(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-groups-"));
  const store = openSqliteStore(folder, { leaseMs: 30_000, quietMs: 0 }, Date.now);
  context.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { store, place: PLACE };
}

test("a group is known until it is dropped, and in its own repository alone", async (context) => {
  const site = openSite(context);
  assert.equal(await findGroup(site, group(1).head), undefined);
  await dropGroup(site, group(1).head);
  await keepGroup(site, group(1));
  await keepGroup(site, group(2));
  assert.deepEqual(await findGroup(site, group(1).head), group(1));
  const elsewhere = { ...site, place: { ...PLACE, repositoryId: 6 } };
  assert.equal(await findGroup(elsewhere, group(1).head), undefined);
  await dropGroup(site, group(1).head);
  assert.equal(await findGroup(site, group(1).head), undefined);
  assert.deepEqual(await findGroup(site, group(2).head), group(2));
});

test("of more than are kept the newest are known, and one that is asked for again is new", async (context) => {
  const site = openSite(context);
  for (let number = 0; number < KEPT_MAX; number++) await keepGroup(site, group(number));
  await keepGroup(site, group(0));
  assert.deepEqual(await findGroup(site, group(1).head), group(1));
  await keepGroup(site, group(KEPT_MAX));
  assert.equal(await findGroup(site, group(1).head), undefined);
  assert.deepEqual(await findGroup(site, group(0).head), group(0));
  assert.deepEqual(await findGroup(site, group(KEPT_MAX).head), group(KEPT_MAX));
});

test("groups that are asked for and dropped at the same time are all known, or not", async (context) => {
  const site = openSite(context);
  const numbers = Array.from({ length: 12 }, (_, at) => at);
  await Promise.all(numbers.map((number) => keepGroup(site, group(number))));
  await Promise.all(numbers.slice(6).map((number) => dropGroup(site, group(number).head)));
  const known = await Promise.all(numbers.map((number) => findGroup(site, group(number).head)));
  assert.deepEqual(
    known.map((found) => found?.named),
    numbers.map((number) => (number < 6 ? number : undefined)),
  );
});
