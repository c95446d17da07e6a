import { hash } from "node:crypto";
import { GateError } from "../model/error.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import { parseVkey, type Verifier } from "./note.ts";
import { integer, list, type Mismatch, type Of, oneOf, record, text, where } from "./shape.ts";
import { COMMIT, ORIGIN, REF, SHA256, VKEY } from "./vocabulary.ts";

/** `trail.json`: what the trail is about, and which key signed it from which size on. */

export const TRAIL_FILE = "trail.json";
export const TRAIL_FILE_BYTES_MAX = 256 * 1024;

const GLOB = text(/^[!-~]{1,255}$/, "a glob");
const ANCHOR = record({ kind: oneOf("rfc3161"), url: text(/^https:\/\/[!-~]{1,500}$/, "a URL"), ca: SHA256 });

const KEYS = list(record({ vkey: VKEY, from: integer() }, { to: integer() }), 1, 64);
export type TrailKey = Of<typeof KEYS>[number];

const SHAPE = where(
  record(
    {
      v: oneOf(1),
      origin: ORIGIN,
      repo_id: integer(),
      genesis: COMMIT,
      governed: record({ branch: REF, globs: list(GLOB, 1, 64) }),
      keys: KEYS,
      heartbeat_minutes: integer(1, 1_440),
    },
    { witness: text(/^[\n -~]{1,1024}$/, "the text of a witness policy"), anchors: list(ANCHOR, 0, 8) },
  ),
  checkKeys,
);

export type TrailFile = Of<typeof SHAPE>;

/**
 * Each key ends before the next begins, or at the size where the next begins: there both sign. Only the last is
 * open. Each is a key of the origin.
 */
function checkKeys({ keys, origin }: { keys: readonly TrailKey[]; origin: string }): Mismatch | undefined {
  for (const [at, { vkey, from, to }] of keys.entries()) {
    const next = keys[at + 1];
    if (!vkey.startsWith(`${origin}+`)) return { at: `.keys[${at}].vkey`, expected: `a key of ${origin}` };
    if (keys.findIndex((key) => key.vkey === vkey) < at) return { at: `.keys[${at}].vkey`, expected: "once" };
    if ((to === undefined) !== (next === undefined)) {
      return { at: `.keys[${at}].to`, expected: "to be there, but for the last key" };
    }
    if (to !== undefined && to < from) return { at: `.keys[${at}].to`, expected: `${from} or more` };
    if (next !== undefined && (next.from < (to ?? 0) || next.from <= from)) {
      return { at: `.keys[${at + 1}].from`, expected: `${to} or more` };
    }
  }
  return undefined;
}

/** The trail file that canonical bytes spell. Throws `TRAIL_NOT_CANONICAL`, `TRAIL_FILE_INVALID`. */
export function parseTrailFile(bytes: Uint8Array): TrailFile {
  if (bytes.length > TRAIL_FILE_BYTES_MAX) {
    throw invalid(`it has ${bytes.length} bytes, limit is ${TRAIL_FILE_BYTES_MAX}`);
  }
  const value: unknown = parseCanonical(bytes, TRAIL_FILE);
  assertTrailFile(value);
  for (const { vkey } of value.keys) parseVkey(vkey);
  return value;
}

export function formatTrailFile(file: TrailFile): Uint8Array {
  const bytes = canonicalBytes(file);
  parseTrailFile(bytes);
  return bytes;
}

/** Digest that an entry, an owner and an auditor mean by a description: SHA-256, 64 hex digits. */
export function digestOf(file: TrailFile): string {
  return hash("sha256", formatTrailFile(file));
}

/**
 * The governed repository that an origin names: `acme/models` and `git+https://github.com/acme/models` of
 * `github.com/acme/models/trail`. Throws `TRAIL_ORIGIN_WRONG` for an origin of another form.
 */
export function repositoryOf(origin: string): { readonly name: string; readonly url: string } {
  const [, host, name] = /^([^/]+)\/([^/].*)\/trail(?:\/[^/]+)?$/.exec(origin) ?? [];
  if (host !== undefined && name !== undefined) return { name, url: `git+https://${host}/${name}` };
  const message = `Cannot name the repository of '${origin}': expected <host>/<repository>/trail`;
  throw new GateError("TRAIL_ORIGIN_WRONG", message);
}

/** The keys that sign a checkpoint of this size, each of them: two where one hands over to the next. */
export function keysAt({ keys }: TrailFile, size: number): readonly Verifier[] {
  const valid = keys.filter(({ from, to }) => from <= size && size <= (to ?? Number.MAX_SAFE_INTEGER));
  return valid.map(({ vkey }) => parseVkey(vkey));
}

/** The key that signs what comes next. */
export function currentKey({ keys }: TrailFile): TrailKey {
  return keys.at(-1)!;
}

function assertTrailFile(value: unknown): asserts value is TrailFile {
  const mismatch = SHAPE.check(value);
  if (mismatch === undefined) return;
  throw invalid(`${mismatch.at.slice(1) || "it"} is expected ${mismatch.expected}`);
}

function invalid(state: string): GateError {
  return new GateError("TRAIL_FILE_INVALID", `Cannot accept ${TRAIL_FILE}: ${state}`);
}
