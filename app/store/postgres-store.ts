import { randomUUID } from "node:crypto";
import { LEASE_MS } from "../../gate/trail/leader.ts";
import type { Dialect } from "./database.ts";
import type { InboxOptions } from "./inbox.ts";
import { PostgresDatabase, type PostgresOptions } from "./postgres-database.ts";
import { INBOX_SCHEMA, PostgresInbox } from "./postgres-inbox.ts";
import { archiveSchema, SqlArchive } from "./sql-archive.ts";
import {
  enqueueRow,
  haltedTrails,
  journalSchema,
  pendingTrails,
  SqlJournal,
  SqlJournalView,
} from "./sql-journal.ts";
import type { Store } from "./store.ts";

const DIALECT: Dialect = { bytes: "BYTEA", serial: "BIGSERIAL PRIMARY KEY" };

/** Each leads there from the one before; what was released is never changed. */
const VERSIONS = [`${INBOX_SCHEMA}${archiveSchema(DIALECT)}${journalSchema(DIALECT)}`];

export interface PostgresStoreOptions extends InboxOptions, Pick<PostgresOptions, "onError" | "clock"> {
  /** How long a leader that is gone keeps others from writing a trail. */
  readonly leaderLeaseMs?: number;
}

/** The store in a PostgreSQL database, for several processes. Rejects `STORE_UNAVAILABLE`, `STORE_NEWER`. */
export async function openPostgresStore(url: string, options: PostgresStoreOptions): Promise<Store> {
  const { clock, leaderLeaseMs = LEASE_MS } = options;
  const now = () => clock?.now() ?? Date.now();
  const database = await PostgresDatabase.open(url, { ...options, versions: VERSIONS });
  const leadership = { leader: randomUUID(), leaseMs: leaderLeaseMs, isAlone: false, now };
  const archive = new SqlArchive(database, now);
  return {
    inbox: new PostgresInbox(database, options, now),
    archive,
    journal: (repositoryId) => SqlJournal.open(database, repositoryId, leadership),
    journalView: (repositoryId) => new SqlJournalView(database, repositoryId),
    enqueue: (repositoryId, row) => enqueueRow(database, repositoryId, row),
    pendingTrails: () => pendingTrails(database),
    haltedTrails: () => haltedTrails(database),
    ping: () => archive.set("ping", String(now())),
    close: () => database.close(),
  };
}
