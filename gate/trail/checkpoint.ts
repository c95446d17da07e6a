import { GateError } from "../model/error.ts";
import { HASH_BYTES } from "./merkle.ts";
import { type NoteSignature, parseBase64, parseNote, type Verifier, verifyNote } from "./note.ts";

/** What a checkpoint says: c2sp.org/tlog-checkpoint v1.0.0, without extension lines. */
export interface Checkpoint {
  /** `<host>/<owner>/<repo>/trail` of the governed repository. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** The text that is signed: three lines, the last with its newline. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

/**
 * The checkpoint that a note's text states. Throws `TRAIL_CHECKPOINT_MALFORMED`; extension lines are refused,
 * for we write none and what nobody reads must not be signed.
 */
export function parseCheckpoint(text: string, name: string): Checkpoint {
  const [origin, size, encoded, rest, ...more] = text.split("\n");
  if (origin === undefined || size === undefined || encoded === undefined || rest !== "" || more.length > 0) {
    throw malformed(name, `it has ${text.split("\n").length - 1} lines, expected 3`);
  }
  if (origin === "") throw malformed(name, "its origin is empty");
  if (!SIZE.test(size) || !Number.isSafeInteger(Number(size))) throw malformed(name, `its size is '${size}'`);
  const root = parseBase64(encoded);
  if (root?.length !== HASH_BYTES) throw malformed(name, "its root is not base64 of 32 bytes");
  return { origin, size: Number(size), root };
}

/** A checkpoint whose log signed it, and every signature of a known key on it. */
export interface SignedCheckpoint extends Checkpoint {
  /** What was signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/**
 * The checkpoint of a note that a key of its own log signed. Throws the errors of `parseNote`, `verifyNote` and
 * `parseCheckpoint`, and `TRAIL_ORIGIN_WRONG` if only keys of other names signed: a witness is not the log.
 */
export function openCheckpoint(
  bytes: Uint8Array,
  verifiers: readonly Verifier[],
  name: string,
): SignedCheckpoint {
  const note = parseNote(bytes, name);
  const signatures = verifyNote(note, verifiers, name);
  const checkpoint = parseCheckpoint(note.text, name);
  if (!signatures.some((signature) => signature.name === checkpoint.origin)) {
    throw new GateError(
      "TRAIL_ORIGIN_WRONG",
      `Cannot accept ${name}: it is of '${checkpoint.origin}', signed by ${signatures.map((key) => key.name).join(", ")}`,
    );
  }
  return { ...checkpoint, text: note.text, signatures };
}

function malformed(name: string, state: string): GateError {
  return new GateError("TRAIL_CHECKPOINT_MALFORMED", `Cannot read ${name} as a checkpoint: ${state}`);
}
