import { readFileSync, statSync } from "node:fs";
import { GateError } from "../gate/model/error.ts";

/** The event that started the run: its name, and the payload as GitHub delivered it. */
export interface Event {
  readonly name: string;
  readonly payload: unknown;
  /** Number of the pull request that the event is about. */
  readonly pull?: number;
}

export interface Revisions {
  readonly base: string;
  readonly head: string;
}

/** GitHub does not deliver more. */
const EVENT_BYTES_MAX = 25_000_000;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const ZERO = /^0+$/;

/** The event. Throws `RUN_EVENT` where the file cannot be read as one. */
export function readEvent(name: string, file: string): Event {
  const payload = parsePayload(readPayload(file));
  if (!isPullRequest(name)) return { name, payload };
  const pull = memberAt(payload, ["pull_request", "number"]);
  if (typeof pull !== "number" || !Number.isSafeInteger(pull) || pull < 1) {
    throw unreadable(name, "pull_request.number is no number");
  }
  return { name, payload, pull };
}

/**
 * What an event asks to compare. Never `GITHUB_SHA` of a pull request: that is a merge which GitHub made for the
 * test and which no branch will ever hold. Throws `RUN_EVENT` for events that change nothing.
 */
export function toChange(event: Event, sha: string | undefined): Revisions {
  switch (event.name) {
    case "pull_request":
    // The same commits, read as data: what this event grants must never meet a checkout of the head.
    case "pull_request_target":
      return {
        base: commitAt(event, ["pull_request", "base", "sha"]),
        head: commitAt(event, ["pull_request", "head", "sha"]),
      };
    case "merge_group":
      return {
        base: commitAt(event, ["merge_group", "base_sha"]),
        head: commitAt(event, ["merge_group", "head_sha"]),
      };
    case "push":
      return toPushed(event);
    case "workflow_dispatch":
      return toDispatched(event, sha);
    default:
      throw new GateError("RUN_EVENT", `Cannot tell what to compare: the event is ${event.name}`, {
        fix: 'Give the step the inputs "base" and "head", or run it on pull_request, merge_group, push or workflow_dispatch',
      });
  }
}

/** The base of an event that has one: its commit, and the branch that it is the tip of. */
export interface EventBase {
  readonly commit: string;
  /** As `main`. */
  readonly branch: string;
}

/**
 * Where the change of the event wants to enter; undefined for an event that names no such place. Throws `RUN_EVENT`
 * where the payload does not say it.
 */
export function baseOf(event: Event): EventBase | undefined {
  if (isPullRequest(event.name)) {
    return {
      commit: commitAt(event, ["pull_request", "base", "sha"]),
      branch: textAt(event, ["pull_request", "base", "ref"]),
    };
  }
  if (event.name !== "merge_group") return undefined;
  return {
    commit: commitAt(event, ["merge_group", "base_sha"]),
    branch: branchName(textAt(event, ["merge_group", "base_ref"])),
  };
}

/** `main` of `refs/heads/main` */
export function branchName(reference: string): string {
  return reference.replace(/^refs\/heads\//, "");
}

function toPushed(event: Event): Revisions {
  const head = commitAt(event, ["after"]);
  if (ZERO.test(head)) {
    throw new GateError(
      "RUN_EVENT",
      "Cannot judge the push: it deletes the branch, nothing is left to judge",
    );
  }
  const before = commitAt(event, ["before"]);
  // A new branch or tag: all that it adds to the default branch.
  return { base: ZERO.test(before) ? defaultBranch(event) : before, head };
}

function toDispatched(event: Event, sha: string | undefined): Revisions {
  if (sha === undefined || !COMMIT.test(sha)) throw unreadable(event.name, "GITHUB_SHA is no commit id");
  return { base: defaultBranch(event), head: sha };
}

function isPullRequest(name: string): boolean {
  return name === "pull_request" || name === "pull_request_target";
}

function defaultBranch(event: Event): string {
  return textAt(event, ["repository", "default_branch"]);
}

function textAt(event: Event, path: readonly string[]): string {
  const text = memberAt(event.payload, path);
  if (typeof text !== "string" || text === "") throw unreadable(event.name, `${path.join(".")} is missing`);
  return text;
}

function commitAt(event: Event, path: readonly string[]): string {
  const text = memberAt(event.payload, path);
  if (typeof text !== "string" || !COMMIT.test(text)) {
    throw unreadable(event.name, `${path.join(".")} is no commit id`);
  }
  return text;
}

function memberAt(payload: unknown, path: readonly string[]): unknown {
  let value = payload;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function readPayload(file: string): string {
  try {
    const { size } = statSync(file);
    if (size <= EVENT_BYTES_MAX) return readFileSync(file, "utf8");
  } catch (cause) {
    throw new GateError("RUN_EVENT", `Cannot read the event: no file at GITHUB_EVENT_PATH ${file}`, {
      cause,
    });
  }
  throw new GateError("RUN_EVENT", `Cannot read the event: more than ${EVENT_BYTES_MAX} bytes`);
}

function parsePayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GateError("RUN_EVENT", "Cannot read the event: GITHUB_EVENT_PATH is not JSON", { cause });
  }
}

function unreadable(name: string, state: string): GateError {
  return new GateError("RUN_EVENT", `Cannot read the event ${name}: ${state}`);
}
