import { setImmediate as nextTurn } from "node:timers/promises";
import { openBlob, readBlobs } from "./checkout/blobs.ts";
import { openPointerContent } from "./checkout/content.ts";
import { commitOf, type History, mergeBaseOf, workTreeOf } from "./checkout/history.ts";
import { readLayout } from "./checkout/layout.ts";
import { ObjectReader } from "./checkout/objects.ts";
import { Spool } from "./checkout/spool.ts";
import { Trees } from "./checkout/trees.ts";
import { openWorkFile, readWorkFile, type WorkFile } from "./checkout/work-file.ts";
import { readWorkTree, type WorkTree } from "./checkout/worktree.ts";
import type { Tree, TreeEntry } from "./model/change.ts";
import { GateError } from "./model/error.ts";
import type { Repository } from "./world.ts";

/** All files of one `read` together. */
export const READ_BYTES_MAX = 256 * 1024 * 1024;
/** From so many files on, a process of their own is worth its start. */
const BULK_ENTRIES_MIN = 256;

/** A git repository on this machine; `close` ends its git process and removes what was spooled. */
export interface Checkout extends Repository {
  /** Top of the work tree; of a bare repository, the git folder. */
  readonly directory: string;
  close(): Promise<void>;
}

export interface CheckoutOptions {
  /** A DVC cache besides those of the checkout. */
  readonly dvcCache?: string;
}

/**
 * The repository that a directory belongs to, read through the git command: bare or not, SHA-1 or SHA-256.
 * The head `worktree` is what stands on the disk. Rejects `NOT_A_REPOSITORY`, `REPOSITORY_OWNERSHIP`,
 * `GIT_MISSING`, `GIT_TOO_OLD`.
 */
export async function openCheckout(directory: string, options: CheckoutOptions = {}): Promise<Checkout> {
  const history = await openHistory(directory);
  const { directory: top, format } = history;
  const spool = new Spool();
  const trees = new Trees(history);
  const readCommitTree = async (revision: string) => trees.read(await commitOf(history, revision));
  let workTree: Promise<WorkTree> | undefined;
  const readTree = async (commit: string) => {
    if (commit !== "worktree") return readCommitTree(commit);
    // Once: two answers about a work tree that moves would not fit together.
    workTree ??= readHead(readCommitTree).then((head) => readWorkTree(workTreeOf(history), head, format));
    return (await workTree).tree;
  };
  const findWorkFiles = async (entries: readonly TreeEntry[]) => {
    const files = (await workTree)?.files;
    return entries.map(({ oid }) => files?.get(oid));
  };
  return {
    directory: top,
    commit: (revision) => commitOf(history, revision),
    mergeBase: (base, head) => mergeBaseOf(history, base, head),
    tree: readTree,
    read: async (entries, bytesMax) =>
      readEntries(history, entries, { files: await findWorkFiles(entries), bytesMax }),
    open: async (entry) => {
      const [file] = await findWorkFiles([entry]);
      if (file !== undefined) return openWorkFile(file, format, spool);
      return openBlob({ objects: history.objects, spool }, entry);
    },
    openContent: (pointer, path) => openPointerContent(pointer, path, { ...history, ...options }),
    async close() {
      await history.objects.close();
      spool.close();
    },
  };
}

/** Git finds the repository by itself, so that reading can begin while it says where that is. */
async function openHistory(directory: string): Promise<History> {
  const objects = new ObjectReader(directory);
  try {
    const layout = await readLayout(directory);
    return { ...layout, directory: layout.workTree ?? layout.gitFolder, objects };
  } catch (cause) {
    await objects.close();
    throw cause;
  }
}

/** Nothing before the first commit: git status then names every file. */
async function readHead(readCommitTree: (commit: string) => Promise<Tree>): Promise<Tree> {
  try {
    return await readCommitTree("HEAD");
  } catch (cause) {
    if (cause instanceof GateError && cause.code === "REVISION_UNKNOWN") return new Map();
    throw cause;
  }
}

interface Reading {
  readonly bytesMax: number;
  /** The entry's file in the work tree, if it is there that its content is. */
  readonly files: readonly (WorkFile | undefined)[];
}

async function readEntries(
  history: History,
  entries: readonly TreeEntry[],
  { bytesMax, files }: Reading,
): Promise<readonly Uint8Array[]> {
  let total = 0;
  const admit = ({ path }: TreeEntry, size: number) => {
    total += size;
    if (size > bytesMax) throw tooLarge(path, size, bytesMax);
    if (total > READ_BYTES_MAX) {
      const message = `Cannot read ${entries.length} files at once: more than ${READ_BYTES_MAX} bytes in all`;
      throw new GateError("READ_TOO_LARGE", message);
    }
  };
  const stored = entries.filter((_, index) => files[index] === undefined);
  const contents = (await readStored(history, stored, admit)).values();
  return Promise.all(
    entries.map((entry, index) => {
      const file = files[index];
      if (file === undefined) return contents.next().value!;
      admit(entry, Number(file.stats.size));
      return readWorkFile(file, history.format);
    }),
  );
}

/** Many through a process of their own, which is told that nothing more is asked. */
async function readStored(
  { objects, directory }: History,
  entries: readonly TreeEntry[],
  admit: (entry: TreeEntry, size: number) => void,
): Promise<readonly Uint8Array[]> {
  if (entries.length < BULK_ENTRIES_MIN) return readBlobs(objects, entries, admit);
  const reader = new ObjectReader(directory, { buffered: true });
  const contents = readBlobs(reader, entries, admit);
  const [settled] = await Promise.allSettled([contents, closeAsked(reader)]);
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

async function closeAsked(reader: ObjectReader): Promise<void> {
  await nextTurn();
  await reader.close();
}

function tooLarge(path: string, size: number, limit: number): GateError {
  return new GateError("FILE_TOO_LARGE", `Cannot read ${path}: ${size} bytes, limit is ${limit}`, {
    place: { path },
  });
}
