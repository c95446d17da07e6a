import { GateError } from "../../gate/model/error.ts";

/** Deliveries and bytes of one piece of work: the rest comes with the next. One delivery is always taken. */
export const WORK_DELIVERIES_MAX = 1_000;
export const WORK_BYTES_MAX = 32 * 1024 * 1024;

/** Dead letters that are listed. */
export const DEAD_LETTERS_MAX = 1_000;

/**
 * Deliveries on their way to be worked on. A delivery that was received is on the disk; what is done is done once for
 * each key at a time, in the order received, whoever of several processes takes it.
 */
export interface Inbox {
  /** Keeps the delivery; it is on the disk when this resolves. False if its id is known already. */
  receive(delivery: Delivery): Promise<boolean>;
  /** Knows the id from now on, of a delivery that needs no work. */
  note(id: string): Promise<void>;
  /**
   * The key that has waited longest, with everything under it that is due, leased for `InboxOptions.leaseMs`. Nobody
   * else gets the key while the lease lasts. A key is due once its first delivery has waited `quietMs`: what comes
   * meanwhile is worked on at once with it.
   */
  take(): Promise<Work | undefined>;
  /** Prolongs the lease by its full length. Rejects `LEASE_LOST` if it has run out. */
  extend(work: Work): Promise<void>;
  /** What was taken is done; what came under the key meanwhile stays. Rejects `LEASE_LOST` if another has the key. */
  finish(work: Work): Promise<void>;
  /**
   * Gives the work back, to be tried again from `due` on, and nothing of the key before it. Rejects `LEASE_LOST` if
   * another has the key.
   */
  retry(work: Work, due: number): Promise<void>;
  /** Like `retry`, but it does not count as an attempt: the work was not at fault. */
  postpone(work: Work, due: number): Promise<void>;
  /** Puts the work aside until a person revives it. Rejects `LEASE_LOST` if another has the key. */
  bury(work: Work, reason: string): Promise<void>;
  /** The newest first, at most `DEAD_LETTERS_MAX`. */
  dead(): Promise<readonly DeadLetter[]>;
  /** Puts a dead letter back in line. False if there is none of the id. */
  revive(id: string): Promise<boolean>;
  /** Those of `ids` that were ever received. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
  depth(): Promise<Depth>;
  /** Forgets the ids of deliveries that were finished before `before`, in milliseconds since 1970. */
  forget(before: number): Promise<void>;
}

export interface InboxOptions {
  /** A process that is gone loses its work after this long. At least 10 s on PostgreSQL. */
  readonly leaseMs: number;
  /** How long the first delivery of a key waits for more. Ten pushes in a second are judged once. */
  readonly quietMs: number;
}

export interface Delivery {
  /** `X-GitHub-Delivery`; for work that we ask of ourselves, a name that is the same for the same work. */
  readonly id: string;
  /** `X-GitHub-Event`, or `weighbridge` for our own. */
  readonly event: string;
  /** What has to be done one at a time: `repo/<id>/pull/<number>` and the like, see `queue/address.ts`. */
  readonly key: string;
  /** Body of the delivery, as it came. */
  readonly payload: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** Not before; at once if absent. A later delivery of the key does not wait for it. */
  readonly due?: number;
}

export interface Work {
  readonly key: string;
  /** In the order received; at most `WORK_DELIVERIES_MAX`. */
  readonly deliveries: readonly Delivery[];
  /** How often it was taken before and not finished, crashes included. */
  readonly attempts: number;
  /** Names this lease, and no other of the key. */
  readonly lease: string;
}

/** Without its payload: what a dead letter says is nobody's to read in a list. */
export interface DeadLetter extends Omit<Delivery, "payload" | "due"> {
  readonly reason: string;
  readonly buriedAt: number;
}

export interface Depth {
  readonly waiting: number;
  readonly dead: number;
  /** Since when the oldest is due, in milliseconds since 1970; absent where nothing waits. */
  readonly oldest?: number;
}

/** What an inbox rejects with where the work has passed to another. */
export function leaseLost({ key }: Work): GateError {
  return new GateError("LEASE_LOST", `Cannot go on with ${key}: the lease is over`);
}
