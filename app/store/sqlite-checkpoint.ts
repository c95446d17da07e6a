import { Worker } from "node:worker_threads";

/** Of the log while others write to it; what came meanwhile is then little enough for nobody to write beside. */
const PASSES = 2;

const SCRIPT = new URL("./sqlite-checkpoint-thread.ts", import.meta.url);

/**
 * Copies SQLite's write-ahead log to where it belongs, in a thread of its own: 32 MB take longer than anybody may wait.
 * SQLite begins the log anew once all of it was copied (sqlite.org/wal.html, section 2.2), which it never is while
 * others go on to write. So the most is copied beside them, and the rest when they wait for `finish`.
 */
export class WalCheckpoint {
  readonly #path: string;
  #thread: Thread | undefined;
  #running: Promise<void> | undefined;
  #isNearlyDone = false;

  constructor(databasePath: string) {
    this.#path = databasePath;
  }

  /** Begins to copy, unless that is being done. */
  start(): void {
    this.#running ??= this.#copyMost();
  }

  /** Resolves at once as long as there is much left. Otherwise nobody may write until it does. */
  async finish(): Promise<void> {
    if (!this.#isNearlyDone) return;
    await this.#thread?.copy();
    this.#isNearlyDone = false;
    this.#running = undefined;
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#thread?.end();
  }

  async #copyMost(): Promise<void> {
    this.#thread ??= new Thread(this.#path, () => {
      this.#thread = undefined;
    });
    for (let pass = 0; pass < PASSES; pass++) await this.#thread?.copy();
    this.#isNearlyDone = true;
  }
}

/**
 * The thread, as far as it lives: where SQLite refuses, it ends. Nothing is lost then, for what was not copied stays in
 * the log, and all of that is copied again by the thread that is started next.
 */
class Thread {
  readonly #worker: Worker;
  readonly #exit: Promise<void>;
  #done: () => void = () => {};
  #isOver = false;

  constructor(databasePath: string, onExit: () => void) {
    this.#worker = new Worker(SCRIPT, { workerData: databasePath });
    this.#worker.unref();
    this.#worker.on("message", () => this.#done());
    this.#worker.on("error", () => {});
    this.#exit = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#isOver = true;
        onExit();
        this.#done();
        resolve();
      });
    });
  }

  /** Resolves when all is copied that was in the log, or when that is not to be. */
  async copy(): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#worker.postMessage(true);
    });
  }

  async end(): Promise<void> {
    this.#worker.postMessage(false);
    await this.#exit;
  }
}
