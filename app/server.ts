import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { GateError } from "../gate/model/error.ts";
import { showsToken } from "./bearer.ts";
import { BodyReader } from "./body.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";
import type { Metrics, WebhookOutcome } from "./metrics.ts";
import { OPERATOR_PATH, type Operator } from "./operator.ts";
import type { Door } from "./probot.ts";
import { eventLabel } from "./queue/address.ts";
import type { Readiness } from "./readiness.ts";

const HEADERS_TIMEOUT_MS = 10_000;
/** From the first byte to the last: GitHub itself gives up after ten seconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the usual minute of a load balancer, which must not find a connection closed that it just chose. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const TIMEOUT_CHECK_MS = 1_000;
const IDLE_CHECK_MS = 50;
const HEADER_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 2_048;

/** What the server is made of. */
export interface ServerWorld {
  readonly config: Pick<Config, "listen" | "webhook" | "metricsToken">;
  readonly door: Door;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly operator: Operator;
  /** Answers what is none of the above; false if it is no page either. */
  readonly pages: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

export interface RunningServer {
  /** The port, where the configuration left it to the system. */
  readonly port: number;
  /** Stops listening, lets what has begun end, and cuts off what has not ended after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** A server that listens. Rejects `SERVER_ADDRESS` where it cannot. */
export async function startServer(world: ServerWorld): Promise<RunningServer> {
  const bodies = new BodyReader();
  const options = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const server = createServer(options, (request, response) => {
    serve({ ...world, bodies }, request, response).catch((cause: unknown) => {
      world.log.error("Cannot answer a request", {}, cause);
      if (response.headersSent) response.destroy();
      else say(response, 500, "Something went wrong\n");
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, world.config.listen);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: (graceMs) => drain(server, graceMs),
  };
}

function listen(server: Server, { host, port }: Config["listen"]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new GateError("SERVER_ADDRESS", `Cannot listen on ${host}:${port}: ${cause.message}`, { cause }),
      ),
    );
    server.listen(port, host, resolve);
  });
}

async function drain(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection whose last request was answered is kept for the next one, which must not come.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const late = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}

type Serving = ServerWorld & { readonly bodies: BodyReader };

async function serve(world: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path] = (request.url ?? "").split("?", 1);
  if (path === world.config.webhook.path) return serveWebhook(world, request, response);
  if (path === "/healthz") return serveOwn(request, response, async () => say(response, 200, "ok\n"));
  if (path === "/readyz") return serveOwn(request, response, () => serveReadiness(world, response));
  if (path === "/metrics") return serveOwn(request, response, () => serveMetrics(world, request, response));
  if (path === OPERATOR_PATH || path?.startsWith(`${OPERATOR_PATH}/`)) {
    return serveOperator(world, request, response);
  }
  if (!(await world.pages(request, response))) say(response, 404, "There is nothing here\n");
}

async function serveOwn(
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => Promise<void>,
): Promise<void> {
  if (request.method === "GET" || request.method === "HEAD") return answer();
  say(response, 405, "Only GET\n", { allow: "GET, HEAD" });
}

async function serveReadiness({ readiness }: Serving, response: ServerResponse): Promise<void> {
  const checks = await readiness.check();
  const ready = checks.every(({ ok }) => ok);
  const body = {
    ready,
    checks: Object.fromEntries(checks.map(({ name, ok }) => [name, ok ? "ok" : "failed"])),
  };
  say(response, ready ? 200 : 503, `${JSON.stringify(body)}\n`, { "content-type": "application/json" });
}

async function serveMetrics(
  { metrics, config: { metricsToken } }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (metricsToken !== undefined && !showsToken(request, metricsToken)) {
    return say(response, 401, "Show the token\n", { "www-authenticate": "Bearer" });
  }
  const { contentType, text } = await metrics.read();
  say(response, 200, text, { "content-type": contentType });
}

async function serveOperator(
  { operator }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  const { status, body } = await operator(request);
  const challenge = status === 401 ? { "www-authenticate": "Bearer" } : {};
  const headers = { "content-type": "application/json", "cache-control": "no-store", ...challenge };
  say(response, status, `${JSON.stringify(body, undefined, 2)}\n`, headers);
}

/** What a webhook is answered, and what it counts as. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly outcome: WebhookOutcome;
  readonly headers?: Readonly<Record<string, string>>;
}

async function serveWebhook(
  world: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const start = performance.now();
  const event = headerOf(request, "x-github-event") ?? "";
  const delivery = headerOf(request, "x-github-delivery") ?? "";
  const { status, text, outcome, headers } = await answerWebhook(world, request, { event, delivery });
  say(response, status, text, headers);
  const ms = performance.now() - start;
  world.metrics.webhook(eventLabel(event), outcome, ms);
  if (outcome === "kept") world.log.info("Webhook kept", { delivery, event, ms: Math.round(ms) });
  if (outcome === "refused") world.log.warn("Webhook refused", { status, reason: text.trimEnd() });
}

const DELIVERY = /^[0-9A-Za-z-]{8,64}$/;
const EVENT = /^[a-z_]{1,64}$/;
const JSON_TYPE = /^application\/json(?:$|[ ;])/;

/** No more is said than needed. */
async function answerWebhook(
  world: Serving,
  request: IncomingMessage,
  { event, delivery }: { readonly event: string; readonly delivery: string },
): Promise<Answer> {
  if (request.method !== "POST") return refuse(405, "Only POST", { allow: "POST" });
  if (!JSON_TYPE.test(headerOf(request, "content-type") ?? "")) return refuse(415, "Only application/json");
  if (!EVENT.test(event) || !DELIVERY.test(delivery))
    return refuse(400, "X-GitHub-Event and -Delivery are needed");
  try {
    const outcome = await world.door(request, await world.bodies.read(request));
    return { status: 202, text: "accepted\n", outcome };
  } catch (cause) {
    return answerFailure(world, cause, { delivery, event });
  }
}

/** GitHub does not send again by itself what was not taken, but it shows it as failed, and the sweep finds it. */
function answerFailure(
  { log }: Serving,
  cause: unknown,
  fields: { delivery: string; event: string },
): Answer {
  const code = cause instanceof GateError ? cause.code : "";
  // The rest of a body that is not wanted is not read either.
  const close = { connection: "close" };
  if (code === "BODY_TOO_LARGE") return refuse(413, "The body is too large", close);
  if (code === "BODY_CUT") return refuse(400, "The body ends early", close);
  if (code === "BODY_TOO_MANY") return { ...refuse(503, "Too much at once", close), outcome: "failed" };
  if (code === "WEBHOOK_UNSIGNED") return refuse(401, "The signature does not fit");
  if (code === "WEBHOOK_MALFORMED") return refuse(400, "The body is no JSON object in UTF-8");
  log.error("Cannot keep a webhook", fields, cause);
  return { status: 503, text: "Not kept\n", outcome: "failed" };
}

function refuse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, text: `${text}\n`, outcome: "refused", headers };
}

/** The header; undefined where there is none. Those that are asked for here come once: Node joins others. */
function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

function say(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response
    .writeHead(status, {
      "content-type": "text/plain; charset=utf-8",
      "content-length": Buffer.byteLength(text),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    })
    .end(text);
}
