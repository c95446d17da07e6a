/**
 * Deliveries on their way to be worked on. A delivery that was received is on the disk; what is done is done once for
 * each key at a time, in the order received, whoever of several processes takes it.
 */
export interface Inbox {
  /** Keeps the delivery; it is on the disk when this resolves. False if its id is known already. */
  receive(delivery: Delivery): Promise<boolean>;
  /**
   * The key that has waited longest and is due, with everything that waits under it, leased until `now + leaseMs`.
   * Nobody else gets the key while the lease lasts.
   */
  take(now: number, leaseMs: number): Promise<Work | undefined>;
  /** Prolongs the lease. Rejects `LEASE_LOST` if it has passed to another. */
  extend(work: Work, until: number): Promise<void>;
  /** What was taken is done; what came under the key meanwhile stays. Rejects `LEASE_LOST`. */
  finish(work: Work): Promise<void>;
  /** Gives the work back, to be tried again from `due` on. Rejects `LEASE_LOST`. */
  retry(work: Work, due: number, reason: string): Promise<void>;
  /** Puts the work aside until a person revives it. Rejects `LEASE_LOST`. */
  bury(work: Work, reason: string): Promise<void>;
  dead(): Promise<readonly DeadLetter[]>;
  /** Puts a dead letter back in line. False if there is none of the id. */
  revive(id: string): Promise<boolean>;
  /** Those of `ids` that were ever received. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
  depth(): Promise<Depth>;
  /** Forgets the ids of deliveries that were finished before `before`, in milliseconds since 1970. */
  forget(before: number): Promise<void>;
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
  /** How often it was given back. */
  readonly attempts: number;
  /** Names this lease, and no other of the key. */
  readonly lease: string;
}

export interface DeadLetter {
  readonly delivery: Delivery;
  readonly reason: string;
  readonly buriedAt: number;
}

export interface Depth {
  readonly waiting: number;
  readonly dead: number;
  /** Milliseconds since 1970; absent where nothing waits. */
  readonly oldest?: number;
}
