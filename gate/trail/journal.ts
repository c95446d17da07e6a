import type { Batch, OutboxRow } from "./batch.ts";

/**
 * What a writer must not forget: what is to be written, and what it has bound itself to sign. On it rests that every
 * event is written once, and that no two trees of one size are ever signed.
 */
export interface Journal {
  /** Keeps the row until it has landed. Does nothing if it is kept already. */
  enqueue(row: OutboxRow): Promise<void>;
  /** The oldest rows, in order. */
  pending(countMax: number): Promise<readonly OutboxRow[]>;
  remove(ids: readonly string[]): Promise<void>;

  /** The batch that was reserved and has not landed. */
  reserved(): Promise<Batch | undefined>;
  /**
   * Binds the trail to the batch as its only continuation, and returns it; or the one that it is bound to already,
   * which is then to be finished. Rejects `TRAIL_FENCED` if the trail has gone on meanwhile.
   */
  reserve(batch: Batch): Promise<Batch>;
  /** Puts the reserved batch on another parent. Rejects `TRAIL_FORKED` for another size or root. */
  rebase(batch: Batch): Promise<void>;
  /** The signed checkpoint of the reserved batch, once it was kept. */
  signedCheckpoint(batch: Batch): Promise<Uint8Array | undefined>;
  keepSigned(batch: Batch, checkpoint: Uint8Array): Promise<void>;

  /** The last commit that landed, as far as this journal knows. */
  landed(): Promise<Landed | undefined>;
  /** Records that the trail ends here. Rejects `TRAIL_FORKED` for another root or commit of a size that has landed. */
  land(landed: Landed): Promise<void>;

  /** How many ids the index holds: those of the entries from 0 on. */
  idCount(): Promise<number>;
  /** Those of `ids` that the index holds. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
  addIds(from: number, ids: readonly string[]): Promise<void>;

  /** The last checkpoint with enough cosignatures; the next commit takes it along. */
  witnessed(): Promise<Uint8Array | undefined>;
  keepWitnessed(checkpoint: Uint8Array): Promise<void>;

  halted(): Promise<Halt | undefined>;
  halt(halt: Halt): Promise<void>;
  resume(): Promise<void>;

  /** Rejects `TRAIL_FENCED` unless this journal's owner still leads; then it leads for another while. */
  assertLeading(): Promise<void>;
}

export interface Landed {
  readonly size: number;
  readonly root: Uint8Array;
  readonly commit: string;
}

/** Why nothing is written any more, until a person has looked. */
export interface Halt {
  readonly code: string;
  readonly message: string;
  /** RFC 3339, UTC. */
  readonly since: string;
}
