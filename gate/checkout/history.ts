import { severalMergeBases } from "../change/merge-bases.ts";
import { GateError } from "../model/error.ts";
import { gitOutput, runGit } from "./git.ts";
import type { Layout } from "./layout.ts";
import type { ObjectReader } from "./objects.ts";

const REVISION_CHARS_MAX = 1024;
/** What may stand in a revision: no white space or control, nothing that names a file (`:`), no option. */
const REVISION = /^(?!-)[^\s\x00-\x20\x7f:?*[\\]+$/;
/** Commits of a usual pull request; a longer way is git's own. */
const STEPS_MAX = 64;
const COMMIT_BYTES_MAX = 1024 * 1024;
const FETCH_ALL = "Fetch the whole history: fetch-depth: 0 in actions/checkout, or git fetch --unshallow";

/** A repository whose commits can be asked for. */
export interface History extends Layout {
  readonly directory: string;
  readonly objects: ObjectReader;
}

/** Top of the work tree. Throws `WORKTREE_NONE` for a bare repository. */
export function workTreeOf({ workTree, directory }: History): string {
  if (workTree !== undefined) return workTree;
  throw new GateError("WORKTREE_NONE", `Cannot read the work tree of ${directory}: it is a bare repository`, {
    fix: "Name a commit, or run in a clone that is not bare",
  });
}

/** Id of the commit that a revision names; `worktree` stands for itself. */
export async function commitOf(history: History, revision: string): Promise<string> {
  if (revision === "worktree") {
    workTreeOf(history);
    return revision;
  }
  const oid = await findCommit(history, revision);
  if (oid !== undefined) return oid;
  if (history.isShallow) {
    const message = `Cannot find the commit ${JSON.stringify(revision)}: this checkout is shallow and may have left it out`;
    throw new GateError("REVISION_SHALLOW", message, { fix: FETCH_ALL });
  }
  const message = `Cannot find the commit ${JSON.stringify(revision)}: this repository has no such revision`;
  throw new GateError("REVISION_UNKNOWN", message, { fix: "Fetch the branch, or correct the name" });
}

async function findCommit({ objects }: History, revision: string): Promise<string | undefined> {
  if (revision.length > REVISION_CHARS_MAX || !REVISION.test(revision)) {
    const message = `Cannot use ${JSON.stringify(revision.slice(0, 80))} as a revision: expected a branch, a tag or a commit id`;
    throw new GateError("REVISION_INVALID", message);
  }
  const header = await objects.read(`${revision}^{commit}`, () => () => {});
  return header?.type === "commit" ? header.oid : undefined;
}

/**
 * Best common ancestor of two revisions; the work tree has HEAD's. Rejects `MERGE_BASE_SEVERAL` where histories that
 * cross have more than one: what a merge brings in is then nothing that one of them could be compared with.
 */
export async function mergeBaseOf(history: History, base: string, head: string): Promise<string> {
  if (base === "worktree") {
    throw new GateError("REVISION_INVALID", "Cannot take the work tree as base: expected a commit");
  }
  const ours = await commitOf(history, base);
  const theirs = await commitOf(history, head === "worktree" ? "HEAD" : head);
  if (await isFoundAbove(history, ours, theirs)) return ours;
  const { status, stdout, stderr } = await runGit(history.directory, [
    "merge-base",
    "--all",
    "--",
    ours,
    theirs,
  ]);
  if (status > 1) throw new GateError("GIT_FAILED", `Cannot find the merge base: ${stderr}`);
  const [found, another] = status === 0 ? stdout.toString("latin1").trim().split("\n") : [];
  if (history.isShallow) await assertHistory(history, [ours, theirs], found);
  if (found !== undefined && another !== undefined) throw severalMergeBases({ base, head }, [found, another]);
  if (found !== undefined) return found;
  const message = `Cannot find the merge base of ${base} and ${head}: they have no commit in common`;
  throw new GateError("MERGE_BASE_NONE", message, {
    fix: "Rebase the change onto the branch that it wants to enter",
  });
}

/**
 * Whether a few steps up from `head`, along commits of one parent, `base` is met: then it is the merge base itself,
 * and git need not be started to say so. It answers no where it does not know.
 */
async function isFoundAbove(history: History, base: string, head: string): Promise<boolean> {
  let commit = head;
  for (let step = 0; step < STEPS_MAX && commit !== base; step++) {
    const parents = await parentsOf(history, commit);
    if (parents.includes(base)) return true;
    if (parents.length !== 1) return false;
    commit = parents[0]!;
  }
  return commit === base;
}

async function parentsOf({ objects }: History, commit: string): Promise<readonly string[]> {
  const chunks: Uint8Array[] = [];
  await objects.read(commit, ({ type, size }) => (chunk) => {
    if (type === "commit" && size <= COMMIT_BYTES_MAX) chunks.push(chunk);
  });
  const [header = ""] = Buffer.concat(chunks).toString("latin1").split("\n\n", 1);
  return [...header.matchAll(/^parent ([0-9a-f]{40,64})$/gm)].map(([, id]) => id!);
}

/**
 * Rejects `MERGE_BASE_SHALLOW` unless the merge base is certain. Where history is cut off above the commit that was
 * found, a better one may have been cut off with it.
 */
async function assertHistory(
  history: History,
  tips: readonly [string, string],
  found: string | undefined,
): Promise<void> {
  const range = found === undefined ? tips : [...tips, `^${found}`];
  const listing = await gitOutput(history.directory, ["rev-list", "--parents", ...range, "--"]);
  const commits = listing
    .toString("latin1")
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  // In a shallow repository a commit at the border shows no parents, as a root does.
  if (found !== undefined && commits.every((line) => line.includes(" "))) return;
  const [base, head] = tips;
  const message = `Cannot find the merge base of ${base} and ${head}: this checkout is shallow, its history ends after ${commits.length} commits`;
  throw new GateError("MERGE_BASE_SHALLOW", message, { fix: FETCH_ALL });
}
