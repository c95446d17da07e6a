import type { Client } from "./github/client.ts";
import { instantAt, listAt, numberAt, textAt } from "./github/shape.ts";
import type { Log } from "./log.ts";
import { Alarm } from "./queue/alarm.ts";
import type { Archive } from "./store/archive.ts";
import type { Inbox } from "./store/inbox.ts";

/** From one sweep to the next. */
export const SWEEP_MS = 10 * 60_000;

/** What GitHub remembers of its deliveries: three days, on Enterprise Server seven. */
const WINDOW_MS = 7 * 24 * 3_600_000;
/** Ids of deliveries are known for longer than GitHub can send them again. */
const REMEMBERED_MS = 30 * 24 * 3_600_000;
/** A sweep looks so far behind the one before: what failed there was asked for, and may have failed again. */
const OVERLAP_MS = 2 * 3_600_000;
/** What was sent just now may not have arrived yet. */
const SETTLED_MS = 60_000;

const PAGE_SIZE = 100;
const PAGES_MAX = 1_000;
/** Asked for in one sweep: GitHub's patience is not to be used up by it. The next goes on. */
const REDELIVERIES_MAX = 500;
/** Who does not take a delivery so many times will not take it: an hour and a half of sweeps. */
const ATTEMPTS_MAX = 10;

const SWEPT_NOTE = "sweep/deliveries";
const LIST_ROUTE = "GET /app/hook/deliveries";
const REDELIVER_ROUTE = "POST /app/hook/deliveries/{delivery_id}/attempts";

export interface DeliverySweepWorld {
  /** Acts as the App. A new one for each sweep: what a client waits is bounded. */
  readonly app: () => Client;
  readonly inbox: Inbox;
  readonly archive: Pick<Archive, "get" | "set">;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Swept {
  /** Deliveries that GitHub listed, each counted once. */
  readonly listed: number;
  /** Of those, how many were asked for once more. */
  readonly redelivered: number;
}

/**
 * Asks GitHub once more for deliveries that never arrived, whatever GitHub thinks became of them: what was answered and
 * then lost shows as delivered there. Rejects with `GitHubFailure`.
 */
export async function sweepDeliveries(world: DeliverySweepWorld): Promise<Swept> {
  const { inbox, archive, now } = world;
  const start = now();
  const swept = Number((await archive.get(SWEPT_NOTE)) ?? 0);
  const app = world.app();
  const { deliveries, isWhole } = await listDeliveries(app, Math.max(swept - OVERLAP_MS, start - WINDOW_MS));
  const known = await inbox.known(deliveries.map(({ guid }) => guid));
  const lost = deliveries.filter(({ guid, at }) => !known.has(guid) && at <= start - SETTLED_MS);
  const redelivered = await redeliver(world, app, lost);
  if (isWhole && lost.length <= REDELIVERIES_MAX) await archive.set(SWEPT_NOTE, String(start));
  return { listed: deliveries.length, redelivered };
}

/** One delivery, by the last time it was sent. */
interface Sent {
  readonly guid: string;
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How often it was sent. */
  times: number;
}

interface Listed {
  readonly deliveries: readonly Sent[];
  /** False where there are more than may be read. */
  readonly isWhole: boolean;
}

/** What GitHub sent after `since`, the newest first. */
async function listDeliveries(app: Client, since: number): Promise<Listed> {
  const sent = new Map<string, Sent>();
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { data, headers } = await app.rest(LIST_ROUTE, {
      per_page: PAGE_SIZE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    let isPast = false;
    for (const item of listAt(data)) {
      const [guid, at] = [textAt(item, "guid"), instantAt(item, "delivered_at")];
      isPast ||= at < since;
      const later = sent.get(guid);
      if (later === undefined) sent.set(guid, { guid, id: numberAt(item, "id"), at, times: 1 });
      else later.times += 1;
    }
    cursor = nextCursor(headers.link);
    if (isPast || cursor === undefined) return { deliveries: [...sent.values()], isWhole: true };
  }
  return { deliveries: [...sent.values()], isWhole: false };
}

function nextCursor(link: unknown): string | undefined {
  const [, url] = /<([^>]{1,2000})>; rel="next"/.exec(String(link ?? "")) ?? [];
  return url === undefined ? undefined : (new URL(url).searchParams.get("cursor") ?? undefined);
}

/** How many were asked for. One that GitHub will not send again does not keep the others back. */
async function redeliver({ log }: DeliverySweepWorld, app: Client, lost: readonly Sent[]): Promise<number> {
  let asked = 0;
  // The oldest first, as they came; and as far as it gets, for GitHub forgets those first, too.
  for (const { guid, id, times } of lost.toReversed().slice(0, REDELIVERIES_MAX)) {
    if (times >= ATTEMPTS_MAX) {
      log.warn("A delivery never arrives", { delivery: guid, attempt: times });
      continue;
    }
    try {
      await app.rest(REDELIVER_ROUTE, { delivery_id: id });
      asked += 1;
      log.info("Asked for a delivery again", { delivery: guid });
    } catch (cause) {
      log.error("Cannot ask for a delivery again", { delivery: guid }, cause);
    }
  }
  return asked;
}

export interface SweepWorld extends DeliverySweepWorld {
  /** Finds open pull requests whose check is missing or stale, and puts them in line. */
  readonly checkPulls: () => Promise<void>;
}

/** Sweeps when the process starts, and from then on again and again. */
export class Sweeper {
  readonly #world: SweepWorld;
  readonly #alarm = new Alarm();
  readonly #loop: Promise<void>;
  #isStopping = false;

  constructor(world: SweepWorld, everyMs = SWEEP_MS) {
    this.#world = world;
    this.#loop = this.#run(everyMs);
  }

  /** Ends with the sweep that is under way. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#alarm.ring();
    await this.#loop;
  }

  async #run(everyMs: number): Promise<void> {
    while (!this.#isStopping) {
      await this.#sweep();
      if (!this.#isStopping) await this.#alarm.sleep(everyMs);
    }
  }

  /** Each part by itself: GitHub may answer the one and not the other. */
  async #sweep(): Promise<void> {
    const { inbox, checkPulls, log, now } = this.#world;
    const start = performance.now();
    const parts: Readonly<Record<string, () => Promise<unknown>>> = {
      deliveries: () => sweepDeliveries(this.#world),
      pulls: checkPulls,
      ids: () => inbox.forget(now() - REMEMBERED_MS),
    };
    for (const [reason, part] of Object.entries(parts)) {
      try {
        await part();
      } catch (cause) {
        log.error("Cannot sweep", { reason }, cause);
      }
    }
    log.info("Swept", { ms: Math.round(performance.now() - start) });
  }
}
