/** Why GitHub did not do what it was asked. */
export type Failure =
  /** It was not done, and asking again would not help. */
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  /** It was not done; after `waitMs` it may be asked again. */
  | { readonly kind: "limited"; readonly waitMs: number; readonly message: string }
  /** It may have been done: the connection broke, the server failed, the answer cannot be read. */
  | { readonly kind: "unknown"; readonly message: string };

export class GitHubFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, { cause });
    this.name = "GitHubFailure";
    this.failure = failure;
  }
}

/** What GitHub asks for where a limit says nothing of its own. */
const LIMIT_WAIT_MS = 60_000;
const MESSAGE_CHARS_MAX = 200;

/** What an error of the client says. Its message is the server's text: show it escaped. */
export function toFailure(error: unknown): Failure {
  const { message = String(error), name, status, response } = (error ?? {}) as ClientError;
  const text = shorten(message);
  // GraphQL answers 200 and says in the body that it refuses.
  if (name === "GraphqlResponseError") return { kind: "refused", status: 200, message: text };
  // The client says 500 where no answer came at all.
  if (typeof status !== "number" || status >= 500) return { kind: "unknown", message: text };
  const waitMs = limitOf(status, message, response?.headers ?? {});
  if (waitMs !== undefined) return { kind: "limited", waitMs, message: text };
  if (status === 403 || status >= 400) return { kind: "refused", status, message: text };
  return { kind: "unknown", message: text };
}

/** Errors of @octokit/request and @octokit/graphql, as far as they are read. */
interface ClientError {
  readonly name?: string;
  readonly message?: string;
  readonly status?: number;
  readonly response?: { readonly headers?: Headers };
}

type Headers = Readonly<Record<string, string | undefined>>;

/** How long to wait; undefined where the refusal has nothing to do with a limit. */
function limitOf(status: number, message: string, headers: Headers): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const retryAfter = headers["retry-after"];
  if (retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  if (headers["x-ratelimit-remaining"] === "0") return untilReset(headers);
  return status === 429 || /secondary rate limit|abuse/i.test(message) ? LIMIT_WAIT_MS : undefined;
}

/** By the server's clock on both sides, for ours may be wrong. */
function untilReset(headers: Headers): number {
  const reset = Number(headers["x-ratelimit-reset"]) * 1000;
  const waitMs = reset - Date.parse(headers.date ?? "");
  return Number.isFinite(waitMs) ? Math.max(waitMs, 1000) : LIMIT_WAIT_MS;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= MESSAGE_CHARS_MAX ? line : `${line.slice(0, MESSAGE_CHARS_MAX)}…`;
}
