import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { GateError } from "../../gate/model/error.ts";
import { type Database, integerOf, type Row, type Sql, type Value } from "./database.ts";
import { WalCheckpoint } from "./sqlite-checkpoint.ts";
import { WalFlush } from "./sqlite-flush.ts";

/** Transactions that are committed together. */
const GROUP_MAX = 256;

/** A webhook's payload is some 20 KB: pages of 4 KB are a third slower, and in larger ones too much stays empty. */
const PAGE_BYTES = 8_192;
/** 32 MB of log, from which on it is copied to where it belongs: with 8 MB an eighth less is kept a second. */
const CHECKPOINT_PAGES = 4_000;
/** Groups from one look at the length of the log to the next. */
const LOOK_GROUPS = 16;
/** For another program that reads the file; nobody else may write to it. */
const BUSY_MS = 1_000;

interface Waiting {
  /** Runs what was asked for; gives what tells of it, once it is on the disk. */
  readonly run: () => Promise<() => void>;
  readonly reject: (cause: unknown) => void;
  readonly undo: Undo;
}

/**
 * What takes back one that fails while the others of its group do not: a savepoint, SQLite itself where it is a single
 * statement (sqlite.org/lang_conflict.html, ABORT), or nothing, for then the store fails and all of the group.
 */
type Undo = "savepoint" | "statement" | "none";

/**
 * A SQLite file of this process alone. Transactions that are asked for at the same time are committed together. Waiting
 * for the disk takes longer than all else, and is not done here: while one group is brought there, the next is
 * committed, and each resolves when all that it saw is on the disk.
 */
export class SqliteDatabase implements Database {
  readonly #path: string;
  readonly #database: DatabaseSync;
  /** Open as long as the file is this process's. */
  readonly #lock: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #flush: WalFlush;
  readonly #checkpoint: WalCheckpoint;
  readonly #sql: Sql = { query: async (text, values = []) => this.#run(text, values) };
  #waiting: Waiting[] = [];
  /** Rows changed since the file was opened, as of the last group. */
  #changes = 0;
  #groups = 0;
  /** Resolves when all that was committed is on the disk. */
  #flushed: Promise<void> = Promise.resolve();
  #working: Promise<void> | undefined;

  private constructor(path: string, database: DatabaseSync, lock: DatabaseSync) {
    this.#path = path;
    this.#database = database;
    this.#lock = lock;
    this.#flush = new WalFlush(path);
    this.#checkpoint = new WalCheckpoint(path);
  }

  /**
   * The database in a file, brought up to the newest of `versions`, each a script that leads there from the one before;
   * then `start` is run, which may count on being the only process. Throws `STORE_LOCKED` while another process has
   * the file, `STORE_NEWER`, `STORE_UNAVAILABLE`.
   */
  static open(path: string, versions: readonly string[], start = ""): SqliteDatabase {
    const lock = takeLock(path);
    let database: DatabaseSync | undefined;
    try {
      database = openFile(path);
      configure(database);
      migrate(database, path, versions);
      database.exec(start);
      // From here on what is committed is brought to the disk by `WalFlush`.
      database.exec("PRAGMA synchronous = NORMAL");
    } catch (cause) {
      database?.close();
      lock.close();
      throw cause instanceof GateError ? cause : unavailable(path, cause);
    }
    return new SqliteDatabase(path, database, lock);
  }

  query(text: string, values?: readonly Value[]): Promise<readonly Row[]> {
    return this.#ask((sql) => sql.query(text, values), "statement");
  }

  transaction<T>(body: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#ask(body, "savepoint");
  }

  /**
   * A transaction whose body fails only where the store does, and then with all that was to be committed beside it: it
   * is spared its savepoint, which keeps a copy of every page that is changed after it.
   */
  append<T>(body: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#ask(body, "none");
  }

