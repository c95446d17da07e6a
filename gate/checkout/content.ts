import { createHash } from "node:crypto";
import { lstat, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { fileSource, streamBytes } from "../artifact/bytes.ts";
import { foldersAbove } from "../change/path.ts";
import type { ByteSource } from "../model/bytes.ts";
import type { Pointer } from "../model/change.ts";

/** The folders of a checkout where content may be kept. */
export interface ContentRoots {
  /** The git folder that all work trees share. */
  readonly gitFolder: string;
  /** Absent for a bare repository. */
  readonly workTree?: string;
  /** A DVC cache besides those of the work tree. */
  readonly dvcCache?: string;
}

/**
 * The content that a pointer at a path stands for, out of Git LFS's store, DVC's cache or the work tree; undefined
 * if this machine does not have it. Nothing is read through a link that leads out of the repository.
 */
export async function openPointerContent(
  pointer: Pointer,
  path: string,
  roots: ContentRoots,
): Promise<ByteSource | undefined> {
  for (const [root, place] of storePlaces(pointer, path, roots)) {
    const source = await openInside(root, place, path);
    if (source !== undefined) return source;
  }
  return roots.workTree === undefined ? undefined : openMatching(pointer, path, roots.workTree);
}

/** Below a root, out of which nothing may lead. */
type Place = readonly [root: string, place: string];

/** Where the stores keep the content: git-lfs docs/spec.md, "Intercepting Git"; DVC 3, then DVC 1 and 2. */
function storePlaces(
  { kind, digest }: Pointer,
  path: string,
  { gitFolder, workTree, dvcCache }: ContentRoots,
): readonly Place[] {
  const hex = digest.slice(digest.indexOf(":") + 1);
  if (kind === "lfs") return [[gitFolder, `lfs/objects/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex}`]];
  const object = `${hex.slice(0, 2)}/${hex.slice(2)}`;
  const given: Place[] = dvcCache === undefined ? [] : [[dvcCache, ""]];
  const own = (top: string) =>
    [...foldersAbove(path)].map((folder): Place => [top, join(folder, ".dvc/cache")]);
  return [...given, ...(workTree === undefined ? [] : own(workTree))].flatMap(([root, cache]) =>
    ["files/md5/", ""].map((layout): Place => [root, join(cache, `${layout}${object}`)]),
  );
}

/**
 * The work tree's own file, if it is the content: the commit that is judged need not be the one checked out, and
 * weights of another commit often have the same size.
 */
async function openMatching(
  pointer: Pointer,
  path: string,
  workTree: string,
): Promise<ByteSource | undefined> {
  const source = await openInside(workTree, path, path);
  if (source === undefined) return undefined;
  let matches = false;
  try {
    matches = (pointer.size ?? source.size) === source.size && (await hasDigest(source, pointer));
  } finally {
    if (!matches) await source.close();
  }
  return matches ? source : undefined;
}

async function hasDigest(source: ByteSource, { digest }: Pointer): Promise<boolean> {
  const [algorithm = "", hex] = digest.split(":");
  const hash = createHash(algorithm);
  await streamBytes(source, (chunk) => hash.update(chunk));
  return hash.digest("hex") === hex;
}

/** A regular file below a root; undefined if there is none, or only through a link that leads out. */
async function openInside(root: string, place: string, name: string): Promise<ByteSource | undefined> {
  const real = await findRealPath(join(root, place));
  const top = await findRealPath(root);
  if (real === undefined || top === undefined || !real.startsWith(top + sep)) return undefined;
  return (await lstat(real)).isFile() ? fileSource(real, name) : undefined;
}

async function findRealPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && ABSENT.has(String(cause.code))) return undefined;
    throw cause;
  }
}

/** Not there, below something that is no folder, a ring of links, too long a name. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EINVAL"]);
