import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { LEASE_MS } from "../../gate/trail/leader.ts";
import type { Dialect } from "./database.ts";
import type { InboxOptions } from "./inbox.ts";
import { archiveSchema, SqlArchive } from "./sql-archive.ts";
import {
  enqueueRow,
  haltedTrails,
  journalSchema,
  pendingTrails,
  SqlJournal,
  SqlJournalView,
} from "./sql-journal.ts";
import { SqliteDatabase } from "./sqlite-database.ts";
import { INBOX_SCHEMA, INBOX_START, SqliteInbox } from "./sqlite-inbox.ts";
import type { Store } from "./store.ts";

export const SQLITE_FILE = "weighbridge.db";

const DIALECT: Dialect = { bytes: "BLOB", serial: "INTEGER PRIMARY KEY AUTOINCREMENT" };

/** Each leads there from the one before; what was released is never changed. */
const VERSIONS = [`${INBOX_SCHEMA}${archiveSchema(DIALECT)}${journalSchema(DIALECT)}`];

/**
 * The store in a folder of this process alone. Throws `STORE_LOCKED` while another process has it, `STORE_NEWER`,
 * `STORE_UNAVAILABLE`.
 */
export function openSqliteStore(folder: string, options: InboxOptions, now: () => number = Date.now): Store {
  const database = SqliteDatabase.open(join(folder, SQLITE_FILE), VERSIONS, INBOX_START);
  const leadership = { leader: randomUUID(), leaseMs: LEASE_MS, isAlone: true, now };
  const archive = new SqlArchive(database, now);
  return {
    inbox: new SqliteInbox(database, options, now),
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
