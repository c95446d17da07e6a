import type { Place } from "../place.ts";
import type { Archive } from "../store/archive.ts";

/** Up to where the moves of a default branch were told and looked into: whatever it moved beyond, nobody told. */

/** Commit ids; 40 zeros before where there was nothing. */
export interface Move {
  readonly before: string;
  readonly after: string;
}

interface Told {
  /** All of the branch was looked into up to this commit. */
  readonly at: string;
  /** Moves that were looked into, of which none begins there: deliveries come in any order. */
  readonly loose: readonly Move[];
}

const NOTHING = /^0+$/;
const LOOSE_MAX = 100;

type Kept = Pick<Archive, "get" | "set" | "setOnce" | "swap">;
type Branch = Pick<Place, "repositoryId"> & { readonly branch: string };

/** Keeps that a move was told and looked into. Of one branch, one at a time. */
export async function noteMove(archive: Kept, branch: Branch, move: Move): Promise<void> {
  const told = await findTold(archive, branch);
  const isFirst = told === undefined || NOTHING.test(move.before);
  await keep(
    archive,
    branch,
    isFirst ? { at: move.after, loose: [] } : follow(told.at, [...told.loose, move]),
  );
}

/** Keeps that all of the branch was looked into up to this commit. Of one branch, one at a time. */
export function noteLookedInto(archive: Kept, branch: Branch, tip: string): Promise<void> {
  return keep(archive, branch, { at: tip, loose: [] });
}

/**
 * What of the branch nobody told, as one move; undefined where all was told. Of a branch that is seen for the first
 * time, `heard` is what it was last known to end with.
 */
export async function findUntold(
  archive: Kept,
  branch: Branch,
  { tip, heard = tip }: { readonly tip: string; readonly heard?: string },
): Promise<Move | undefined> {
  const first = JSON.stringify({ at: heard, loose: [] } satisfies Told);
  const text = (await archive.get(nameOf(branch))) ?? (await archive.setOnce(nameOf(branch), first));
  const told: Told = JSON.parse(text);
  if (told.at !== tip) return beginningOf(told, tip);
  // What is left was told late, or twice. Unless something was told meanwhile.
  if (told.loose.length > 0) await archive.swap(nameOf(branch), text, JSON.stringify({ ...told, loose: [] }));
  return undefined;
}

/** What was told of the end is not looked into again. */
function beginningOf({ at, loose }: Told, tip: string): Move {
  const rest = [...loose];
  let end = tip;
  for (;;) {
    const last = rest.findIndex(({ after }) => after === end);
    const [move] = last === -1 ? [] : rest.splice(last, 1);
    if (move === undefined) return { before: at, after: end };
    end = move.before;
  }
}

function follow(start: string, moves: readonly Move[]): Told {
  const loose = [...moves];
  let at = start;
  for (;;) {
    const next = loose.findIndex(({ before }) => before === at);
    const [move] = next === -1 ? [] : loose.splice(next, 1);
    if (move === undefined) return { at, loose: loose.slice(-LOOSE_MAX) };
    at = move.after;
  }
}

async function findTold(archive: Kept, branch: Branch): Promise<Told | undefined> {
  const text = await archive.get(nameOf(branch));
  return text === undefined ? undefined : JSON.parse(text);
}

function keep(archive: Kept, branch: Branch, told: Told): Promise<void> {
  return archive.set(nameOf(branch), JSON.stringify(told));
}

function nameOf({ repositoryId, branch }: Branch): string {
  return `told/${repositoryId}/${branch}`;
}
