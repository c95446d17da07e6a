import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { openGitHub } from "../../app/github/client.ts";
import { openLog } from "../../app/log.ts";
import { Sweeper, type SweepWorld, sweepDeliveries } from "../../app/sweep.ts";
import { scratchRepository } from "../git.ts";
import { problem } from "../github/exchange.ts";
import type { Effect } from "../github/faults.ts";
import type { Delivery } from "../github/hooks.ts";
import { type StandIn, startServer } from "../github/server.ts";
import { openServerRig, SECRET, type ServerRig, WEBHOOK_PATH } from "./rig.ts";

const MINUTE_MS = 60_000;
const NOT_FOUND: Effect = { kind: "reply", reply: problem(404, "Not Found") };
const DAY_MS = 24 * 60 * MINUTE_MS;

/** GitHub, the App's server, and a network between them that loses what the test says. */
interface Scene {
  readonly stand: StandIn;
  readonly rig: ServerRig;
  readonly world: SweepWorld;
  readonly log: readonly Record<string, unknown>[];
  /** Lets somebody edit the pull request, `agoMs` before now; gives the delivery, which nobody has got. */
  lose(agoMs: number): Delivery;
  /** Guids that the inbox knows. */
  arrived(deliveries: readonly Delivery[]): Promise<readonly string[]>;
  /** Guids that GitHub was asked for again, in order. */
  again(): readonly string[];
}

const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing) await close();
});

async function openScene(): Promise<Scene> {
  const source = await scratchRepository();
  source.commit("base", { "README.md": "one\n" });
  source.git("branch", "feature");
  const stand = await startServer();
  const { github, play } = stand;
  const repository = github.addRepository("credit", source.directory);
  const app = github.addApp("weighbridge", { webhookSecret: SECRET });
  const maria = github.addAccount("maria");
  const rig = await openServerRig({ config: { appId: app.id, privateKey: app.privateKey } });
  closing.push(async () => {
    await rig.close();
    await stand.close();
    source.remove();
  });
  app.hookUrl = rig.origin + WEBHOOK_PATH;
  // Two deliveries that arrive: of the installation, and of the pull request.
  play.install(app, { by: github.owner });
  const pull = play.openPull(repository, { head: "feature", by: maria });
  await github.hooks.settled();
  const hub = openGitHub({ apiUrl: stand.origin, appId: app.id, privateKey: app.privateKey, writeGapMs: 0 });
  const log: Record<string, unknown>[] = [];
  const world: SweepWorld = {
    app: () => hub.app(),
    inbox: rig.store.inbox,
    archive: rig.store.archive,
    log: openLog({ level: "info", write: (line) => log.push(JSON.parse(line)) }),
    now: Date.now,
    checkPulls: async () => {},
  };
  return {
    ...{ stand, rig, world, log },
    lose(agoMs) {
      const { now } = github;
      github.now = () => new Date(Date.now() - agoMs);
      github.hooks.take(() => {});
      play.editPull(pull, { by: maria, title: `another, ${agoMs}` });
      github.hooks.take(undefined);
      github.now = now;
      return github.hooks.deliveries.at(-1)!;
    },
    async arrived(deliveries) {
      await github.hooks.settled();
      return [...(await rig.store.inbox.known(deliveries.map(({ guid }) => guid)))];
    },
    again: () => github.hooks.deliveries.filter(({ redelivery }) => redelivery).map(({ guid }) => guid),
  };
}

