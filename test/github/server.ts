import { appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answer, nameOperation } from "./api.ts";
import type { ApiRequest, Reply } from "./exchange.ts";
import type { Fault } from "./faults.ts";
import { findGitRequest, type GitRequest, isGitAuthorized, serveGit } from "./git-http.ts";
import { asksFor, rootFields } from "./graphql.ts";
import { lfsReply } from "./lfs.ts";
import { Memory } from "./memory.ts";
import { fullName } from "./nouns.ts";
import { type Play, playOn } from "./play.ts";
import { GitHubState } from "./state.ts";
import { type Storm, strokes } from "./storm.ts";
import { webReply } from "./web.ts";

const REQUEST_BYTES_MAX = 32 * 1024 * 1024;
const WEB_PATH = /^\/(?:(?:login|_storage)\/|[^/]+\/[^/]+\.git\/info\/lfs\/)/;

/** One request and what became of it. */
export interface LoggedRequest {
  /** Operation id; `graphql`, `git`, `web`, or `unknown`. */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
  /** 0 where the connection was cut. */
  status: number;
}

/** A stand-in for GitHub on 127.0.0.1. Its only rule: what GitHub's description forbids fails the test. */
export interface StandIn {
  readonly origin: string;
  readonly github: GitHubState;
  /** What people do, of which the Apps are told. */
  readonly play: Play;
  readonly requests: readonly LoggedRequest[];
  /** How often an operation was asked for, named as a fault's. */
  count(operation: string): number;
  fail(fault: Fault): void;
  /** From now on requests fail by chance; without a storm they do no more. */
  storm(storm: Storm | undefined): void;
  /** Stops the server and throws if anything was sent or answered that GitHub's description does not allow. */
  close(): Promise<void>;
}

export async function startServer(): Promise<StandIn> {
  const stand = new Server();
  await stand.listen();
  return stand;
}

/** Operation ids and root fields of GraphQL documents, each once on a line: for the table of what is covered. */
function operationsIn(requests: readonly LoggedRequest[]): string {
  const names = requests.flatMap(({ operation, body }) => {
    if (operation !== "graphql") return operation.includes("/") ? [operation] : [];
    const { query = "" } = (body ?? {}) as { readonly query?: string };
    return rootFields(query).map((field) => `graphql ${field}`);
  });
  return [...new Set(names)].map((name) => `${name}\n`).join("");
}

class Server implements StandIn {
  origin = "";
  readonly github = new GitHubState();
  readonly play = playOn(this.github);
  readonly requests: LoggedRequest[] = [];
  readonly #violations: string[] = [];
  readonly #faults: { fault: Fault; left: number }[] = [];
  readonly #memory = new Memory();
  #stroke: ((operation: string) => Fault | undefined) | undefined;
  // A test may keep this process busy for longer than the usual five seconds, and then ask through a connection of before.
  readonly #server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      this.#violations.push(`the stand-in failed: ${error instanceof Error ? error.stack : error}`);
      response.destroy();
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    this.github.origin = this.origin;
  }

  count(operation: string): number {
    return this.requests.filter((request) => isNamed(request, operation)).length;
  }

  fail(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
    if (fault.effect.kind === "stale") this.#memory.isOn = true;
  }

  storm(storm: Storm | undefined): void {
    this.#stroke = storm && strokes(storm);
    this.#memory.isOn = true;
    if (storm?.staleMs !== undefined) this.#memory.staleMs = storm.staleMs;
  }

  async close(): Promise<void> {
    await this.github.hooks.settled();
    const log = process.env.STAND_IN_LOG;
    if (log !== undefined) appendFileSync(log, operationsIn(this.requests));
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#violations.length > 0) throw new Error(this.#violations.join("\n"));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "", this.origin);
    const git = findGitRequest(this.github, pathname);
    if (git !== undefined) await this.#serveGit(git, request, response);
    else if (WEB_PATH.test(pathname)) await this.#serveWeb(request, response);
    else await this.#serveApi(request, response);
  }

  async #serveWeb(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const { pathname: path, searchParams: query } = new URL(url, this.origin);
    const body = await readText(request);
    const { authorization } = request.headers;
    const exchange = this.#open("web", { method, path, query, body, authorization }, response);
    if (await exchange.failed("before")) return;
    const reply =
      lfsReply({ method, path, body, authorization }, this.github) ??
      webReply({ method, path, query, body }, this.github);
    if (await exchange.failed("after")) return;
    exchange.send(reply ?? { status: 404 });
  }

  async #serveApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsed = await parseRequest(request, this.github);
    const exchange = this.#open(nameOperation(parsed.method, parsed.path), parsed, response);
    if (await exchange.failed("before")) return;
    const { reply, violations } = answer(parsed, this.github, this.origin);
    this.#violations.push(...violations);
    if (await exchange.failed("after")) return;
    const former = this.#memory.keep(parsed, reply, this.github.now());
    exchange.send(exchange.isStale ? former : reply);
  }

  async #serveGit(git: GitRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "" } = request;
    const { authorization } = request.headers;
    const query = new URLSearchParams();
    const exchange = this.#open("git", { method, path, query, body: undefined, authorization }, response);
    if (await exchange.failed("before")) return;
    if (git.repository.private && !isGitAuthorized(this.github, authorization, git.repository)) {
      exchange.send({ status: 401, headers: { "www-authenticate": 'Basic realm="GitHub"' } });
    } else {
      await serveGit(git, request, response);
      exchange.logged.status = response.statusCode;
    }
  }

  /** Logs the request, and takes the fault that waits for it. */
  #open(
    operation: string,
    { method, path, query, body, authorization }: Asked,
    response: ServerResponse,
  ): Exchange {
    const logged = { operation, method, path, query: query.toString(), body, authorization, status: 0 };
    this.requests.push(logged);
    const waiting = this.#faults.find(({ fault, left }) => isNamed(logged, fault.match) && left > 0);
    if (waiting !== undefined) waiting.left -= 1;
    const fault = waiting?.fault ?? this.#stroke?.(operation);
    const send = (reply: Reply) => {
      logged.status = reply.status;
      sendReply(response, reply, this.github.now());
    };
    return {
      logged,
      send,
      isStale: fault?.effect.kind === "stale",
      failed: async (when) => {
        const { effect, when: moment = "before" } = fault ?? {};
        if (effect === undefined || effect.kind === "stale" || moment !== when) return false;
        if (effect.kind === "reply") send(effect.reply);
        if (effect.kind === "delay" || effect.kind === "hang") await sleep(effect.ms);
        if (effect.kind === "reset" || effect.kind === "hang") response.destroy();
        return effect.kind !== "delay";
      },
    };
  }
}

