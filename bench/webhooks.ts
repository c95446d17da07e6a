// Webhooks persisted and answered a second, beside a Probot that does nothing: node bench/webhooks.ts
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { createNodeMiddleware, createProbot } from "probot";
import { openLog } from "../app/log.ts";
import { openMetrics } from "../app/metrics.ts";
import { openDoor } from "../app/probot.ts";
import { takeIn } from "../app/queue/intake.ts";
import { Worker } from "../app/queue/worker.ts";
import { Readiness } from "../app/readiness.ts";
import { startServer } from "../app/server.ts";
import { openSqliteStore } from "../app/store/sqlite-store.ts";

const SECRET = "a secret of the benchmark";
const PATH = "/api/github/webhooks";
/** Few and many at once: those that come together go to the disk together. */
const CONNECTIONS = [16, 64] as const;
const CONNECTIONS_MAX = Math.max(...CONNECTIONS);
const ROUNDS = 10;
const ROUND_MS = 2_000;
const LATENCY_MS = 20_000;
const BODY_BYTES = 23_000;
const BODIES = 64;
const MEMORY_DELIVERIES = 100_000;
const MEMORY_STEPS = 5;

const SELF = fileURLToPath(import.meta.url);

/** What a generator of load is asked for: as much as it can for a while, a count, or so many a second. */
interface Load {
  readonly port: number;
  readonly connections?: number;
  readonly ms?: number;
  readonly count?: number;
  readonly rate?: number;
}

interface Measured {
  readonly answered: number;
  readonly failed: number;
  readonly ms: number;
  /** Milliseconds, sorted. */
  readonly latencies: readonly number[];
}

/** CPU time in microseconds, memory in bytes. */
interface Usage {
  readonly cpu: number;
  readonly rss: number;
  readonly heap: number;
}

const [role = "bench", argument = ""] = process.argv.slice(2);
if (role === "noop") await serveNoop();
else if (role === "app") await serveApp(argument);
else if (role === "load") await generate(JSON.parse(argument));
else await bench();

/** Probot as its documentation shows it, with a handler that does nothing. */
async function serveNoop(): Promise<void> {
  const probot = createProbot({
    env: {},
    overrides: { appId: 1, privateKey: privateKey(), secret: SECRET, logLevel: "fatal" },
  });
  const middleware = await createNodeMiddleware((app) => app.onAny(() => {}), { probot, webhooksPath: PATH });
  const server = createServer((incoming, response) => {
    middleware(incoming, response, () => response.writeHead(404).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  tell(typeof address === "object" && address !== null ? address.port : 0);
}

/** The App's own server, with its store in a folder; `work` after the folder's name also does the work. */
async function serveApp(where: string): Promise<void> {
  const [folder = "", work] = where.split(":");
  const options = { leaseMs: 60_000, quietMs: 1_000 };
  const store = openSqliteStore(folder, options);
  const log = openLog({ level: "error" });
  const config = {
    appId: 1,
    privateKey: privateKey(),
    webhook: { path: PATH, secrets: [SECRET] as const },
    github: { apiUrl: "https://api.github.com", webUrl: "https://github.com" },
    listen: { host: "127.0.0.1", port: 0 },
  };
  const metrics = openMetrics();
  const { inbox } = store;
  if (work === "work") {
    new Worker(
      { inbox, log, metrics, now: Date.now, handle: async () => {} },
      { ...options, concurrency: 4 },
    );
  }
  const server = await startServer({
    config,
    door: await openDoor(config, (webhook) => takeIn(webhook, { inbox, log, now: Date.now })),
    readiness: new Readiness({}, () => {}),
    metrics,
    log,
    operator: async () => ({ status: 404, body: {} }),
    pages: async () => false,
  });
  tell(server.port);
}

function privateKey(): string {
  const { privateKey: key } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

/** Tells the port, and from then on what the process uses whenever it is asked. */
function tell(port: number): void {
  process.send?.(port);
  process.on("message", () => {
    globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    process.send?.({ cpu: user + system, rss, heap: heapUsed } satisfies Usage);
  });
}

/** Payloads as long as GitHub's of a pull request, of many pull requests, with their signatures. */
function bodies(): readonly { readonly body: Buffer; readonly signature: string }[] {
  return Array.from({ length: BODIES }, (_, at) => {
    const urls = Array.from(
      { length: 500 },
      (_url, id) => `https://api.github.com/repos/acme/models/${at}/${id}`,
    );
    const payload = {
      action: "synchronize",
      installation: { id: 77 },
      repository: { id: 5, full_name: "acme/models" },
      pull_request: { number: at + 1, urls },
    };
    const body = Buffer.from(
      JSON.stringify(payload)
        .slice(0, BODY_BYTES - 4)
        .replace(/[^"]*$/, 'x"]}}'),
    );
    JSON.parse(body.toString());
    return { body, signature: `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}` };
  });
}

async function generate({ port, ms, count, rate, connections = CONNECTIONS_MAX }: Load): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const all = bodies();
  const latencies: number[] = [];
  let begun = 0;
  let failed = 0;
  const send = (since: number): Promise<void> => {
    const { body, signature } = all[begun++ % all.length]!;
    return new Promise((resolve) => {
      const done = (isFailure: boolean) => {
        latencies.push(performance.now() - since);
        if (isFailure) failed += 1;
        resolve();
      };
      const outgoing = request(
        {
          agent,
          port,
          host: "127.0.0.1",
          path: PATH,
          method: "POST",
          headers: {
            "content-type": "application/json",
            "content-length": body.length,
            "x-github-event": "pull_request",
            "x-github-delivery": randomUUID(),
            "x-hub-signature-256": signature,
          },
        },
        (response) => {
          response.resume();
          response.once("end", () => done((response.statusCode ?? 0) > 202));
        },
      );
      outgoing.once("error", () => done(true));
      outgoing.end(body);
    });
  };
  const start = performance.now();
  const isOver = () => (count !== undefined ? begun >= count : performance.now() - start >= (ms ?? 0));
  if (rate === undefined) {
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (!isOver()) await send(performance.now());
      }),
    );
  } else {
    // Each is due at its time, and late from then on, whether or not the ones before were answered.
    const sent: Promise<void>[] = [];
    while (!isOver()) {
      const due = start + (begun * 1000) / rate;
      const early = due - performance.now();
      if (early > 1) await setTimeout(early);
      sent.push(send(due));
    }
    await Promise.all(sent);
  }
  const measured: Measured = {
    answered: latencies.length - failed,
    failed,
    ms: performance.now() - start,
    latencies: latencies.sort((a, b) => a - b),
  };
  agent.destroy();
  process.send?.(measured, () => process.disconnect());
}

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  usage(): Promise<Usage>;
}

