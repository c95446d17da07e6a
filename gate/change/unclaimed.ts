import { expectationOf } from "../artifact/extensions.ts";
import type { Readings } from "../artifact/identify.ts";
import type { FileChange, TreeEntry } from "../model/change.ts";
import { once } from "../model/once.ts";
import type { Repository } from "../world.ts";
import type { Claim, Concern } from "./concern.ts";
import { isConverted, mayBecomeModel } from "./conversion.ts";
import type { LockOutput } from "./lock-outputs.ts";
import { decodePath, folderOf, foldersAbove, resolvePath } from "./path.ts";
import { readHeld } from "./pointed.ts";
import type { SideName, Sides } from "./side.ts";

/** A changed model file that no manifest claims; one that the head's manifests claim is not among them. */
export interface UnclaimedFile {
  readonly path: string;
  /** The change that it is part of: of its own entry, of its pointer, or of the lock that pins it. */
  readonly change: FileChange;
  readonly base?: { readonly path: string };
  readonly head?: { readonly path: string };
  /** Packed so that nobody can look into it; whether it is a model is not known. */
  readonly packed?: PackedWhere;
}

/** What makes a packed file suspicious: where it stands, or what it is called. */
export type PackedWhere = "among models" | "under another name" | "as a model";

/** What differs between the two sides: what git keeps, what a pipeline makes, and what a checkout makes. */
export interface Differences extends Pick<Sides, SideName | "outputs" | "converted"> {
  readonly files: readonly FileChange[];
}

/**
 * Formats of models that are as often formats of data. No other model becomes data by being called so: data is not
 * scanned for code.
 */
const ARRAY_FORMATS: ReadonlySet<string> = new Set(["hdf5", "npy", "npz"]);

const HARMLESS_FORMATS: ReadonlySet<string> = new Set(
  "png jpeg gif webp pdf text csv json jsonl xml yaml".split(" "),
);

/** Archives with archives inside: a sheet in a document. */
const OFFICE_NAME = /\.(?:docx|odp|ods|odt|pptx|xlsx)$/i;

