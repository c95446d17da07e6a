import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { PgBoss, TestClock } from "pg-boss";
import type { Delivery } from "../../../app/store/inbox.ts";
import { openPostgresStore } from "../../../app/store/postgres-store.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";
import type { Store } from "../../../app/store/store.ts";
import { type PostgresServer, startPostgres } from "../postgres.ts";

/** Each store, with a clock that the test turns. */

export const START = Date.UTC(2026, 10, 21, 22, 0, 0);
export const LEASE_MS = 30_000;
export const QUIET_MS = 1_000;
const OPTIONS = { leaseMs: LEASE_MS, quietMs: QUIET_MS };

export interface Rig {
  readonly store: Store;
  now(): number;
  /** Lets time pass, and whatever happens by itself in it. */
  pass(ms: number): Promise<void>;
  /** Ends the store and opens it again, as a process would that is started anew. */
  reopen(): Promise<Rig>;
  close(): Promise<void>;
}

export interface Kind {
  readonly name: string;
  /** A store that holds nothing. */
  open(): Promise<Rig>;
}

/** The kinds of store. PostgreSQL runs while the file's tests do. */
export function kinds(): readonly Kind[] {
  const postgres = new SharedPostgres();
  before(() => postgres.start());
  after(() => postgres.stop());
  return [
    { name: "SQLite", open: async () => openSqliteRig(mkdtempSync(join(tmpdir(), "weighbridge-store-"))) },
    { name: "PostgreSQL", open: () => postgres.open() },
  ];
}

function openSqliteRig(folder: string, start = START): Rig {
  let time = start;
  const now = () => time;
  const store = openSqliteStore(folder, OPTIONS, now);
  return {
    store,
    now,
    pass: async (ms) => {
      time += ms;
    },
    reopen: async () => {
      await store.close();
      return openSqliteRig(folder, time);
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** One database for all tests of a file, emptied before each: to make one takes longer than most tests. */
class SharedPostgres {
  #server: PostgresServer | undefined;
  #admin: PgBoss | undefined;
  #opened: { readonly store: Store; readonly clock: TestClock } | undefined;

  async start(): Promise<void> {
    this.#server = await startPostgres({ databases: 1 });
    await this.#openStore(START);
    this.#admin = new PgBoss({ connectionString: this.#server.url(0), supervise: false, schedule: false });
    await this.#admin.start();
  }

  async stop(): Promise<void> {
    await this.#opened?.store.close();
    await this.#admin?.stop({ graceful: false });
    await this.#server?.stop();
  }

  async open(): Promise<Rig> {
    const db = this.#admin!.getDb();
    const { rows } = await db.executeSql("SELECT tablename FROM pg_tables WHERE schemaname = 'weighbridge'");
    const tables = rows
      .map(({ tablename }) => `weighbridge.${tablename}`)
      .filter((name) => !/version$/.test(name));
    await db.executeSql(`TRUNCATE ${tables.join(", ")}; DELETE FROM pgboss.job`);
    return this.#rig();
  }

  #rig(): Rig {
    const { store, clock } = this.#opened!;
    return {
      store,
      now: () => clock.now(),
      pass: (ms) => clock.tick(ms),
      reopen: async () => {
        await store.close();
        await this.#openStore(clock.now());
        return this.#rig();
      },
      close: async () => {},
    };
  }

  async #openStore(time: number): Promise<void> {
    const clock = new TestClock(time);
    const onError = (cause: unknown) => {
      throw cause;
    };
    const store = await openPostgresStore(this.#server!.url(0), { ...OPTIONS, clock, onError });
    this.#opened = { store, clock };
  }
}

/** A delivery that was received now. */
export function delivery(
  rig: Pick<Rig, "now">,
  id: string,
  key: string,
  more: Partial<Delivery> = {},
): Delivery {
  return { id, event: "pull_request", key, payload: `{"id":"${id}"}`, receivedAt: rig.now(), ...more };
}
