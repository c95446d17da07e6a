import { randomUUID } from "node:crypto";
import { findInteger, integerOf, type Row, type Sql, textOf } from "./database.ts";
import { toDeadLetter, toDelivery, toDepth } from "./delivery-row.ts";
import {
  DEAD_LETTERS_MAX,
  type DeadLetter,
  type Delivery,
  type Depth,
  type Inbox,
  type InboxOptions,
  leaseLost,
  WORK_BYTES_MAX,
  WORK_DELIVERIES_MAX,
  type Work,
} from "./inbox.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/**
 * `line` has a row for each key that anything waits under, with the lease on it. `blocked_until` is the end of the
 * lease, or of the pause after a failure: a lease that nobody ends runs out by itself. `waits_since` is when the first
 * delivery of the key was due.
 */
export const INBOX_SCHEMA = `
  CREATE TABLE known (id TEXT PRIMARY KEY, finished_at INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX known_finished ON known (finished_at) WHERE finished_at IS NOT NULL;
  CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    key TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    due INTEGER NOT NULL,
    payload TEXT NOT NULL
  ) STRICT;
  CREATE INDEX delivery_key ON delivery (key, seq);
  CREATE TABLE line (
    key TEXT PRIMARY KEY,
    waits_since INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    lease TEXT,
    attempts INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX line_waits_since ON line (waits_since);
  CREATE TABLE dead (
    id TEXT PRIMARY KEY,
    event TEXT NOT NULL,
    key TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    payload TEXT NOT NULL,
    reason TEXT NOT NULL,
    buried_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX dead_buried_at ON dead (buried_at);
`;

/** Whoever held a lease is gone: what it was doing goes on at once, and counts as tried. */
export const INBOX_START = "UPDATE line SET lease = NULL, blocked_until = 0 WHERE lease IS NOT NULL";

/** The inbox in the SQLite file of this process. */
export class SqliteInbox implements Inbox {
  readonly #database: SqliteDatabase;
  readonly #options: InboxOptions;
  readonly #now: () => number;

  constructor(database: SqliteDatabase, options: InboxOptions, now: () => number) {
    this.#database = database;
    this.#options = options;
    this.#now = now;
  }

  receive(delivery: Delivery): Promise<boolean> {
    return this.#database.append(async (sql) => {
      const added = await sql.query(
        "INSERT INTO known (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id",
        [delivery.id],
      );
      if (added.length === 0) return false;
      await putInLine(sql, delivery);
      return true;
    });
  }

  async note(id: string): Promise<void> {
    await this.#database.query("INSERT INTO known (id, finished_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
      id,
      this.#now(),
    ]);
  }

  take(): Promise<Work | undefined> {
    const now = this.#now();
    return this.#database.transaction(async (sql) => {
      const [line] = await sql.query(
        `SELECT key, attempts FROM line WHERE waits_since <= $1 AND blocked_until <= $2
         ORDER BY waits_since LIMIT 1`,
        [now - this.#options.quietMs, now],
      );
      if (line === undefined) return undefined;
      const lease = randomUUID();
      const key = textOf(line, "key");
      await sql.query(
        "UPDATE line SET lease = $2, blocked_until = $3, attempts = attempts + 1 WHERE key = $1",
        [key, lease, now + this.#options.leaseMs],
      );
      const deliveries = await readDeliveries(sql, key, now);
      return { key, deliveries, attempts: integerOf(line, "attempts"), lease };
    });
  }

  extend(work: Work): Promise<void> {
    const now = this.#now();
    return this.#withLease(work, async (sql, line) => {
      if (integerOf(line, "blocked_until") <= now) throw leaseLost(work);
      await sql.query("UPDATE line SET blocked_until = $2 WHERE key = $1", [
        work.key,
        now + this.#options.leaseMs,
      ]);
    });
  }

  finish(work: Work): Promise<void> {
    return this.#withLease(work, async (sql) => {
      for (const { id } of work.deliveries) {
        await sql.query("UPDATE known SET finished_at = $2 WHERE id = $1", [id, this.#now()]);
      }
      await clear(sql, work);
    });
  }

  retry(work: Work, due: number): Promise<void> {
    return this.#withLease(work, async (sql) => {
      await sql.query("UPDATE line SET lease = NULL, blocked_until = $2 WHERE key = $1", [work.key, due]);
    });
  }

  postpone(work: Work, due: number): Promise<void> {
    return this.#withLease(work, async (sql) => {
      await sql.query(
        "UPDATE line SET lease = NULL, blocked_until = $2, attempts = attempts - 1 WHERE key = $1",
        [work.key, due],
      );
    });
  }

  bury(work: Work, reason: string): Promise<void> {
    return this.#withLease(work, async (sql) => {
      for (const seq of await placesOf(sql, work)) {
        await sql.query(
          `INSERT INTO dead (id, event, key, received_at, payload, reason, buried_at)
           SELECT id, event, key, received_at, payload, $2, $3 FROM delivery WHERE seq = $1`,
          [seq, reason, this.#now()],
        );
      }
      await clear(sql, work);
    });
  }

  async dead(): Promise<readonly DeadLetter[]> {
    const rows = await this.#database.query(
      `SELECT id, event, key, received_at, reason, buried_at FROM dead
       ORDER BY buried_at DESC, id LIMIT ${DEAD_LETTERS_MAX}`,
    );
    return rows.map(toDeadLetter);
  }

  revive(id: string): Promise<boolean> {
    return this.#database.transaction(async (sql) => {
      const [row] = await sql.query(
        "DELETE FROM dead WHERE id = $1 RETURNING id, event, key, received_at, received_at AS due, payload",
        [id],
      );
      if (row === undefined) return false;
      await sql.query("UPDATE known SET finished_at = NULL WHERE id = $1", [id]);
      await putInLine(sql, toDelivery(row));
      return true;
    });
  }

  known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#database.transaction(async (sql) => {
      const found = new Set<string>();
      for (const id of ids) {
        const rows = await sql.query("SELECT id FROM known WHERE id = $1", [id]);
        if (rows.length > 0) found.add(id);
      }
      return found;
    });
  }

  async depth(): Promise<Depth> {
    const [row] = await this.#database.query(
      `SELECT (SELECT count(*) FROM delivery) AS waiting, (SELECT count(*) FROM dead) AS dead,
              (SELECT min(waits_since) FROM line) AS oldest`,
    );
    return toDepth(row!);
  }

  async forget(before: number): Promise<void> {
    await this.#database.query("DELETE FROM known WHERE finished_at < $1", [before]);
  }

  /** Runs `change` if the lease is still the work's own. */
  #withLease<T>(work: Work, change: (sql: Sql, line: Row) => Promise<T>): Promise<T> {
    return this.#database.transaction(async (sql) => {
      const [line] = await sql.query("SELECT blocked_until FROM line WHERE key = $1 AND lease = $2", [
        work.key,
        work.lease,
      ]);
      if (line === undefined) throw leaseLost(work);
      return change(sql, line);
    });
  }
}

