import { randomUUID } from "node:crypto";
import { inChunks, integerOf, places, type Row, type Sql, textOf, type Value } from "./database.ts";
import { toDeadLetter, toDelivery, toDepth } from "./delivery-row.ts";
import { Grouping } from "./grouping.ts";
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
import type { Boss, PostgresDatabase } from "./postgres-database.ts";

/** Deliveries that are received in one transaction. */
const RECEIVED_MAX = 100;

/** `lease` names who has a delivery, while anybody has; `takes` how often it was the first of what was taken. */
export const INBOX_SCHEMA = `
  CREATE TABLE delivery (
    place BIGSERIAL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    key TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    due BIGINT NOT NULL,
    payload TEXT NOT NULL,
    lease TEXT,
    takes BIGINT NOT NULL DEFAULT 0,
    finished_at BIGINT,
    buried_at BIGINT,
    reason TEXT
  );
  CREATE INDEX delivery_key ON delivery (key, place) WHERE finished_at IS NULL AND buried_at IS NULL;
  CREATE INDEX delivery_due ON delivery (due) WHERE finished_at IS NULL AND buried_at IS NULL;
  CREATE INDEX delivery_finished ON delivery (finished_at) WHERE finished_at IS NOT NULL;
  CREATE INDEX delivery_lease ON delivery (lease) WHERE lease IS NOT NULL;
  CREATE INDEX delivery_buried ON delivery (buried_at) WHERE buried_at IS NOT NULL;
`;

/**
 * The inbox on PostgreSQL. A delivery is a row of ours and a job of pg-boss, written in one transaction. pg-boss says
 * which key is next, for all processes, and takes it from a process that is gone; the rows that it rides with say what
 * is to be done.
 */
