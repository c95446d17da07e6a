import { availableParallelism } from "node:os";
import { extname } from "node:path";
import type { Worker } from "node:worker_threads";
import { bundlePath, TILE_WIDTH, tilePath } from "../tile.ts";
import type { BundleSummary } from "./entries.ts";
import type { Listing } from "./listing.ts";
import type { Task } from "./read-bundles.ts";

/** More threads than this wait for one another. */
const THREADS_MAX = 8;
/** Bundles below which each thread would be done before it is fast. */
const BUNDLES_MIN = 256;
/** Bundles that a thread is given at a time. */
const TASKS = 8;
/** Times that a thread is given some before it has answered: it never waits for the next. */
const TURNS = 2;
/** Summaries of 17 KB that are kept until their turn comes. */
const AHEAD_MAX = 1_024;

const SCRIPT = new URL(`read-bundles${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/** Where the bundles are, and which are wanted. */
export interface BundleRange {
  readonly gitFolder: string;
  readonly listing: Listing;
  readonly from: number;
  /** Behind the last. */
  readonly to: number;
  /** With fewer, there are no threads. */
  readonly min?: number;
}

type Answer = readonly (BundleSummary | undefined)[];

/**
 * Reads bundles on the other processors, ahead of who verifies them one after the other. It only ever saves work: a
 * bundle that it cannot vouch for, or does not come to, is read again in its place.
 */
export class BundleThreads {
  readonly #range: BundleRange;
  readonly #threads: readonly Thread[];
  readonly #summaries = new Map<number, Promise<BundleSummary | undefined>>();
  /** The next bundle that no thread was given. */
  #next: number;
  /** The last bundle that was asked for. */
  #taken: number;

  private constructor(range: BundleRange, threads: readonly Thread[]) {
    this.#range = range;
    this.#threads = threads;
    this.#next = range.from;
    this.#taken = range.from;
    this.#feed();
  }

  /** Undefined where threads would not help: few bundles, or one processor. */
  static async start(
    range: BundleRange,
    count = Math.min(availableParallelism(), THREADS_MAX),
  ): Promise<BundleThreads | undefined> {
    if (range.to - range.from < (range.min ?? BUNDLES_MIN) || count < 2) return undefined;
    const { Worker } = await import("node:worker_threads");
    const start = () => new Thread(new Worker(SCRIPT, { workerData: range.gitFolder }));
    return new BundleThreads(range, Array.from({ length: count }, start));
  }

  /** What the bundle comes to; undefined if it has to be read here. Bundles are asked for in rising order. */
  async take(index: number): Promise<BundleSummary | undefined> {
    this.#taken = index;
    this.#feed();
    const summary = await this.#summaries.get(index);
    this.#summaries.delete(index);
    return summary;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  #feed(): void {
    const end = Math.min(this.#range.to, this.#taken + AHEAD_MAX);
    for (const thread of this.#threads) {
      while (thread.isFree && this.#next < end) this.#give(thread, Math.min(this.#next + TASKS, end));
    }
  }

  #give(thread: Thread, end: number): void {
    const { listing } = this.#range;
    const tasks: Task[] = [];
    for (; this.#next < end; this.#next++) {
      const index = this.#next;
      const bundle = listing.get(bundlePath(index));
      const tile = listing.get(tilePath({ level: 0, index, width: TILE_WIDTH }));
      if (bundle !== undefined && tile !== undefined) tasks.push({ index, bundle, tile });
    }
    const answer = thread.read(tasks);
    for (const [at, { index }] of tasks.entries()) {
      this.#summaries.set(
        index,
        answer.then((summaries) => summaries[at]),
      );
    }
    answer.then(() => this.#feed());
  }
}

/** One thread, and who waits for its answers: it gives them in the order of the questions. */
class Thread {
  readonly #worker: Worker;
  readonly #exit: Promise<void>;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  #isOver = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (answer: Answer) => this.#waiting.shift()?.(answer));
    // A thread that fails ends, and what it was given is read elsewhere.
    worker.on("error", () => {});
    this.#exit = new Promise((resolve) => {
      worker.once("exit", () => {
        this.#isOver = true;
        for (const answer of this.#waiting.splice(0)) answer([]);
        resolve();
      });
    });
  }

  get isFree(): boolean {
    return !this.#isOver && this.#waiting.length < TURNS;
  }

  read(tasks: readonly Task[]): Promise<Answer> {
    this.#worker.postMessage(tasks);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async end(): Promise<void> {
    this.#worker.postMessage(undefined);
    await this.#exit;
  }
}
