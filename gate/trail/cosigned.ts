import { GateError } from "../model/error.ts";
import { authenticate } from "./authenticate.ts";
import { WITNESSED_FILE } from "./batch.ts";
import { parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { cosignatureTime } from "./cosignature.ts";
import type { Head } from "./head.ts";
import { equalHashes } from "./merkle.ts";
import { formatNote, type NoteSignature, parseNote, verifyNote } from "./note.ts";
import { TreeReader } from "./tree-reader.ts";
import { CLOCK_SKEW_SECONDS, withCosignatures } from "./witness.ts";
import { isCosigned, parseWitnessPolicy } from "./witness-policy.ts";
import { haltForked, type Witnessing, type WitnessingWorld } from "./witnessing.ts";

/** A file in which a witness left a checkpoint that it cosigned. */
export interface CosignedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A checkpoint, and who cosigned it: keys by vkey, so that nobody counts twice. */
interface Cosigned {
  readonly checkpoint: SignedCheckpoint;
  readonly signatures: Map<string, NoteSignature>;
}

/**
 * Takes the cosignatures that witnesses left in files; they may be of an earlier checkpoint than the last. Of those
 * that enough witnesses cosigned, the newest is kept for the next commit. Throws `TRAIL_WITNESS_NONE` if trail.json
 * names none, what `authenticate` and `verifyNote` throw, and `TRAIL_COSIGNATURE_FUTURE`.
 */
export async function takeCosigned(
  world: Pick<WitnessingWorld, "store" | "journal" | "now">,
  head: Head,
  files: readonly CosignedFile[],
): Promise<Witnessing> {
  if (head.file.witness === undefined) {
    throw new GateError("TRAIL_WITNESS_NONE", "Cannot take cosignatures: trail.json names no witness");
  }
  const policy = parseWitnessPolicy(head.file.witness);
  const names = new Map(policy.witnesses.map(({ name, verifier }) => [verifier.vkey, name]));
  const found = new Map<string, Cosigned>();
  for (const file of files)
    take(file, { head, world, verifiers: policy.witnesses.map((each) => each.verifier), found });
  const reader = new TreeReader(world.store, head.commit, head.checkpoint.size);
  const best = [...found.values()].sort((a, b) => b.checkpoint.size - a.checkpoint.size);
  for (const { checkpoint } of best) {
    const isOurs = checkpoint.size <= head.checkpoint.size;
    if (isOurs && equalHashes(await reader.rootAt(checkpoint.size), checkpoint.root)) continue;
    const seen = `${isOurs ? "another tree" : "a tree"} of ${checkpoint.size}`;
    return haltForked(world, `a witness has cosigned ${seen}, ours has ${head.checkpoint.size}`);
  }
  const enough = best.find(({ signatures }) => policy.isMetBy(new Set(signatures.keys())));
  const by = [...((enough ?? best[0])?.signatures.keys() ?? [])].map((vkey) => names.get(vkey) ?? vkey);
  if (enough === undefined) return { kind: "behind", by, problems: [] };
  const { text, signatures, size } = enough.checkpoint;
  if (size > (await witnessedSize(world, head))) {
    const note = formatNote({ text, signatures });
    await world.journal.keepWitnessed(withCosignatures(note, [...enough.signatures.values()]));
  }
  return { kind: "witnessed", size, by };
}

interface Taking {
  readonly head: Head;
  readonly world: Pick<WitnessingWorld, "now">;
  readonly verifiers: Parameters<typeof verifyNote>[1];
  readonly found: Map<string, Cosigned>;
}

function take({ name, bytes }: CosignedFile, { head, world, verifiers, found }: Taking): void {
  const checkpoint = authenticate(bytes, head.file, name);
  const cosigned = found.get(checkpoint.text) ?? { checkpoint, signatures: new Map() };
  found.set(checkpoint.text, cosigned);
  const latest = Math.floor(world.now().getTime() / 1000) + CLOCK_SKEW_SECONDS;
  for (const signature of verifyNote(parseNote(bytes, name), verifiers, name)) {
    if (cosignatureTime(signature.signature) > latest) {
      const message = `Cannot take ${name}: ${signature.name} signed for a time to come`;
      throw new GateError("TRAIL_COSIGNATURE_FUTURE", message, { fix: "Set the clocks, and cosign again" });
    }
    const key = verifiers.find((each) => each.name === signature.name && each.keyId === signature.keyId);
    if (key !== undefined) cosigned.signatures.set(key.vkey, signature);
  }
}

/** Entries that those who are named now have seen, as far as the branch and the journal say. */
async function witnessedSize(
  { store, journal }: Pick<WitnessingWorld, "store" | "journal">,
  { commit, file }: Head,
): Promise<number> {
  const kept = (await journal.witnessed()) ?? (await store.read(commit, [WITNESSED_FILE]))[0];
  if (kept === undefined || !isCosigned(kept, file.witness)) return 0;
  return parseCheckpoint(parseNote(kept, WITNESSED_FILE).text, WITNESSED_FILE).size;
}
