import { GateError } from "../gate/model/error.ts";
import { LOG_LEVELS, type LogLevel } from "./config.ts";

/**
 * What may be said of a piece of work. There is no field for a body, a token, a file or a person's text, so none can be
 * logged by mistake.
 */
export interface LogFields {
  /** `X-GitHub-Delivery`. */
  readonly delivery?: string;
  readonly event?: string;
  readonly key?: string;
  readonly installation?: number;
  readonly repository?: number;
  readonly pull?: number;
  readonly head?: string;
  readonly policy?: string;
  readonly subject?: string;
  readonly verdict?: string;
  /** As its owner named it. */
  readonly environment?: string;
  /** What the trail says in its place. */
  readonly written?: string;
  readonly entry?: string;
  readonly attempt?: number;
  readonly count?: number;
  readonly status?: number;
  readonly ms?: number;
  /** For how long, or from when on: milliseconds. */
  readonly waitMs?: number;
  readonly reason?: string;
  readonly address?: string;
}

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `cause` is told by its code and message; of what is no error of ours, by its name and where it was thrown. */
  error(message: string, fields?: LogFields, cause?: unknown): void;
  /** The same log with these fields in every line. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Takes one line with its end. */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

const TEXT_CHARS_MAX = 500;
const STACK_LINES_MAX = 12;

/** A log of JSON lines. */
export function openLog(options: LogOptions, fields: LogFields = {}): Log {
  const { level: least, write = (line) => process.stdout.write(line), now = () => new Date() } = options;
  const say = (level: LogLevel, message: string, more: LogFields = {}, cause?: unknown) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
    const line = { time: now().toISOString(), level, message, ...fields, ...more, ...tellCause(cause) };
    write(`${JSON.stringify(line, cutText)}\n`);
  };
  return {
    debug: (message, more) => say("debug", message, more),
    info: (message, more) => say("info", message, more),
    warn: (message, more) => say("warn", message, more),
    error: (message, more, cause) => say("error", message, more, cause),
    with: (more) => openLog(options, { ...fields, ...more }),
  };
}

/**
 * Errors of libraries carry requests, tokens and payloads in fields of their own, and quote them in their messages:
 * of those the log says the class and the place alone.
 */
function tellCause(cause: unknown): object {
  if (cause === undefined) return {};
  if (cause instanceof GateError)
    return { code: cause.code, error: cause.message, ...tellOrigin(cause.cause) };
  return { code: "UNEXPECTED", ...tellOrigin(cause) };
}

function tellOrigin(cause: unknown): object {
  if (!(cause instanceof Error)) return {};
  const places = (cause.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return { cause: cause.name, at: places.slice(0, STACK_LINES_MAX).map((line) => line.trim()) };
}

function cutText(_name: string, value: unknown): unknown {
  return typeof value === "string" && value.length > TEXT_CHARS_MAX
    ? `${value.slice(0, TEXT_CHARS_MAX)}…`
    : value;
}
