import { sendCheckSuite } from "../events/checks.ts";
import { isForced, sendPush, ZERO } from "../events/pushes.ts";
import { readCommit, type Signature, writeCommit } from "../git/commits.ts";
import { writeObject } from "../git/objects.ts";
import { readRef, writeRef } from "../git/refs.ts";
import { readFiles, type TreeEntry, writeFiles } from "../git/trees.ts";
import type { Account, Repository } from "../nouns.ts";
import type { Activity } from "../state/activity.ts";
import { allows } from "../state/apps.ts";
import type { GitHubState } from "../state.ts";
import { closeMerged, moveHeads } from "./heads.ts";

/** Contents by path: text or bytes; a mode other than that of a file beside it; null removes the file. */
export type Files = Readonly<
  Record<string, string | Uint8Array | null | { readonly mode: string; readonly content: string }>
>;

export interface CommitRequest {
  /** The first parent's files are kept; none for a first commit. */
  readonly parents: readonly string[];
  readonly files: Files;
  readonly author: Account | Signature;
  /** The author if absent. */
  readonly committer?: Account | Signature;
  readonly message?: string;
}

/** Writes a commit that no ref names yet; its id. */
export function commit(github: GitHubState, repository: Repository, request: CommitRequest): string {
  const { parents, author, committer = author, message = "A change" } = request;
  const parent = parents[0] === undefined ? undefined : readCommit(repository, parents[0]);
  const files = parent === undefined ? new Map<string, TreeEntry>() : readFiles(repository, parent.tree);
  for (const [path, content] of Object.entries(request.files)) {
    if (content === null) files.delete(path);
    else files.set(path, toEntry(repository, content));
  }
  return writeCommit(repository, {
    tree: writeFiles(repository, files),
    parents,
    author: signatureOf(github, author),
    committer: signatureOf(github, committer),
    message,
  });
}

function toEntry(repository: Repository, content: NonNullable<Files[string]>): TreeEntry {
  if (typeof content === "string" || content instanceof Uint8Array) {
    return { mode: "100644", id: writeObject(repository, "blob", content) };
  }
  // A submodule's entry is the id of a commit, and no object here.
  const isSubmodule = content.mode === "160000";
  return {
    mode: content.mode,
    id: isSubmodule ? content.content : writeObject(repository, "blob", content.content),
  };
}

/** What the person's commits are signed off with; web-flow is "GitHub". */
export function signatureOf(github: GitHubState, who: Account | Signature): Signature {
  if (!("login" in who)) return who;
  const name = who === github.webFlow ? "GitHub" : who.login;
  return {
    name,
    email: who.emails[0] ?? `${who.id}+${who.login}@users.noreply.github.com`,
    at: github.now(),
  };
}

export type PushRequest = { readonly branch: string; readonly by: Account } & (
  | { readonly sha: string }
  | (Partial<Omit<CommitRequest, "files">> & { readonly files: Files })
);

/**
 * Pushes a commit to a branch, made from `files` on top of the branch (of `parents` if they are given) or known by
 * `sha`; its id. A push that throws history away is a forced one. Pull requests from the branch move along.
 */
export function push(github: GitHubState, repository: Repository, request: PushRequest): string {
  const { branch, by } = request;
  const before = readRef(repository, `refs/heads/${branch}`);
  const parents = before === undefined ? [] : [before];
  const after =
    "sha" in request ? request.sha : commit(github, repository, { parents, author: by, ...request });
  moveBranch(github, repository, { branch, after, by });
  return after;
}

/** Removes a branch; pull requests from it are closed. */
export function deleteBranch(
  github: GitHubState,
  repository: Repository,
  { branch, by }: { branch: string; by: Account },
): void {
  moveBranch(github, repository, { branch, after: undefined, by });
}

interface Move {
  readonly branch: string;
  readonly after: string | undefined;
  readonly by: Account;
  /** That of a merge; a push says its own kind. */
  readonly kind?: Activity["kind"];
}

/** Lets a branch name another commit, and does what follows from it. */
export function moveBranch(github: GitHubState, repository: Repository, move: Move): void {
  const { branch, after, by } = move;
  const ref = `refs/heads/${branch}`;
  const before = readRef(repository, ref) ?? ZERO;
  if (before === after) return;
  writeRef(repository, ref, after);
  const now = after ?? ZERO;
  const kind = move.kind ?? kindOf(repository, before, now);
  github.activities.push({
    ...{ id: github.nextId(), repository, ref, before, after: now, kind, actor: by, at: github.now() },
  });
  sendPush(github, repository, { ref, before, after: now, sender: by });
  if (after !== undefined) requestChecks(github, repository, { branch, after, by });
  moveHeads(github, repository, { branch, before, after, by });
  if (after !== undefined) closeMerged(github, repository, { branch, after, by });
}

function kindOf(repository: Repository, before: string, after: string): Activity["kind"] {
  if (before === ZERO) return "branch_creation";
  if (after === ZERO) return "branch_deletion";
  return isForced(repository, before, after) ? "force_push" : "push";
}

/** Every App that may write checks gets a suite for a new commit, unless the commit says to skip checks. */
function requestChecks(
  github: GitHubState,
  repository: Repository,
  { branch, after, by }: { branch: string; after: string; by: Account },
): void {
  if (/^skip-checks: *true$/m.test(readCommit(repository, after)?.message ?? "")) return;
  for (const app of github.apps.registrations) {
    const installation = github.apps.covering(app, repository);
    if (installation === undefined || !allows(installation.permissions, "checks", "write")) continue;
    const suite = github.checks.suite(repository, after, app, branch);
    sendCheckSuite(github, suite, { action: "requested", sender: by });
  }
}
