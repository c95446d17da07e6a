import { createPrivateKey } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { handler } from "./events/handle.ts";
import { openGitHub } from "./github/client.ts";
import { LfsFiles } from "./github/lfs.ts";
import { type Clock, SYSTEM_CLOCK } from "./github/waiting.ts";
import { type Log, openLog } from "./log.ts";
import { type Metrics, openMetrics } from "./metrics.ts";
import { openOperator } from "./operator.ts";
import { gitHubLogin } from "./pages/github-login.ts";
import { openPages, type Pages } from "./pages/pages.ts";
import { trailView } from "./pages/trail-view.ts";
import { openDoor } from "./probot.ts";
import { takeIn } from "./queue/intake.ts";
import { Worker } from "./queue/worker.ts";
import { Readiness } from "./readiness.ts";
import { startServer } from "./server.ts";
import type { Services } from "./services.ts";
import { openPostgresStore } from "./store/postgres-store.ts";
import { openSqliteStore } from "./store/sqlite-store.ts";
import type { Store } from "./store/store.ts";
import { Sweeper } from "./sweep.ts";
import { Trails } from "./trails.ts";
import { checkPulls } from "./upkeep.ts";

const POLICIES = new URL("../policies/", import.meta.url);
const LEASE_MS = 120_000;
/** What comes within it about one pull request is judged once. */
const QUIET_MS = 500;

const STALE_MS = 35_000;

/** Settings that a test turns; a process leaves them. */
export interface AppOptions {
  readonly quietMs?: number;
  readonly leaseMs?: number;
  readonly pollMs?: number;
  /** From one write of an installation to its next; GitHub asks for a second. */
  readonly writeGapMs?: number;
  readonly waitMsMax?: number;
  /** For so long after a change GitHub may answer from before it; half a minute and a little more if absent. */
  readonly staleMs?: number;
  /** How the waiting for GitHub passes. */
  readonly clock?: Clock;
  /** How long a process that is gone keeps others from a trail. */
  readonly leaderLeaseMs?: number;
  readonly sweepMs?: number;
  readonly flushMs?: number;
  readonly now?: () => number;
  readonly log?: (line: string) => void;
}

export interface RunningApp {
  readonly port: number;
  readonly services: Services;
  /** Takes nothing more, ends what has begun, gives back the rest, closes. */
  stop(graceMs: number): Promise<void>;
}

/** Starts everything in order; what was started is closed again where something later cannot be. */
export async function startApp(config: Config, options: AppOptions = {}): Promise<RunningApp> {
  const now = options.now ?? Date.now;
  const log = openLog({ level: config.logLevel, ...(options.log && { write: options.log }) });
  const metrics = openMetrics();
  const store = await openStore(config, options, log);
  const services = toServices({ config, options, store, log, metrics, now });
  const worker = new Worker(
    { inbox: store.inbox, handle: handler(services), log, metrics, now },
    {
      ...inboxOptions(options),
      concurrency: config.concurrency,
      ...(options.pollMs !== undefined && { pollMs: options.pollMs }),
    },
  );
  const intake = { inbox: store.inbox, log, now, wake: () => worker.wake() };
  const readiness = new Readiness(
    {
      store: () => store.ping(),
      key: async () => void createPrivateKey(config.privateKey),
      github: async () => void (await services.github.app().rest("GET /app")),
    },
    (name, cause) => log.error("Not ready", { reason: name }, cause),
  );
  watch(metrics, store, now);
  const upkeep = startUpkeep(services, options);
  try {
    const door = await openDoor(config, (webhook) => takeIn(webhook, intake));
    const pages = pagesOf(services);
    const { operatorToken: token } = config;
    const operator = openOperator({ ...services, token, wake: () => worker.wake() });
    const server = await startServer({ config, door, readiness, metrics, log, operator, pages });
    log.info("Listening", { address: `${config.listen.host}:${server.port}` });
    return {
      port: server.port,
      services,
      async stop(graceMs) {
        readiness.stop();
        // Together, for there is one grace: whatever still arrives is kept, and worked on after the next start.
        await Promise.all([server.close(graceMs), upkeep.stop(), worker.stop(graceMs)]);
        await store.close();
        log.info("Ended");
      },
    };
  } catch (cause) {
    await upkeep.stop();
    await worker.stop(0);
    await store.close();
    throw cause;
  }
}

