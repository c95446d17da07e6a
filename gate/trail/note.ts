import { GateError } from "../model/error.ts";
import { keyId, PUBLIC_KEY_BYTES, publicKeyFrom, verifyEd25519 } from "./ed25519.ts";

/** Signed notes: c2sp.org/signed-note v1.0.0. */

/** Sixteen post-quantum signatures of near 5 KB fit with room to spare. */
export const NOTE_BYTES_MAX = 256 * 1024;
export const SIGNATURES_MAX = 100;

/** Signature types of signed-note that are verified here. */
export const ED25519 = 0x01;
export const ED25519_COSIGNATURE = 0x04;

const SIGNATURE_PREFIX = "— ";
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** A key name: not empty, no white space, no plus. */
const KEY_NAME = /^[^\s+\u0085]{1,256}$/u;
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

export interface NoteSignature {
  readonly name: string;
  /** 8 hex digits. */
  readonly keyId: string;
  /** Without the key id. */
  readonly signature: Uint8Array;
}

/** A note as it was read: nothing is verified yet. The text ends with a newline. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A key that is trusted for notes. */
export interface Verifier {
  readonly name: string;
  readonly keyId: string;
  readonly vkey: string;
  verify(text: string, signature: Uint8Array): boolean;
}

/** Whatever holds a key: a file, an environment variable, a command, a service. */
export interface Signer {
  readonly name: string;
  readonly keyId: string;
  readonly vkey: string;
  /** The signature of the text, as it stands in a note after the key id. */
  sign(text: Uint8Array): Promise<Uint8Array>;
}

/** The note, read strictly. Throws `TRAIL_NOTE_MALFORMED`. */
export function parseNote(bytes: Uint8Array, name: string): Note {
  if (bytes.length > NOTE_BYTES_MAX) {
    throw malformed(name, `it has ${bytes.length} bytes, limit is ${NOTE_BYTES_MAX}`);
  }
  const whole = decode(bytes, name);
  if (CONTROL.test(whole)) throw malformed(name, "it holds a control character");
  // The last empty line: the text may hold empty lines of its own.
  const split = whole.lastIndexOf("\n\n");
  if (split === -1) throw malformed(name, "no empty line separates text and signatures");
  const text = whole.slice(0, split + 1);
  const tail = whole.slice(split + 2);
  if (!tail.endsWith("\n")) throw malformed(name, "it has no signature line that ends with a newline");
  const lines = tail.slice(0, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) {
    throw malformed(name, `it has ${lines.length} signatures, limit is ${SIGNATURES_MAX}`);
  }
  return { text, signatures: lines.map((line) => parseSignature(line, name)) };
}

/** The bytes of a note. */
export function formatNote({ text, signatures }: Note): Uint8Array {
  return Buffer.from(`${text}\n${signatures.map(formatSignature).join("")}`, "utf8");
}

/** `— <name> <base64>` and a newline. */
export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  const blob = Buffer.concat([Buffer.from(keyId, "hex"), signature]);
  return `${SIGNATURE_PREFIX}${name} ${blob.toString("base64")}\n`;
}

/** One signature line without its newline. Throws `TRAIL_NOTE_MALFORMED`. */
export function parseSignature(line: string, name: string): NoteSignature {
  if (!line.startsWith(SIGNATURE_PREFIX))
    throw malformed(name, "a signature line does not begin with a dash");
  const [key, encoded, ...rest] = line.slice(SIGNATURE_PREFIX.length).split(" ");
  if (key === undefined || encoded === undefined || rest.length > 0 || !KEY_NAME.test(key)) {
    throw malformed(name, "a signature line is not a key name and a signature");
  }
  const blob = parseBase64(encoded);
  if (blob === undefined || blob.length < 5)
    throw malformed(name, "a signature is not base64 of 5 bytes or more");
  return { name: key, keyId: blob.subarray(0, 4).toString("hex"), signature: blob.subarray(4) };
}

/**
 * The signatures of `verifiers` on the note, at least one. Unknown keys are ignored. Throws `TRAIL_NOTE_FORGED`
 * if a known key's signature is wrong, `TRAIL_NOTE_UNSIGNED` if no known key signed.
 */