/** Longer than any path that Linux follows. */
const LINK_BYTES_MAX = 4096;

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
    readStanding(entry, side, { sides, repository, claimOf, modelFolders });
  const modelFolders = once(() => findModelFolders(sides));
  for (const change of files) {
    const { path, base, head } = change;
    const before = change.status === "copied" ? undefined : base;
    found.push(...(await select({ path, change, base: before, head }, standingOf)));
  }
  for (const [path, change] of converted) {
    if (!isConverted(path, await sides.head.attributes())) continue;
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

type Standing = "claimed" | "unclaimed" | PackedWhere | "no model";

const PACKED = ["among models", "under another name", "as a model"] as const satisfies readonly PackedWhere[];

/** The candidate if it is or may be an unclaimed model on either side, and no manifest of the head claims it. */
async function select<T extends { readonly path: string }>(
  { path, change, base, head }: Candidate<T>,
  standingOf: (side: T, name: SideName) => Promise<Standing>,
): Promise<UnclaimedFile[]> {
  const after = head && (await standingOf(head, "head"));
  if (after === "claimed") return [];
  const before = base && (await standingOf(base, "base"));
  const packed = PACKED.find((where) => where === after);
  const isHead = after === "unclaimed" || packed !== undefined;
  if (!isHead && before !== "unclaimed") return [];
  return [
    {
      path,
      change,
      ...(before === "unclaimed" && base !== undefined ? { base } : {}),
      ...(isHead && head !== undefined ? { head } : {}),
      ...(packed === undefined ? {} : { packed }),
    },
  ];
}

interface Looking {
  readonly sides: Pick<Sides, SideName>;
  readonly repository: Repository;
  readonly claimOf: Concern["claimOf"];
  /** Folders of models, and those that they stand in. */
  modelFolders(): ReadonlySet<string>;
}

/** What a file is that no manifest names as an artifact. */
async function readStanding(entry: TreeEntry, name: SideName, looking: Looking): Promise<Standing> {
  const { path, kind } = entry;
  const { repository, claimOf } = looking;
  const claim = claimOf(path, name);
  if (claim === "artifact") return "claimed";
  if (kind === "symlink" || kind === "submodule") {
    if (name === "head" && (await hidesModel(entry, looking))) return "unclaimed";
    return kind === "symlink" ? toStanding(path, claim) : "no model";
  }
  const attributes = await looking.sides[name].attributes();
  if (await mayBecomeModel(entry, attributes, repository)) return "unclaimed";
  const standings = (await readHeld(entry, repository)).map(({ path: held, identity }) => {
    const own = claim ?? claimOf(held, name);
    const standing = toStanding(held, own, identity);
    if (name === "base" || own !== undefined) return standing;
    if (identity === undefined) return isHarmlessName(held) ? standing : "unclaimed";
    if (standing !== "no model" || identity.isSeen) return standing;
    return packedWhere(held, identity.format, looking) ?? standing;
  });
  return (["unclaimed", ...PACKED, "claimed"] as const).find((one) => standings.includes(one)) ?? "no model";
}

/** Formats that only other programs open, and the ends of names that say so; the chunks of arrays are zstd and LZ4. */
const CLOSED_FORMATS: ReadonlySet<string> = new Set("7z bz2 lzma rar xz".split(" "));
const CLOSED_NAME = /\.(?:7z|bz2?|cb[7r]|lzma|rar|t?xz|tbz2?|tb2|tlz)(?:\.\d{3})?$/i;
/** `model.tar.xz`, `credit_weights-2.7z` */
const MODEL_STEM = /(?:^|[^a-z])(?:model|weights|checkpoint|ckpt)(?:[^a-z]|$)/i;

/** Why what nobody can look into may be a model; undefined where it is as likely anything else that people pack. */
function packedWhere(path: string, format: string, looking: Looking): PackedWhere | undefined {
  const isHarmless = isHarmlessName(path);
  if (!isHarmless && isAmongModels(path, looking)) return "among models";
  const promised = expectationOf(path)?.formats;
  // Half of all new formats are a zip by another name: of what others open too, only a broken promise tells.
  const isDisguised = CLOSED_FORMATS.has(format)
    ? !CLOSED_NAME.test(path) && promised?.some((one) => one === format) !== true
    : promised?.some((one) => HARMLESS_FORMATS.has(one)) === true;
  if (isDisguised) return "under another name";
  const name = path.slice(path.lastIndexOf("/") + 1);
  return !isHarmless && MODEL_STEM.test(name) ? "as a model" : undefined;
}

function isAmongModels(path: string, { modelFolders }: Looking): boolean {
  const folders = modelFolders();
  return [...foldersAbove(path)].some((folder) => folders.has(folder));
}

/**
 * Whether a submodule or a link keeps a model, or a folder that may hold one, where nobody can look. A link to a file
 * of the same commit hides nothing: that file is looked at itself.
 */
async function hidesModel({ path, kind, oid }: TreeEntry, looking: Looking): Promise<boolean> {
  if (expectationOf(path)?.family === "model") return kind === "submodule";
  if (!isAmongModels(path, looking)) return false;
  const { sides, repository } = looking;
  if (kind === "submodule") return true;
  const link = await repository.open({ path, kind, oid });
  try {
    if (link.size > LINK_BYTES_MAX) return true;
    const written = decodePath(await link.read(0, link.size));
    const target = written.startsWith("/") ? undefined : resolvePath(folderOf(path), written);
    const found = target === undefined ? undefined : sides.head.tree.get(target)?.kind;
    return found !== "file" && found !== "executable";
  } finally {
    await link.close();
  }
}

function findModelFolders({ base, head }: Pick<Sides, SideName>): ReadonlySet<string> {
  const own = [...base.manifests.keys(), ...head.manifests.keys()];
  // What stands beside models is one of them; beside a model that is the root's folder stands everything.
  return new Set([...own, ...own.map(folderOf).filter((folder) => folder !== "")]);
}

/** Whether a name leads one to expect data, a document, a picture or text, of content that nobody here can see. */
function isHarmlessName(path: string): boolean {
  if (OFFICE_NAME.test(path)) return true;
  const expectation = expectationOf(path);
  if (expectation?.family !== "other") return expectation?.family === "data";
  return (expectation.formats ?? []).every((format) => HARMLESS_FORMATS.has(format));
}

/** The same for a path, and for content that was looked at. */
function toStanding(path: string, claim: Claim | undefined, identity?: Readings): Standing {
  if (claim === "artifact") return "claimed";
  const expectation = expectationOf(path);
  if (expectation?.family !== "model" && identity?.family !== "model") return "no model";
  // Of what is not here, the name promises what is usual.
  const { all: formats, isSeen } = identity ?? { all: expectation?.formats?.slice(0, 1) ?? [], isSeen: true };
  const isArray = isSeen && formats.length > 0 && formats.every((format) => ARRAY_FORMATS.has(format));
  return claim === "data" && isArray ? "claimed" : "unclaimed";
}
