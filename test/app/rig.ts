import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../app/config.ts";
import { openLog } from "../../app/log.ts";
import { type Metrics, openMetrics } from "../../app/metrics.ts";
import { openDoor } from "../../app/probot.ts";
import { type IntakeWorld, takeIn } from "../../app/queue/intake.ts";
import { Readiness } from "../../app/readiness.ts";
import { type RunningServer, type ServerWorld, startServer } from "../../app/server.ts";
import { openSqliteStore } from "../../app/store/sqlite-store.ts";
import type { Store } from "../../app/store/store.ts";
import { sharedKeyPair } from "../github/jwt.ts";

/** The App's server with a store of its own, as it listens for webhooks. */

export const SECRET = "it is a secret to everybody";
export const PREVIOUS_SECRET = "it was a secret to everybody";
export const WEBHOOK_PATH = "/api/github/webhooks";

export interface ServerRig {
  readonly store: Store;
  readonly server: RunningServer;
  readonly metrics: Metrics;
  readonly origin: string;
  /** Lines of the log, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  close(): Promise<void>;
}

export interface RigOptions {
  readonly config?: Partial<Config>;
  readonly world?: Partial<ServerWorld>;
  readonly inbox?: (inbox: Store["inbox"]) => IntakeWorld["inbox"];
}

export async function openServerRig({
  config = {},
  world = {},
  inbox = (own) => own,
}: RigOptions = {}): Promise<ServerRig> {
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-server-"));
  const store = openSqliteStore(folder, { leaseMs: 30_000, quietMs: 0 });
  const logged: Record<string, unknown>[] = [];
  const log = openLog({ level: "debug", write: (line) => logged.push(JSON.parse(line)) });
  const metrics = openMetrics();
  const full = {
    appId: 77,
    privateKey: sharedKeyPair().privateKey,
    webhook: { path: WEBHOOK_PATH, secrets: [SECRET, PREVIOUS_SECRET] as const },
    github: { apiUrl: "https://api.github.com", webUrl: "https://github.com" },
    listen: { host: "127.0.0.1", port: 0 },
    ...config,
  };
  const intake = { inbox: inbox(store.inbox), log, now: Date.now };
  const server = await startServer({
    config: full,
    door: await openDoor(full, (webhook) => takeIn(webhook, intake)),
    readiness: new Readiness({ store: () => store.ping() }, (name, cause) =>
      log.error("Not ready", { reason: name }, cause),
    ),
    metrics,
    log,
    operator: async () => ({ status: 404, body: {} }),
    pages: async () => false,
    ...world,
  });
  return {
    store,
    server,
    metrics,
    origin: `http://127.0.0.1:${server.port}`,
    logged,
    close: async () => {
      await server.close(1_000);
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export function sign(body: string | Uint8Array, secret = SECRET): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

export interface Sent {
  readonly event?: string;
  readonly delivery?: string;
  readonly secret?: string;
  readonly method?: string;
  readonly path?: string;
  /** Over what is sent otherwise; undefined for none. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Sends a body as GitHub does. */
export function send(
  rig: Pick<ServerRig, "origin">,
  body: string | Uint8Array<ArrayBuffer>,
  sent: Sent = {},
): Promise<Response> {
  const { event = "pull_request", delivery = randomUUID(), secret = SECRET, method = "POST" } = sent;
  const headers = Object.entries({
    "content-type": "application/json",
    "x-github-event": event,
    "x-github-delivery": delivery,
    "x-hub-signature-256": sign(body, secret),
    ...sent.headers,
  }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return fetch(rig.origin + (sent.path ?? WEBHOOK_PATH), {
    method,
    headers,
    ...(method === "GET" ? {} : { body }),
  });
}
