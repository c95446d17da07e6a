import { isDeepStrictEqual } from "node:util";
import { GateError } from "../model/error.ts";
import { currentKey, type TrailFile, type TrailKey } from "./trail-file.ts";

/** What a commit may do to `trail.json`; see `key.rotated`, `key.revoked` and `config.changed`. */
export type Succession = "same" | "configured" | "rotated" | "revoked";

/**
 * What the commit of a checkpoint of `size` did to the trail's description. Throws `TRAIL_SUCCESSION_WRONG` for
 * anything but one of four steps: identity and earlier keys never change, and a new key begins at this size. That
 * both keys signed a rotation follows from `authenticate`, for at that size both are valid.
 */
export function successionOf(old: TrailFile, next: TrailFile, size: number): Succession {
  if (isDeepStrictEqual(old, next)) return "same";
  const identity = ({ v, origin, repo_id, genesis }: TrailFile) => [v, origin, repo_id, genesis];
  if (!isDeepStrictEqual(identity(old), identity(next))) throw wrong("origin, repository or genesis changed");
  if (isDeepStrictEqual(old.keys, next.keys)) return "configured";
  if (!isDeepStrictEqual({ ...old, keys: next.keys }, next)) throw wrong("a key and something else changed");
  return keyStep(old.keys, next.keys, size);
}

function keyStep(old: readonly TrailKey[], next: readonly TrailKey[], size: number): Succession {
  const added = next.at(-1)!;
  const ended = next.at(-2);
  const last = old.at(-1)!;
  if (next.length !== old.length + 1 || !isDeepStrictEqual(next.slice(0, -2), old.slice(0, -1))) {
    throw wrong("earlier keys changed");
  }
  if (ended === undefined || ended.vkey !== last.vkey || ended.from !== last.from || ended.to === undefined) {
    throw wrong("the last key changed, expected only its end");
  }
  if (added.from !== size) throw wrong(`the new key begins at ${added.from}, expected ${size}`);
  return ended.to === size ? "rotated" : "revoked";
}

/** The description after a key hands over at `size`: there both sign. */
export function rotate(file: TrailFile, vkey: string, size: number): TrailFile {
  return { ...file, keys: [...endLast(file, size), { vkey, from: size }] };
}

/** The description after a key was found to be stolen: what it signed beyond `lastGoodSize` does not count. */
export function revoke(file: TrailFile, vkey: string, at: { size: number; lastGoodSize: number }): TrailFile {
  return { ...file, keys: [...endLast(file, at.lastGoodSize), { vkey, from: at.size }] };
}

function endLast(file: TrailFile, to: number): readonly TrailKey[] {
  return [...file.keys.slice(0, -1), { ...currentKey(file), to }];
}

function wrong(state: string): GateError {
  return new GateError("TRAIL_SUCCESSION_WRONG", `Cannot accept the new trail.json: ${state}`);
}
