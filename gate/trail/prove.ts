import { GateError } from "../model/error.ts";
import type { GitStore } from "./git-store.ts";
import type { Head } from "./head.ts";
import { assertInclusion, leafHash } from "./merkle.ts";
import { formatProof } from "./proof.ts";
import { openTrail } from "./read.ts";
import type { TrailStore } from "./store.ts";
import { TreeReader } from "./tree-reader.ts";

/** What convinces somebody who has nothing of the trail but its key. */
export interface EntryProof {
  readonly seq: number;
  /** The entry, byte for byte. */
  readonly entry: Uint8Array;
  /** The `.tlog-proof` file. */
  readonly proof: Uint8Array;
}

/**
 * The proof that the entry at `seq` is in the trail as it stands. It is verified before it is given. Rejects
 * `TRAIL_ENTRY_UNKNOWN`, and `TRAIL_PROOF_INVALID` where the branch is damaged.
 */
export async function proveEntry(store: GitStore, seq: number): Promise<EntryProof> {
  return proveAt(store, await openTrail(store), seq);
}

/** The proof that the entry at `seq` is in the trail as it stood at `head`. */
export async function proveAt(
  store: Pick<TrailStore, "read" | "list">,
  head: Head,
  seq: number,
): Promise<EntryProof> {
  const { size, root } = head.checkpoint;
  if (!(Number.isSafeInteger(seq) && seq >= 0 && seq < size)) {
    throw new GateError(
      "TRAIL_ENTRY_UNKNOWN",
      `Cannot prove entry ${seq}: the trail has entries 0 to ${size - 1}`,
    );
  }
  const reader = new TreeReader(store, head.commit, size);
  const [entry, hashes] = await Promise.all([reader.entry(seq), reader.proveInclusion(seq)]);
  assertInclusion({ index: seq, size, leaf: leafHash(entry), root, proof: hashes });
  return { seq, entry, proof: formatProof({ index: seq, hashes, checkpoint: head.note }) };
}
