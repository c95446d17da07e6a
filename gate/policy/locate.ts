import type { Tree, TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";

export const POLICY_PATH = ".weighbridge/policy.yml";
const FOLDER = ".weighbridge";
const WAIVER_FOLDER = ".weighbridge/waivers";
const WAIVER_PATH = /^\.weighbridge\/waivers\/WVR-[0-9]{4}-[0-9]{4,6}\.yml$/;
export const WAIVERS_MAX = 1_000;

/**
 * Where people put a policy by mistake. One of these beside the right place makes two policies, and one instead of
 * it would leave the branch without any, though somebody believes that it has one.
 */
const WRONG_PLACES: ReadonlySet<string> = new Set([
  ".weighbridge/policy.yaml",
  ".weighbridge/policy.json",
  ".weighbridge.yml",
  ".weighbridge.yaml",
  ".github/weighbridge.yml",
  ".github/weighbridge.yaml",
]);

const DOT = 0x2e;

export interface Located {
  readonly policy?: TreeEntry;
  /** Sorted by path. */
  readonly waivers: readonly TreeEntry[];
}

/**
 * The policy and the waivers of a tree. Throws GateError `PATH_UNSAFE` for what is not a plain file, and
 * `POLICY_AMBIGUOUS` or `WAIVER_MISPLACED` for what stands where it would have no effect.
 */
export function locatePolicy(tree: Tree): Located {
  const ours = [...tree.values()]
    .filter(({ path }) => isPolicyFile(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const entry of ours) assertPlain(entry);
  const misplaced = ours.find(({ path }) => isMisplacedPolicy(path));
  if (misplaced !== undefined) throw ambiguous(misplaced.path, tree.has(POLICY_PATH));
  const waivers = ours.filter(({ path }) => isWaiverPath(path));
  const stray = ours.find(({ path }) => looksLikeWaiver(path) && !isWaiverPath(path));
  if (stray !== undefined) throw strayWaiver(stray.path);
  if (waivers.length > WAIVERS_MAX) {
    const state = `${waivers.length} files, limit is ${WAIVERS_MAX}`;
    throw new GateError("WAIVERS_TOO_MANY", `Cannot load ${WAIVER_FOLDER}: ${state}`, {
      place: { path: WAIVER_FOLDER },
      fix: "Remove the waivers that have expired; git keeps them",
    });
  }
  const policy = tree.get(POLICY_PATH);
  return { waivers, ...(policy === undefined ? {} : { policy }) };
}

/**
 * Whether a file is one of ours, or stands where it would be taken for one. Compared without case, for on many disks
 * `Policy.yml` and `policy.yml` are one file.
 */
export function isPolicyFile(path: string): boolean {
  // All of them begin so: of a hundred thousand paths few are worth a copy in lower case.
  if (path.charCodeAt(0) !== DOT) return false;
  const lower = path.toLowerCase();
  return lower === FOLDER || lower.startsWith(`${FOLDER}/`) || WRONG_PLACES.has(lower);
}

function isMisplacedPolicy(path: string): boolean {
  const lower = path.toLowerCase();
  const isPolicy = lower === POLICY_PATH || lower.startsWith(`${POLICY_PATH}/`) || WRONG_PLACES.has(lower);
  return (isPolicy || lower === FOLDER) && path !== POLICY_PATH;
}

function looksLikeWaiver(path: string): boolean {
  const lower = path.toLowerCase();
  return lower === WAIVER_FOLDER || lower.startsWith(`${WAIVER_FOLDER}/wvr-`);
}

/** Whether the path is that of a waiver which has effect. */
export function isWaiverPath(path: string): boolean {
  return WAIVER_PATH.test(path);
}

/** A link or a submodule in place of the folder hides what is in it, and would leave the branch without a policy. */
function assertPlain({ path, kind }: TreeEntry): void {
  if (kind === "file" || kind === "executable") return;
  throw new GateError("PATH_UNSAFE", `Cannot load ${path}: it is a ${kind}, expected a file`, {
    place: { path },
    fix: "Commit the file itself",
  });
}

function ambiguous(path: string, hasPolicy: boolean): GateError {
  const state = hasPolicy ? `${POLICY_PATH} is there too` : `only ${POLICY_PATH} is read`;
  return new GateError("POLICY_AMBIGUOUS", `Cannot load the policy: ${path} looks like one, and ${state}`, {
    place: { path },
    fix: hasPolicy ? `Remove ${path}` : `Rename it to ${POLICY_PATH}`,
  });
}

function strayWaiver(path: string): GateError {
  const expected = `${WAIVER_FOLDER}/WVR-2026-0007.yml`;
  return new GateError("WAIVER_MISPLACED", `Cannot load ${path}: expected a name as ${expected}`, {
    place: { path },
    fix: "Rename or remove it",
  });
}
