import type { Json } from "./description.ts";
import { problem, type Reply } from "./exchange.ts";

/** Something that goes wrong with a request that is right. */
export interface Fault {
  /**
   * Operation id; `graphql` and `git` for what is not in the description, `graphql pullRequest` for the documents that
   * ask for a field of that name.
   */
  readonly match: string;
  /** How many of the requests that match; 1 if absent. */
  readonly times?: number;
  /** Whether the server has done what was asked of it before it fails; `before` if absent. */
  readonly when?: "before" | "after";
  readonly effect: Effect;
}

export type Effect =
  | { readonly kind: "reply"; readonly reply: Reply }
  /** The connection is cut without an answer. */
  | { readonly kind: "reset" }
  | { readonly kind: "delay"; readonly ms: number }
  /** No answer for a while, and then the connection is cut. */
  | { readonly kind: "hang"; readonly ms: number }
  /** A read is answered as it was before the last write, if it was asked then and that is not long ago. */
  | { readonly kind: "stale" };

function reply(answer: Reply, headers: Readonly<Record<string, string>> = {}): Effect {
  return { kind: "reply", reply: { ...answer, headers } };
}

/** What a fork's pull request gets for every write. */
export function readOnly(): Effect {
  return reply(problem(403, "Resource not accessible by integration"));
}

export function locked(): Effect {
  return reply(problem(403, "Unable to create comment because issue is locked."));
}

/** `status` is 403 or 429; without `retryAfter` (seconds) the header is missing. */
export function secondaryLimit(retryAfter?: number, status = 403): Effect {
  const message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
  return reply(
    problem(status, message),
    retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
  );
}

/** `reset` is when the hour is over, in seconds since 1970. */
export function primaryLimit(reset: number): Effect {
  return reply(problem(403, "API rate limit exceeded for installation."), {
    "x-ratelimit-limit": "1000",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-used": "1000",
    "x-ratelimit-reset": String(reset),
  });
}

/** What a repository answers whose issues are switched off. */
export function issuesDisabled(): Effect {
  return reply(problem(410, "Issues has been disabled in this repository."));
}

export function serverError(status = 502): Effect {
  return reply(problem(status, "Server Error"));
}

/** What a proxy in between says. */
export function html(status = 503): Effect {
  const bytes = Buffer.from("<!DOCTYPE html><title>Unicorn!</title><p>::error::No server is available</p>");
  return reply({ status, raw: { contentType: "text/html; charset=utf-8", bytes } });
}

/** An answer that ends in the middle. */
export function cutJson(): Effect {
  const bytes = Buffer.from('[{"id": 1, "body": "');
  return reply({ status: 200, raw: { contentType: "application/json; charset=utf-8", bytes } });
}

/** An answer of another shape than was asked for. */
export function answer(status: number, json: Json): Effect {
  return reply({ status, json });
}

export const RESET: Effect = { kind: "reset" };

export function delay(ms: number): Effect {
  return { kind: "delay", ms };
}

export const STALE: Effect = { kind: "stale" };

export const HANG_MS = 500;

export function hang(ms = HANG_MS): Effect {
  return { kind: "hang", ms };
}
