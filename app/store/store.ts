import type { OutboxRow } from "../../gate/trail/batch.ts";
import type { Journal } from "../../gate/trail/journal.ts";
import type { Archive } from "./archive.ts";
import type { Inbox } from "./inbox.ts";

/** Everything that must outlive the process. Two implementations, a SQLite file and PostgreSQL, pass one test suite. */
export interface Store {
  readonly inbox: Inbox;
  readonly archive: Archive;
  /** The journal of a repository's trail, as its leader. Rejects `TRAIL_LEADER_BUSY` while another process leads. */
  journal(repositoryId: number): Promise<OpenJournal>;
  /** What the journal of a repository's trail says, for those who do not write it. */
  journalView(repositoryId: number): JournalView;
  /** Puts an entry in the outbox of a trail; needs no leadership. Twice the same is once. */
  enqueue(repositoryId: number, row: OutboxRow): Promise<void>;
  /** Repositories whose outbox is not empty. */
  pendingTrails(): Promise<readonly number[]>;
  /** Repositories whose trail is halted. */
  haltedTrails(): Promise<readonly number[]>;
  /** Whether it can be written to, for readiness. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What of a journal needs no leadership. */
export type JournalView = Pick<Journal, "pending" | "landed" | "halted" | "resume">;

export interface OpenJournal extends Journal {
  close(): Promise<void>;
}
