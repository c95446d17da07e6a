import { App, Octokit } from "octokit";
import { unreadable } from "./failure.ts";
import { type Effect, Line, patiently } from "./line.ts";
import { textAt } from "./shape.ts";
import { type Clock, SYSTEM_CLOCK, Waiting } from "./waiting.ts";

export interface GitHubConfig {
  /** Base of the REST API, as `https://api.github.com` or `https://ghe.example.com/api/v3`. */
  readonly apiUrl: string;
  readonly appId: number;
  /** PEM. */
  readonly privateKey: string;
  /** Told of every HTTP request, when it is over. */
  readonly onCall?: (call: ApiCall) => void;
  /** What one client waits for GitHub in all; a minute and a half if absent. */
  readonly waitMsMax?: number;
  /** From one write of an installation to its next; a second if absent, as GitHub asks. */
  readonly writeGapMs?: number;
  readonly clock?: Clock;
}

export interface ApiCall {
  /** Method and template, as `GET /repos/{owner}/{repo}`: few enough to be a label. */
  readonly route: string;
  /** 0 where no answer came. */
  readonly status: number;
  readonly ms: number;
}

/** The ways to one GitHub. What a client waits is bounded in all: take one for each piece of work. */
export interface GitHub {
  /** Acts as the App itself, by JSON Web Token. */
  app(): Client;
  /** Acts as an installation, by its own token. */
  installation(id: number): Client;
  /** A token of the installation, for what is not an API: git. */
  token(id: number): Promise<string>;
}

export type Parameters = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  /** As it came: nothing of it is checked yet. */
  readonly data: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Takes the bytes of a download as they come; what it throws ends the download. */
export type Sink = (chunk: Uint8Array) => void;

/** Everything rejects with `GitHubFailure`. */
export interface Client {
  readonly appId: number;
  /**
   * Sends a request. GET is asked again where no answer came; everything else is sent exactly once, and
   * `GITHUB_UNAVAILABLE` then says that it may have been done. A limit is waited for while there is time.
   */
  rest(route: string, parameters?: Parameters): Promise<Answer>;
  /** The data of a GraphQL document; what a query names and does not exist is null in it. */
  graphql(document: string, variables?: Parameters): Promise<unknown>;
  /** Gives the bytes of a GET to what `start` returns; an attempt that broke off starts again. */
  download(route: string, parameters: Parameters, start: () => Sink): Promise<void>;
  /** Waits for what was written to be seen; false at once where this client has waited enough. */
  settle(ms: number): Promise<boolean>;
}

/**
 * 2022-11-28 is what every GitHub serves; GitHub Enterprise Server refuses versions that it does not know. Nothing
 * that 2026-03-10 removes is relied on.
 */
const API_VERSION = "2022-11-28";
const REQUEST_TIMEOUT_MS = 30_000;
const DOWNLOAD_TIMEOUT_MS = 300_000;
/** More than the minute that a limit takes which says nothing of its own. */
const WAIT_MS_MAX = 90_000;
const WRITE_GAP_MS = 1_000;
/** Installations that are remembered; the token of one that was forgotten is asked for again. */
const INSTALLATIONS_MAX = 1_000;
const TOKEN_ROUTE = "POST /app/installations/{installation_id}/access_tokens";

/** The ways to one GitHub. Tokens and limits are kept for each installation apart. */
export function openGitHub(config: GitHubConfig): GitHub {
  const app = openApp(config);
  const own: Way = { octokit: app.octokit, line: toLine(config), isInstallation: false };
  const ways = new Map<number, Way>();
  const wayOf = async (id: number): Promise<Way> => {
    const known = ways.get(id);
    if (known !== undefined) return known;
    const octokit = await app.getInstallationOctokit(id);
    // Whoever asked at the same time must stand in the same line.
    const way = ways.get(id) ?? { octokit, line: toLine(config), isInstallation: true };
    ways.set(id, way);
    const [oldest] = ways.keys();
    if (ways.size > INSTALLATIONS_MAX && oldest !== undefined) ways.delete(oldest);
    return way;
  };
  return {
    app: () => toClient(config, async () => own),
    installation: (id) => toClient(config, () => wayOf(id)),
    token: async (id) => {
      const { octokit } = await wayOf(id);
      return textAt(await octokit.auth({ type: "installation" }), "token");
    },
  };
}

interface Way {
  readonly octokit: Octokit;
  readonly line: Line;
  readonly isInstallation: boolean;
}

function toLine({ clock = SYSTEM_CLOCK, writeGapMs = WRITE_GAP_MS }: GitHubConfig): Line {
  return new Line(clock, writeGapMs);
}

