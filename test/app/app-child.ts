import { setTimeout as sleep } from "node:timers/promises";
import { type RunningApp, startApp } from "../../app/app.ts";
import { readConfig } from "../../app/config.ts";
import { sweepDeliveries } from "../../app/sweep.ts";
import { checkPulls } from "../../app/upkeep.ts";

/**
 * The App as a process of its own, which can be killed: configured by its environment, and asked by messages for what
 * only it knows. `WEIGHBRIDGE_SPEED` says how much faster its waiting for GitHub passes than time does.
 */

export type Question = "depth" | "sweep" | "dead" | "known";
export interface Asked {
  readonly id: number;
  readonly question: Question;
  /** Of deliveries, for `known`. */
  readonly ids: readonly string[];
}
export type Answered =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown };

export interface Depth {
  readonly waiting: number;
  readonly dead: number;
  readonly trails: number;
}

const SWEEPS_MAX = 20;
/** GitHub is given a minute to deliver; here everything that will arrive has arrived. */
const SETTLED_MS = 61_000;

/** What the App reckons with; divided by the speed it is what the stand-in does. */
const STALE_MS = 35_000;

function fastClock(speed: number) {
  return { now: () => Date.now() * speed, sleep: (ms: number) => sleep(ms / speed) };
}

/** Until a whole sweep succeeds: its requests fail as all do. */
async function sweep({ services }: RunningApp): Promise<void> {
  const { github, store, log, now } = services;
  const world = { app: () => github.app(), inbox: store.inbox, archive: store.archive, log };
  for (let attempt = 1; ; attempt++) {
    try {
      await sweepDeliveries({ ...world, now: () => now() + SETTLED_MS });
      return await checkPulls(services);
    } catch (cause) {
      if (attempt === SWEEPS_MAX) throw cause;
    }
  }
}

async function answer(app: RunningApp, { question, ids }: Asked): Promise<unknown> {
  const { store } = app.services;
  switch (question) {
    case "sweep":
      return sweep(app);
    case "known":
      return (await store.inbox.known(ids)).size;
    case "dead":
      return store.inbox.dead();
    case "depth": {
      const { waiting, dead } = await store.inbox.depth();
      return { waiting, dead, trails: (await store.pendingTrails()).length };
    }
  }
}

const speed = Number(process.env.WEIGHBRIDGE_SPEED ?? 1);
const app = await startApp(readConfig(process.env), {
  ...{ quietMs: 20, pollMs: 50, leaseMs: 10_000, leaderLeaseMs: 5_000, flushMs: 500, writeGapMs: 0 },
  ...{ clock: fastClock(speed), staleMs: STALE_MS / speed },
});
process.on("message", (asked: Asked) => {
  const send = (value: unknown) => process.send?.({ kind: "answer", id: asked.id, value } satisfies Answered);
  answer(app, asked).then(send, (cause: unknown) => send({ failed: String(cause) }));
});
process.on("disconnect", () => process.exit());
process.send?.({ kind: "listening", port: app.port } satisfies Answered);