describe("C71: deliveries that were lost", () => {
  test("C71: what never arrived is asked for and arrives, the oldest first, and what arrived is left alone", async () => {
    const scene = await openScene();
    const lost = [scene.lose(2 * DAY_MS), scene.lose(DAY_MS), scene.lose(5 * MINUTE_MS)];
    const swept = await sweepDeliveries(scene.world);
    assert.deepEqual(swept, { listed: 5, redelivered: 3 });
    assert.deepEqual(
      scene.again(),
      lost.map(({ guid }) => guid),
    );
    assert.equal((await scene.arrived(lost)).length, 3);
    assert.equal((await scene.rig.store.inbox.depth()).waiting, 5);
  });

  test("C71: what GitHub was told is kept, and was lost after that, arrives too", async () => {
    const scene = await openScene();
    const lost = scene.lose(5 * MINUTE_MS);
    lost.status = 202;
    await sweepDeliveries(scene.world);
    assert.deepEqual(await scene.arrived([lost]), [lost.guid]);
  });

  test("C71: what is on its way is waited for", async () => {
    const scene = await openScene();
    scene.lose(30_000);
    assert.deepEqual(await sweepDeliveries(scene.world), { listed: 3, redelivered: 0 });
    assert.deepEqual(scene.again(), []);
  });

  test("C71: what GitHub has forgotten is not asked for", async () => {
    const scene = await openScene();
    scene.lose(4 * DAY_MS);
    assert.deepEqual(await sweepDeliveries(scene.world), { listed: 2, redelivered: 0 });
  });

  test("C71: an event that concerns nobody is not asked for again and again", async () => {
    const scene = await openScene();
    const { github } = scene.stand;
    github.hooks.take(() => {});
    const [installation] = github.apps.installations;
    const lost = github.hooks.send({
      event: "ping",
      payload: () => ({ zen: "Design for failure.", hook_id: 1 }),
      installations: [installation!],
      always: true,
    });
    github.hooks.take(undefined);
    const later: SweepWorld = { ...scene.world, now: () => Date.now() + 2 * MINUTE_MS };
    assert.equal((await sweepDeliveries(later)).redelivered, 1);
    assert.equal((await scene.arrived(lost)).length, 1);
    assert.equal((await sweepDeliveries(later)).redelivered, 0);
    assert.equal((await scene.rig.store.inbox.depth()).waiting, 2);
  });

  test("C71: a long list is read page by page, and the next time only what is new", async () => {
    const scene = await openScene();
    const lost = Array.from({ length: 250 }, (_, at) => scene.lose(DAY_MS - at * 1_000));
    const count = () => scene.stand.count("apps/list-webhook-deliveries");
    assert.deepEqual(await sweepDeliveries(scene.world), { listed: 252, redelivered: 250 });
    assert.equal((await scene.arrived(lost)).length, 250);
    const first = count();
    assert.equal(first, 3);
    // What was sent again is listed again, and is young.
    const { redelivered } = await sweepDeliveries(scene.world);
    assert.equal(redelivered, 0);
    scene.lose(10 * MINUTE_MS);
    assert.equal((await sweepDeliveries(scene.world)).redelivered, 1);
  });

  test("C71: a sweep that fails is done again from where the last one ended", async () => {
    const scene = await openScene();
    const lost = scene.lose(5 * MINUTE_MS);
    scene.stand.fail({ match: "apps/list-webhook-deliveries", effect: NOT_FOUND });
    await assert.rejects(sweepDeliveries(scene.world));
    assert.equal(await scene.world.archive.get("sweep/deliveries"), undefined);
    await sweepDeliveries(scene.world);
    assert.deepEqual(await scene.arrived([lost]), [lost.guid]);
  });

  test("C71: one that GitHub will not send does not keep the others back", async () => {
    const scene = await openScene();
    const lost = [scene.lose(9 * MINUTE_MS), scene.lose(5 * MINUTE_MS)];
    scene.stand.fail({ match: "apps/redeliver-webhook-delivery", effect: NOT_FOUND });
    assert.equal((await sweepDeliveries(scene.world)).redelivered, 1);
    assert.deepEqual(await scene.arrived(lost), [lost[1]?.guid]);
    assert.deepEqual(
      scene.log.filter(({ level }) => level === "error").map(({ delivery }) => delivery),
      [lost[0]?.guid],
    );
  });

  test("C71: one that nobody takes is given up after some times", async () => {
    const scene = await openScene();
    const { guid } = scene.lose(20 * MINUTE_MS);
    scene.stand.github.hooks.take(() => {});
    for (let sweep = 1; sweep <= 13; sweep++) {
      await sweepDeliveries({ ...scene.world, now: () => Date.now() + sweep * 2 * MINUTE_MS });
    }
    assert.deepEqual(scene.again(), Array(9).fill(guid));
    assert.equal(scene.log.at(-1)?.message, "A delivery never arrives");
  });
});

describe("the sweeper", () => {
  test("C71: sweeps at the start and again and again, each part whether or not another fails", async () => {
    const scene = await openScene();
    const lost = scene.lose(5 * MINUTE_MS);
    let checks = 0;
    const world: SweepWorld = {
      ...scene.world,
      checkPulls: async () => {
        checks += 1;
        throw new RangeError("this part fails");
      },
    };
    await scene.rig.store.inbox.note("old");
    const sweeper = new Sweeper({ ...world, now: () => Date.now() + 31 * DAY_MS }, 5);
    while (checks < 3) await setTimeout(2);
    await sweeper.stop();
    assert.deepEqual([...(await scene.rig.store.inbox.known(["old"]))], []);
    const other = new Sweeper(world, 60_000);
    while (scene.again().length === 0) await setTimeout(2);
    await other.stop();
    assert.deepEqual(await scene.arrived([lost]), [lost.guid]);
    assert.ok(scene.log.some(({ reason, cause }) => reason === "pulls" && cause === "RangeError"));
    const before = checks;
    await setTimeout(20);
    assert.equal(checks, before);
  });
});
