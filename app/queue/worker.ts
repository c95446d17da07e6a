import { setTimeout as sleep } from "node:timers/promises";
import { GateError } from "../../gate/model/error.ts";
import { isFailure } from "../github/failure.ts";
import type { Log } from "../log.ts";
import type { Metrics, WorkOutcome } from "../metrics.ts";
import type { Inbox, InboxOptions, Work } from "../store/inbox.ts";
import { Alarm } from "./alarm.ts";
import { BACKOFF_FIRST_MS, backoffMs } from "./backoff.ts";

/**
 * Attempts, crashes among them, after which work is put aside: some three hours of failures. Work that was only there
 * when its process was killed for other reasons must not come to so many.
 */
export const ATTEMPTS_MAX = 24;

/** Deliveries of other processes, and those whose time has come, are found by looking. */
const POLL_MS = 1_000;
/** From the signal to end until the process ends without those who did not. */
const ABORT_GRACE_MS = 2_000;

/** Nobody is at fault and it passes: these do not count as attempts. */
const PASSING: ReadonlySet<string> = new Set(["TRAIL_LEADER_BUSY"]);

/**
 * Does all of the work, and may be asked to do it again: after a crash it is. `signal` says that the work is no longer
 * its own, or that the process ends; it should then reject, as soon as what it is about to do would change something.
 */
export type Handler = (work: Work, signal: AbortSignal) => Promise<void>;

export interface WorkerWorld {
  readonly inbox: Inbox;
  readonly handle: Handler;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "work">;
  readonly now: () => number;
}

export interface WorkerOptions extends InboxOptions {
  /** Keys that are worked on at a time. */
  readonly concurrency: number;
  readonly attemptsMax?: number;
  readonly pollMs?: number;
}

interface Running {
  readonly work: Work;
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** Takes keys out of the inbox and works on them, several at a time and each by itself. */
export class Worker {
  readonly #world: WorkerWorld;
  readonly #options: Required<WorkerOptions>;
  readonly #running = new Set<Running>();
  readonly #alarm = new Alarm();
  #isStopping = false;
  readonly #loop: Promise<void>;

  constructor(world: WorkerWorld, options: WorkerOptions) {
    this.#world = world;
    this.#options = { attemptsMax: ATTEMPTS_MAX, pollMs: POLL_MS, ...options };
    this.#loop = this.#run();
  }

  /** Says that something was received. */
  wake(): void {
    this.#alarm.ring(this.#options.quietMs);
  }

