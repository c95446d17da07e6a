import { type Clock, type Db, type JobInsert, PgBoss, policies } from "pg-boss";

import { GateError } from "../../gate/model/error.ts";
import { type Database, integerOf, type Row, type Sql, type Value } from "./database.ts";
import { Slots } from "./slots.ts";

type TransactionHandle = Awaited<ReturnType<NonNullable<Db["beginTransaction"]>>>;

/** Our own tables, beside pg-boss's in `pgboss`. */
const SCHEMA = "weighbridge";
/** Any number that no other program here takes for the same: two processes must not create tables at once. */
const MIGRATION_LOCK = 0x77_65_69_67;

/** One queue holds all deliveries. */
const QUEUE = "deliveries";

const YEAR_SECONDS = 365 * 24 * 3_600;
/** pg-boss ends what was begun longer ago than this, whoever still works on it. A day is its most. */
const WORK_SECONDS_MAX = 23 * 3_600;
/** How often it looks for leases that have run out. */
const SUPERVISE_SECONDS = 5;
/** Connections of this process, and how many of them transactions may hold: pg-boss needs some for itself. */
const CONNECTIONS_MAX = 16;
const TRANSACTIONS_MAX = 12;
const CONNECT_TIMEOUT_MS = 5_000;

export interface PostgresOptions {
  readonly versions: readonly string[];
  readonly leaseMs: number;
  /** Told of what goes wrong while nobody waits for it. */
  readonly onError: (cause: unknown) => void;
  /** Of pg-boss and its tables; the real one if absent. */
  readonly clock?: Clock;
}

/** PostgreSQL through the connections of pg-boss, which also keeps the queue. */
export class PostgresDatabase implements Database {
  readonly #boss: PgBoss;
  readonly #db: Db;
  readonly #slots = new Slots(TRANSACTIONS_MAX);

  private constructor(boss: PgBoss) {
    this.#boss = boss;
    this.#db = boss.getDb();
  }

  /** The database, brought up to the newest of `versions`. Rejects `STORE_UNAVAILABLE`, `STORE_NEWER`. */
  static async open(
    url: string,
    { versions, leaseMs, onError, clock }: PostgresOptions,
  ): Promise<PostgresDatabase> {
    const boss = new PgBoss({
      connectionString: url,
      application_name: "weighbridge",
      options: `-c search_path=${SCHEMA}`,
      max: CONNECTIONS_MAX,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      schedule: false,
      superviseIntervalSeconds: SUPERVISE_SECONDS,
      monitorIntervalSeconds: SUPERVISE_SECONDS,
      ...(clock === undefined ? {} : { clock }),
    });
    boss.on("error", onError);
    await guarded(async () => boss.start());
    const database = new PostgresDatabase(boss);
    try {
      await migrate(database, versions);
      await openQueue(boss, leaseMs);
    } catch (cause) {
      await database.close();
      throw cause;
    }
    return database;
  }

  query(text: string, values: readonly Value[] = []): Promise<readonly Row[]> {
    return this.#slots.run(() => run(this.#db, text, values));
  }

  transaction<T>(body: (sql: Sql) => Promise<T>): Promise<T> {
    return this.withBoss((sql) => body(sql));
  }

  /** A transaction that pg-boss takes part in. */
  withBoss<T>(body: (sql: Sql, boss: Boss) => Promise<T>): Promise<T> {
    return this.#slots.run(async () => {
      const transaction = await this.#begin();
      const { db } = transaction;
      try {
        const sql: Sql = { query: (text, values = []) => run(db, text, values) };
        const value = await body(sql, within(this.#boss, db));
        await guarded(() => transaction.commit());
        return value;
      } catch (cause) {
        await transaction.rollback();
        throw cause;
      }
    });
  }

  #begin(): Promise<TransactionHandle> {
    return guarded(async () => {
      const transaction = await this.#db.beginTransaction?.();
      if (transaction === undefined) throw new TypeError("This pg-boss has no transactions");
      return transaction;
    });
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: false });
  }
}

