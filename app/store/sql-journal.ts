import { GateError } from "../../gate/model/error.ts";
import type { Batch, OutboxRow } from "../../gate/trail/batch.ts";
import type { Halt, Landed } from "../../gate/trail/journal.ts";
import {
  formatBatch,
  formatHalt,
  formatLanded,
  formatRow,
  parseBatch,
  parseHalt,
  parseLanded,
  parseRow,
} from "../../gate/trail/journal-file.ts";
import { equalHashes } from "../../gate/trail/merkle.ts";
import {
  bytesOf,
  type Database,
  type Dialect,
  findInteger,
  inChunks,
  integerOf,
  places,
  type Row,
  type Sql,
  textOf,
} from "./database.ts";
import type { JournalView, OpenJournal } from "./store.ts";

/** Commits remembered. The last alone decides; the others are for people to look at. */
const LANDED_KEPT = 8;

export function journalSchema({ bytes, serial }: Dialect): string {
  return `
    CREATE TABLE trail (
      repository_id BIGINT PRIMARY KEY,
      term BIGINT NOT NULL,
      leader TEXT NOT NULL,
      led_until BIGINT NOT NULL,
      halted ${bytes},
      witnessed ${bytes}
    );
    CREATE TABLE trail_outbox (
      place ${serial},
      repository_id BIGINT NOT NULL,
      id TEXT NOT NULL,
      content ${bytes} NOT NULL,
      UNIQUE (repository_id, id)
    );
    CREATE TABLE trail_reservation (
      repository_id BIGINT NOT NULL,
      from_size BIGINT NOT NULL,
      batch ${bytes} NOT NULL,
      checkpoint ${bytes},
      PRIMARY KEY (repository_id, from_size)
    );
    CREATE TABLE trail_landed (
      repository_id BIGINT NOT NULL,
      size BIGINT NOT NULL,
      landed ${bytes} NOT NULL,
      PRIMARY KEY (repository_id, size)
    );
    CREATE TABLE trail_id (
      repository_id BIGINT NOT NULL,
      place BIGINT NOT NULL,
      id TEXT NOT NULL,
      PRIMARY KEY (repository_id, place)
    );
    CREATE INDEX trail_id_id ON trail_id (repository_id, id);
  `;
}

/** Who leads, and for how long without saying so again. */
export interface Leadership {
  /** Names this process, and no other that ever was. */
  readonly leader: string;
  readonly leaseMs: number;
  /** True where no other process can have the database: whoever led before is gone. */
  readonly isAlone: boolean;
  readonly now: () => number;
}

/** What a trail's journal says to everybody. */
export class SqlJournalView implements JournalView {
  protected readonly database: Database;
  protected readonly repositoryId: number;

  constructor(database: Database, repositoryId: number) {
    this.database = database;
    this.repositoryId = repositoryId;
  }

  async pending(countMax: number): Promise<readonly OutboxRow[]> {
    const rows = await this.database.query(
      "SELECT content FROM trail_outbox WHERE repository_id = $1 ORDER BY place LIMIT $2",
      [this.repositoryId, countMax],
    );
    return rows.map((row) => parseRow(bytesOf(row, "content"), "the outbox"));
  }

  landed(): Promise<Landed | undefined> {
    return readLanded(this.database, this.repositoryId);
  }

  async halted(): Promise<Halt | undefined> {
    const [row] = await this.database.query("SELECT halted FROM trail WHERE repository_id = $1", [
      this.repositoryId,
    ]);
    const bytes = row === undefined ? undefined : findBytes(row, "halted");
    return bytes === undefined ? undefined : parseHalt(bytes, "the journal's halt");
  }

  async resume(): Promise<void> {
    await this.database.query("UPDATE trail SET halted = NULL WHERE repository_id = $1", [this.repositoryId]);
  }
}

/**
 * The journal of one trail, in words that both databases understand. Every term has a number that is never used again,
 * and each change of the leader's begins with locking the trail's row under that number: a leader who was replaced
 * changes nothing. The lease only spares work; that one size never gets two roots rests on the number and on the
 * primary key of reservations.
 */
export class SqlJournal extends SqlJournalView implements OpenJournal {
  readonly #leadership: Leadership;
  readonly #term: number;

  private constructor(database: Database, repositoryId: number, leadership: Leadership, term: number) {
    super(database, repositoryId);
    this.#leadership = leadership;
    this.#term = term;
  }

