import { readBody } from "../../gate/fetch.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Login, Repository, VisibleRepositories } from "./login.ts";
import { SESSION_SECONDS_MAX } from "./sessions.ts";

/** The App's OAuth at GitHub. Six calls of one kind: a client of its own would be larger than they are. */

const PAGE_ITEMS = 100;
const INSTALLATION_PAGES_MAX = 10;
const REPOSITORY_PAGES_MAX = 100;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

export interface GitHubLoginConfig {
  readonly clientId: string;
  readonly clientSecret: string;
  /** `https://github.com`, or the Enterprise Server. */
  readonly webUrl: string;
  /** `https://api.github.com`, or `https://<host>/api/v3`. */
  readonly apiUrl: string;
  /** Where people reach this server; the App is registered with its `/login/callback`. */
  readonly publicUrl: string;
}

/** Sign-in over GitHub's web application flow with PKCE, which GitHub takes with S256 since July 2025. */
export function gitHubLogin(config: GitHubLoginConfig): Login {
  return {
    authorizeUrl: ({ state, challenge }) => authorizeUrl(config, state, challenge),
    exchange: (code, verifier) => exchange(config, code, verifier),
    user: (token) => readUser(config, token),
    repositories: (token) => readRepositories(config, token),
  };
}

function authorizeUrl({ webUrl, clientId, publicUrl }: GitHubLoginConfig, state: string, challenge: string) {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: callbackOf(publicUrl),
    state,
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
  return `${webUrl}/login/oauth/authorize?${query}`;
}

function callbackOf(publicUrl: string): string {
  return `${publicUrl}/login/callback`;
}

async function exchange(config: GitHubLoginConfig, code: string, verifier: string) {
  const { webUrl, clientId, clientSecret, publicUrl } = config;
  const { status, body } = await send(`${webUrl}/login/oauth/access_token`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: clientSecret,
      code,
      code_verifier: verifier,
      redirect_uri: callbackOf(publicUrl),
    }),
  });
  // A refused code is answered with 200 and an error in the body.
  const { access_token: token, expires_in: seconds = SESSION_SECONDS_MAX, error } = membersOf(body);
  if (status === 200 && typeof token === "string" && typeof seconds === "number") return { token, seconds };
  const reason = typeof error === "string" ? error : `status ${status}`;
  throw new GateError("LOGIN_REFUSED", `Cannot sign in: GitHub does not give a token, ${reason}`);
}

async function readUser(config: GitHubLoginConfig, token: string) {
  const { id, login } = membersOf(await get(config, "/user", token));
  if (typeof id === "number" && typeof login === "string") return { userId: id, login };
  throw unexpected("/user");
}

async function readRepositories(config: GitHubLoginConfig, token: string): Promise<VisibleRepositories> {
  const installations = await readPages(config, token, {
    path: "/user/installations",
    member: "installations",
    pagesMax: INSTALLATION_PAGES_MAX,
  });
  const repositories: Repository[] = [];
  let { complete } = installations;
  for (const installation of installations.items) {
    const { id, suspended_at: suspended } = membersOf(installation);
    if (typeof id !== "number") throw unexpected("/user/installations");
    if (suspended !== null && suspended !== undefined) continue;
    const found = await readInstallation(config, token, id);
    complete &&= found.complete;
    repositories.push(...found.repositories);
  }
  return { repositories, complete };
}

async function readInstallation(
  config: GitHubLoginConfig,
  token: string,
  installationId: number,
): Promise<VisibleRepositories> {
  const path = `/user/installations/${installationId}/repositories`;
  try {
    const pages = await readPages(config, token, {
      path,
      member: "repositories",
      pagesMax: REPOSITORY_PAGES_MAX,
    });
    const repositories = pages.items.map((item) => toRepository(item, installationId, path));
    return { repositories, complete: pages.complete };
  } catch (cause) {
    // It went away meanwhile, or its organisation asks for a single sign-on that this person has not done.
    if (cause instanceof GateError && cause.code === "GITHUB_FORBIDDEN") {
      return { repositories: [], complete: false };
    }
    throw cause;
  }
}

function toRepository(item: unknown, installationId: number, path: string): Repository {
  const { id, name, owner } = membersOf(item);
  const { login } = membersOf(owner);
  if (typeof id === "number" && typeof name === "string" && typeof login === "string") {
    return { id, installationId, owner: login, name };
  }
  throw unexpected(path);
}

interface Listing {
  readonly path: string;
  /** Member of each answer that holds its items. */
  readonly member: string;
  readonly pagesMax: number;
}

async function readPages(
  config: GitHubLoginConfig,
  token: string,
  { path, member, pagesMax }: Listing,
): Promise<{ readonly items: readonly unknown[]; readonly complete: boolean }> {
  const items: unknown[] = [];
  for (let page = 1; page <= pagesMax; page++) {
    const body = await get(config, `${path}?per_page=${PAGE_ITEMS}&page=${page}`, token);
    const found = membersOf(body)[member];
    if (!Array.isArray(found)) throw unexpected(path);
    items.push(...found);
    if (found.length < PAGE_ITEMS) return { items, complete: true };
  }
  return { items, complete: false };
}

async function get({ apiUrl }: GitHubLoginConfig, path: string, token: string): Promise<unknown> {
  const { status, body, headers } = await send(`${apiUrl}${path}`, {
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "x-github-api-version": "2022-11-28",
    },
  });
  if (status === 200) return body;
  if (status === 401)
    throw new GateError("LOGIN_REVOKED", "Cannot read as this person: the token is not valid");
  const isLimit =
    status === 429 || headers.get("x-ratelimit-remaining") === "0" || headers.has("retry-after");
  if (isLimit) throw new GateError("GITHUB_LIMITED", `Cannot read ${path}: GitHub's limit is reached`);
  if (status === 403 || status === 404) {
    throw new GateError("GITHUB_FORBIDDEN", `Cannot read ${path}: GitHub answers ${status}`);
  }
  throw new GateError("GITHUB_UNAVAILABLE", `Cannot read ${path}: GitHub answers ${status}`);
}

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON value; undefined where there is none. */
  readonly body: unknown;
}

async function send(url: string, request: RequestInit): Promise<Reply> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const headers = { "user-agent": "weighbridge", ...request.headers };
    const response = await fetch(url, { ...request, headers, redirect: "error", signal });
    const text = await readText(response);
    return { status: response.status, headers: response.headers, body: parse(text) };
  } catch (cause) {
    if (cause instanceof GateError) throw cause;
    const place = new URL(url).pathname;
    throw new GateError("GITHUB_UNAVAILABLE", `Cannot reach GitHub at ${place}`, { cause });
  }
}

async function readText(response: Response): Promise<string> {
  const bytes = await readBody(response, ANSWER_BYTES_MAX);
  if (bytes !== undefined) return Buffer.from(bytes).toString("utf8");
  throw new GateError("GITHUB_UNAVAILABLE", `Cannot read GitHub's answer: over ${ANSWER_BYTES_MAX} bytes`);
}

/** An error page is no JSON: its status says what it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function unexpected(path: string): GateError {
  return new GateError("GITHUB_UNAVAILABLE", `Cannot read ${path}: GitHub's answer is of another form`);
}
