import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { generateKey } from "../../../gate/trail/keys.ts";
import { scratchRepository } from "../../git.ts";
import { chance } from "../../github/chance.ts";
import { Scheduler } from "../../github/scheduler.ts";
import { startServer } from "../../github/server.ts";
import type { Depth } from "../app-child.ts";
import { AppProcess } from "./child.ts";
import { type Outcome, Outcomes } from "./outcome.ts";
import { ROUNDS, Script, type Stage } from "./script.ts";

export interface Soak {
  readonly count: number;
  readonly store: Readonly<Record<string, string>> | "sqlite";
  /** Absent: nothing fails. */
  readonly weather?: Weather;
}

export interface Weather {
  readonly seed: number;
  /** From one `kill -9` to the next, on average. */
  readonly killMs: number;
  readonly killsMax: number;
}

export interface Soaked {
  readonly outcome: Outcome;
  /** What the weather was, for people to read. */
  readonly figures: Readonly<Record<string, number>>;
}

/** How much faster the App's waiting for GitHub passes than time does; GitHub's own half minute is shorter by as much. */
const SPEED = 20;
const STALE_MS = 30_000 / SPEED;
/** A list that GitHub shows from before it has not what was lost last: the next sweep finds it. */
const SWEEPS_MAX = 20;
const REST_MS_MAX = 20 * 60_000;

/** Plays the script against the App in a process of its own, in the given weather. */
export async function soak({ count, store, weather }: Soak): Promise<Soaked> {
  const source = await scratchRepository({ bare: true });
  const home = mkdtempSync(join(tmpdir(), "weighbridge-soak-"));
  const log = process.env.WEIGHBRIDGE_SOAK_LOG ?? join(home, "log");
  const stand = await startServer();
  const { github, play } = stand;
  github.rates.limit = 100_000_000;
  const repository = github.addRepository("credit", source.directory, { private: true });
  const registration = github.addApp("weighbridge");
  play.install(registration, { by: github.owner });
  const person = (login: string, level: "read" | "write") => {
    const account = github.addAccount(login);
    github.people.grant(repository, account, level);
    return account;
  };
  const people = {
    ...{ maria: person("maria", "write"), olga: person("olga", "write"), rita: person("rita", "write") },
    ...{ vera: person("vera", "write"), sid: person("sid", "read") },
  };
  const outcomes = new Outcomes({ stand, repository, registration });
  const stage: Stage = {
    ...{ play, repository, people, owner: github.owner },
    name: (id, name) => outcomes.name(id, name),
  };
  const script = new Script(stage, count);
  script.prepare();
  github.rules.protections.push(
    ...repositoryBranches(count).map((branch) => ({
      ...{ repository, branch, strict: false },
      checks: [{ context: "weighbridge", appId: registration.id }],
    })),
  );
  writeFileSync(join(home, "trail.pem"), generateKey("trail").pem, { mode: 0o600 });
  const app = new AppProcess(
    {
      ...{ APP_ID: String(registration.id), PRIVATE_KEY: registration.privateKey },
      ...{ WEBHOOK_SECRET: registration.webhookSecret, HOST: "127.0.0.1", PORT: "0", LOG_LEVEL: "info" },
      ...{ GITHUB_API_URL: stand.origin, GITHUB_SERVER_URL: stand.origin, CONCURRENCY: "16" },
      ...{ TRAIL_KEY: `file:${join(home, "trail.pem")}`, WEIGHBRIDGE_SPEED: String(SPEED) },
      ...(store === "sqlite" ? { WEIGHBRIDGE_DATA: join(home, "data") } : store),
    },
    log,
    (port) => {
      registration.hookUrl = `http://127.0.0.1:${port}/api/github/webhooks`;
    },
  );
  const faults =
    weather === undefined ? {} : { seed: weather.seed, drop: 0.1, duplicate: 0.2, concurrent: 8 };
  const scheduler = new Scheduler(github.hooks, { seed: 1, concurrent: 8, ...faults });
  const storm =
    weather && ({ seed: weather.seed, share: 0.2, retryAfter: 1, hangMs: 100, staleMs: STALE_MS } as const);

  /** Until nothing waits any more, for a while. */
  const rest = async () => {
    const end = Date.now() + REST_MS_MAX;
    for (let idle = 0; idle < 4; ) {
      await scheduler.run();
      const depth = (await app.ask("depth")) as Depth | undefined;
      const isIdle = depth?.waiting === 0 && depth.trails === 0 && scheduler.waiting.length === 0;
      idle = isIdle ? idle + 1 : 0;
      if (Date.now() > end) throw new Error(`The App does not come to rest: ${JSON.stringify(depth)}`);
      await sleep(50);
    }
  };
  /** Whether the App lacks one; to GitHub it may look as if it had arrived, or as if it had not. */
  const isAnyLost = async () => {
    const guids = [...new Set(github.hooks.deliveries.map(({ guid }) => guid))];
    return ((await app.ask("known", guids)) as number) < guids.length;
  };
  let failures = 0;
  try {
    await app.start();
    script.begin();
    await rest();
    for (let round = 0; round < ROUNDS; round++) {
      script.play(round);
      stand.storm(storm);
      const killing = new AbortController();
      const killer = weather && killAtRandom(app, { ...weather, round }, killing.signal);
      await rest();
      killing.abort();
      await killer;
      // What GitHub did not show yet it shows now; and what was lost is found, as in calm weather on a slow machine.
      if (weather !== undefined) await sleep(STALE_MS);
      for (let sweeps = 0; (weather !== undefined && sweeps === 0) || (await isAnyLost()); sweeps++) {
        if (sweeps === SWEEPS_MAX)
          throw new Error("Cannot go on: deliveries stay lost, however often it sweeps");
        const failed = await app.ask("sweep");
        if (failed !== undefined) throw new Error(`Cannot sweep: ${JSON.stringify(failed)}`);
        await rest();
      }
    }
    stand.storm(undefined);
    await sleep(STALE_MS);
    await app.ask("sweep");
    await rest();
    failures = stand.requests.filter(({ status }) => status === 0 || status >= 429).length;
    const dead = await app.ask("dead");
    const outcome = await outcomes.read(script, source.directory, dead);
    const figures = {
      ...{ pulls: count, requests: stand.requests.length, failures, kills: app.kills },
      ...{ deliveries: github.hooks.deliveries.length, dropped: scheduler.dropped.length },
    };
    await app.kill();
    await stand.close();
    return { outcome, figures };
  } catch (cause) {
    // What else is wrong with it matters less now, and an open server would keep the test from ending.
    await stand.close().catch(() => undefined);
    const tail = readFileSync(log, "utf8").split("\n").slice(-30).join("\n");
    throw new Error(`The soak broke off:\n${tail}`, { cause });
  } finally {
    await app.kill();
    rmSync(home, { recursive: true });
    source.remove();
  }
}

function repositoryBranches(count: number): readonly string[] {
  return Array.from({ length: Math.ceil(count / 10) }, (_, group) =>
    group === 0 ? "main" : `line-${group}`,
  );
}

async function killAtRandom(
  app: AppProcess,
  { seed, killMs, killsMax, round }: Weather & { readonly round: number },
  signal: AbortSignal,
): Promise<void> {
  const next = chance(seed + round);
  while (app.kills < killsMax) {
    try {
      await sleep(killMs * (0.2 + 1.6 * next()), undefined, { signal });
    } catch {
      return;
    }
    await app.kill();
    await app.start();
  }
}
