import { GateError } from "../../gate/model/error.ts";

/** Why GitHub did not do what it was asked. */
export type FailureCode =
  | "GITHUB_NOT_FOUND"
  | "GITHUB_FORBIDDEN"
  /** It was not done; after `afterSeconds` it may be asked again. */
  | "GITHUB_LIMITED"
  /** It was not done, and asking again would not help. */
  | "GITHUB_REFUSED"
  /** No answer that could be read. A write may have been done. */
  | "GITHUB_UNAVAILABLE";

export class GitHubFailure extends GateError {
  declare readonly code: FailureCode;
  /** Of the answer, if there was one. */
  readonly status?: number;
  /** Of `GITHUB_LIMITED` alone: seconds after which the limit is over. */
  readonly afterSeconds?: number;

  constructor(code: FailureCode, message: string, detail: FailureDetail = {}) {
    super(code, message, detail);
    this.name = "GitHubFailure";
    if (detail.status !== undefined) this.status = detail.status;
    if (detail.afterSeconds !== undefined) this.afterSeconds = detail.afterSeconds;
  }
}

interface FailureDetail {
  readonly status?: number;
  readonly afterSeconds?: number;
  readonly cause?: unknown;
  readonly fix?: string;
}

export function isFailure(error: unknown, ...codes: readonly FailureCode[]): error is GitHubFailure {
  return error instanceof GitHubFailure && (codes.length === 0 || codes.includes(error.code));
}

/** Whether it was not done, and asking again at once would not help. */
export function isRefusal(error: unknown): error is GitHubFailure {
  return isFailure(error, "GITHUB_NOT_FOUND", "GITHUB_FORBIDDEN", "GITHUB_REFUSED");
}

/** What GitHub asks to wait where a limit says nothing of its own. */
const LIMIT_SECONDS = 60;
const MESSAGE_CHARS_MAX = 200;

/** What an error of the client says of a request. Its message quotes the server: show it escaped. */
export function toFailure(error: unknown, route: string): unknown {
  if (error instanceof GateError) return error;
  const { status, response, name, errors, headers } = (error ?? {}) as ClientError;
  // GraphQL answers 200 and says in the body that it refuses.
  if (name === "GraphqlResponseError") {
    return graphqlFailure({ errors: errors ?? [], headers: headers ?? {}, route, cause: error });
  }
  // The client says 500 where no answer came at all.
  const text = shorten(error instanceof Error ? error.message : String(error));
  if (typeof status !== "number" || status >= 500 || status < 400) return unavailable(route, text, error);
  const detail = { status, cause: error };
  const afterSeconds = limitOf(status, text, response?.headers ?? {});
  if (afterSeconds !== undefined) return limited(route, afterSeconds, detail);
  const message = `Cannot ask GitHub for ${route}: it answered ${status}, ${text}`;
  return new GitHubFailure(CODES.get(status) ?? "GITHUB_REFUSED", message, detail);
}

/** An answer of a shape that GitHub does not document, as one that was cut off: nothing of it is believed. */
export function unreadable(what: string): GitHubFailure {
  return new GitHubFailure(
    "GITHUB_UNAVAILABLE",
    `Cannot read GitHub's answer: ${what} is not what GitHub documents`,
  );
}

export function limited(route: string, afterSeconds: number, detail: FailureDetail = {}): GitHubFailure {
  const message = `Cannot ask GitHub for ${route}: its limit is reached, for ${afterSeconds} more seconds`;
  return new GitHubFailure("GITHUB_LIMITED", message, { ...detail, afterSeconds });
}

const CODES: ReadonlyMap<number, FailureCode> = new Map([
  [401, "GITHUB_FORBIDDEN"],
  [403, "GITHUB_FORBIDDEN"],
  [404, "GITHUB_NOT_FOUND"],
  [410, "GITHUB_NOT_FOUND"],
  [451, "GITHUB_FORBIDDEN"],
]);

/** Errors of @octokit/request and @octokit/graphql, as far as they are read. */
interface ClientError {
  readonly name?: string;
  readonly status?: number;
  readonly response?: { readonly headers?: Headers };
  readonly errors?: readonly { readonly type?: string; readonly message?: string }[];
  readonly headers?: Headers;
}

type Headers = Readonly<Record<string, string | undefined>>;

function unavailable(route: string, text: string, cause: unknown): GitHubFailure {
  const status = (cause as ClientError | undefined)?.response === undefined ? {} : statusOf(cause);
  const message = `Cannot ask GitHub for ${route}: no answer that can be read, ${text}`;
  return new GitHubFailure("GITHUB_UNAVAILABLE", message, { cause, ...status });
}

function statusOf(error: unknown): { status?: number } {
  const { status } = error as ClientError;
  return typeof status === "number" ? { status } : {};
}

interface GraphqlRefusal {
  readonly errors: NonNullable<ClientError["errors"]>;
  readonly headers: Headers;
  readonly route: string;
  readonly cause: unknown;
}

function graphqlFailure({ errors, headers, route, cause }: GraphqlRefusal): GitHubFailure {
  const types = errors.map(({ type }) => type);
  if (types.includes("RATE_LIMITED")) return limited(route, untilReset(headers), { cause });
  const text = shorten(errors.map(({ message }) => message ?? "").join("; "));
  return new GitHubFailure(graphqlCode(types), `Cannot ask GitHub for ${route}: ${text}`, { cause });
}

function graphqlCode(types: readonly (string | undefined)[]): FailureCode {
  // Without a type it is GitHub that failed: "Something went wrong while executing your query".
  if (types.includes(undefined)) return "GITHUB_UNAVAILABLE";
  if (types.includes("FORBIDDEN")) return "GITHUB_FORBIDDEN";
  return types.includes("NOT_FOUND") ? "GITHUB_NOT_FOUND" : "GITHUB_REFUSED";
}

/** Seconds to wait; undefined where the refusal has nothing to do with a limit. */
function limitOf(status: number, message: string, headers: Headers): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const retryAfter = headers["retry-after"];
  if (retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter)) return Math.max(Number(retryAfter), 1);
  if (headers["x-ratelimit-remaining"] === "0") return untilReset(headers);
  return status === 429 || /secondary rate limit|abuse/i.test(message) ? LIMIT_SECONDS : undefined;
}

/** By the server's clock on both sides, for ours may be wrong. */
function untilReset(headers: Headers): number {
  const seconds = Number(headers["x-ratelimit-reset"]) - Date.parse(headers.date ?? "") / 1000;
  return Number.isFinite(seconds) ? Math.max(Math.ceil(seconds), 1) : LIMIT_SECONDS;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= MESSAGE_CHARS_MAX ? line : `${line.slice(0, MESSAGE_CHARS_MAX)}…`;
}
