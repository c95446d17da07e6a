import { GateError } from "../model/error.ts";
import { openCheckpoint, parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { parseNote, parseVkey, type Verifier } from "./note.ts";
import { keysAt, type TrailFile } from "./trail-file.ts";

/**
 * The checkpoint, if every key that `file` names for its size signed it. Throws the errors of `openCheckpoint`,
 * `TRAIL_ORIGIN_WRONG`, and `TRAIL_KEY_RANGE` for a signature by a key outside its sizes or a missing one.
 */
export function authenticate(bytes: Uint8Array, file: TrailFile, name: string): SignedCheckpoint {
  const stated = parseCheckpoint(parseNote(bytes, name).text, name);
  if (stated.origin !== file.origin) {
    const message = `Cannot accept ${name}: it is of '${stated.origin}', expected '${file.origin}'`;
    throw new GateError("TRAIL_ORIGIN_WRONG", message);
  }
  // Every key of the file is known: a wrong signature of one that is not valid here is still a forgery.
  const checkpoint = openCheckpoint(
    bytes,
    file.keys.map(({ vkey }) => parseVkey(vkey)),
    name,
  );
  const expected = keysAt(file, checkpoint.size);
  const missing = expected.find((key) => !hasSigned(checkpoint, key));
  if (expected.length > 0 && missing === undefined) return checkpoint;
  const state = missing === undefined ? "no key is valid" : `${missing.name}+${missing.keyId} has not signed`;
  throw new GateError("TRAIL_KEY_RANGE", `Cannot accept ${name}: ${state} at size ${checkpoint.size}`);
}

function hasSigned({ signatures }: SignedCheckpoint, key: Verifier): boolean {
  return signatures.some(({ name, keyId }) => name === key.name && keyId === key.keyId);
}
