import { GateError } from "../model/error.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import { fits, integer, list, oneOf, record, text } from "./shape.ts";
import { COMMIT, ORIGIN, SHA256, TIME, VKEY } from "./vocabulary.ts";

/**
 * What a verification keeps for the next: the trail must extend it. Kept by who verifies, out of reach of who writes
 * the trail; without it, a trail that was set back to an older signed state looks whole.
 */
export interface KeptState {
  readonly origin: string;
  readonly commit: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** As of the run: what looked at the last commit alone says nothing of those before it. */
  readonly level: 0 | 1;
  readonly began: Beginning;
  /** Public keys that approved a change of keys or of the description, as `ssh-ed25519 AAAA…`, sorted. */
  readonly approvers: readonly string[];
  /** Latest time that an entry states: RFC 3339, UTC. */
  readonly latest: string;
  /** Ids of all entries, 32 bytes each. */
  readonly ids: Uint8Array;
}

/** What entry 0 says. */
export interface Beginning {
  /** The first key. */
  readonly vkey: string;
  /** SHA-256 of the first `trail.json`, in hex. */
  readonly digest: string;
}

const ID_BYTES = 32;
const APPROVERS_MAX = 1_024;
const HEADER = record({
  v: oneOf(2),
  origin: ORIGIN,
  commit: COMMIT,
  size: integer(1),
  root: SHA256,
  level: oneOf(0, 1),
  began: record({ vkey: VKEY, digest: SHA256 }),
  approvers: list(text(/^ssh-ed25519 [A-Za-z0-9+/]{68}$/, "a public key"), 0, APPROVERS_MAX),
  latest: TIME,
});

/** One file: a line of canonical JSON, then the ids. */
export function formatState({ ids, root, ...rest }: KeptState): Uint8Array {
  const header = { v: 2, ...rest, root: Buffer.from(root).toString("hex") };
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
  const { v: _, root, ...rest } = header;
  return { ...rest, root: Buffer.from(root, "hex"), ids };
}

function damaged(path: string, state: string): GateError {
  return new GateError("TRAIL_STATE_DAMAGED", `Cannot read the kept state in ${path}: ${state}`);
}