  /**
   * Takes nothing more and waits for what is being done, for `graceMs`; then tells it to end, and gives back what does.
   * What does not keeps its lease, which runs out.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#alarm.ring();
    await this.#loop;
    await this.#ended(graceMs);
    for (const { abort } of this.#running) abort.abort();
    await this.#ended(ABORT_GRACE_MS);
    for (const { work } of this.#running) this.#world.log.warn("Work did not end in time", { key: work.key });
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const isFull = this.#running.size >= this.#options.concurrency;
      const work = isFull ? undefined : await this.#take();
      if (work === undefined) await this.#alarm.sleep(this.#options.pollMs);
      else this.#start(work);
    }
  }

  async #take(): Promise<Work | undefined> {
    try {
      return await this.#world.inbox.take();
    } catch (cause) {
      // The store may be away for a while; whoever watches readiness knows, and the next look may find it.
      this.#world.log.error("Cannot look for work", {}, cause);
      return undefined;
    }
  }

  #start(work: Work): void {
    const abort = new AbortController();
    const running = { work, abort, ended: this.#workOn(work, abort) };
    this.#running.add(running);
    running.ended.finally(() => {
      this.#running.delete(running);
      this.#alarm.ring();
    });
  }

  /** Does the work, and settles it in the inbox. Never rejects. */
  async #workOn(work: Work, abort: AbortController): Promise<void> {
    const { metrics, log } = this.#world;
    const start = performance.now();
    const outcome = await this.#settle(work, abort).catch((cause: unknown): WorkOutcome => {
      if (!isCode(cause, "LEASE_LOST"))
        log.error("Cannot settle work: it will be done again", { key: work.key }, cause);
      return "lost";
    });
    const ms = performance.now() - start;
    metrics.work(outcome, ms);
    log.info("Work ended", { ...fieldsOf(work), reason: outcome, ms: Math.round(ms) });
  }

  async #settle(work: Work, abort: AbortController): Promise<WorkOutcome> {
    const { inbox, now } = this.#world;
    const cause = await this.#attempt(work, abort);
    if (cause === undefined) {
      await inbox.finish(work);
      return "done";
    }
    if (isCode(cause, "LEASE_LOST")) return "lost";
    const pauseMs = this.#pauseOf(cause, abort);
    if (pauseMs !== undefined) {
      await inbox.postpone(work, now() + pauseMs);
      return "postponed";
    }
    this.#world.log.error("Work failed", fieldsOf(work), cause);
    if (work.attempts + 1 >= this.#options.attemptsMax) {
      await inbox.bury(work, reasonOf(cause));
      return "buried";
    }
    await inbox.retry(work, now() + backoffMs(work.attempts));
    return "retried";
  }

  /** Why the work was not done; undefined if it was. */
  async #attempt(work: Work, abort: AbortController): Promise<unknown> {
    if (work.attempts >= this.#options.attemptsMax) return new GateError("WORK_CRASHES", crashes(work));
    const extending = this.#keepLease(work, abort);
    try {
      await this.#world.handle(work, abort.signal);
      return undefined;
    } catch (cause) {
      return cause ?? new GateError("WORK_FAILED", `Cannot do the work of ${work.key}: nobody says why`);
    } finally {
      clearInterval(extending);
    }
  }

  #keepLease(work: Work, abort: AbortController): NodeJS.Timeout {
    return setInterval(async () => {
      try {
        await this.#world.inbox.extend(work);
      } catch (cause) {
        // Any other failure may pass before the lease has run out.
        if (isCode(cause, "LEASE_LOST")) abort.abort(cause);
        this.#world.log.warn("Cannot prolong a lease", fieldsOf(work));
      }
    }, this.#options.leaseMs / 3);
  }

  /** How long to wait where the work is not at fault: as long as GitHub says, or until another process takes over. */
  #pauseOf(cause: unknown, abort: AbortController): number | undefined {
    if (abort.signal.aborted) return 0;
    if (isFailure(cause, "GITHUB_LIMITED")) return (cause.afterSeconds ?? 0) * 1000 + backoffMs(0);
    return cause instanceof GateError && PASSING.has(cause.code) ? BACKOFF_FIRST_MS : undefined;
  }

  /** Resolves when nothing is being done any more, after `ms` at the latest. */
  async #ended(ms: number): Promise<void> {
    const stop = new AbortController();
    const late = sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined);
    await Promise.race([Promise.all([...this.#running].map(({ ended }) => ended)), late]);
    stop.abort();
  }
}

function isCode(cause: unknown, code: string): boolean {
  return cause instanceof GateError && cause.code === code;
}

/** What a dead letter says of itself. A library's own words may quote what nobody should read. */
function reasonOf(cause: unknown): string {
  if (cause instanceof GateError) return `${cause.code}: ${cause.message}`.slice(0, 500);
  return cause instanceof Error ? cause.name : "UNEXPECTED";
}

function crashes({ key, attempts }: Work): string {
  return `Cannot do the work of ${key}: it was begun ${attempts} times and never ended`;
}

function fieldsOf({ key, deliveries, attempts }: Work) {
  const last = deliveries.at(-1);
  const delivery = last === undefined ? {} : { delivery: last.id, event: last.event };
  return { key, ...delivery, count: deliveries.length, attempt: attempts + 1 };
}