export function verifyNote(
  note: Note,
  verifiers: readonly Verifier[],
  name: string,
): readonly NoteSignature[] {
  const known = note.signatures.filter((signature) => {
    const verifier = verifiers.find((key) => key.name === signature.name && key.keyId === signature.keyId);
    if (verifier === undefined) return false;
    if (!verifier.verify(note.text, signature.signature)) {
      throw new GateError(
        "TRAIL_NOTE_FORGED",
        `Cannot accept ${name}: the signature of ${signature.name}+${signature.keyId} is wrong`,
      );
    }
    return true;
  });
  if (known.length === 0) {
    throw new GateError(
      "TRAIL_NOTE_UNSIGNED",
      `Cannot accept ${name}: none of its signatures is by a known key`,
    );
  }
  return known;
}

/** The note over `text`, signed by all signers. A signature that the key does not verify is refused. */
export async function signNote(text: string, signers: readonly Signer[]): Promise<Note> {
  const bytes = Buffer.from(text, "utf8");
  const signatures: NoteSignature[] = [];
  for (const signer of signers) {
    const signature = await signer.sign(bytes);
    if (!parseVkey(signer.vkey).verify(text, signature)) {
      throw new GateError(
        "TRAIL_SIGNER_WRONG",
        `Cannot sign as ${signer.name}: the signature does not verify with ${signer.vkey}`,
      );
    }
    signatures.push({ name: signer.name, keyId: signer.keyId, signature });
  }
  return { text, signatures };
}

/** `name+hex key id+base64(type || key)` of an Ed25519 key. */
export function formatVkey(name: string, publicKey: Uint8Array, type = ED25519): string {
  if (!KEY_NAME.test(name))
    throw badVkey(name, "the name is empty, too long, or holds white space or a plus");
  const encoded = Buffer.concat([Uint8Array.of(type), publicKey]).toString("base64");
  return `${name}+${keyId(name, type, publicKey)}+${encoded}`;
}

/** The Ed25519 key that a vkey names. Throws `TRAIL_VKEY_MALFORMED`, also for a key id that is not the key's. */
export function parseVkey(vkey: string): Verifier {
  const known = verifiers.get(vkey);
  if (known !== undefined) return known;
  const verifier = toVerifier(vkey);
  if (verifiers.size < VERIFIERS_KEPT) verifiers.set(vkey, verifier);
  return verifier;
}

/** A log has few keys, and names one in every commit: making a key takes as long as verifying with it. */
const verifiers = new Map<string, Verifier>();
const VERIFIERS_KEPT = 256;

function toVerifier(vkey: string): Verifier {
  const { name, keyId, publicKey } = parseVkeyOf(ED25519, vkey);
  const key = publicKeyFrom(publicKey);
  return {
    name,
    keyId,
    vkey,
    verify: (text, signature) => verifyEd25519(key, Buffer.from(text, "utf8"), signature),
  };
}

/** Name, id and raw key of a vkey of the given type. Throws `TRAIL_VKEY_MALFORMED`. */
export function parseVkeyOf(
  type: number,
  vkey: string,
): { name: string; keyId: string; vkey: string; publicKey: Uint8Array } {
  // The base64 may hold a plus: only the first two separate.
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(vkey) ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !KEY_NAME.test(name)) {
    throw badVkey(vkey, "it is not <name>+<key id>+<base64>");
  }
  const blob = parseBase64(encoded);
  if (blob === undefined || blob.length !== 1 + PUBLIC_KEY_BYTES || blob[0] !== type) {
    throw badVkey(vkey, `its key is not base64 of the byte ${type} and 32 bytes`);
  }
  const publicKey = blob.subarray(1);
  if (keyId(name, type, publicKey) !== id)
    throw badVkey(vkey, `its key id is not ${keyId(name, type, publicKey)}`);
  return { name, keyId: id, vkey, publicKey };
}

/** The bytes; undefined unless `text` is their one standard spelling with padding. */
export function parseBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw malformed(name, "it is not UTF-8", cause);
  }
}

function malformed(name: string, state: string, cause?: unknown): GateError {
  return new GateError("TRAIL_NOTE_MALFORMED", `Cannot read ${name} as a signed note: ${state}`, { cause });
}

function badVkey(vkey: string, state: string): GateError {
  return new GateError("TRAIL_VKEY_MALFORMED", `Cannot use key '${vkey}': ${state}`, {
    fix: "Write the key as example.com/acme/models/trail+cbe37d85+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
  });
}
