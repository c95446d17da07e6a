import { expectationOf } from "../artifact/extensions.ts";
import type { Identification } from "../artifact/identify.ts";
import type { FileChange, TreeEntry } from "../model/change.ts";
import type { Repository } from "../world.ts";
import { identifyEntry } from "./artifacts.ts";
import type { Claim, Concern } from "./concern.ts";
import { findReencoding, mayBecomeModel } from "./conversion.ts";
import type { LockOutput } from "./lock-outputs.ts";
import type { Side, SideName, Sides } from "./side.ts";

/** A changed model file that no manifest claims; one that the head's manifests claim is not among them. */
export interface UnclaimedFile {
  readonly path: string;
  /** The change that it is part of: of its own entry, of its pointer, or of the lock that pins it. */
  readonly change: FileChange;
  readonly base?: { readonly path: string };
  readonly head?: { readonly path: string };
}

/** What differs between the two sides: what git keeps, what a pipeline makes, and what a checkout makes. */
export interface Differences extends Pick<Sides, SideName | "outputs" | "converted"> {
  readonly files: readonly FileChange[];
}

/**
 * Formats of models that are as often formats of data. No other model becomes data by being called so: data is not
 * scanned for code.
 */
const ARRAY_FORMATS: ReadonlySet<string> = new Set(["hdf5", "npy", "npz"]);

/** The changed files that are models, by their bytes or their name, and that no manifest claims as such. */
export async function findUnclaimed(
  { files, outputs, converted, ...sides }: Differences,
  concern: Concern,
  repository: Repository,
): Promise<UnclaimedFile[]> {
  const found: UnclaimedFile[] = [];
  const claimOf = (path: string, side: SideName) => {
    const claim = concern.claimOf(path, side);
    // What the base weighs as a model is not data by being called so.
    const isDemoted = side === "head" && claim === "data" && concern.claimOf(path, "base") === "artifact";
    return isDemoted ? undefined : claim;
  };
  const standingOf = async (entry: TreeEntry, side: SideName) =>
    readStanding(entry, claimOf(entry.path, side), { side: sides[side], repository });
  for (const change of files) {
    const { path, base, head } = change;
    const before = change.status === "copied" ? undefined : base;
    found.push(...(await select({ path, change, base: before, head }, standingOf)));
  }
  for (const [path, change] of converted) {
    if (findReencoding(path, await sides.head.attributes()) === undefined) continue;
    const entries = { base: sides.base.tree.get(path), head: sides.head.tree.get(path) };
    found.push(...(await select({ path, change, ...entries }, standingOf)));
  }
  for (const { path, cause, base, head } of outputs) {
    const standing = async (output: LockOutput, side: SideName) =>
      toStanding(output.path, claimOf(output.path, side));
    found.push(...(await select({ path, change: cause, base, head }, standing)));
  }
  return found;
}

interface Candidate<T> {
  readonly path: string;
  readonly change: FileChange;
  readonly base: T | undefined;
  readonly head: T | undefined;
}

type Standing = "claimed" | "unclaimed" | "no model";

/** The candidate if it is an unclaimed model on either side, and no manifest of the head claims it. */
async function select<T extends { readonly path: string }>(
  { path, change, base, head }: Candidate<T>,
  standingOf: (side: T, name: SideName) => Promise<Standing>,
): Promise<UnclaimedFile[]> {
  const after = head && (await standingOf(head, "head"));
  if (after === "claimed") return [];
  const before = base && (await standingOf(base, "base"));
  if (after !== "unclaimed" && before !== "unclaimed") return [];
  return [
    {
      path,
      change,
      ...(before === "unclaimed" && base !== undefined ? { base } : {}),
      ...(after === "unclaimed" && head !== undefined ? { head } : {}),
    },
  ];
}

/** What a file is that no manifest names as an artifact. */
async function readStanding(
  entry: TreeEntry,
  claim: Claim | undefined,
  { side, repository }: { readonly side: Side; readonly repository: Repository },
): Promise<Standing> {
  const { path, kind } = entry;
  if (claim === "artifact") return "claimed";
  if (kind === "submodule") return "no model";
  if (kind !== "symlink" && (await mayBecomeModel(entry, await side.attributes(), repository)))
    return "unclaimed";
  // A link's content is never looked at, and a pointer's need not be here: the name has to do.
  const isElsewhere = kind === "symlink" || path.endsWith(".dvc");
  const identity = isElsewhere ? undefined : await identifyEntry(entry, repository);
  return toStanding(path.replace(/\.dvc$/, ""), claim, identity);
}

/** The same for a path, and for content that was looked at. */
function toStanding(path: string, claim: Claim | undefined, identity?: Identification): Standing {
  if (claim === "artifact") return "claimed";
  const expectation = expectationOf(path);
  if (expectation?.family !== "model" && identity?.family !== "model") return "no model";
  const isPointer = identity === undefined || identity.format === "lfs-pointer";
  const formats = isPointer ? (expectation?.formats ?? []) : [identity.format];
  const isArray = formats.length > 0 && formats.every((format) => ARRAY_FORMATS.has(format));
  return claim === "data" && isArray ? "claimed" : "unclaimed";
}
