import { GateError } from "../model/error.ts";
import { gitOutput, runGit } from "./git.ts";
import type { Layout } from "./layout.ts";
import type { ObjectReader } from "./objects.ts";

const REVISION_CHARS_MAX = 1024;
/** What may stand in a revision: no white space or control, nothing that names a file (`:`), no option. */
const REVISION = /^(?!-)[^\s\x00-\x20\x7f:?*[\\]+$/;
const FETCH_ALL = "Fetch the whole history: fetch-depth: 0 in actions/checkout, or git fetch --unshallow";

/** A repository whose commits can be asked for. */
export interface History extends Layout {
  readonly directory: string;
  readonly objects: ObjectReader;
}

/** Top of the work tree. Throws `WORKTREE_NONE` for a bare repository. */
export function workTreeOf({ workTree, directory }: History): string {
  if (workTree !== undefined) return workTree;
  throw new GateError("WORKTREE_NONE", `Cannot read the work tree of ${directory}: it is a bare repository`);
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

/** Best common ancestor of two revisions; the work tree has HEAD's. */
export async function mergeBaseOf(history: History, base: string, head: string): Promise<string> {
  if (base === "worktree") {
    throw new GateError("REVISION_INVALID", "Cannot take the work tree as base: expected a commit");
  }
  const ours = await commitOf(history, base);
  const theirs = await commitOf(history, head === "worktree" ? "HEAD" : head);
  const { status, stdout, stderr } = await runGit(history.directory, ["merge-base", "--", ours, theirs]);
  if (status > 1) throw new GateError("GIT_FAILED", `Cannot find the merge base: ${stderr}`);
  const found = status === 0 ? stdout.toString("latin1").trim() : undefined;
  if (history.isShallow) await assertHistory(history, [ours, theirs], found);
  if (found !== undefined) return found;
  const message = `Cannot find the merge base of ${base} and ${head}: they have no commit in common`;
  throw new GateError("MERGE_BASE_NONE", message, {
    fix: "Rebase the change onto the branch that it wants to enter",
  });
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
