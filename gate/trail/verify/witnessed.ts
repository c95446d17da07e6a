import type { ObjectReader } from "../../checkout/objects.ts";
import { GateError } from "../../model/error.ts";
import { WITNESSED_FILE } from "../batch.ts";
import { openCheckpoint, type SignedCheckpoint } from "../checkpoint.ts";
import { parseVkey } from "../note.ts";
import type { TrailFile } from "../trail-file.ts";
import { parseWitnessPolicy, type WitnessPolicy, witnessesAmong } from "../witness-policy.ts";
import type { Listing } from "./listing.ts";
import type { Findings } from "./report.ts";
import { readFile } from "./tree.ts";

/**
 * The last checkpoint that witnesses saw; undefined if there is none. That too few of them signed it is a finding;
 * its root is still to be compared with the entries.
 */
export async function readWitnessed(
  { objects, listing }: { readonly objects: ObjectReader; readonly listing: Listing },
  file: TrailFile,
  findings: Findings,
): Promise<SignedCheckpoint | undefined> {
  const bytes = await readFile(objects, listing, WITNESSED_FILE);
  try {
    const policy = file.witness === undefined ? undefined : parseWitnessPolicy(file.witness);
    if (bytes !== undefined) return openWitnessed(bytes, file, policy, findings);
    if (policy !== undefined) {
      findings.note("Witnesses are named in trail.json, and no checkpoint of theirs is kept yet.");
    }
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    findings.addError(cause, { path: cause.code === "TRAIL_POLICY_INVALID" ? "trail.json" : WITNESSED_FILE });
  }
  return undefined;
}

function openWitnessed(
  bytes: Uint8Array,
  file: TrailFile,
  policy: WitnessPolicy | undefined,
  findings: Findings,
): SignedCheckpoint {
  const witnesses = (policy?.witnesses ?? []).map(({ verifier }) => verifier);
  const logs = file.keys.map(({ vkey }) => parseVkey(vkey));
  const checkpoint = openCheckpoint(bytes, [...logs, ...witnesses], WITNESSED_FILE);
  const seenBy = policy === undefined ? [] : witnessesAmong(policy, checkpoint.signatures);
  const isEnough = policy?.isMetBy(new Set(seenBy.map(({ verifier }) => verifier.vkey))) ?? false;
  if (!isEnough) {
    const message = `${WITNESSED_FILE} is signed by ${seenBy.length} witnesses, fewer than trail.json asks for`;
    findings.add("TRAIL_WITNESS_MISSING", message, { path: WITNESSED_FILE });
  }
  return checkpoint;
}
