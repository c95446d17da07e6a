import { GateError } from "../model/error.ts";

/**
 * All that a trail asks of a GitHub client. One call is one request: whoever implements this may repeat a GET, and
 * must send anything else exactly once, for only the trail can tell whether the first request landed.
 */
export interface GitHubApi {
  /**
   * A route of GitHub's REST description with its parameters, as `GET /repos/{owner}/{repo}/git/ref/{ref}`. Resolves
   * with whatever GitHub answers, refusals too; rejects only where no answer came: a timeout, a cut connection.
   */
  request(route: string, parameters: Readonly<Record<string, unknown>>): Promise<ApiAnswer>;
  /** The same for GraphQL; the answer's `data` is the whole body, `{data, errors}`. */
  graphql(document: string, variables: Readonly<Record<string, unknown>>): Promise<ApiAnswer>;
}

export interface ApiAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  /** The body, parsed; of a proxy's page, whatever the client makes of it. */
  readonly data: unknown;
}

/** Why an answer is not what was asked for. */
export type Failure =
  /** It may have been done. */
  | { readonly kind: "unknown"; readonly cause: GateError }
  /** It was not done; after so many seconds it may be. */
  | { readonly kind: "wait"; readonly seconds: number; readonly cause: GateError }
  /** It was not done, and a person has to act first. */
  | { readonly kind: "refused"; readonly cause: GateError };

/** GitHub's own word where a limit does not say for how long ("Rate limits for the REST API"). */
const LIMIT_SECONDS = 60;
/** Limits of an hour are the longest there are: no header makes us wait longer. */
const WAIT_SECONDS_MAX = 3_600;
const LIMIT_WORDS = /rate limit|abuse/i;
const MESSAGE_CHARS_MAX = 300;

/** Too late for GitHub; and nothing that we may see, which a read of the branch tells from what is gone. */
const UNCLEAR: ReadonlySet<number> = new Set([404, 408]);

/** True if the request was done. */
export function isDone({ status }: ApiAnswer): boolean {
  return status >= 200 && status < 300;
}

/** What an answer means that is no success. `action` completes "Cannot …". */
export function toFailure(answer: ApiAnswer, action: string): Failure {
  const { status, headers, data } = answer;
  const message = messageOf(data);
  const cause = failureOf(action, `GitHub answers ${status}, ${quote(message)}`);
  // Expired: the client has to get another token, and the request is as good as before.
  if (status === 401) return { kind: "wait", seconds: LIMIT_SECONDS, cause };
  const isLimit =
    status === 429 ||
    (status === 403 &&
      (headers["retry-after"] !== undefined || isSpent(headers) || LIMIT_WORDS.test(message)));
  if (isLimit) return { kind: "wait", seconds: waitOf(headers), cause };
  return { kind: status >= 400 && status < 500 && !UNCLEAR.has(status) ? "refused" : "unknown", cause };
}

/** What a request without an answer means. */
export function noAnswer(cause: unknown, action: string): Failure {
  const state = `no answer came, ${quote(cause instanceof Error ? cause.message : String(cause))}`;
  return { kind: "unknown", cause: failureOf(action, state, cause) };
}

/** Seconds that a limit asks to wait; times are taken from the server's clock on both sides, for ours may be wrong. */
export function waitOf(headers: ApiAnswer["headers"]): number {
  const after = Number(headers["retry-after"] ?? Number.NaN);
  const untilReset = Number(headers["x-ratelimit-reset"]) - Date.parse(String(headers.date)) / 1_000;
  const seconds = Number.isFinite(after) ? after : isSpent(headers) ? untilReset : LIMIT_SECONDS;
  if (!Number.isFinite(seconds)) return LIMIT_SECONDS;
  return Math.min(Math.max(Math.ceil(seconds), 1), WAIT_SECONDS_MAX);
}

function isSpent(headers: ApiAnswer["headers"]): boolean {
  return String(headers["x-ratelimit-remaining"]) === "0";
}

export function failureOf(action: string, state: string, cause?: unknown): GateError {
  return new GateError("TRAIL_GITHUB_FAILED", `Cannot ${action}: ${state}`, { cause });
}

/** GitHub's words about an error; they are a stranger's text. */
export function messageOf(data: unknown): string {
  const message = memberOf(data, "message");
  return typeof message === "string" ? message : "";
}

/** A member of a JSON object; undefined for anything else. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

/** Escaped and short: what GitHub says can be what somebody wrote. */
export function quote(text: string): string {
  return JSON.stringify(text.slice(0, MESSAGE_CHARS_MAX));
}
