import { expectationOf } from "../artifact/extensions.ts";
import type { FileChange, TreeEntry } from "../model/change.ts";
import type { Repository } from "../world.ts";
import { identifyEntry } from "./artifacts.ts";
import type { Claim, Concern } from "./concern.ts";

/** A changed model file that no manifest claims; one that the head's manifests claim is not among them. */
export interface UnclaimedFile {
  readonly change: FileChange;
  readonly base?: TreeEntry;
  readonly head?: TreeEntry;
}

/**
 * Formats of models that are as often formats of data. No other model becomes data by being called so: data is not
 * scanned for code.
 */
const ARRAY_FORMATS: ReadonlySet<string> = new Set(["hdf5", "npy", "npz"]);

/** The changed files that are models, by their bytes or their name, and that no manifest claims as such. */
export async function findUnclaimed(
  files: readonly FileChange[],
  concern: Concern,
  repository: Repository,
): Promise<UnclaimedFile[]> {
  const standingOf = async (entry: TreeEntry | undefined, side: "base" | "head"): Promise<Standing> => {
    if (entry === undefined) return "no model";
    const claim = concern.claimOf(entry.path, side);
    return claim === "artifact" ? "claimed" : readStanding(entry, claim, repository);
  };
  const found: UnclaimedFile[] = [];
  for (const change of files) {
    const head = await standingOf(change.head, "head");
    if (head === "claimed") continue;
    const base = change.status === "copied" ? "no model" : await standingOf(change.base, "base");
    if (head !== "unclaimed" && base !== "unclaimed") continue;
    found.push({
      change,
      ...(base === "unclaimed" && change.base !== undefined ? { base: change.base } : {}),
      ...(head === "unclaimed" && change.head !== undefined ? { head: change.head } : {}),
    });
  }
  return found;
}

type Standing = "claimed" | "unclaimed" | "no model";

/** What a file is that no manifest names as an artifact. */
async function readStanding(
  entry: TreeEntry,
  claim: Claim | undefined,
  repository: Repository,
): Promise<Standing> {
  const { path, kind } = entry;
  if (kind === "submodule") return "no model";
  const expectation = expectationOf(path.replace(/\.dvc$/, ""));
  // A link's content is never looked at, and a pointer's need not be here: the name has to do.
  const isElsewhere = kind === "symlink" || path.endsWith(".dvc");
  const identity = isElsewhere ? undefined : await identifyEntry(entry, repository);
  if (expectation?.family !== "model" && identity?.family !== "model") return "no model";
  const isPointer = identity === undefined || identity.format === "lfs-pointer";
  const formats = isPointer ? (expectation?.formats ?? []) : [identity.format];
  const isArray = formats.length > 0 && formats.every((format) => ARRAY_FORMATS.has(format));
  return claim === "data" && isArray ? "claimed" : "unclaimed";
}
