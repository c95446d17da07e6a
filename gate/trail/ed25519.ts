import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";

/** SubjectPublicKeyInfo of an Ed25519 key, up to the 32 bytes of the key (RFC 8410 section 4). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** The key object of a raw public key of 32 bytes. */
export function publicKeyFrom(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: "der", type: "spki" });
}

/** The raw 32 bytes of the public half of an Ed25519 key. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const spki = key.type === "private" ? createPublicKey(key) : key;
  return spki.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length);
}

/** True for a right signature of 64 bytes; never throws for a wrong one. */
export function verifyEd25519(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === SIGNATURE_BYTES && verify(null, message, key, signature);
}

/** First four bytes of SHA-256 over name, newline, type and key, as 8 hex digits (c2sp.org/signed-note). */
export function keyId(name: string, type: number, key: Uint8Array): string {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(type), key])).slice(0, 8);
}
