import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  findIncident,
  keepIncident,
  keepReview,
  type Review,
  withReview,
} from "../../../app/events/incident-record.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";

const PLACE = { installationId: 1, owner: "acme", repo: "credit", repositoryId: 5 };
const INCIDENT = {
  pull: 7,
  head: "a".repeat(40),
  occurrence: { id: "once", gates: ["PERF-02"] },
  decision: `sha256:${"b".repeat(64)}`,
  models: ["credit-pd"],
  usedAt: "2026-11-03T00:00:00Z",
  reviewBy: "2026-11-08T00:00:00Z",
};

test("who breaks and who reviews at the same time are all kept, and nobody is both", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-incident-"));
  const store = openSqliteStore(folder, { leaseMs: 30_000, quietMs: 0 }, Date.now);
  context.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const site = { store, place: PLACE, now: Date.now };
  const people = Array.from({ length: 12 }, (_, at) => at);
  await Promise.all(
    people.flatMap((userId) => [
      keepReview(site, INCIDENT.occurrence.id, { userId: 100 + userId, roles: ["risk"], commentId: 1 }),
      keepIncident(site, { ...INCIDENT, breakers: [userId] }),
      keepReview(site, INCIDENT.occurrence.id, {
        userId: people.length - 1 - userId,
        roles: ["validator"],
        commentId: 1,
      }),
    ]),
  );
  await keepReview(site, INCIDENT.occurrence.id, { userId: 200, roles: ["validator"], commentId: 1 });
  await keepReview(site, INCIDENT.occurrence.id, { userId: 3, roles: ["validator"], commentId: 1 });
  const kept = await findIncident(store.archive, PLACE.repositoryId, INCIDENT.occurrence.id);
  assert.deepEqual(
    [...(kept?.breakers ?? [])].sort((a, b) => a - b),
    people,
  );
  const reviewers = kept?.reviews.map(({ userId }) => userId) ?? [];
  assert.ok(reviewers.includes(200) && reviewers.every((userId) => userId >= 100), String(reviewers));
});

test("of one person the last word counts, also where it is told of first", () => {
  const said = (commentId: number, ...roles: readonly string[]) => ({ userId: 7, roles, commentId });
  const approved = said(1, "risk");
  const withdrawn = said(2);
  for (const words of [
    [approved, withdrawn],
    [withdrawn, approved],
  ]) {
    assert.deepEqual(words.reduce<readonly Review[]>(withReview, []), [withdrawn]);
  }
});