/** Whether a request is of an operation, or a GraphQL document that asks for the field that stands behind `graphql`. */
function isNamed({ operation, body }: Pick<LoggedRequest, "operation" | "body">, name: string): boolean {
  if (operation === name) return true;
  const [kind, field] = name.split(" ");
  const { query } = (body ?? {}) as { readonly query?: unknown };
  return kind === operation && field !== undefined && asksFor(String(query), field);
}

type Asked = Pick<ApiRequest, "method" | "path" | "query" | "body" | "authorization">;

interface Exchange {
  readonly logged: LoggedRequest;
  /** Whether the test wants the answer of before. */
  readonly isStale: boolean;
  send(reply: Reply): void;
  /** Whether the request failed as the test wanted it to, at this moment. */
  failed(when: "before" | "after"): Promise<boolean>;
}

function sendReply(response: ServerResponse, { status, headers, json, raw }: Reply, now: Date): void {
  response.setHeader("date", now.toUTCString());
  response.setHeader("x-github-request-id", "0000:0000:0000:0000");
  if (json !== undefined) response.setHeader("content-type", "application/json; charset=utf-8");
  if (raw !== undefined) response.setHeader("content-type", raw.contentType);
  response.writeHead(status, headers);
  response.end(json === undefined ? raw?.bytes : JSON.stringify(json));
}

async function parseRequest(request: IncomingMessage, github: GitHubState): Promise<ApiRequest> {
  const { method = "", url = "", headers } = request;
  const { pathname, searchParams: query } = new URL(url, github.origin);
  const { authorization, accept = "", "x-github-api-version": apiVersion } = headers;
  const text = await readText(request);
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  return { method, path: toNamed(pathname, github), query, authorization, accept, apiVersion, body };
}

/** The path as the description has it: without the prefix of an Enterprise Server, the repository by its name. */
function toNamed(path: string, { repositories }: GitHubState): string {
  const plain = path.replace(/^\/api\/v3(?=\/)/, "").replace(/^\/api\/graphql$/, "/graphql");
  const { id, rest = "" } = /^\/repositories\/(?<id>\d+)(?<rest>\/.*)?$/.exec(plain)?.groups ?? {};
  const repository = repositories.find((each) => each.id === Number(id));
  return repository === undefined ? plain : `/repos/${fullName(repository)}${rest}`;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > REQUEST_BYTES_MAX)
      throw new Error(`Cannot read a request: more than ${REQUEST_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
