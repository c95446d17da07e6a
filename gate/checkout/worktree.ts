import { decodePath, encodePath } from "../change/path.ts";
import type { EntryKind, Tree } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import { gitOutput } from "./git.ts";
import type { ObjectFormat } from "./layout.ts";
import { blobIdOf, type FoundFile, findFile, type WorkFile } from "./work-file.ts";

/** The work tree as a tree, and the files that no commit holds, by object id. */
export interface WorkTree {
  readonly tree: Tree;
  readonly files: ReadonlyMap<string, WorkFile>;
}

/** One path that `git status` names. */
interface Status {
  readonly path: string;
  /** Mode in the work tree; `000000` if it is gone; absent for a file that git does not know yet. */
  readonly mode?: string;
}

/**
 * What is on the disk: HEAD's tree with all that `git status` says on top. A file's id is the blob id of its own
 * bytes, before any filter. Rejects `PATH_UNSAFE` for a pipe or a device, `WORKTREE_CHANGED` for a moving file.
 */
export async function readWorkTree(root: string, head: Tree, format: ObjectFormat): Promise<WorkTree> {
  const tree = new Map(head);
  const files = new Map<string, WorkFile>();
  for (const status of await readStatus(root)) {
    tree.delete(status.path);
    if (status.mode === "000000") continue;
    const file = await readWorkEntry(root, status, format);
    tree.set(file.entry.path, file.entry);
    if (file.entry.kind !== "submodule") files.set(file.entry.oid, file);
  }
  return { tree, files };
}

/** Removed paths first, for a path may be both: taken out of the index, and still on the disk. */
async function readStatus(root: string): Promise<Status[]> {
  const output = await gitOutput(root, [
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=all",
    "--ignored=no",
    "--no-renames",
    "--ignore-submodules=dirty",
  ]);
  const statuses: Status[] = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(0, at);
    const status = parseStatus(output.subarray(at, end));
    if (status !== undefined) statuses.push(status);
    at = end + 1;
  }
  return statuses.sort((a, b) => Number(b.mode === "000000") - Number(a.mode === "000000"));
}

/** git-status(1), "Porcelain Format Version 2": the path follows 8 fields if changed, 10 if unmerged, 1 if new. */
function parseStatus(record: Buffer): Status | undefined {
  const kind = record.subarray(0, 2).toString("latin1");
  if (kind === "# ") return undefined;
  const count = { "1 ": 8, "u ": 10, "? ": 1 }[kind];
  if (count === undefined) {
    const message = `Cannot read the work tree: git status says "${record.toString("latin1").slice(0, 80)}"`;
    throw new GateError("GIT_FAILED", message);
  }
  const fields: string[] = [];
  let at = 0;
  while (fields.length < count) {
    const space = record.indexOf(0x20, at);
    fields.push(record.subarray(at, space).toString("latin1"));
    at = space + 1;
  }
  const path = decodePath(record.subarray(at));
  if (kind === "? ") return { path };
  return { path, mode: fields[kind === "1 " ? 5 : 6]! };
}

async function readWorkEntry(root: string, status: Status, format: ObjectFormat): Promise<WorkFile> {
  // Git names a repository inside this one with a slash at its end.
  const path = status.path.replace(/\/$/, "");
  const found = await findFile(Buffer.concat([Buffer.from(`${root}/`), encodePath(path)]), path);
  const kind = kindOf(found, status.mode);
  const oid = kind === "submodule" ? await submoduleCommit(found) : await blobIdOf(found, format);
  return { ...found, entry: { path, kind, oid } };
}

/** What git would record; its own word counts where it has one, for a disk without links or modes. */
function kindOf({ path, stats }: FoundFile, mode: string | undefined): EntryKind {
  if (stats.isDirectory() && (mode === undefined || mode === "160000")) return "submodule";
  if (stats.isSymbolicLink() && (mode === undefined || mode === "120000")) return "symlink";
  if (!stats.isFile()) {
    const message = `Cannot read ${path} in the work tree: neither a file nor a symbolic link`;
    throw new GateError("PATH_UNSAFE", message, { place: { path }, fix: "Remove it from the work tree" });
  }
  if (mode === "120000") return "symlink";
  if (mode === undefined) return (stats.mode & 0o100n) === 0n ? "file" : "executable";
  return mode === "100755" ? "executable" : "file";
}

async function submoduleCommit({ path, location }: FoundFile): Promise<string> {
  if (!path.isWellFormed()) {
    throw new GateError("PATH_UNSAFE", `Cannot read the repository in ${path}: the name is not UTF-8`);
  }
  const question = ["rev-parse", "--verify", "--end-of-options", "HEAD^{commit}"];
  return (await gitOutput(location.toString("utf8"), question)).toString("latin1").trim();
}
