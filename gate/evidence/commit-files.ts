import { sha256 } from "../artifact/bytes.ts";
import { LFS_POINTER_BYTES_MAX, parseLfsPointer } from "../change/pointer.ts";
import type { ByteSource } from "../model/bytes.ts";
import type { Pointer, Tree, TreeEntry } from "../model/change.ts";
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import { once } from "../model/once.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Repository } from "../world.ts";
import { type Md5, md5Of } from "./md5.ts";

/** The files of one commit. Content that stands behind a pointer is checked before anything believes it. */
export interface CommitFiles {
  readonly tree: Tree;
  readonly repository: Repository;
  /** MD5s by object id, each taken once. */
  readonly md5s: Map<string, Md5>;
  /** Paths below a folder, sorted; none where there is no such folder. */
  below(folder: string): readonly string[];
}

/** The files of a commit; `md5s` may be shared by the commits of one repository. */
export async function commitFiles(
  repository: Repository,
  commit: string,
  md5s: Map<string, Md5>,
): Promise<CommitFiles> {
  const tree = await repository.tree(commit);
  const sorted = once(() => [...tree.keys()].sort(byCodeUnits));
  const below = (folder: string) => {
    const paths = sorted();
    // `0` is the character after `/`: all that begins with the folder and a slash stands between the two.
    return paths.slice(firstFrom(paths, `${folder}/`), firstFrom(paths, `${folder}0`));
  };
  return { tree, repository, md5s, below };
}

/** Index of the first path that is not before the given text. */
function firstFrom(paths: readonly string[], text: string): number {
  let low = 0;
  let high = paths.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byCodeUnits(paths[middle]!, text) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * What `use` makes of a file's content, through a Git LFS pointer if it is one; undefined where the commit has no
 * such file. Throws `ENTRY_UNSAFE` for a link and a submodule, and what `openPointer` throws.
 */
export async function withFile<T>(
  { tree, repository }: CommitFiles,
  path: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T | undefined> {
  const entry = tree.get(path);
  if (entry === undefined) return undefined;
  const stored = await openEntry(repository, entry);
  return using(stored, async () => {
    const pointer = await readLfsPointer(stored, path);
    return pointer === undefined ? use(stored) : using(await openPointer(repository, pointer, path), use);
  });
}

/** The whole content of a small file; undefined where there is none. Throws `FILE_TOO_LARGE` before it reads more. */
export async function readFile(
  files: CommitFiles,
  path: string,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  return withFile(files, path, async (source) => {
    if (source.size <= bytesMax) return source.read(0, source.size);
    const message = `Cannot read ${path}: ${source.size} bytes, limit is ${bytesMax}`;
    throw new GateError("FILE_TOO_LARGE", message, { place: { path } });
  });
}

/** Both MD5s of a file's content; undefined where there is none. */
export async function readMd5(files: CommitFiles, path: string): Promise<Md5 | undefined> {
  const oid = files.tree.get(path)?.oid;
  if (oid === undefined) return undefined;
  const known = files.md5s.get(oid);
  if (known !== undefined) return known;
  const md5 = await withFile(files, path, md5Of);
  if (md5 !== undefined) files.md5s.set(oid, md5);
  return md5;
}

/** Runs `use` and closes the source whatever becomes of it. */
export async function using<T>(source: ByteSource, use: (source: ByteSource) => Promise<T>): Promise<T> {
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

/** What git keeps at a path, a pointer as a pointer. Throws `ENTRY_UNSAFE` for a link and a submodule. */
export async function openEntry(repository: Repository, entry: TreeEntry): Promise<ByteSource> {
  const { path, kind } = entry;
  if (kind === "file" || kind === "executable") return repository.open(entry);
  const message = `Cannot read ${path}: it is a ${kind === "symlink" ? "symbolic link" : kind}, expected a file`;
  throw new GateError("ENTRY_UNSAFE", message, { place: { path }, fix: "Commit the file itself" });
}

/** The Git LFS pointer that the bytes are, if they are one. */
export async function readLfsPointer(source: ByteSource, path: string): Promise<Pointer | undefined> {
  const head = await source.read(0, Math.min(source.size, LFS_POINTER_BYTES_MAX + 1));
  return parseLfsPointer(head, path);
}

/**
 * The content that a pointer stands for, its digest checked. Throws `POINTER_UNRESOLVED` where this machine does
 * not have it, and `POINTER_MISMATCH` where what it has is something else.
 */
export async function openPointer(
  repository: Repository,
  pointer: Pointer,
  path: string,
): Promise<ByteSource> {
  const source = await repository.openContent(pointer, path);
  if (source === undefined) throw unresolved(pointer, path);
  try {
    await assertContent(source, pointer, path);
  } catch (error) {
    await source.close();
    throw error;
  }
  return source;
}

/** The size has to be right too: the right digest does not keep a pointer from stating another. */
async function assertContent(source: ByteSource, { digest, size }: Pointer, path: string): Promise<void> {
  const isFolder = digest.endsWith(".dir");
  const actual = await digestBy(source, digest.startsWith("md5:") ? "md5" : "sha256");
  // The digest of a folder is that of the list of its files, and the size that of all of them.
  const isDigest = actual === digest.replace(/\.dir$/, "");
  if (isDigest && (isFolder || size === undefined || size === source.size)) return;
  const [stated, found] = isDigest ? [`${size} bytes`, `${source.size}`] : [digest, actual];
  const message = `Cannot read ${path}: its pointer says ${stated}, the content here is ${found}`;
  const fix = isDigest ? "Let the tool write the pointer again" : "Fetch the content again";
  throw new GateError("POINTER_MISMATCH", message, { place: { path }, fix });
}

/** The digest of the bytes by one algorithm. */
export async function digestBy(source: ByteSource, algorithm: "md5" | "sha256"): Promise<Digest> {
  if (algorithm === "sha256") return `sha256:${await sha256(source)}`;
  return `md5:${(await md5Of(source)).plain}`;
}

function unresolved({ kind, digest }: Pointer, path: string): GateError {
  const message = `Cannot read ${path}: the content ${digest} of its ${kind.toUpperCase()} pointer is not here`;
  const fix = kind === "lfs" ? `Run git lfs pull --include="${path}" first` : `Run dvc pull ${path} first`;
  return new GateError("POINTER_UNRESOLVED", message, { place: { path }, fix });
}

/** Where the content stands that is named by its `.dvc` file: `model.pkl` of `model.pkl.dvc`. */
export function contentPath(path: string): string {
  return path.replace(/\.dvc$/, "");
}
