import assert from "node:assert/strict";
import { test } from "node:test";
import { findEntry, wantedDecision } from "../../app/trail-search.ts";
import { sealEntry } from "../../gate/trail/entry.ts";
import { TILE_WIDTH } from "../../gate/trail/tile.ts";
import { START } from "../trail/rig.ts";
import { decisionOf, entryOf } from "./pages/world.ts";

const TILES = 4_000;
const HOUR_MS = 3_600_000;

const told = (number: number) =>
  decisionOf({
    number,
    auc: 0.8,
    verdict: "pass",
    now: new Date(timeOf(number)).toISOString().replace(/\.\d+Z$/, "Z"),
  });
const timeOf = (number: number) => START + number * HOUR_MS;
const wantedOf = (number: number, since = timeOf(number)) =>
  wantedDecision({ record: told(number), number, since });

/** A trail of a million entries: all of a tile tell of one pull request, and each tile is an hour later. */
function longTrail() {
  const asked: number[] = [];
  return {
    asked,
    size: TILES * TILE_WIDTH,
    async entriesOf(tile: number) {
      asked.push(tile);
      const seal = {
        seq: tile * TILE_WIDTH,
        prev: "0".repeat(64),
        ts: new Date(timeOf(tile + 1)).toISOString(),
      };
      return [sealEntry(entryOf(told(tile + 1), tile + 1), seal).bytes];
    },
  };
}

test("a decision among a million entries is found with a dozen reads", async () => {
  for (const number of [1, 2, 1_717, 3_999, 4_000]) {
    const trail = longTrail();
    const found = await findEntry(trail, wantedOf(number));
    assert.equal(found?.seq, (number - 1) * TILE_WIDTH);
    assert.ok(trail.asked.length <= 14, `${trail.asked.length} reads`);
  }
});

test("a decision that is newer than the trail is not there yet", async () => {
  const trail = longTrail();
  const number = TILES + 50;
  assert.equal(await findEntry(trail, wantedOf(number)), undefined);
  assert.ok(trail.asked.length <= 14);
});

test("a search that would read too much ends with an error, and not with an answer", async () => {
  const wanted = wantedOf(TILES + 1, timeOf(10));
  await assert.rejects(findEntry(longTrail(), wanted), { code: "TRAIL_SEARCH_LIMIT" });
});
