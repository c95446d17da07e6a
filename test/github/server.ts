import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiRequest, answer, nameOperation } from "./api.ts";
import type { Reply } from "./exchange.ts";
import type { Fault } from "./faults.ts";
import { findGitRequest, type GitRequest, isGitAuthorized, serveGit } from "./git-http.ts";
import { GitHubState } from "./state.ts";

const REQUEST_BYTES_MAX = 32 * 1024 * 1024;

/** One request and what became of it. */
export interface LoggedRequest {
  /** Operation id; `graphql`, `git`, or `unknown`. */
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
  readonly requests: readonly LoggedRequest[];
  /** How often an operation was asked for. */
  count(operation: string): number;
  fail(fault: Fault): void;
  /** Stops the server and throws if anything was sent or answered that GitHub's description does not allow. */
  close(): Promise<void>;
}

export async function startServer(): Promise<StandIn> {
  const stand = new Server();
  await stand.listen();
  return stand;
}

class Server implements StandIn {
  origin = "";
  readonly github = new GitHubState();
  readonly requests: LoggedRequest[] = [];
  readonly #violations: string[] = [];
  readonly #faults: { fault: Fault; left: number }[] = [];
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      this.#violations.push(`the stand-in failed: ${error instanceof Error ? error.stack : error}`);
      response.destroy();
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  count(operation: string): number {
    return this.requests.filter((request) => request.operation === operation).length;
  }

  fail(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    if (this.#violations.length > 0) throw new Error(this.#violations.join("\n"));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "", this.origin);
    const git = findGitRequest(this.github, pathname);
    await (git === undefined ? this.#serveApi(request, response) : this.#serveGit(git, request, response));
  }

  async #serveApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsed = await parseRequest(request, this.origin);
    const exchange = this.#open(nameOperation(parsed.method, parsed.path), parsed, response);
    if (await exchange.failed("before")) return;
    const { reply, violations } = answer(parsed, this.github, this.origin);
    this.#violations.push(...violations);
    if (await exchange.failed("after")) return;
    exchange.send(reply);
  }

  async #serveGit(git: GitRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "" } = request;
    const { authorization } = request.headers;
    const query = new URLSearchParams();
    const exchange = this.#open("git", { method, path, query, body: undefined, authorization }, response);
    if (await exchange.failed("before")) return;
    if (git.repository.private && !isGitAuthorized(this.github, authorization)) {
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
    const waiting = this.#faults.find(({ fault, left }) => fault.match === operation && left > 0);
    if (waiting !== undefined) waiting.left -= 1;
    const send = (reply: Reply) => {
      logged.status = reply.status;
      sendReply(response, reply, this.github.now());
    };
    return {
      logged,
      send,
      failed: async (when) => {
        const { effect, when: moment = "before" } = waiting?.fault ?? {};
        if (effect === undefined || moment !== when) return false;
        if (effect.kind === "reply") send(effect.reply);
        else if (effect.kind === "reset") response.destroy();
        else await sleep(effect.ms);
        return effect.kind !== "delay";
      },
    };
  }
}

type Asked = Pick<ApiRequest, "method" | "path" | "query" | "body" | "authorization">;

interface Exchange {
  readonly logged: LoggedRequest;
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

async function parseRequest(request: IncomingMessage, origin: string): Promise<ApiRequest> {
  const { method = "", url = "", headers } = request;
  const { pathname: path, searchParams: query } = new URL(url, origin);
  const { authorization, accept = "", "x-github-api-version": apiVersion } = headers;
  return { method, path, query, authorization, accept, apiVersion, body: await readJson(request) };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > REQUEST_BYTES_MAX)
      throw new Error(`Cannot read a request: more than ${REQUEST_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text === "" ? undefined : JSON.parse(text);
}
