import type { Place } from "./place.ts";

/**
 * The input or the world is at fault: a file that cannot be read, a revision that does not exist, a policy
 * that does not load. A demand that is not met is never an error; it is a `Finding`.
 */
export class GateError extends Error {
  /** Stable, upper case: tests and callers match the code, never the prose. */
  readonly code: string;
  readonly place?: Place;
  /** The one thing to do about it. */
  readonly fix?: string;

  constructor(code: string, message: string, detail: { place?: Place; fix?: string; cause?: unknown } = {}) {
    super(message, detail.cause === undefined ? {} : { cause: detail.cause });
    this.name = "GateError";
    this.code = code;
    if (detail.place !== undefined) this.place = detail.place;
    if (detail.fix !== undefined) this.fix = detail.fix;
  }
}