/** What of pg-boss is used, in one transaction. */
export interface Boss {
  insert(jobs: readonly JobInsert[]): Promise<void>;
  /** The next job, now ours. */
  fetch(): Promise<string | undefined>;
  isActive(job: string): Promise<boolean>;
  touch(job: string): Promise<void>;
  /** Gives an active job back; it is next again from `due` on, and none of its key before it. */
  retry(job: string, due: Date): Promise<void>;
  remove(jobs: readonly string[]): Promise<void>;
}

function within(boss: PgBoss, db: Db): Boss {
  return {
    insert: (jobs) =>
      guarded(async () => {
        await boss.insert(QUEUE, [...jobs], { db });
      }),
    fetch: () => guarded(async () => (await boss.fetch(QUEUE, { db }))[0]?.id),
    isActive: (id) => guarded(async () => (await boss.findJobs(QUEUE, { id, db }))[0]?.state === "active"),
    touch: (job) =>
      guarded(async () => {
        await boss.touch(QUEUE, job, { db });
      }),
    retry: (id, due) =>
      guarded(async () => {
        await boss.fail(QUEUE, id, null, { db });
        await boss.update(QUEUE, undefined, { id, startAfter: due, db });
      }),
    remove: (jobs) =>
      guarded(async () => {
        await boss.deleteJob(QUEUE, [...jobs], { db });
      }),
  };
}

function run(db: Db, text: string, values: readonly Value[]): Promise<readonly Row[]> {
  return guarded(async () => (await db.executeSql(text, values.map(withoutNul))).rows);
}

/** PostgreSQL has no character 0 in a text. */
function withoutNul(value: Value): Value {
  return typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;
}

async function migrate(database: PostgresDatabase, versions: readonly string[]): Promise<void> {
  await database.transaction(async (sql) => {
    await sql.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    // IF NOT EXISTS would ask what this session remembers, from before another made it.
    const made = await sql.query("SELECT 1 AS made FROM pg_namespace WHERE nspname = $1", [SCHEMA]);
    if (made.length === 0) await sql.query(`CREATE SCHEMA ${SCHEMA}`);
    await sql.query("CREATE TABLE IF NOT EXISTS version (version BIGINT NOT NULL)");
    const [row] = await sql.query("SELECT max(version) AS version FROM version");
    const version = row?.version === null ? 0 : integerOf(row!, "version");
    if (version > versions.length) {
      throw new GateError(
        "STORE_NEWER",
        `Cannot use the database: version ${version}, expected ${versions.length}`,
        { fix: "Start the newer Weighbridge that wrote it" },
      );
    }
    for (const [at, script] of versions.entries()) {
      if (at < version) continue;
      await sql.query(script);
      await sql.query("INSERT INTO version (version) VALUES ($1)", [at + 1]);
    }
  });
}

/**
 * Of each key one job at most is being done or waits to be done again, and until then nothing else of the key is: that
 * is what the policy means, and an index of pg-boss makes it true for all processes. Nothing is given up by pg-boss
 * itself, neither for age nor for failures: that is the worker's to say.
 */
async function openQueue(boss: PgBoss, leaseMs: number): Promise<void> {
  const options = {
    heartbeatSeconds: Math.ceil(leaseMs / 1000),
    expireInSeconds: WORK_SECONDS_MAX,
    retryLimit: 1_000_000,
    retryDelay: 0,
    retentionSeconds: 50 * YEAR_SECONDS,
  };
  await boss.createQueue(QUEUE, { policy: policies.key_strict_fifo, ...options });
  await boss.updateQueue(QUEUE, options);
  // pg-boss reads of the queue when it is first asked: now, and not while transactions hold all connections.
  await boss.findJobs(QUEUE, { id: "00000000-0000-0000-0000-000000000000" });
}

/** Runs what talks to the database. Its errors say what kind of thing failed, and nothing of what was written. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof GateError) throw cause;
    // The SQLSTATE of PostgreSQL, or what the system calls a broken connection.
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no connection";
    throw new GateError("STORE_UNAVAILABLE", `Cannot use the database: ${code}`, { cause });
  }
}