/** The plugins that repeat and delay are off: a write must not be sent twice, and what we wait is ours to bound. */
function openApp(config: GitHubConfig): App {
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const defaults = {
    ...{ baseUrl: config.apiUrl, userAgent: "weighbridge", log },
    // What octokit asks by itself is tokens.
    request: { fetch: fetching(config, TOKEN_ROUTE, REQUEST_TIMEOUT_MS), log },
    retry: { enabled: false },
    throttle: { enabled: false },
  };
  const { appId, privateKey } = config;
  return new App({ appId, privateKey, log, Octokit: Octokit.defaults(defaults) });
}

/** `fetch` with what every request of ours has: the version, an end, and somebody who counts it. */
function fetching(config: GitHubConfig, route: string, timeoutMs: number): typeof fetch {
  const { clock = SYSTEM_CLOCK, onCall } = config;
  return async (url, init) => {
    const start = clock.now();
    let status = 0;
    try {
      const headers = new Headers(init?.headers);
      headers.set("x-github-api-version", API_VERSION);
      const response = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(timeoutMs) });
      status = response.status;
      return response;
    } finally {
      onCall?.({ route, status, ms: clock.now() - start });
    }
  };
}

function toClient(config: GitHubConfig, findWay: () => Promise<Way>): Client {
  const waiting = new Waiting(config.clock ?? SYSTEM_CLOCK, config.waitMsMax ?? WAIT_MS_MAX);
  const options = (route: string, timeoutMs = REQUEST_TIMEOUT_MS) => ({
    fetch: fetching(config, route, timeoutMs),
    retries: 0,
  });
  const ask = async <T>(
    route: string,
    effect: Effect,
    send: (octokit: Octokit) => Promise<T>,
  ): Promise<T> => {
    const { octokit, line, isInstallation } = await findWay();
    const authorize = async (refresh: boolean) => {
      if (isInstallation) await octokit.auth({ type: "installation", refresh });
    };
    const request = { line, waiting, renew: () => authorize(true) };
    // Or the failure to get a token would be taken for a write of which nobody knows whether it was done.
    const token = { ...request, route: TOKEN_ROUTE, effect: "read", send: () => authorize(false) } as const;
    if (effect === "write") await patiently(token);
    return patiently({ ...request, route, effect, send: () => send(octokit) });
  };
  return {
    appId: config.appId,
    settle: (ms) => waiting.spend(ms),
    rest: (route, parameters = {}) =>
      ask(route, /^GET /.test(route) ? "read" : "write", async (octokit) => {
        const { status, data, headers } = await octokit.request(route, {
          ...parameters,
          request: options(route),
        });
        assertWhole(data, headers, route);
        return { status, data, headers };
      }),
    graphql: (document, variables = {}) => {
      const isMutation = /^\s*mutation\b/.test(document);
      const route = isMutation ? "POST /graphql mutation" : "POST /graphql query";
      return ask(route, isMutation ? "write" : "read", async (octokit) => {
        const answer = octokit.graphql(document, { ...variables, request: options(route) });
        const data = await (isMutation ? answer : answer.catch(toFoundData));
        // Of an answer that was cut off, the client makes undefined.
        if (typeof data !== "object" || data === null) throw unreadable(`the answer to ${route}`);
        return data;
      });
    },
    download: (route, parameters, start) =>
      ask(route, "read", async (octokit) => {
        const request = { ...options(route, DOWNLOAD_TIMEOUT_MS), parseSuccessResponseBody: false };
        const { data } = await octokit.request(route, { ...parameters, request });
        await drain(data, start());
      }),
  };
}

/** The client gives JSON that was cut off as text, and says nothing. */
function assertWhole(data: unknown, headers: Answer["headers"], route: string): void {
  if (typeof data !== "string") return;
  if (/\bjson\b/.test(String(headers["content-type"]))) throw unreadable(`the answer to ${route}`);
}

/** What a query asked of which nothing exists is told as an error and as null; the rest of the data is good. */
function toFoundData(error: unknown): unknown {
  const { name, errors, data } = (error ?? {}) as GraphqlError;
  const isAbsence = errors?.every(({ type }) => type === "NOT_FOUND") ?? false;
  if (name !== "GraphqlResponseError" || !isAbsence) throw error;
  return data;
}

/** Of @octokit/graphql, as far as it is read. */
interface GraphqlError {
  readonly name?: string;
  readonly errors?: readonly { readonly type?: string }[];
  readonly data?: unknown;
}

async function drain(body: unknown, sink: Sink): Promise<void> {
  if (!(body instanceof ReadableStream)) throw unreadable("a download");
  for await (const chunk of body as ReadableStream<Uint8Array>) sink(chunk);
}
