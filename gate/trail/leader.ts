import { hostname } from "node:os";
import { join } from "node:path";
import { GateError } from "../model/error.ts";
import {
  createDurably,
  findFile,
  isCode,
  listFiles,
  parseOwnJson,
  removeDurably,
  writeDurably,
} from "./durable-file.ts";
import { fits, integer, type Of, oneOf, record, text } from "./shape.ts";

/** Longer than a flush with a slow signer and a minute of looking for a lost answer takes. */
export const LEASE_MS = 180_000;

/** Terms that are kept: a file's name is never used twice while anybody can remember it. */
const TERMS_KEPT = 8;
const TERM = /^[0-9]{12}$/;

const SHAPE = record({
  host: text(/^.{1,255}$/s, "a host"),
  pid: integer(1),
  /** Milliseconds since 1970. */
  until: integer(),
  released: oneOf(true, false),
});
type Term = Of<typeof SHAPE>;

/**
 * One leader for each trail on this machine. Each term has a number, and its file is created exactly once; who is not
 * the latest has been fenced off. The lease only spares work: that a trail never forks does not rest on it.
 */
export class Leader {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #term: number;

  private constructor(folder: string, now: () => number, term: number) {
    this.#folder = folder;
    this.#now = now;
    this.#term = term;
  }

  /** Begins a term. Rejects `TRAIL_LEADER_BUSY` while another's is running. */
  static async begin(folder: string, now: () => number): Promise<Leader> {
    const last = (await terms(folder)).at(-1) ?? 0;
    const current = await readTerm(folder, last);
    if (current !== undefined && isRunning(current, now())) throw busy(current);
    const leader = new Leader(folder, now, last + 1);
    if (!(await createDurably(pathOf(folder, last + 1), leader.#write(false)))) {
      throw busy(await readTerm(folder, last + 1));
    }
    await removeDurably(folder, (await terms(folder)).slice(0, -TERMS_KEPT).map(nameOf));
    return leader;
  }

  /** Rejects `TRAIL_FENCED` if a later term has begun; else prolongs this one. */
  async assertLeading(): Promise<void> {
    const last = (await terms(this.#folder)).at(-1);
    if (last !== this.#term) {
      throw new GateError(
        "TRAIL_FENCED",
        `Cannot write the trail: term ${this.#term} is over, term ${last} has begun`,
      );
    }
    await writeDurably(pathOf(this.#folder, this.#term), this.#write(false));
  }

  async end(): Promise<void> {
    await writeDurably(pathOf(this.#folder, this.#term), this.#write(true));
  }

  #write(released: boolean): Uint8Array {
    const term: Term = { host: hostname(), pid: process.pid, until: this.#now() + LEASE_MS, released };
    return Buffer.from(JSON.stringify(term), "utf8");
  }
}

async function terms(folder: string): Promise<readonly number[]> {
  return (await listFiles(folder)).filter((name) => TERM.test(name)).map(Number);
}

async function readTerm(folder: string, term: number): Promise<Term | undefined> {
  const path = pathOf(folder, term);
  const bytes = await findFile(path);
  if (bytes === undefined) return undefined;
  const value = parseOwnJson(bytes, path);
  if (fits(value, SHAPE)) return value;
  throw new GateError("TRAIL_JOURNAL_DAMAGED", `Cannot read ${path}: it is no term of a leader`);
}

function isRunning({ host, pid, until, released }: Term, now: number): boolean {
  if (released || until <= now) return false;
  // A process of this machine that is gone has no term left; of another machine nobody can tell.
  return host !== hostname() || isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return !isCode(cause, "ESRCH");
  }
}

function pathOf(folder: string, term: number): string {
  return join(folder, nameOf(term));
}

function nameOf(term: number): string {
  return String(term).padStart(12, "0");
}

function busy(term: Term | undefined): GateError {
  const who = term === undefined ? "another process" : `process ${term.pid} on ${term.host}`;
  return new GateError("TRAIL_LEADER_BUSY", `Cannot write the trail: ${who} is writing it`, {
    fix: "Wait for it to end",
  });
}