/** Takes the work's deliveries out of the line, and ends the line with the last of them. */
async function clear(sql: Sql, work: Work): Promise<void> {
  const { key } = work;
  for (const seq of await placesOf(sql, work)) await sql.query("DELETE FROM delivery WHERE seq = $1", [seq]);
  const [rest] = await sql.query("SELECT min(due) AS due FROM delivery WHERE key = $1", [key]);
  const due = findInteger(rest!, "due");
  if (due === undefined) await sql.query("DELETE FROM line WHERE key = $1", [key]);
  else {
    await sql.query(
      "UPDATE line SET waits_since = $2, blocked_until = 0, lease = NULL, attempts = 0 WHERE key = $1",
      [key, due],
    );
  }
}

async function putInLine(sql: Sql, delivery: Delivery): Promise<void> {
  const { id, event, key, receivedAt, due = receivedAt, payload } = delivery;
  await sql.query(
    "INSERT INTO delivery (id, event, key, received_at, due, payload) VALUES ($1, $2, $3, $4, $5, $6)",
    [id, event, key, receivedAt, due, payload],
  );
  await sql.query(
    `INSERT INTO line (key, waits_since, blocked_until, attempts) VALUES ($1, $2, 0, 0)
     ON CONFLICT (key) DO UPDATE SET waits_since = min(waits_since, excluded.waits_since)`,
    [key, due],
  );
}

/** Where the work's deliveries stand in line. */
async function placesOf(sql: Sql, { key, deliveries }: Work): Promise<readonly number[]> {
  const ids = new Set(deliveries.map(({ id }) => id));
  const rows = await sql.query("SELECT seq, id FROM delivery WHERE key = $1", [key]);
  return rows.filter((row) => ids.has(textOf(row, "id"))).map((row) => integerOf(row, "seq"));
}

async function readDeliveries(sql: Sql, key: string, now: number): Promise<readonly Delivery[]> {
  const sizes = await sql.query(
    `SELECT seq, octet_length(payload) AS size FROM delivery WHERE key = $1 AND due <= $2
     ORDER BY seq LIMIT ${WORK_DELIVERIES_MAX}`,
    [key, now],
  );
  const deliveries: Delivery[] = [];
  let size = 0;
  for (const row of sizes) {
    size += integerOf(row, "size");
    if (size > WORK_BYTES_MAX && deliveries.length > 0) break;
    const [found] = await sql.query(
      "SELECT id, event, key, received_at, due, payload FROM delivery WHERE seq = $1",
      [integerOf(row, "seq")],
    );
    deliveries.push(toDelivery(found!));
  }
  return deliveries;
}