/** GitHub lets an App write so often an hour (trail: ten seconds a commit). */
const FLUSH_MS = 10_000;

function startUpkeep(
  services: Services,
  { sweepMs, flushMs = FLUSH_MS }: AppOptions,
): { stop(): Promise<void> } {
  const { github, store, log, now, trails } = services;
  const sweeper = new Sweeper(
    {
      ...{ app: () => github.app(), inbox: store.inbox, archive: store.archive, log, now },
      checkPulls: () => checkPulls(services),
    },
    sweepMs,
  );
  let flushing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    flushing = flushing
      .then(() => trails.settleAll())
      .catch((cause: unknown) => {
        log.error("Cannot look after the trails", {}, cause);
      });
  }, flushMs);
  return {
    async stop() {
      clearInterval(timer);
      await sweeper.stop();
      await flushing;
    },
  };
}

function inboxOptions({ quietMs = QUIET_MS, leaseMs = LEASE_MS }: AppOptions) {
  return { quietMs, leaseMs };
}

async function openStore({ store }: Config, options: AppOptions, log: Log): Promise<Store> {
  if (store.kind === "sqlite") return openSqliteStore(store.folder, inboxOptions(options), options.now);
  const onError = (cause: unknown) => log.error("The database failed", {}, cause);
  const { leaderLeaseMs } = options;
  return openPostgresStore(store.url, {
    ...inboxOptions(options),
    ...(leaderLeaseMs !== undefined && { leaderLeaseMs }),
    onError,
  });
}

interface Parts {
  readonly config: Config;
  readonly options: AppOptions;
  readonly store: Store;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
}

function toServices({ config, options, store, log, metrics, now }: Parts): Services {
  const github = openGitHub({
    ...{ apiUrl: config.github.apiUrl, appId: config.appId, privateKey: config.privateKey },
    onCall: ({ route, status, ms }) => metrics.call(route, status, ms),
    ...(options.writeGapMs !== undefined && { writeGapMs: options.writeGapMs }),
    ...(options.waitMsMax !== undefined && { waitMsMax: options.waitMsMax }),
    ...(options.clock !== undefined && { clock: options.clock }),
  });
  const { sleep } = options.clock ?? SYSTEM_CLOCK;
  const trails = new Trails({ config, github, store, log, metrics, now, sleep });
  const { staleMs = STALE_MS } = options;
  const { webUrl } = config.github;
  const folder = join(config.store.kind === "sqlite" ? config.store.folder : tmpdir(), "weighbridge-lfs");
  const lfs = new LfsFiles({ webUrl, folder, token: (installation) => github.token(installation) });
  return { config, github, lfs, store, trails, log, metrics, policies: POLICIES, now, staleMs };
}

function pagesOf({ config, store, trails, log, now }: Services): Pages {
  const { login, github } = config;
  if (login === undefined) return async () => false;
  return openPages({
    archive: store.archive,
    login: gitHubLogin({ ...login, ...github }),
    trail: trailView(async ({ id, installationId, owner, name }) =>
      trails.storeOf({ repositoryId: id, installationId, owner, repo: name }),
    ),
    config: { ...login, webUrl: github.webUrl },
    report: (cause) => log.error("Cannot make a page", {}, cause),
    now,
  });
}

function watch(metrics: Metrics, store: Store, now: () => number): void {
  metrics.watch("inbox_waiting", async () => (await store.inbox.depth()).waiting);
  metrics.watch("inbox_dead", async () => (await store.inbox.depth()).dead);
  metrics.watch("inbox_oldest_seconds", async () => {
    const { oldest } = await store.inbox.depth();
    return oldest === undefined ? 0 : Math.max(0, (now() - oldest) / 1000);
  });
  metrics.watch("trail_pending", async () => (await store.pendingTrails()).length);
  metrics.watch("trail_halted", async () => (await store.haltedTrails()).length);
}
