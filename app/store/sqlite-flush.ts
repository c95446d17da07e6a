import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Brings SQLite's write-ahead log to the disk, outside of the thread that everything else waits for. In WAL mode with
 * `synchronous=NORMAL` a commit is whole once its frames are there (sqlite.org/wal.html, section 2.2): what is lost
 * with the power is only what was not brought there yet, and nobody is told of that.
 */
export class WalFlush {
  readonly #path: string;
  #log: FileHandle | undefined;
  #running: Promise<void> | undefined;
  /** The one after it, which many may wait for. */
  #next: Promise<void> | undefined;

  constructor(databasePath: string) {
    this.#path = `${databasePath}-wal`;
  }

  /**
   * Resolves when all that was written until now is on the disk. Rejects for good once it could not be brought there:
   * a later try would say that all is well (wiki.postgresql.org/wiki/Fsync_Errors).
   */
  flush(): Promise<void> {
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => {});
    await this.#log?.close();
  }

  async #after(running: Promise<void> | undefined): Promise<void> {
    // What is asked for in this turn of the event loop belongs to it, too.
    await (running ?? Promise.resolve());
    this.#running = this.#next;
    this.#next = undefined;
    const log = this.#log ?? (await this.#open());
    await log.datasync();
  }

  /** For writing, which nothing does: Windows flushes no file that is open for reading alone. */
  async #open(): Promise<FileHandle> {
    this.#log = await open(this.#path, "r+");
    if (process.platform === "win32") return this.#log;
    // SQLite has just made the file, and nobody else brings its name to the disk.
    const folder = await open(dirname(this.#path), "r");
    await folder.sync().finally(() => folder.close());
    return this.#log;
  }
}
