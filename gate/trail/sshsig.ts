import { hash } from "node:crypto";
import { GateError } from "../model/error.ts";
import { PUBLIC_KEY_BYTES, publicKeyFrom, verifyEd25519 } from "./ed25519.ts";
import { parseBase64 } from "./note.ts";

/**
 * Signatures of `ssh-keygen -Y sign` (PROTOCOL.sshsig of OpenSSH), with Ed25519 keys: what an owner approves a new
 * log key with, by the key that he has already.
 */
export interface SshSignature {
  /** As it stands in an `allowed_signers` file: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
  readonly namespace: string;
  readonly hashAlgorithm: "sha256" | "sha512";
  readonly raw: { readonly key: Uint8Array; readonly reserved: Uint8Array; readonly signature: Uint8Array };
}

/** What owners sign in: `ssh-keygen -Y sign -n weighbridge-trail`. */
export const APPROVAL_NAMESPACE = "weighbridge-trail";

const ARMOR =
  /^-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]{1,4096})-----END SSH SIGNATURE-----\r?\n?$/;
const MAGIC = "SSHSIG";
const VERSION = 1;
const ED25519 = "ssh-ed25519";

/** The signature, not yet verified. Throws `TRAIL_SSHSIG_INVALID`, `TRAIL_SSHSIG_UNSUPPORTED`. */
export function parseSshSignature(bytes: Uint8Array): SshSignature {
  const [, body] = ARMOR.exec(Buffer.from(bytes).toString("latin1")) ?? [];
  const blob = body === undefined ? undefined : parseBase64(body.replaceAll(/[\r\n]/g, ""));
  if (blob === undefined) throw invalid("it is not an armored SSH signature");
  const fields = new Fields(blob);
  if (fields.take(MAGIC.length).toString("latin1") !== MAGIC) throw invalid("it does not begin with SSHSIG");
  if (fields.uint32() !== VERSION) throw invalid("its version is not 1");
  const publicKey = fields.string();
  const namespace = fields.string().toString("latin1");
  const reserved = fields.string();
  const hashAlgorithm = fields.string().toString("latin1");
  const signature = ed25519Part(fields.string(), "signature");
  fields.assertEnd();
  const key = ed25519Part(publicKey, "key");
  if (key.length !== PUBLIC_KEY_BYTES) throw invalid("its key is not 32 bytes");
  if (hashAlgorithm !== "sha256" && hashAlgorithm !== "sha512") throw unsupported(`hash ${hashAlgorithm}`);
  return {
    publicKey: `${ED25519} ${publicKey.toString("base64")}`,
    namespace,
    hashAlgorithm,
    raw: { key, reserved, signature },
  };
}

/** True if the signature is over this message, in this namespace. */
export function verifySshSignature(signature: SshSignature, namespace: string, message: Uint8Array): boolean {
  const { hashAlgorithm, raw } = signature;
  if (signature.namespace !== namespace) return false;
  const signed = Buffer.concat([
    Buffer.from(MAGIC, "latin1"),
    sshString(Buffer.from(namespace, "latin1")),
    sshString(raw.reserved),
    sshString(Buffer.from(hashAlgorithm, "latin1")),
    sshString(hash(hashAlgorithm, message, "buffer")),
  ]);
  return verifyEd25519(publicKeyFrom(raw.key), signed, raw.signature);
}

/** Principals, perhaps the one option that is understood, key. */
const SIGNER = /^(\S+)[ \t]+(?:namespaces="([^"]*)"[ \t]+)?ssh-ed25519[ \t]+([A-Za-z0-9+/=]+)(?:[ \t].*)?$/;

/**
 * Keys of an `allowed_signers` file that may sign in the namespace of approvals, as `ssh-ed25519 AAAA…`, with their
 * principals. A key for other namespaces alone is left out, as ssh-keygen does; other options (`valid-before=`) are
 * refused rather than passed over. Throws `TRAIL_SIGNERS_INVALID`.
 */
export function parseAllowedSigners(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n").map((line) => line.trim());
  const signers = new Map<string, string>();
  for (const line of lines.filter((each) => each !== "" && !each.startsWith("#"))) {
    const [, principals, namespaces, key] = SIGNER.exec(line) ?? [];
    if (principals === undefined || key === undefined) {
      throw new GateError(
        "TRAIL_SIGNERS_INVALID",
        `Cannot read allowed signers: '${line.slice(0, 80)}' is not <principal> [namespaces="…"] ${ED25519} <key>`,
      );
    }
    if (namespaces === undefined || matches(APPROVAL_NAMESPACE, namespaces)) {
      signers.set(`${ED25519} ${key}`, principals);
    }
  }
  return signers;
}

/** Whether a name fits a pattern list of ssh_config(5): `*`, `?`, and `!` before what must not fit. */
function matches(name: string, patterns: string): boolean {
  const fitting = patterns.split(",").filter((pattern) => {
    const literal = pattern.replace(/^!/, "").replaceAll(/[^A-Za-z0-9*?]/g, "\\$&");
    return new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(name);
  });
  return fitting.length > 0 && !fitting.some((pattern) => pattern.startsWith("!"));
}

/** Reads the fields of an SSH message (RFC 4251 section 5). */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw invalid("it ends inside a field");
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  string(): Buffer {
    return this.take(this.uint32());
  }

  assertEnd(): void {
    if (this.#at !== this.#bytes.length) throw invalid("bytes follow its last field");
  }
}

/** The second string of a key or signature whose first names its type. */
function ed25519Part(bytes: Buffer, what: string): Buffer {
  const fields = new Fields(bytes);
  const type = fields.string().toString("latin1");
  if (type !== ED25519) throw unsupported(`${what} of type ${type}`);
  const part = fields.string();
  fields.assertEnd();
  return part;
}

function sshString(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function invalid(state: string): GateError {
  return new GateError("TRAIL_SSHSIG_INVALID", `Cannot read the approval: ${state}`);
}

function unsupported(what: string): GateError {
  return new GateError(
    "TRAIL_SSHSIG_UNSUPPORTED",
    `Cannot verify the approval: ${what}, expected ${ED25519}`,
    {
      fix: "Approve with an Ed25519 key: ssh-keygen -t ed25519",
    },
  );
}
