import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, mock, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { GitHubFailure } from "../../../app/github/failure.ts";
import { openLog } from "../../../app/log.ts";
import type { WorkOutcome } from "../../../app/metrics.ts";
import { type Handler, Worker, type WorkerOptions } from "../../../app/queue/worker.ts";
import type { Inbox, Work } from "../../../app/store/inbox.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";
import { GateError } from "../../../gate/model/error.ts";

/** A worker on a store of its own. Its clock stands still but for what the test adds. */
interface Rig {
  readonly inbox: Inbox;
  readonly worker: Worker;
  readonly outcomes: readonly WorkOutcome[];
  readonly logged: readonly Record<string, unknown>[];
  receive(key: string, id?: string): Promise<void>;
  pass(ms: number): void;
  /** Resolves when a lease has been prolonged once more. */
  prolonged(): Promise<void>;
  /** Resolves when so many pieces of work have ended. */
  ended(count: number): Promise<void>;
}

let ids = 0;
const closings: (() => Promise<void>)[] = [];
// After what went wrong as well: a worker that nobody stops keeps the process.
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

async function openRig(handle: Handler, options: Partial<WorkerOptions> = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-worker-"));
  const settings = { leaseMs: 30_000, quietMs: 0, concurrency: 4, pollMs: 5, ...options };
  let clock = Date.now();
  const now = () => clock;
  const store = openSqliteStore(folder, settings, now);
  const extend = mock.method(store.inbox, "extend").mock;
  const outcomes: WorkOutcome[] = [];
  const logged: Record<string, unknown>[] = [];
  const log = openLog({ level: "debug", write: (line) => logged.push(JSON.parse(line)) });
  const metrics = { work: (outcome: WorkOutcome) => void outcomes.push(outcome) };
  const worker = new Worker({ inbox: store.inbox, handle, log, metrics, now }, settings);
  closings.push(async () => {
    await worker.stop(1_000);
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return {
    inbox: store.inbox,
    worker,
    outcomes,
    logged,
    receive: async (key, id = `d${ids++}`) => {
      await store.inbox.receive({ id, event: "push", key, payload: "{}", receivedAt: now() });
      worker.wake();
    },
    pass: (ms) => {
      clock += ms;
    },
    prolonged: async () => {
      const before = extend.callCount();
      while (extend.callCount() === before) await setTimeout(2);
      await extend.calls[before]?.result;
    },
    ended: async (count) => {
      while (outcomes.length < count) await setTimeout(2);
    },
  };
}

test("work is done, and is gone from the inbox", async () => {
  const seen: string[] = [];
  const rig = await openRig(async ({ key }) => void seen.push(key));
  await rig.receive("repo/5/pull/3");
  await rig.ended(1);
  assert.deepEqual(seen, ["repo/5/pull/3"]);
  assert.deepEqual(rig.outcomes, ["done"]);
  assert.deepEqual(await rig.inbox.depth(), { waiting: 0, dead: 0 });
});

test("C69: ten pushes in a second are worked on once", async () => {
  const sizes: number[] = [];
  const rig = await openRig(async ({ deliveries }) => void sizes.push(deliveries.length), { quietMs: 300 });
  for (let push = 0; push < 10; push++) {
    await rig.receive("repo/5/pull/3");
    rig.pass(30);
    await setTimeout(5);
  }
  rig.pass(300);
  await rig.ended(1);
  assert.deepEqual(sizes, [10]);
});

test("C69: what comes for ever does not put work off for ever", async () => {
  let worked = 0;
  const rig = await openRig(async () => void worked++, { quietMs: 60 });
  while (worked < 2) {
    await rig.receive("repo/5/pull/3");
    rig.pass(5);
    await setTimeout(5);
  }
});

test("C69: a key is worked on one piece at a time, several keys at once, and never more than may be", async () => {
  const active = new Map<string, number>();
  let most = 0;
  const together = Promise.withResolvers<void>();
  const rig = await openRig(
    async ({ key }) => {
      const count = (active.get(key) ?? 0) + 1;
      assert.equal(count, 1, key);
      active.set(key, count);
      most = Math.max(most, [...active.values()].filter(Boolean).length);
      // Nobody goes on before three are at work, however slow the machine that starts them.
      if (most === 3) together.resolve();
      await together.promise;
      await setTimeout(4);
      active.set(key, 0);
    },
    { concurrency: 3 },
  );
  for (let at = 0; at < 60; at++) await rig.receive(`repo/5/pull/${1 + (at % 6)}`);
  while ((await rig.inbox.depth()).waiting > 0) await setTimeout(5);
  assert.equal(most, 3);
  assert.ok(rig.outcomes.every((outcome) => outcome === "done"));
});

test("work that fails is tried again later, with what came meanwhile", async () => {
  const tries: [number, number][] = [];
  const rig = await openRig(async ({ attempts, deliveries }) => {
    tries.push([attempts, deliveries.length]);
    if (attempts < 2) throw new GateError("GITHUB_UNAVAILABLE", "Cannot ask GitHub");
  });
  await rig.receive("repo/5/pull/3");
  await rig.ended(1);
  await rig.receive("repo/5/pull/3");
  await setTimeout(30);
  assert.equal(rig.outcomes.length, 1, "it waits");
  rig.pass(2_000);
  await rig.ended(2);
  rig.pass(4_000);
  await rig.ended(3);
  assert.deepEqual(tries, [
    [0, 1],
    [1, 2],
    [2, 2],
  ]);
  assert.deepEqual(rig.outcomes, ["retried", "retried", "done"]);
});

test("C72: a limit is waited for as long as GitHub says, and is nobody's fault", async () => {
  const attempts: number[] = [];
  const rig = await openRig(async (work) => {
    attempts.push(work.attempts);
    if (attempts.length === 1)
      throw new GitHubFailure("GITHUB_LIMITED", "Cannot ask GitHub", { afterSeconds: 600 });
  });
  await rig.receive("repo/5/pull/3");
  await rig.ended(1);
  rig.pass(599_000);
  await setTimeout(30);
  assert.deepEqual(rig.outcomes, ["postponed"]);
  rig.pass(4_000);
  await rig.ended(2);
  assert.deepEqual(attempts, [0, 0]);
});

test("C78: a trail that another process leads is waited for, and is nobody's fault", async () => {
  let tries = 0;
  const rig = await openRig(async ({ attempts }) => {
    assert.equal(attempts, 0);
    if (tries++ < 3) throw new GateError("TRAIL_LEADER_BUSY", "Cannot write the trail");
  });
  await rig.receive("repo/5/pull/3");
  for (let round = 1; round <= 4; round++) {
    await rig.ended(round);
    rig.pass(3_000);
  }
  assert.deepEqual(rig.outcomes, ["postponed", "postponed", "postponed", "done"]);
});

test("what never works is put aside with its reason, and does not keep back what follows", async () => {
  const rig = await openRig(
    async ({ deliveries }) => {
      if (deliveries.some(({ id }) => id === "bad"))
        throw new GateError("NO_USE", "Cannot do this: never could");
    },
    { attemptsMax: 3 },
  );
  await rig.receive("repo/5/pull/3", "bad");
  for (let round = 1; round <= 3; round++) {
    await rig.ended(round);
    rig.pass(60_000);
  }
  await rig.receive("repo/5/pull/3", "good");
  await rig.ended(4);
  assert.deepEqual(rig.outcomes, ["retried", "retried", "buried", "done"]);
  assert.deepEqual(
    (await rig.inbox.dead()).map(({ id, reason }) => [id, reason]),
    [["bad", "NO_USE: Cannot do this: never could"]],
  );
});

test("what ends the process again and again is put aside without being tried once more", async () => {
  let tries = 0;
  const rig = await openRig(async () => void tries++);
  await rig.worker.stop(0);
  await rig.inbox.receive({
    id: "deadly",
    event: "push",
    key: "repo/5/pull/4",
    payload: "{}",
    receivedAt: 0,
  });
  for (let crash = 0; crash < 2; crash++) {
    assert.ok(await rig.inbox.take());
    rig.pass(60_000);
  }
  const { inbox } = rig;
  const outcomes: WorkOutcome[] = [];
  const next = new Worker(
    {
      ...{ inbox, log: openLog({ level: "error", write: () => {} }), now: () => Date.now() + 120_000 },
      handle: async () => void tries++,
      metrics: { work: (outcome) => void outcomes.push(outcome) },
    },
    { leaseMs: 30_000, quietMs: 0, concurrency: 1, attemptsMax: 2 },
  );
  while (outcomes.length === 0) await setTimeout(2);
  assert.deepEqual(outcomes, ["buried"]);
  assert.equal(tries, 0);
  assert.match((await inbox.dead())[0]!.reason, /^WORK_CRASHES: Cannot do the work of repo\/5\/pull\/4/);
  await next.stop(0);
});

test("an error of nobody's is told by its class alone, wherever it is told", async () => {
  const rig = await openRig(
    async () => {
      throw new TypeError("private words of a payload");
    },
    { attemptsMax: 1 },
  );
  await rig.receive("repo/5/pull/3");
  await rig.ended(1);
  assert.deepEqual(
    (await rig.inbox.dead()).map(({ reason }) => reason),
    ["TypeError"],
  );
  assert.ok(!JSON.stringify(rig.logged).includes("private words"));
});

test("work that takes longer than a lease keeps it", async () => {
  const rig = await openRig(
    async () => {
      for (let third = 0; third < 6; third++) {
        rig.pass(150);
        await rig.prolonged();
      }
      assert.equal(await rig.inbox.take(), undefined);
    },
    { leaseMs: 450 },
  );
  await rig.receive("repo/5/pull/3");
  await rig.ended(1);
  assert.deepEqual(rig.outcomes, ["done"]);
});

test("C69: work whose lease is lost is told so, and settles nothing", async () => {
  let other: Work | undefined;
  const rig = await openRig(
    async (_work, signal) => {
      // As if this process had slept through its lease.
      rig.pass(120_000);
      other = await rig.inbox.take();
      while (!signal.aborted) await setTimeout(5);
      throw new Error("told so");
    },
    { leaseMs: 90, concurrency: 1 },
  );
  await rig.receive("repo/5/pull/3");
  await rig.ended(1);
  assert.equal(rig.outcomes[0], "lost");
  assert.ok(other);
  await rig.worker.stop(0);
});

test("stopping waits for work that is being done, and takes no more", async () => {
  const done: string[] = [];
  const begun = Promise.withResolvers<void>();
  const stopping = Promise.withResolvers<void>();
  const rig = await openRig(
    async ({ key }) => {
      begun.resolve();
      // However long the second delivery takes to be received, the first is still being worked on.
      await stopping.promise;
      done.push(key);
    },
    { concurrency: 1 },
  );
  await rig.receive("repo/5/pull/3");
  await rig.receive("repo/5/pull/4");
  await begun.promise;
  const stopped = rig.worker.stop(5_000);
  assert.deepEqual(done, []);
  stopping.resolve();
  await stopped;
  assert.deepEqual(done, ["repo/5/pull/3"]);
  assert.equal((await rig.inbox.depth()).waiting, 1);
});

test("stopping tells work that takes too long, and gives it back at once and uncounted", async () => {
  let isBegun = false;
  const rig = await openRig(async (_work, signal) => {
    isBegun = true;
    while (!signal.aborted) await setTimeout(2);
    throw new Error("told so");
  });
  await rig.receive("repo/5/pull/3");
  while (!isBegun) await setTimeout(1);
  await rig.worker.stop(10);
  assert.deepEqual(rig.outcomes, ["postponed"]);
  assert.equal((await rig.inbox.take())?.attempts, 0);
});

test("a store that is away for a while is looked at again", async () => {
  const rig = await openRig(async () => {});
  await rig.worker.stop(0);
  let failures = 3;
  const outcomes: WorkOutcome[] = [];
  const { inbox } = rig;
  const next = new Worker(
    {
      inbox: Object.assign(Object.create(inbox) as Inbox, {
        take: () =>
          failures-- > 0 ? Promise.reject(new GateError("STORE_UNAVAILABLE", "Cannot")) : inbox.take(),
        finish: (work: Work) => inbox.finish(work),
      }),
      ...{ handle: async () => {}, log: openLog({ level: "error", write: () => {} }), now: Date.now },
      metrics: { work: (outcome) => void outcomes.push(outcome) },
    },
    { leaseMs: 30_000, quietMs: 0, concurrency: 1, pollMs: 2 },
  );
  await inbox.receive({ id: "a", event: "push", key: "repo/5/pull/3", payload: "{}", receivedAt: 0 });
  while (outcomes.length === 0) await setTimeout(2);
  assert.deepEqual(outcomes, ["done"]);
  await next.stop(0);
});
