import { GateError } from "../model/error.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import { fits, integer, oneOf, record } from "./shape.ts";
import { COMMIT, ORIGIN, SHA256, TIME } from "./vocabulary.ts";

/**
 * What a verification keeps for the next: the trail must extend it. Kept by who verifies, out of reach of who writes
 * the trail; without it, a trail that was set back to an older signed state looks whole.
 */
export interface KeptState {
  readonly origin: string;
  readonly commit: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Latest time that an entry states: RFC 3339, UTC. */
  readonly latest: string;
  /** Ids of all entries, 32 bytes each. */
  readonly ids: Uint8Array;
}

const ID_BYTES = 32;
const HEADER = record({
  v: oneOf(1),
  origin: ORIGIN,
  commit: COMMIT,
  size: integer(1),
  root: SHA256,
  latest: TIME,
});

/** One file: a line of canonical JSON, then the ids. */
export function formatState({ origin, commit, size, root, latest, ids }: KeptState): Uint8Array {
  const header = { v: 1, origin, commit, size, root: Buffer.from(root).toString("hex"), latest };
  return Buffer.concat([canonicalBytes(header), Buffer.from("\n"), ids]);
}

/** Throws `TRAIL_STATE_DAMAGED`. */
export function parseState(bytes: Uint8Array, path: string): KeptState {
  const end = bytes.indexOf(0x0a);
  if (end === -1) throw damaged(path, "it has no header line");
  const header: unknown = parseCanonical(bytes.subarray(0, end), path);
  if (!fits(header, HEADER)) throw damaged(path, "its header is of another form");
  const ids = bytes.subarray(end + 1);
  if (ids.length !== header.size * ID_BYTES) {
    throw damaged(path, `it holds ${ids.length / ID_BYTES} ids, expected ${header.size}`);
  }
  const { origin, commit, size, latest } = header;
  return { origin, commit, size, root: Buffer.from(header.root, "hex"), latest, ids };
}

function damaged(path: string, state: string): GateError {
  return new GateError("TRAIL_STATE_DAMAGED", `Cannot read the kept state in ${path}: ${state}`);
}