  /** Begins a term as leader of the repository's trail. Rejects `TRAIL_LEADER_BUSY`. */
  static async open(database: Database, repositoryId: number, leadership: Leadership): Promise<SqlJournal> {
    const { leader, leaseMs, isAlone, now } = leadership;
    const term = await database.transaction(async (sql) => {
      await sql.query(
        "INSERT INTO trail (repository_id, term, leader, led_until) VALUES ($1, 0, '', 0) ON CONFLICT DO NOTHING",
        [repositoryId],
      );
      const [row] = await sql.query(
        `UPDATE trail SET term = term + 1, leader = $2, led_until = $3
         WHERE repository_id = $1 AND (led_until <= $4 OR ($5 = 'alone' AND leader <> $2)) RETURNING term`,
        [repositoryId, leader, now() + leaseMs, now(), isAlone ? "alone" : "one of several"],
      );
      return row === undefined ? undefined : integerOf(row, "term");
    });
    if (term === undefined) {
      throw new GateError("TRAIL_LEADER_BUSY", "Cannot write the trail: another process is writing it", {
        fix: "Wait for it to end",
      });
    }
    return new SqlJournal(database, repositoryId, leadership, term);
  }

  /** Ends the term. */
  async close(): Promise<void> {
    await this.database.query("UPDATE trail SET led_until = 0 WHERE repository_id = $1 AND term = $2", [
      this.repositoryId,
      this.#term,
    ]);
  }

  async assertLeading(): Promise<void> {
    await this.#leading(async () => {});
  }

  enqueue(row: OutboxRow): Promise<void> {
    return enqueueRow(this.database, this.repositoryId, row);
  }

  remove(ids: readonly string[]): Promise<void> {
    return this.#leading(async (sql) => {
      for (const chunk of inChunks(ids)) {
        await sql.query(
          `DELETE FROM trail_outbox WHERE repository_id = $1 AND id IN (${places(chunk.length, 2)})`,
          [this.repositoryId, ...chunk],
        );
      }
    });
  }

  reserved(): Promise<Batch | undefined> {
    return this.database.transaction(async (sql) => this.#reserved(sql, await this.#size(sql)));
  }

  reserve(batch: Batch): Promise<Batch> {
    return this.#leading(async (sql) => {
      if ((await this.#size(sql)) !== batch.from) {
        throw new GateError(
          "TRAIL_FENCED",
          `Cannot reserve what follows size ${batch.from}: the trail has gone on`,
        );
      }
      const made = await sql.query(
        `INSERT INTO trail_reservation (repository_id, from_size, batch) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING from_size`,
        [this.repositoryId, batch.from, formatBatch(batch)],
      );
      if (made.length > 0) return batch;
      return (await this.#reserved(sql, batch.from))!;
    });
  }

  rebase(batch: Batch): Promise<void> {
    return this.#leading(async (sql) => {
      const reserved = await this.#reserved(sql, batch.from);
      if (reserved?.size !== batch.size || !equalHashes(reserved.root, batch.root)) {
        throw new GateError(
          "TRAIL_FORKED",
          `Cannot put another tree in the place of the one reserved after ${batch.from}`,
        );
      }
      await sql.query("UPDATE trail_reservation SET batch = $3 WHERE repository_id = $1 AND from_size = $2", [
        this.repositoryId,
        batch.from,
        formatBatch(batch),
      ]);
    });
  }

  async signedCheckpoint({ from }: Batch): Promise<Uint8Array | undefined> {
    const [row] = await this.database.query(
      "SELECT checkpoint FROM trail_reservation WHERE repository_id = $1 AND from_size = $2",
      [this.repositoryId, from],
    );
    return row === undefined ? undefined : findBytes(row, "checkpoint");
  }

  keepSigned({ from }: Batch, checkpoint: Uint8Array): Promise<void> {
    return this.#leading(async (sql) => {
      await sql.query(
        `UPDATE trail_reservation SET checkpoint = $3
         WHERE repository_id = $1 AND from_size = $2 AND checkpoint IS NULL`,
        [this.repositoryId, from, checkpoint],
      );
    });
  }

  land(landed: Landed): Promise<void> {
    return this.#leading(async (sql) => {
      const made = await sql.query(
        `INSERT INTO trail_landed (repository_id, size, landed) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING size`,
        [this.repositoryId, landed.size, formatLanded(landed)],
      );
      if (made.length === 0) await this.#assertSame(sql, landed);
      await sql.query("DELETE FROM trail_reservation WHERE repository_id = $1 AND from_size < $2", [
        this.repositoryId,
        landed.size,
      ]);
      await sql.query(
        `DELETE FROM trail_landed WHERE repository_id = $1 AND size NOT IN
           (SELECT size FROM trail_landed WHERE repository_id = $1 ORDER BY size DESC LIMIT ${LANDED_KEPT})`,
        [this.repositoryId],
      );
    });
  }

  idCount(): Promise<number> {
    return this.database.transaction(async (sql) => {
      const [row] = await sql.query("SELECT max(place) AS last FROM trail_id WHERE repository_id = $1", [
        this.repositoryId,
      ]);
      const last = findInteger(row!, "last");
      return last === undefined ? 0 : Math.min(last + 1, await this.#size(sql));
    });
  }

  known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.database.transaction(async (sql) => {
      const size = await this.#size(sql);
      const found = new Set<string>();
      for (const chunk of inChunks(ids)) {
        const rows = await sql.query(
          `SELECT id FROM trail_id WHERE repository_id = $1 AND place < $2
             AND id IN (${places(chunk.length, 3)})`,
          [this.repositoryId, size, ...chunk],
        );
        for (const row of rows) found.add(textOf(row, "id"));
      }
      return found;
    });
  }

  addIds(from: number, ids: readonly string[]): Promise<void> {
    return this.#leading(async (sql) => {
      const rows = ids.map((id, at) => [this.repositoryId, from + at, id] as const);
      for (const chunk of inChunks(rows)) {
        const values = chunk.map((row, at) => `(${places(row.length, 1 + at * row.length)})`);
        await sql.query(
          `INSERT INTO trail_id (repository_id, place, id) VALUES ${values.join(", ")}
           ON CONFLICT (repository_id, place) DO UPDATE SET id = excluded.id`,
          chunk.flat(),
        );
      }
    });
  }

  async witnessed(): Promise<Uint8Array | undefined> {
    const [row] = await this.database.query("SELECT witnessed FROM trail WHERE repository_id = $1", [
      this.repositoryId,
    ]);
    return findBytes(row!, "witnessed");
  }

  keepWitnessed(checkpoint: Uint8Array): Promise<void> {
    return this.#leading(async (sql) => {
      await sql.query("UPDATE trail SET witnessed = $2 WHERE repository_id = $1", [
        this.repositoryId,
        checkpoint,
      ]);
    });
  }

  async halt(halt: Halt): Promise<void> {
    // The first reason is the one to look at. Whoever finds one may say so, leading or not.
    await this.database.query("UPDATE trail SET halted = $2 WHERE repository_id = $1 AND halted IS NULL", [
      this.repositoryId,
      formatHalt(halt),
    ]);
  }

  /** Runs `change` as the leader, who then leads for another while. */
  #leading<T>(change: (sql: Sql) => Promise<T>): Promise<T> {
    const { leaseMs, now } = this.#leadership;
    return this.database.transaction(async (sql) => {
      // The row stays locked until the transaction ends: no term begins in between.
      const leads = await sql.query(
        "UPDATE trail SET led_until = $3 WHERE repository_id = $1 AND term = $2 RETURNING term",
        [this.repositoryId, this.#term, now() + leaseMs],
      );
      if (leads.length > 0) return change(sql);
      throw new GateError(
        "TRAIL_FENCED",
        `Cannot write the trail: term ${this.#term} is over, another has begun`,
      );
    });
  }

  async #size(sql: Sql): Promise<number> {
    return (await readLanded(sql, this.repositoryId))?.size ?? 0;
  }

  async #reserved(sql: Sql, from: number): Promise<Batch | undefined> {
    const [row] = await sql.query(
      "SELECT batch FROM trail_reservation WHERE repository_id = $1 AND from_size = $2",
      [this.repositoryId, from],
    );
    return row === undefined ? undefined : parseBatch(bytesOf(row, "batch"), "the journal's reservation");
  }

  async #assertSame(sql: Sql, landed: Landed): Promise<void> {
    const [row] = await sql.query("SELECT landed FROM trail_landed WHERE repository_id = $1 AND size = $2", [
      this.repositoryId,
      landed.size,
    ]);
    const other = parseLanded(bytesOf(row!, "landed"), "the journal's last commit");
    if (other.commit === landed.commit && equalHashes(other.root, landed.root)) return;
    throw new GateError(
      "TRAIL_FORKED",
      `Cannot record commit ${landed.commit}: size ${landed.size} has landed as ${other.commit}`,
    );
  }
}

