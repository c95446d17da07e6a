import { GateError } from "../model/error.ts";
import { cosignedMessage, formatCosignature, formatWitnessVkey, parseWitnessVkey } from "./cosignature.ts";
import type { Head } from "./head.ts";
import { ED25519, type NoteSignature, parseVkeyOf, type Signer } from "./note.ts";
import { withCosignatures } from "./witness.ts";

/**
 * Being a witness: c2sp.org/tlog-witness v1.0.0 for one log, from a clone instead of behind a server. That a checkpoint
 * is signed by its log and extends the one before is for `verifyTrail` to say; what was cosigned has to be kept before
 * the cosignature is given away, or two trees may get one.
 */

/** The key of a witness, as its log names it. A log key and a witness's key differ in what they sign alone. */
export function witnessVkey({ name, vkey }: Signer): string {
  return formatWitnessVkey(name, parseVkeyOf(ED25519, vkey).publicKey);
}

/**
 * The checkpoint with the witness's cosignature after the log's signatures (c2sp.org/tlog-cosignature v1.0.1).
 * Rejects what the signer rejects, and `TRAIL_SIGNER_FAILED` if its key does not verify what it signed.
 */
export async function cosign(
  { signer, now }: { readonly signer: Signer; readonly now: () => Date },
  { checkpoint, note }: Pick<Head, "checkpoint" | "note">,
): Promise<Uint8Array> {
  const seconds = Math.floor(now().getTime() / 1000);
  const verifier = parseWitnessVkey(witnessVkey(signer));
  const message = cosignedMessage(checkpoint.text, seconds);
  const signature = formatCosignature(seconds, await signer.sign(message));
  if (!verifier.verify(checkpoint.text, signature)) {
    throw new GateError("TRAIL_SIGNER_FAILED", `Cannot cosign: what ${signer.name} signed does not verify`);
  }
  const line: NoteSignature = { name: verifier.name, keyId: verifier.keyId, signature };
  return withCosignatures(note, [line]);
}
