import type { Tree, TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import type { Finding } from "../model/finding.ts";
import type { Manifest } from "../model/manifest.ts";
import { once } from "../model/once.ts";
import { YAML_BYTES_MAX } from "../parse/yaml.ts";
import type { Repository } from "../world.ts";
import { MANIFEST_NAME, parseManifest } from "./manifest.ts";
import { folderOf, nameOf } from "./path.ts";

/** What each of our manifests holds, and no other tool's `model.yml`. */
const SIGNATURE = Buffer.from("weighbridge");

/** All manifests of both sides together: fifty thousand of the usual size. */
const MANIFESTS_BYTES_MAX = 64 * 1024 * 1024;

/** One `model.yml` of a tree. It is parsed when first asked, for of thousands few are of concern. */
export interface ManifestFile {
  readonly path: string;
  readonly folder: string;
  /** Absent where it is no file, or larger than a manifest may be. */
  readonly bytes?: Uint8Array;
  read(): ReadManifest;
}

export type ReadManifest =
  | { readonly kind: "manifest"; readonly manifest: Manifest }
  | { readonly kind: "broken"; readonly problem: Finding };

interface Trees<T> {
  readonly base: T;
  readonly head: T;
}

/**
 * The manifests of both trees by folder; an unchanged one is the same object in both. A `model.yml` of another tool
 * is none, unless it stands in the place of ours.
 */
export async function readManifestFiles(
  trees: Trees<Tree>,
  repository: Repository,
): Promise<Trees<ReadonlyMap<string, ManifestFile>>> {
  const head = findManifests(trees.head);
  const base = findManifests(trees.base);
  const changed = base.filter((entry) => !isSame(entry, trees.head.get(entry.path)));
  const files = await readFiles([...head, ...changed], repository);
  const fileOf = (entry: TreeEntry) => files.get(entry) ?? files.get(trees.head.get(entry.path)!)!;
  const ours = new Set([...files.values()].filter(isOurs).map(({ path }) => path));
  const select = (entries: readonly TreeEntry[]) => {
    const kept = entries.filter(({ path }) => ours.has(path)).map(fileOf);
    return new Map(kept.map((file) => [file.folder, file]));
  };
  return { base: select(base), head: select(head) };
}

function findManifests(tree: Tree): TreeEntry[] {
  return [...tree.values()].filter(
    ({ path }) => path.endsWith(MANIFEST_NAME) && nameOf(path) === MANIFEST_NAME,
  );
}

function isSame(a: TreeEntry, b: TreeEntry | undefined): boolean {
  return a === b || (a.oid === b?.oid && a.kind === b.kind);
}

function isOurs({ bytes, read }: ManifestFile): boolean {
  if (bytes !== undefined)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(SIGNATURE);
  const result = read();
  return result.kind === "broken" && result.problem.code === "PATH_UNSAFE";
}

async function readFiles(
  entries: readonly TreeEntry[],
  repository: Repository,
): Promise<ReadonlyMap<TreeEntry, ManifestFile>> {
  const isFile = ({ kind }: TreeEntry) => kind === "file" || kind === "executable";
  const files = await readAll(entries.filter(isFile), repository);
  const links = entries.filter((entry) => !isFile(entry)).map((entry) => [entry, linkFile(entry)] as const);
  return new Map([...files, ...links]);
}

/** All at once; one by one only if one is too large, to tell which. */
async function readAll(
  entries: readonly TreeEntry[],
  repository: Repository,
): Promise<(readonly [TreeEntry, ManifestFile])[]> {
  const contents = await attempt(() => repository.read(entries, YAML_BYTES_MAX));
  if (!(contents instanceof GateError)) {
    return entries.map((entry, index) => [entry, toFile(entry, contents[index]!)]);
  }
  const files: (readonly [TreeEntry, ManifestFile])[] = [];
  let total = 0;
  for (const entry of entries) {
    const file = await readOne(entry, repository);
    total += file.bytes?.length ?? 0;
    if (total > MANIFESTS_BYTES_MAX) {
      const message = `Cannot read the manifests: more than ${MANIFESTS_BYTES_MAX} bytes in all`;
      throw new GateError("READ_TOO_LARGE", message);
    }
    files.push([entry, file]);
  }
  return files;
}

async function readOne(entry: TreeEntry, repository: Repository): Promise<ManifestFile> {
  const contents = await attempt(() => repository.read([entry], YAML_BYTES_MAX));
  return contents instanceof GateError
    ? brokenFile(entry, toFinding(contents, entry))
    : toFile(entry, contents[0]!);
}

/** The result, or the error if a file is too large. */
async function attempt<T>(action: () => Promise<T>): Promise<T | GateError> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof GateError && cause.code === "FILE_TOO_LARGE") return cause;
    throw cause;
  }
}

function toFile({ path }: TreeEntry, bytes: Uint8Array): ManifestFile {
  return { path, folder: folderOf(path), bytes, read: once(() => parse(bytes, path)) };
}

function parse(bytes: Uint8Array, path: string): ReadManifest {
  try {
    return { kind: "manifest", manifest: parseManifest(bytes, path) };
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    return { kind: "broken", problem: toFinding(cause, { path }) };
  }
}

function toFinding({ code, message, place, fix }: GateError, { path }: { readonly path: string }): Finding {
  return { code, message, place: place ?? { path }, ...(fix === undefined ? {} : { fix }) };
}

function linkFile(entry: TreeEntry): ManifestFile {
  const { path, kind } = entry;
  const message = `Cannot read ${path}: it is a ${kind === "symlink" ? "symbolic link" : kind}, expected a file`;
  return brokenFile(entry, {
    code: "PATH_UNSAFE",
    message,
    place: { path },
    fix: "Put the manifest itself here",
  });
}

function brokenFile({ path }: TreeEntry, problem: Finding): ManifestFile {
  return { path, folder: folderOf(path), read: () => ({ kind: "broken", problem }) };
}