  #ask<T>(body: (sql: Sql) => Promise<T>, undo: Undo): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = async () => {
        const value = await body(this.#sql);
        return () => resolve(value);
      };
      this.#waiting.push({ run, reject, undo });
      // At the end of this turn of the event loop: whatever it brings goes into one group.
      this.#working ??= new Promise((done) => {
        setImmediate(() => done(this.#work()));
      });
    });
  }

  /** Waits for what was asked for, then lets another process have the file. */
  async close(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    await this.#flush.close();
    await this.#checkpoint.close();
    this.#database.close();
    this.#lock.close();
  }

  async #work(): Promise<void> {
    await this.#checkpoint.finish();
    const group = this.#waiting.slice(0, GROUP_MAX);
    this.#waiting = this.#waiting.slice(GROUP_MAX);
    await this.#commitTogether(group);
    this.#working = this.#waiting.length === 0 ? undefined : nextTurn().then(() => this.#work());
  }

  async #commitTogether(group: readonly Waiting[]): Promise<void> {
    const settlements: (() => void)[] = [];
    let changes: number;
    try {
      this.#groups += 1;
      if (this.#groups % LOOK_GROUPS === 0 && this.#isLogLong()) this.#checkpoint.start();
      this.#database.exec("BEGIN IMMEDIATE");
      for (const waiting of group) settlements.push(await this.#attempt(waiting));
      changes = this.#countChanges();
      this.#database.exec("COMMIT");
    } catch (cause) {
      const error = cause instanceof GateError ? cause : unavailable(this.#path, cause);
      for (const { reject } of group) reject(error);
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      return;
    }
    if (changes !== this.#changes) this.#flushed = this.#flush.flush();
    this.#changes = changes;
    // Who only read waits as well, for what it saw may not be on the disk yet.
    this.#flushed.then(
      () => {
        for (const settle of settlements) settle();
      },
      (cause: unknown) => {
        for (const { reject } of group) reject(unavailable(this.#path, cause));
      },
    );
  }

  #countChanges(): number {
    const [row = {}] = this.#run("SELECT total_changes() AS changes", []);
    return integerOf(row, "changes");
  }

  #isLogLong(): boolean {
    // Only asks. Versions before 3.51 copy what can be copied, which is no mistake either.
    const [row = {}] = this.#run("PRAGMA wal_checkpoint(NOOP)", []);
    return integerOf(row, "log") - integerOf(row, "checkpointed") >= CHECKPOINT_PAGES;
  }

  async #attempt({ run, reject, undo }: Waiting): Promise<() => void> {
    const isSaved = undo === "savepoint";
    if (isSaved) this.#run("SAVEPOINT attempt", []);
    try {
      const settle = await run();
      if (isSaved) this.#run("RELEASE attempt", []);
      return settle;
    } catch (cause) {
      // A full disk ends the whole transaction, and then there is nothing to go back to.
      if (undo === "none" || !this.#database.isTransaction) throw cause;
      if (isSaved) this.#database.exec("ROLLBACK TO attempt; RELEASE attempt");
      return () => reject(cause);
    }
  }

  #run(text: string, values: readonly Value[]): Row[] {
    try {
      return this.#prepare(text).all(...values);
    } catch (cause) {
      throw unavailable(this.#path, cause);
    }
  }

  #prepare(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(text.replaceAll(/\$([0-9]+)/g, "?$1"));
    this.#statements.set(text, statement);
    return statement;
  }
}

function openFile(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return new DatabaseSync(path, { timeout: 0 });
  } catch (cause) {
    throw unavailable(path, cause);
  }
}

/**
 * Takes the file for this process, until it ends however it ends: SQLite holds a lock of the operating system. It is
 * that of a file beside it, for with a lock on the file itself no thread of this process could open it either.
 */
function takeLock(path: string): DatabaseSync {
  const lock = openFile(`${path}-lock`);
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = 1");
    prepareAlone(path);
    return lock;
  } catch (cause) {
    lock.close();
    if (cause instanceof GateError) throw cause;
    throw isBusy(cause) ? locked(path, cause) : unavailable(path, cause);
  }
}

/** For as long as this takes the file itself is locked, which nobody can who is not alone: a lock beside it can be deleted. */
function prepareAlone(path: string): void {
  const database = openFile(path);
  try {
    database.exec(`
      PRAGMA page_size = ${PAGE_BYTES};
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      BEGIN IMMEDIATE;
      COMMIT;
    `);
  } finally {
    database.close();
  }
}

/** With `synchronous=FULL` a commit is on the disk when it returns, in WAL mode too. */
function configure(database: DatabaseSync): void {
  database.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = ON;
    PRAGMA busy_timeout = ${BUSY_MS};
  `);
}

function locked(path: string, cause: unknown): GateError {
  return new GateError("STORE_LOCKED", `Cannot open ${path}: another process has it open`, {
    fix: "Stop the other process, or give this one a folder of its own; several instances need PostgreSQL",
    cause,
  });
}

function migrate(database: DatabaseSync, path: string, versions: readonly string[]): void {
  const version = integerOf(database.prepare("PRAGMA user_version").get() ?? {}, "user_version");
  if (version > versions.length) {
    throw new GateError(
      "STORE_NEWER",
      `Cannot open ${path}: version ${version}, expected ${versions.length}`,
      {
        fix: "Start the newer Weighbridge that wrote it",
      },
    );
  }
  for (const [at, script] of versions.entries()) {
    if (at < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${script}; PRAGMA user_version = ${at + 1}; COMMIT;`);
  }
}

const SQLITE_BUSY = 5;

function isBusy(cause: unknown): boolean {
  // The low byte is the kind of error, what is above it a detail.
  return (
    cause instanceof Error &&
    "errcode" in cause &&
    typeof cause.errcode === "number" &&
    (cause.errcode & 0xff) === SQLITE_BUSY
  );
}

function unavailable(path: string, cause: unknown): GateError {
  const state = cause instanceof Error ? cause.message : String(cause);
  return new GateError("STORE_UNAVAILABLE", `Cannot use ${path}: ${state}`, { cause });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