export class PostgresInbox implements Inbox {
  readonly #database: PostgresDatabase;
  readonly #options: InboxOptions;
  readonly #now: () => number;
  /** Deliveries that come at the same time share one transaction and its waits. */
  readonly #receiving = new Grouping<Delivery, boolean>({
    work: (deliveries) => this.#receiveAll(deliveries),
    sizeOf: ({ payload }) => payload.length,
    countMax: RECEIVED_MAX,
    sizeMax: WORK_BYTES_MAX,
  });

  constructor(database: PostgresDatabase, options: InboxOptions, now: () => number) {
    this.#database = database;
    this.#options = options;
    this.#now = now;
  }

  receive(delivery: Delivery): Promise<boolean> {
    return this.#receiving.add(delivery);
  }

  async note(id: string): Promise<void> {
    await this.#database.query(
      `INSERT INTO delivery (id, event, key, received_at, due, payload, finished_at)
       VALUES ($1, '', '', $2, $2, '', $2) ON CONFLICT DO NOTHING`,
      [id, this.#now()],
    );
  }

  take(): Promise<Work | undefined> {
    return this.#database.withBoss(async (sql, boss) => {
      const job = await boss.fetch();
      if (job === undefined) return undefined;
      const head = placeOf(job);
      const lease = `${job}/${randomUUID()}`;
      const rows = await this.#readRows(sql, head);
      if (!rows.some((row) => integerOf(row, "place") === head)) {
        // Somebody has changed the tables by hand: a job without a row must not keep everybody waiting.
        await boss.remove([job]);
        return undefined;
      }
      const taken = rows.map((row) => integerOf(row, "place"));
      for (const chunk of inChunks(taken)) {
        await sql.query(`UPDATE delivery SET lease = $1 WHERE place IN (${places(chunk.length, 2)})`, [
          lease,
          ...chunk,
        ]);
      }
      const [first] = await sql.query(
        "UPDATE delivery SET takes = takes + 1 WHERE place = $1 RETURNING key, takes",
        [head],
      );
      const attempts = integerOf(first!, "takes") - 1;
      return { key: textOf(first!, "key"), deliveries: rows.map(toDelivery), attempts, lease };
    });
  }

  extend(work: Work): Promise<void> {
    return this.#database.withBoss(async (sql, boss) => {
      const job = jobOf(work);
      const [mine] = await sql.query("SELECT place FROM delivery WHERE place = $1 AND lease = $2", [
        placeOf(job),
        work.lease,
      ]);
      // Once it has run out, pg-boss may give it to anybody.
      if (mine === undefined || !(await boss.isActive(job))) throw leaseLost(work);
      await boss.touch(job);
    });
  }

  finish(work: Work): Promise<void> {
    return this.#end(work, "finished_at = $1, payload = ''", [this.#now()]);
  }

  bury(work: Work, reason: string): Promise<void> {
    return this.#end(work, "buried_at = $1, reason = $2", [this.#now(), reason]);
  }

  retry(work: Work, due: number): Promise<void> {
    return this.#giveBack(work, due, 0);
  }

  postpone(work: Work, due: number): Promise<void> {
    return this.#giveBack(work, due, 1);
  }

  async dead(): Promise<readonly DeadLetter[]> {
    const rows = await this.#database.query(
      `SELECT id, event, key, received_at, reason, buried_at FROM delivery WHERE buried_at IS NOT NULL
       ORDER BY buried_at DESC, id LIMIT ${DEAD_LETTERS_MAX}`,
    );
    return rows.map(toDeadLetter);
  }

  revive(id: string): Promise<boolean> {
    return this.#database.withBoss(async (sql, boss) => {
      const [row] = await sql.query(
        `UPDATE delivery SET buried_at = NULL, reason = NULL, takes = 0, due = received_at
         WHERE id = $1 AND buried_at IS NOT NULL RETURNING place, key, due`,
        [id],
      );
      if (row === undefined) return false;
      await this.#queue(boss, [toPlace(row)]);
      return true;
    });
  }

  async known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const chunk of inChunks(ids)) {
      const rows = await this.#database.query(
        `SELECT id FROM delivery WHERE id IN (${places(chunk.length, 1)})`,
        chunk,
      );
      for (const row of rows) found.add(textOf(row, "id"));
    }
    return found;
  }

  async depth(): Promise<Depth> {
    const [row] = await this.#database.query(
      `SELECT (SELECT count(*) FROM delivery WHERE finished_at IS NULL AND buried_at IS NULL) AS waiting,
              (SELECT count(*) FROM delivery WHERE buried_at IS NOT NULL) AS dead,
              (SELECT min(due) FROM delivery WHERE finished_at IS NULL AND buried_at IS NULL) AS oldest`,
    );
    return toDepth(row!);
  }

  async forget(before: number): Promise<void> {
    await this.#database.query("DELETE FROM delivery WHERE finished_at < $1", [before]);
  }

  #receiveAll(deliveries: readonly Delivery[]): Promise<readonly boolean[]> {
    return this.#database.withBoss(async (sql, boss) => {
      const rows = deliveries.map(toValues);
      const values = rows.map((row, at) => `(${places(row.length, 1 + at * row.length)})`);
      const added = await sql.query(
        `INSERT INTO delivery (id, event, key, received_at, due, payload) VALUES ${values.join(", ")}
         ON CONFLICT DO NOTHING RETURNING id, key, due, place`,
        rows.flat(),
      );
      const isNew = new Map(added.map((row) => [textOf(row, "id"), row]));
      // The second of one id within the group finds it known.
      const results = deliveries.map(({ id }) => isNew.delete(id));
      if (added.length > 0) await this.#queue(boss, added.map(toPlace));
      return results;
    });
  }

  async #queue(boss: Boss, rows: readonly Place[]): Promise<void> {
    await boss.insert(
      rows.map(({ place, key, due }) => ({
        id: jobAt(place),
        singletonKey: key,
        startAfter: new Date(due + this.#options.quietMs),
      })),
    );
  }

  /** What is due under the key of `head`, as much as one piece of work holds; `head` itself always. */
  async #readRows(sql: Sql, head: number): Promise<readonly Row[]> {
    return sql.query(
      `SELECT place, id, event, key, received_at, due, payload FROM delivery WHERE place IN (
         SELECT place FROM (
           SELECT place, count(*) OVER line AS number, sum(octet_length(payload)) OVER line AS size
           FROM delivery
           WHERE key = (SELECT key FROM delivery WHERE place = $1)
             AND finished_at IS NULL AND buried_at IS NULL AND (due <= $2 OR place = $1)
           WINDOW line AS (ORDER BY place <> $1, place)
         ) AS waiting
         WHERE place = $1 OR (number <= $3 AND size <= $4)
       ) ORDER BY place`,
      [head, this.#now(), WORK_DELIVERIES_MAX, WORK_BYTES_MAX],
    );
  }

  /** Takes the work's deliveries out of the line. `change` says what becomes of them, with `values` from $1 on. */
  #end(work: Work, change: string, values: readonly (string | number)[]): Promise<void> {
    return this.#database.withBoss(async (sql, boss) => {
      const taken = await this.#placesOf(sql, work);
      // The jobs first: whoever takes them next locks them before the rows, and waiting in a circle helps nobody.
      await boss.remove(taken.map(jobAt));
      const changed = await sql.query(
        `UPDATE delivery SET ${change}, lease = NULL WHERE lease = $${values.length + 1} RETURNING place`,
        [...values, work.lease],
      );
      if (changed.length !== work.deliveries.length) throw leaseLost(work);
    });
  }

  #giveBack(work: Work, due: number, uncounted: 0 | 1): Promise<void> {
    return this.#database.withBoss(async (sql, boss) => {
      await this.#placesOf(sql, work);
      const job = jobOf(work);
      await boss.retry(job, new Date(due));
      const changed = await sql.query(
        `UPDATE delivery SET lease = NULL, takes = takes - CASE WHEN place = $2 THEN CAST($3 AS BIGINT) ELSE 0 END
         WHERE lease = $1 RETURNING place`,
        [work.lease, placeOf(job), uncounted],
      );
      if (changed.length !== work.deliveries.length) throw leaseLost(work);
    });
  }

  /** The rows under the work's lease. Rejects `LEASE_LOST` unless they are all there. */
  async #placesOf(sql: Sql, work: Work): Promise<readonly number[]> {
    const rows = await sql.query("SELECT place FROM delivery WHERE lease = $1", [work.lease]);
    if (rows.length !== work.deliveries.length) throw leaseLost(work);
    return rows.map((row) => integerOf(row, "place"));
  }
}

interface Place {
  readonly place: number;
  readonly key: string;
  readonly due: number;
}

function toPlace(row: Row): Place {
  return { place: integerOf(row, "place"), key: textOf(row, "key"), due: integerOf(row, "due") };
}

function toValues({ id, event, key, receivedAt, due = receivedAt, payload }: Delivery): readonly Value[] {
  return [id, event, key, receivedAt, due, payload];
}

const JOB_PREFIX = "00000000-0000-8000-8000-";

/** The id of the job of a row: of jobs that are created at once, pg-boss takes the lowest id first. */
function jobAt(place: number): string {
  return JOB_PREFIX + place.toString(16).padStart(12, "0");
}

function placeOf(job: string): number {
  return Number.parseInt(job.slice(JOB_PREFIX.length), 16);
}

/** The job that stands for all of the work. */
function jobOf({ lease }: Work): string {
  return lease.split("/", 1)[0]!;
}
