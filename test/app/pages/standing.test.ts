import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelDecision } from "../../../app/pages/history.ts";
import { championWords, findChampion, reviewWords } from "../../../app/pages/standing.ts";
import { commitFor } from "../../report/records.ts";
import { MODELS, pullRow } from "./world.ts";

const DAY_BEFORE = Date.UTC(2027, 2, 31, 23, 59);

for (const [nextReview, now, shown] of [
  [undefined, DAY_BEFORE, "not set"],
  ["2027-03-31", DAY_BEFORE, '<time datetime="2027-03-31">31 Mar 2027</time>'],
  [
    "2027-03-31",
    DAY_BEFORE + 60_000,
    '<time datetime="2027-03-31">31 Mar 2027</time><br><span class="state closes">overdue</span>',
  ],
  ["<b>", DAY_BEFORE, "&lt;b&gt;"],
] as const) {
  test(`a next review of ${nextReview}, seen at ${new Date(now).toISOString()}, is shown as ${shown}`, () => {
    assert.equal(reviewWords(nextReview, now).source, shown);
  });
}

const decision = (number: number, over: Partial<ModelDecision> = {}): ModelDecision => ({
  digest: `sha256:${String(number).padStart(64, "0")}`,
  number,
  head: commitFor(`head ${number}`),
  verdict: "pass",
  decidedAt: number,
  tier: "T2",
  changeClass: "C",
  removes: false,
  metrics: [],
  ...over,
});

test("the champion is the newest that passed and was merged as it was judged", async () => {
  const pulls = new Map([
    [1, pullRow({ state: "merged", head: commitFor("head 1") })],
    [2, pullRow({ state: "merged", head: commitFor("head 2") })],
    [3, pullRow({ state: "merged", head: commitFor("another head 3") })],
    [4, pullRow({ state: "closed", head: commitFor("head 4") })],
    [5, pullRow({ state: "merged", head: commitFor("head 5") })],
    [6, pullRow({ state: "open", head: commitFor("head 6") })],
  ]);
  const decisions = [
    decision(7),
    decision(6),
    decision(5, { verdict: "fail" }),
    decision(0),
    decision(4),
    decision(3),
    decision(2),
    decision(1),
  ];
  const champion = await findChampion({ id: "pd", decisions, isCut: false }, async (number) =>
    pulls.get(number),
  );
  assert.equal(champion?.number, 2);
  assert.equal(await findChampion({ id: "pd", decisions, isCut: false }, async () => undefined), undefined);
});

test("a model that was taken out has no champion's digest", () => {
  assert.match(championWords(MODELS, decision(2, { removes: true })).source, /^taken out<br>/);
  assert.match(
    championWords(MODELS, decision(2, { subject: `sha256:${"ab".repeat(32)}` })).source,
    /^<code>abababababab<\/code>/,
  );
  assert.equal(championWords(MODELS, undefined).source, "none merged yet");
});
