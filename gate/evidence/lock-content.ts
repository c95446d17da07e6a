import { createHash } from "node:crypto";
import type { LockedPath } from "../adapter/adapter.ts";
import { foldersAbove, nameOf } from "../change/path.ts";
import { parseDvcPointer } from "../change/pointer.ts";
import type { Tree } from "../model/change.ts";
import { type Digest, isDigest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import { oncePer } from "../model/once.ts";
import { parseJson } from "../parse/json.ts";
import { nodeAt } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { type CommitFiles, openPointer, readFile, readMd5, using } from "./commit-files.ts";
import { PIPELINE_BYTES_MAX, type Pipeline } from "./pipeline.ts";

export const FOLDER_FILES_MAX = 10_000;
export const FOLDER_LIST_BYTES_MAX = 16 * 1024 * 1024;

/** What the commit says of content that a lock binds. */
export type ContentState =
  | { readonly kind: "same"; readonly by: "md5" | "md5-dos2unix" }
  | { readonly kind: "differs"; readonly found: string }
  /** Not in the commit, and nothing there tells its content. */
  | { readonly kind: "nowhere" };

/** Content that a lock binds. */
export interface BoundPath {
  readonly path: string;
  readonly digest: Digest;
  readonly locked: LockedPath;
}

/** A commit and what the locks of its pipelines say of what is not in it. */
export interface LockContext {
  readonly files: CommitFiles;
  /** Digests by path. */
  readonly outs: ReadonlyMap<string, Digest>;
}

/** What the stages of some pipelines made, by path. */
export function lockedOuts(pipelines: readonly Pipeline[]): ReadonlyMap<string, Digest> {
  const links = pipelines.flatMap(({ stages }) => stages.flatMap(({ outs }) => outs));
  return new Map(
    links.flatMap(({ path, locked }) =>
      path === undefined || locked?.digest === undefined ? [] : [[path, locked.digest] as const],
    ),
  );
}

/**
 * What the commit says of a path: by the file or folder itself, the `.dvc` file beside it, the stage that made it,
 * or a folder that one of these tracks. Throws a GateError where it cannot be told.
 */
export async function compareContent(context: LockContext, bound: BoundPath): Promise<ContentState> {
  const committed = await compareCommitted(context, bound);
  if (committed !== undefined) return committed;
  const tracked = await findTracked(context, bound.path);
  if (tracked !== undefined) return compareDigests(bound.digest, tracked);
  for (const folder of foldersAbove(bound.path)) {
    const list = folder === "" ? undefined : await findTracked(context, folder);
    if (list?.endsWith(".dir")) {
      return compareDigests(bound.digest, await digestInFolder(context, { folder, list }, bound.path));
    }
  }
  return { kind: "nowhere" };
}

/** The same by the bytes in the commit alone; undefined where it has none. */
export async function compareCommitted(
  context: LockContext,
  { path, digest, locked }: BoundPath,
): Promise<ContentState | undefined> {
  const md5 = await readMd5(context.files, path);
  if (md5 === undefined) return compareFolder(context, { path, digest, locked });
  if (digest === `md5:${md5.plain}`) return { kind: "same", by: "md5" };
  // DVC 3 calls this hash so. Source: dvc/cachemgr.py, LEGACY_HASH_NAMES.
  if (locked.textNormalized && digest === `md5:${md5.normalized}`)
    return { kind: "same", by: "md5-dos2unix" };
  return { kind: "differs", found: `md5:${md5.plain}` };
}

function compareDigests(locked: Digest, found: Digest | undefined): ContentState {
  if (locked === found) return { kind: "same", by: "md5" };
  return { kind: "differs", found: found ?? "no file of this name" };
}

async function compareFolder(
  context: LockContext,
  { path, digest, locked }: BoundPath,
): Promise<ContentState | undefined> {
  const folder = await readFolder(context, path);
  if (folder === undefined) return undefined;
  const { plain: found, normalized, count } = folder;
  if (found === digest) return { kind: "same", by: "md5" };
  if (locked.textNormalized && normalized === digest) return { kind: "same", by: "md5-dos2unix" };
  if (hasIgnoreFile(context.files.tree)) {
    throw cannotTell(path, "a .dvcignore may leave out some of its files", "Depend on the files themselves");
  }
  if (locked.files === undefined || locked.files === count) return { kind: "differs", found };
  const state = `a folder of another file count: ${count}, and ${locked.files} when it was locked`;
  return { kind: "differs", found: `${state}; what git ignores belongs into .dvcignore too` };
}

/** A folder of the commit as DVC names it. */
interface FolderDigests {
  readonly plain: Digest;
  /** Of text files, the MD5s with line ends made LF. */
  readonly normalized: Digest;
  /** Files in it. */
  readonly count: number;
}

/** By what the locks say of a commit: hundreds of stages may depend on one folder. */
const foldersOf: (outs: LockContext["outs"]) => Map<string, Promise<FolderDigests | undefined>> = oncePer(
  () => new Map(),
);

function readFolder(context: LockContext, path: string): Promise<FolderDigests | undefined> {
  const folders = foldersOf(context.outs);
  const folder = folders.get(path) ?? digestFolder(context, path);
  folders.set(path, folder);
  return folder;
}

async function digestFolder(context: LockContext, path: string): Promise<FolderDigests | undefined> {
  const below = context.files.below(path);
  if (below.length === 0) return undefined;
  if (below.length > FOLDER_FILES_MAX) {
    throw cannotTell(path, `${below.length} files, limit is ${FOLDER_FILES_MAX}`, "Depend on fewer files");
  }
  const plain = await trackedBelow(context, path);
  const normalized = new Map(plain);
  for (const file of below) {
    const md5 = await readMd5(context.files, file);
    plain.set(file.slice(path.length + 1), md5?.plain ?? "");
    normalized.set(file.slice(path.length + 1), md5?.normalized ?? "");
  }
  return { plain: folderDigest(plain), normalized: folderDigest(normalized), count: plain.size };
}

const hasIgnoreFile: (tree: Tree) => boolean = oncePer((tree) =>
  [...tree.keys()].some((file) => nameOf(file) === ".dvcignore"),
);

/**
 * The MD5 that DVC gives a folder: of the JSON list of its files, as Python prints it.
 * Source: dvc_data/hashfile/tree.py, Tree.as_bytes.
 */
function folderDigest(files: ReadonlyMap<string, string>): Digest {
  const sorted = [...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const items = sorted.map(([path, md5]) => `{"md5": "${md5}", "relpath": ${asciiJson(path)}}`);
  return `md5:${createHash("md5")
    .update(`[${items.join(", ")}]`)
    .digest("hex")}.dir`;
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => {
    return unit === "\u007f" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Files below a folder that the commit only points at, with their MD5s. */
async function trackedBelow({ files, outs }: LockContext, folder: string): Promise<Map<string, string>> {
  const pointers = files.below(folder).filter((path) => path.endsWith(".dvc"));
  const tracked = await Promise.all(pointers.map((path) => readOutputs(files, path)));
  const made = [...outs].filter(([path]) => path.startsWith(`${folder}/`));
  return new Map(
    [...made, ...tracked.flat()].map(([path, digest]) => {
      if (digest.endsWith(".dir"))
        throw cannotTell(folder, `the folder ${path} in it is not here`, `Depend on ${path}`);
      return [path.slice(folder.length + 1), digest.slice("md5:".length)];
    }),
  );
}

/** The digest of a path that a `.dvc` file tracks or a stage made. */
async function findTracked({ files, outs }: LockContext, path: string): Promise<Digest | undefined> {
  const pointer = await readOutputs(files, `${path}.dvc`);
  return new Map(pointer).get(path) ?? outs.get(path);
}

async function readOutputs(
  files: CommitFiles,
  path: string,
): Promise<readonly (readonly [string, Digest])[]> {
  const bytes = await readFile(files, path, PIPELINE_BYTES_MAX);
  if (bytes === undefined) return [];
  return parseDvcPointer(bytes, path).map((output) => [output.path, output.digest]);
}

/** The digest of one file in a folder that DVC tracks; undefined where the folder has no such file. */
async function digestInFolder(
  { files }: LockContext,
  { folder, list }: { folder: string; list: Digest },
  path: string,
): Promise<Digest | undefined> {
  const source = await openPointer(files.repository, { kind: "dvc", digest: list }, folder);
  const bytes = await using(source, async () => {
    if (source.size <= FOLDER_LIST_BYTES_MAX) return source.read(0, source.size);
    throw cannotTell(
      folder,
      `its list is ${source.size} bytes, limit is ${FOLDER_LIST_BYTES_MAX}`,
      "Pull it",
    );
  });
  return parseFolderList(bytes, folder).get(path.slice(folder.length + 1));
}

/** The files of a folder that DVC tracks, by path from there. Throws `DVC_INVALID`. */
export function parseFolderList(bytes: Uint8Array, folder: string): ReadonlyMap<string, Digest> {
  const root = parseJson(decodeUtf8(bytes, folder), folder);
  const items = root.kind === "list" ? root.items : [];
  return new Map(
    items.map((item) => {
      const path = nodeAt(item, ["relpath"]);
      const md5 = nodeAt(item, ["md5"]);
      const digest = md5?.kind === "scalar" ? `md5:${md5.value}` : "";
      if (path?.kind === "scalar" && typeof path.value === "string" && isDigest(digest))
        return [path.value, digest];
      const message = `Cannot read the list of the folder ${folder}: an entry without relpath and md5`;
      throw new GateError("DVC_INVALID", message, { place: { path: folder } });
    }),
  );
}

function cannotTell(path: string, state: string, fix: string): GateError {
  const message = `Cannot compare the folder ${path} with its lock: ${state}`;
  return new GateError("DVC_FOLDER", message, { place: { path }, fix });
}
