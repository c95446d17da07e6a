import { createHash } from "node:crypto";
import { json, type Reply } from "./exchange.ts";
import type { Account } from "./nouns.ts";
import type { Registration } from "./state/apps.ts";
import type { UserTokens } from "./state/logins.ts";
import type { GitHubState } from "./state.ts";

/** What is not the API: the pages by which a person lets an App act for them, and the storage of artifacts. */
export interface WebRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** A form or JSON. */
  readonly body: string;
}

/** The answer; undefined if no page has the path. */
export function webReply(request: WebRequest, github: GitHubState): Reply | undefined {
  const { method, path, query } = request;
  if (path === "/login/oauth/authorize" && method === "GET") return authorize(query, github);
  if (path === "/login/oauth/access_token" && method === "POST") return exchange(parseForm(request), github);
  const artifact = /^\/_storage\/artifacts\/(?<id>\d+)\.zip$/.exec(path)?.groups?.id;
  return artifact === undefined ? undefined : download(Number(artifact), query, github);
}

function page(status: number, body: string): Reply {
  const bytes = Buffer.from(`<!DOCTYPE html><html lang="en"><title>GitHub</title>${body}</html>`);
  return { status, raw: { contentType: "text/html; charset=utf-8", bytes } };
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Sends the person who is signed in back at once; otherwise asks who they are, one button for each. */
function authorize(query: URLSearchParams, github: GitHubState): Reply {
  const app = github.apps.registrations.find(({ clientId }) => clientId === query.get("client_id"));
  if (app === undefined) return page(404, "<p>Not Found</p>");
  const redirect = query.get("redirect_uri") ?? app.callbackUrls[0];
  if (redirect === undefined || !isAllowed(redirect, app)) {
    return page(200, "<p>The redirect_uri is not associated with this application.</p>");
  }
  const chosen = github.findAccount(query.get("login") ?? "") ?? github.logins.signedIn;
  if (chosen !== undefined) return sendBack({ app, account: chosen, redirect, query }, github);
  const people = github.accounts.filter(({ type, state }) => type === "User" && state === "active");
  return page(200, people.map(({ login }) => button(query, login)).join(""));
}

function button(query: URLSearchParams, login: string): string {
  const fields = [...query, ["login", login] as const].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  return `<form action="/login/oauth/authorize">${fields.join("")}<button>Authorize as ${escapeHtml(login)}</button></form>`;
}

/** The registered address, or one below it. */
function isAllowed(redirect: string, { callbackUrls }: Registration): boolean {
  return callbackUrls.some((url) => redirect === url || redirect.startsWith(`${url.replace(/\/$/, "")}/`));
}

interface Consent {
  readonly app: Registration;
  readonly account: Account;
  readonly redirect: string;
  readonly query: URLSearchParams;
}

function sendBack({ app, account, redirect, query }: Consent, github: GitHubState): Reply {
  const code = github.logins.authorize({
    ...{ app, account, redirectUri: query.get("redirect_uri") ?? undefined },
    challenge: query.get("code_challenge") ?? undefined,
  });
  const location = new URL(redirect);
  location.searchParams.set("code", code);
  const state = query.get("state");
  if (state !== null) location.searchParams.set("state", state);
  return { status: 302, headers: { location: location.href } };
}

function parseForm({ body, query }: WebRequest): URLSearchParams {
  if (body.startsWith("{")) return new URLSearchParams(JSON.parse(body) as Record<string, string>);
  return body === "" ? query : new URLSearchParams(body);
}

/** GitHub answers 200 to whatever goes wrong here, and says so in the body. */
function exchange(form: URLSearchParams, github: GitHubState): Reply {
  const app = github.apps.registrations.find(
    (each) => each.clientId === form.get("client_id") && each.clientSecret === form.get("client_secret"),
  );
  if (app === undefined) return oauthProblem("incorrect_client_credentials");
  const account =
    form.get("grant_type") === "refresh_token" ? refreshed(form, app, github) : granted(form, app, github);
  return typeof account === "string"
    ? oauthProblem(account)
    : json(200, toTokens(github.logins.issue(app, account)));
}

function oauthProblem(error: string): Reply {
  return json(200, {
    error,
    error_description: "The request was refused.",
    error_uri: "https://docs.github.com",
  });
}

/** Who gave the code; a code is good once, for ten minutes, for the app that it was made for. */
function granted(form: URLSearchParams, app: Registration, github: GitHubState): Account | string {
  const grant = github.logins.grants.find(({ code }) => code === form.get("code"));
  if (grant === undefined || grant.app !== app || grant.isUsed || grant.until <= github.now()) {
    return "bad_verification_code";
  }
  const redirect = form.get("redirect_uri") ?? undefined;
  if (redirect !== undefined && redirect !== grant.redirectUri) return "redirect_uri_mismatch";
  const verifier = createHash("sha256")
    .update(form.get("code_verifier") ?? "")
    .digest("base64url");
  if (grant.challenge !== undefined && grant.challenge !== verifier) return "bad_verification_code";
  grant.isUsed = true;
  return grant.account;
}

/** Whose refresh token it is; the tokens that were given with it end. */
function refreshed(form: URLSearchParams, app: Registration, github: GitHubState): Account | string {
  const tokens = github.logins.tokens.find(({ refresh }) => refresh === form.get("refresh_token"));
  const isGood = tokens?.app === app && !tokens.isRevoked && tokens.refreshUntil > github.now();
  if (tokens === undefined || !isGood) return "bad_refresh_token";
  tokens.isRevoked = true;
  return tokens.account;
}

function toTokens({ access, refresh }: UserTokens) {
  return {
    ...{ access_token: access.text, expires_in: 28_800, refresh_token: refresh },
    ...{ refresh_token_expires_in: 15_897_600, token_type: "bearer", scope: "" },
  };
}

function download(id: number, query: URLSearchParams, github: GitHubState): Reply {
  const artifact = github.artifacts.find((each) => each.id === id && query.get("sig") === String(id));
  if (artifact === undefined) return page(404, "<p>Not Found</p>");
  return { status: 200, raw: { contentType: "application/zip", bytes: artifact.zip } };
}