async function readLanded(sql: Sql, repositoryId: number): Promise<Landed | undefined> {
  const [row] = await sql.query(
    "SELECT landed FROM trail_landed WHERE repository_id = $1 ORDER BY size DESC LIMIT 1",
    [repositoryId],
  );
  return row === undefined ? undefined : parseLanded(bytesOf(row, "landed"), "the journal's last commit");
}

/** Keeps a row in the outbox of the repository's trail. Needs no term as leader. */
export async function enqueueRow(database: Database, repositoryId: number, row: OutboxRow): Promise<void> {
  await database.query(
    "INSERT INTO trail_outbox (repository_id, id, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [repositoryId, row.id, formatRow(row)],
  );
}

/** Repositories whose outbox is not empty. */
export async function pendingTrails(database: Database): Promise<readonly number[]> {
  const rows = await database.query("SELECT DISTINCT repository_id FROM trail_outbox ORDER BY repository_id");
  return rows.map((row) => integerOf(row, "repository_id"));
}

/** Repositories whose trail is halted. */
export async function haltedTrails(database: Database): Promise<readonly number[]> {
  const rows = await database.query(
    "SELECT repository_id FROM trail WHERE halted IS NOT NULL ORDER BY repository_id",
  );
  return rows.map((row) => integerOf(row, "repository_id"));
}

function findBytes(row: Row, column: string): Uint8Array | undefined {
  return row[column] === null ? undefined : bytesOf(row, column);
}
