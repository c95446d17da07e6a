import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { TestClock } from "pg-boss";
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

/** The kinds of store, for the suites of one file. PostgreSQL runs while the file's tests do. */
export function kinds(databases: number): readonly Kind[] {
  let server: PostgresServer | undefined;
  let next = 0;
  before(async () => {
    server = await startPostgres({ databases });
  });
  after(async () => server?.stop());
  return [
    { name: "SQLite", open: async () => openSqliteRig(mkdtempSync(join(tmpdir(), "weighbridge-store-"))) },
    { name: "PostgreSQL", open: async () => openPostgresRig(server!.url(next++), new TestClock(START)) },
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

async function openPostgresRig(url: string, clock: TestClock): Promise<Rig> {
  const errors: unknown[] = [];
  const store = await openPostgresStore(url, { ...OPTIONS, clock, onError: (cause) => errors.push(cause) });
  const close = async () => {
    await store.close();
    if (errors.length > 0) throw errors[0];
  };
  return {
    store,
    now: () => clock.now(),
    pass: (ms) => clock.tick(ms),
    reopen: async () => {
      await close();
      return openPostgresRig(url, new TestClock(clock.now()));
    },
    close,
  };
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
