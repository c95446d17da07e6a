import { GateError } from "../model/error.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { assertInclusion, HASH_BYTES, leafHash, PROOF_LENGTH_MAX } from "./merkle.ts";
import { NOTE_BYTES_MAX, parseBase64, type Verifier } from "./note.ts";

/** Proof that one entry is in the trail: c2sp.org/tlog-proof@v1. */
export interface Proof {
  readonly index: number;
  /** From the leaf's sibling up. */
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: Uint8Array;
}

const HEADER = "c2sp.org/tlog-proof@v1";
const INDEX = /^index (0|[1-9][0-9]{0,15})$/;
const EXTRA = /^extra ([A-Za-z0-9+/]+={0,2})$/;
const PROOF_BYTES_MAX = NOTE_BYTES_MAX + 128 * 1024;

/** The bytes of a `.tlog-proof` file. */
export function formatProof({ index, hashes, checkpoint }: Proof): Uint8Array {
  const lines = [HEADER, `index ${index}`, ...hashes.map((hash) => Buffer.from(hash).toString("base64"))];
  return Buffer.concat([Buffer.from(`${lines.join("\n")}\n\n`, "utf8"), checkpoint]);
}

/** The proof, not yet verified. Throws `TRAIL_PROOF_MALFORMED`. An `extra` line is allowed and not used. */
export function parseProof(bytes: Uint8Array, name: string): Proof {
  if (bytes.length > PROOF_BYTES_MAX) {
    throw malformed(name, `it has ${bytes.length} bytes, limit is ${PROOF_BYTES_MAX}`);
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const split = buffer.indexOf("\n\n");
  if (split === -1) throw malformed(name, "no empty line comes before the checkpoint");
  const [header, ...lines] = buffer.toString("latin1", 0, split).split("\n");
  if (header !== HEADER) throw malformed(name, `its first line is not '${HEADER}'`);
  if (lines[0]?.startsWith("extra ")) parseExtra(lines.shift()!, name);
  const [, index] = INDEX.exec(lines[0] ?? "") ?? [];
  if (index === undefined || !Number.isSafeInteger(Number(index)))
    throw malformed(name, "it has no index line");
  if (lines.length - 1 > PROOF_LENGTH_MAX)
    throw malformed(name, `it has more than ${PROOF_LENGTH_MAX} hashes`);
  const hashes = lines.slice(1).map((line) => parseHash(line, name));
  return { index: Number(index), hashes, checkpoint: buffer.subarray(split + 2) };
}

/**
 * The checkpoint that the entry is proved to be under. Throws the errors of `openCheckpoint`, and
 * `TRAIL_PROOF_INVALID`.
 */
export function verifyProof(proof: Proof, entry: Uint8Array, verifiers: readonly Verifier[]): Checkpoint {
  const checkpoint = openCheckpoint(proof.checkpoint, verifiers, "checkpoint of the proof");
  const { size, root } = checkpoint;
  assertInclusion({ index: proof.index, size, leaf: leafHash(entry), root, proof: proof.hashes });
  return checkpoint;
}

function parseExtra(line: string, name: string): void {
  const [, encoded] = EXTRA.exec(line) ?? [];
  if (encoded === undefined || parseBase64(encoded) === undefined)
    throw malformed(name, "its extra is not base64");
}

function parseHash(line: string, name: string): Uint8Array {
  const hash = parseBase64(line);
  if (hash?.length !== HASH_BYTES) throw malformed(name, "a hash is not base64 of 32 bytes");
  return hash;
}

function malformed(name: string, state: string): GateError {
  return new GateError("TRAIL_PROOF_MALFORMED", `Cannot read ${name} as a proof: ${state}`);
}
