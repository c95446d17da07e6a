import { spawn } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { GateError } from "../model/error.ts";
import { rawPublicKey, SIGNATURE_BYTES } from "./ed25519.ts";
import { formatVkey, parseBase64, parseVkey, type Signer } from "./note.ts";

/** Where a log key comes from: a file, an environment variable, or a command in front of a key service. */

export const SIGN_TIMEOUT_MS = 20_000;
const KEY_BYTES_MAX = 16 * 1024;
/** A signature in base64 and a line end, and room for a tool that says more before it is refused. */
const OUTPUT_BYTES_MAX = 4_096;

/** A signer with an Ed25519 key in PEM (PKCS#8). Throws `TRAIL_KEY_INVALID`. */
export function pemSigner(name: string, pem: string, from: string): Signer {
  if (pem.length > KEY_BYTES_MAX) throw invalidKey(from, `it has more than ${KEY_BYTES_MAX} bytes`);
  const key = parsePrivateKey(pem, from);
  if (key.asymmetricKeyType !== "ed25519")
    throw invalidKey(from, `it is ${key.asymmetricKeyType}, expected ed25519`);
  return signerOf(name, rawPublicKey(key), async (text) => sign(null, text, key));
}

/** A signer with the key in a file. Rejects `TRAIL_KEY_INVALID`. */
export async function fileSigner(name: string, path: string): Promise<Signer> {
  let pem: string;
  try {
    pem = await readFile(path, "utf8");
  } catch (cause) {
    throw invalidKey(path, "the file cannot be read", cause);
  }
  return pemSigner(name, pem, path);
}

/** A signer with the key in an environment variable. Throws `TRAIL_KEY_INVALID`. */
export function environmentSigner(name: string, variable: string, environment: NodeJS.ProcessEnv): Signer {
  const pem = environment[variable];
  if (pem === undefined || pem === "") throw invalidKey(variable, "the variable is not set");
  // CI systems keep a secret on one line.
  return pemSigner(name, pem.replaceAll("\\n", "\n"), variable);
}

export interface SigningCommand {
  /** Program and arguments; no shell is between. */
  readonly command: readonly [string, ...string[]];
  readonly timeoutMs?: number;
}

/**
 * A signer that runs a command with the text on its standard input. It answers with the 64 bytes of the signature,
 * raw or in base64. Rejects `TRAIL_SIGNER_TIMEOUT`, `TRAIL_SIGNER_FAILED`.
 */
export function commandSigner(
  vkey: string,
  { command, timeoutMs = SIGN_TIMEOUT_MS }: SigningCommand,
): Signer {
  const { name, keyId } = parseVkey(vkey);
  return { name, keyId, vkey, sign: async (text) => toSignature(await runSigner(command, text, timeoutMs)) };
}

/** A new Ed25519 key: the PEM to keep secret, and the vkey to publish. */
export function generateKey(name: string): { readonly pem: string; readonly vkey: string } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  return { pem: pem.toString(), vkey: formatVkey(name, rawPublicKey(privateKey)) };
}

function signerOf(name: string, publicKey: Uint8Array, sign: Signer["sign"]): Signer {
  const vkey = formatVkey(name, publicKey);
  return { name, keyId: parseVkey(vkey).keyId, vkey, sign };
}

function parsePrivateKey(pem: string, from: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw invalidKey(from, "it is not a private key in PEM", cause);
  }
}

function toSignature(output: Buffer): Uint8Array {
  if (output.length === SIGNATURE_BYTES) return output;
  const decoded = parseBase64(output.toString("latin1").trimEnd());
  if (decoded?.length === SIGNATURE_BYTES) return decoded;
  throw new GateError(
    "TRAIL_SIGNER_FAILED",
    `Cannot sign the trail: the command gave ${output.length} bytes, expected ${SIGNATURE_BYTES} or their base64`,
  );
}

function runSigner(
  [program, ...args]: SigningCommand["command"],
  text: Uint8Array,
  timeoutMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], windowsHide: true });
    const chunks: Buffer[] = [];
    let length = 0;
    const stop = (code: string, state: string, cause?: unknown) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new GateError(code, `Cannot sign the trail: ${program} ${state}`, { cause }));
    };
    const timer = setTimeout(() => stop("TRAIL_SIGNER_TIMEOUT", `took more than ${timeoutMs} ms`), timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > OUTPUT_BYTES_MAX) stop("TRAIL_SIGNER_FAILED", `wrote more than ${OUTPUT_BYTES_MAX} bytes`);
    });
    // A command that does not read its input is judged by what it answers.
    child.stdin.on("error", () => {});
    child.once("error", (cause) => stop("TRAIL_SIGNER_FAILED", "cannot be run", cause));
    child.once("close", (status) => {
      if (status !== 0) return stop("TRAIL_SIGNER_FAILED", `ended with status ${status}`);
      clearTimeout(timer);
      return resolve(Buffer.concat(chunks));
    });
    child.stdin.end(text);
  });
}

function invalidKey(from: string, state: string, cause?: unknown): GateError {
  return new GateError("TRAIL_KEY_INVALID", `Cannot use the log key from ${from}: ${state}`, {
    cause,
    fix: "Make one with: openssl genpkey -algorithm ed25519",
  });
}