async function start(kind: "noop" | "app", where = ""): Promise<Server> {
  const child = spawn(process.execPath, ["--expose-gc", SELF, kind, where], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  const [port] = await once(child, "message");
  return {
    child,
    port,
    usage: async () => {
      child.send("usage");
      const [usage] = await once(child, "message");
      return usage;
    },
  };
}

async function load(options: Load): Promise<Measured> {
  const child = spawn(process.execPath, [SELF, "load", JSON.stringify(options)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = once(child, "exit").then(() => Promise.reject(new Error("The load ended without a word")));
  const [measured] = await Promise.race([once(child, "message"), ended]);
  return measured;
}

interface Round {
  readonly rate: number;
  /** A second of CPU. */
  readonly cpuRate: number;
}

async function round(server: Server, connections: number): Promise<Round> {
  const before = await server.usage();
  const { answered, ms } = await load({ port: server.port, ms: ROUND_MS, connections });
  const after = await server.usage();
  return { rate: (answered * 1000) / ms, cpuRate: (answered * 1e6) / (after.cpu - before.cpu) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

async function bench(): Promise<void> {
  console.log(`${BODY_BYTES} bytes each, Node ${process.version}\n`);
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-webhooks-"));
  try {
    await capacityAndLatency(folder);
    await memory(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both by turns and often, so that whatever else the machine does meets both alike. */
async function capacityAndLatency(folder: string): Promise<void> {
  const noop = await start("noop");
  const app = await start("app", join(folder, "speed"));
  for (const server of [noop, app]) await round(server, CONNECTIONS_MAX);
  const all = CONNECTIONS.map((connections) => ({ connections, rounds: [] as Pair[] }));
  for (let at = 0; at < ROUNDS; at++) {
    for (const { connections, rounds } of all) {
      rounds.push({ noop: await round(noop, connections), app: await round(app, connections) });
    }
  }
  const rate = Math.max(...all.map(({ rounds }) => mean(rounds.map((each) => each.app.rate))));
  console.log(
    markdownTable([
      [
        `webhooks a second, mean of ${ROUNDS} rounds`,
        "Probot that does nothing",
        "kept on the disk",
        "ratio",
      ],
      ...all.flatMap(({ connections, rounds }) => [
        [`${connections} connections`, ...ratio(rounds, "rate")],
        ["for each second of CPU", ...ratio(rounds, "cpuRate")],
      ]),
    ]),
  );
  const rows = [[`${(rate / 2).toFixed(0)} a second`, "p50", "p99", "longest", "failed"]];
  for (const [name, { port }] of [
    ["Probot that does nothing", noop],
    ["kept on the disk", app],
  ] as const) {
    const { latencies, failed } = await load({ port, ms: LATENCY_MS, rate: rate / 2 });
    const at = (share: number) => `${latencies[Math.floor((latencies.length - 1) * share)]!.toFixed(1)} ms`;
    rows.push([name, at(0.5), at(0.99), at(1), String(failed)]);
  }
  console.log(`\n${markdownTable(rows)}`);
  for (const { child } of [noop, app]) child.kill("SIGKILL");
}

interface Pair {
  readonly noop: Round;
  readonly app: Round;
}

function ratio(rounds: readonly Pair[], what: keyof Round) {
  const [noop, app] = [
    mean(rounds.map((each) => each.noop[what])),
    mean(rounds.map((each) => each.app[what])),
  ];
  return [noop.toFixed(0), app.toFixed(0), (app / noop).toFixed(2)];
}

async function memory(folder: string): Promise<void> {
  const app = await start("app", `${join(folder, "memory")}:work`);
  const rows = [["deliveries received and worked on", "RSS", "heap after collection"]];
  for (let step = 0; step <= MEMORY_STEPS; step++) {
    if (step > 0) await load({ port: app.port, count: MEMORY_DELIVERIES / MEMORY_STEPS });
    const { rss, heap } = await app.usage();
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    rows.push([String((step * MEMORY_DELIVERIES) / MEMORY_STEPS), mb(rss), mb(heap)]);
  }
  console.log(`\n${markdownTable(rows)}`);
  app.child.kill("SIGKILL");
}
