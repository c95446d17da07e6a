import { GateError } from "../model/error.ts";
import { WITNESSED_FILE } from "./batch.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import type { Head } from "./head.ts";
import type { Journal } from "./journal.ts";
import { type NoteSignature, parseNote } from "./note.ts";
import type { TrailStore } from "./store.ts";
import { TreeReader } from "./tree-reader.ts";
import { submit, type WitnessWorld, withCosignatures } from "./witness.ts";
import { parseWitnessPolicy, type Witness } from "./witness-policy.ts";

export interface WitnessingWorld extends WitnessWorld {
  readonly store: TrailStore;
  readonly journal: Journal;
}

export type Witnessing =
  /** Enough witnesses cosigned: the next commit takes it along. */
  | { readonly kind: "witnessed"; readonly size: number; readonly by: readonly string[] }
  | { readonly kind: "behind"; readonly by: readonly string[]; readonly problems: readonly GateError[] }
  /** A witness has seen another tree: the trail is halted. */
  | { readonly kind: "halted"; readonly message: string };

/**
 * Has the checkpoint at `head` cosigned by the witnesses that its trail.json names. Nothing waits for it: a witness
 * that is down leaves the trail as it is. Rejects `TRAIL_POLICY_INVALID`, and `TRAIL_WITNESS_NONE` if none is named.
 */
export async function witnessTrail(world: WitnessingWorld, head: Head): Promise<Witnessing> {
  if (head.file.witness === undefined) {
    throw new GateError("TRAIL_WITNESS_NONE", "Cannot have the trail witnessed: trail.json names no witness");
  }
  const policy = parseWitnessPolicy(head.file.witness);
  const { size } = head.checkpoint;
  const reader = new TreeReader(world.store, head.commit, size);
  const signatures: NoteSignature[] = [];
  const [by, problems]: [Witness[], GateError[]] = [[], []];
  for (const witness of policy.witnesses) {
    const outcome = await submit(world, witness, {
      checkpoint: head.checkpoint,
      note: head.note,
      seen: await lastSeen(world, head, witness),
      proveConsistency: (from) => reader.proveConsistency(from),
    });
    if (outcome.kind === "forked") return haltForked(world, outcome.message);
    if (outcome.kind === "unavailable") problems.push(outcome.cause);
    if (outcome.kind !== "cosigned") continue;
    by.push(witness);
    signatures.push(...outcome.signatures);
  }
  const names = by.map(({ name }) => name);
  if (!policy.isMetBy(new Set(by.map(({ verifier }) => verifier.vkey))) || by.length === 0) {
    return { kind: "behind", by: names, problems };
  }
  await world.journal.keepWitnessed(withCosignatures(head.note, signatures));
  return { kind: "witnessed", size, by: names };
}

/** Size that the witness cosigned last, as far as the branch and the journal say. */
async function lastSeen(
  { store, journal }: WitnessingWorld,
  { commit }: Head,
  { verifier }: Witness,
): Promise<number> {
  const kept = (await journal.witnessed()) ?? (await store.read(commit, [WITNESSED_FILE]))[0];
  if (kept === undefined) return 0;
  const note = parseNote(kept, WITNESSED_FILE);
  const hasSigned = note.signatures.some(
    ({ name, keyId }) => name === verifier.name && keyId === verifier.keyId,
  );
  return hasSigned ? parseCheckpoint(note.text, WITNESSED_FILE).size : 0;
}

/** Halts the trail, for a witness has seen another tree. */
export async function haltForked(
  { journal, now }: Pick<WitnessingWorld, "journal" | "now">,
  message: string,
): Promise<Witnessing> {
  await journal.halt({ code: "TRAIL_FORKED", message, since: now().toISOString() });
  return { kind: "halted", message };
}
