import { GateError } from "../model/error.ts";
import { publicKeyFrom, SIGNATURE_BYTES, verifyEd25519 } from "./ed25519.ts";
import { ED25519_COSIGNATURE, formatVkey, parseVkeyOf, type Verifier } from "./note.ts";

/** Cosignatures of witnesses: c2sp.org/tlog-cosignature v1.0.1, Ed25519. */

const TIME_BYTES = 8;

/** The bytes that a witness signs over a checkpoint's text at a time in whole seconds since 1970. */
export function cosignedMessage(text: string, seconds: number | bigint): Uint8Array {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`, "utf8");
}

/** What stands in a note after the key id: the time, then the signature. */
export function formatCosignature(seconds: number, signature: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(TIME_BYTES + signature.length);
  bytes.writeBigUInt64BE(BigInt(seconds));
  bytes.set(signature, TIME_BYTES);
  return bytes;
}

/** When the witness says that it saw the checkpoint, in seconds. Throws `TRAIL_COSIGNATURE_MALFORMED`. */
export function cosignatureTime(signature: Uint8Array): number {
  if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) {
    throw malformed(`it has ${signature.length} bytes, expected ${TIME_BYTES + SIGNATURE_BYTES}`);
  }
  const seconds = Buffer.from(signature).readBigUInt64BE();
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`its time is ${seconds}`);
  return Number(seconds);
}

/** The witness that a vkey of type 0x04 names. Throws `TRAIL_VKEY_MALFORMED`. */
export function parseWitnessVkey(vkey: string): Verifier {
  const { name, keyId, publicKey } = parseVkeyOf(ED25519_COSIGNATURE, vkey);
  const key = publicKeyFrom(publicKey);
  return {
    name,
    keyId,
    vkey,
    verify(text, signature) {
      if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return false;
      const message = cosignedMessage(text, Buffer.from(signature).readBigUInt64BE());
      return verifyEd25519(key, message, signature.subarray(TIME_BYTES));
    },
  };
}

/** The vkey of a witness's raw Ed25519 key. */
export function formatWitnessVkey(name: string, publicKey: Uint8Array): string {
  return formatVkey(name, publicKey, ED25519_COSIGNATURE);
}

function malformed(state: string): GateError {
  return new GateError("TRAIL_COSIGNATURE_MALFORMED", `Cannot read cosignature: ${state}`);
}
