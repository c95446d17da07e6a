import {
  type ApiAnswer,
  type Failure,
  failureOf,
  type GitHubApi,
  isDone,
  memberOf,
  messageOf,
  noAnswer,
  toFailure,
} from "./github-api.ts";
import type { GitHubBranch } from "./github-commit.ts";
import { type GitHubObjects, objectId } from "./github-objects.ts";
import { type AppendAnswer, StoreUnavailable, type TrailCommit } from "./store.ts";

/**
 * Appends object by object over REST: how a branch begins, and how commits are made that `createCommitOnBranch` cannot
 * take. Only the last request moves the branch. GitHub signs the commit for the App because it names neither author
 * nor committer.
 */

/** Until the branch is asked to move nothing has changed that anybody can see, so it is only a matter of time. */
const AGAIN_SECONDS = 30;
/** What GitHub says when the branch does not end with the parent any more, or is there already. */
const MOVED = /not a fast[ -]forward|Reference already exists/i;
const FILE = { mode: "100644", type: "blob" } as const;

export interface RestWorld {
  readonly api: GitHubApi;
  readonly branch: GitHubBranch;
  readonly objects: GitHubObjects;
}

/** One attempt to put the commit on top of its parent, or to begin the branch with it. */
export async function commitOverRest(world: RestWorld, commit: TrailCommit): Promise<AppendAnswer> {
  let made: string | AppendAnswer;
  try {
    made = await prepare(world, commit);
  } catch (cause) {
    if (!(cause instanceof StoreUnavailable)) throw cause;
    return { kind: "wait", seconds: cause.seconds, cause };
  }
  return typeof made === "string" ? moveBranch(world, commit.parent, made) : made;
}

/** Id of a commit that the branch can move to. Rejects as reads do; the branch stays as it is. */
async function prepare(world: RestWorld, commit: TrailCommit): Promise<string | AppendAnswer> {
  // A branch that was set back would be moved, too: to GitHub that is a fast-forward.
  const head = await world.objects.head(world.branch.branch);
  return head === commit.parent ? makeCommit(world, commit) : { kind: "moved" };
}

/** Id of the commit, which no branch has yet; or why there is none. */
async function makeCommit(world: RestWorld, commit: TrailCommit): Promise<string | Failure> {
  const { parent, message } = commit;
  const lines = await makeFiles(world, commit);
  if ("kind" in lines) return lines;
  const base = parent === undefined ? {} : { base_tree: (await world.objects.commit(parent)).tree };
  const tree = await make(world, "trees", { ...base, tree: lines });
  if (typeof tree !== "string") return tree;
  return make(world, "commits", { message, tree, parents: parent === undefined ? [] : [parent] });
}

/** Lines of the tree for what the commit writes and deletes, one file after the other, as GitHub asks of writers. */
async function makeFiles(
  world: RestWorld,
  { writes, deletes }: TrailCommit,
): Promise<readonly object[] | Failure> {
  const lines: object[] = deletes.map((path) => ({ ...FILE, path, sha: null }));
  for (const [path, bytes] of writes) {
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    const sha = await make(world, "blobs", { content, encoding: "base64" });
    if (typeof sha !== "string") return sha;
    if (sha !== objectId("blob", bytes)) return unreadable(`${path} arrived as ${sha}`);
    lines.push({ ...FILE, path, sha });
  }
  return lines;
}

/** Id of the object that was made; or why there is none. */
async function make(
  world: RestWorld,
  kind: "blobs" | "trees" | "commits",
  body: object,
): Promise<string | Failure> {
  const asked = await ask(world, `POST /repos/{owner}/{repo}/git/${kind}`, body);
  if (asked.kind === "unknown") return { kind: "wait", seconds: AGAIN_SECONDS, cause: asked.cause };
  if (asked.kind === "moved") return unreadable("an object is said to be no fast-forward");
  if (asked.kind !== "done") return asked;
  const sha = memberOf(asked.answer.data, "sha");
  return typeof sha === "string" ? sha : unreadable("an answer has no id");
}

/** The one request that counts: it moves the branch forward, or does nothing. */
async function moveBranch(world: RestWorld, parent: string | undefined, sha: string): Promise<AppendAnswer> {
  const { branch } = world.branch;
  const asked =
    parent === undefined
      ? await ask(world, "POST /repos/{owner}/{repo}/git/refs", { ref: `refs/heads/${branch}`, sha })
      : await ask(world, "PATCH /repos/{owner}/{repo}/git/refs/{ref}", {
          ref: `heads/${branch}`,
          sha,
          force: false,
        });
  return asked.kind === "done" ? { kind: "landed", commit: sha } : asked;
}

type Asked = { readonly kind: "done"; readonly answer: ApiAnswer } | { readonly kind: "moved" } | Failure;

async function ask(world: RestWorld, route: string, body: object): Promise<Asked> {
  const { owner, repo, branch } = world.branch;
  const action = `append to ${branch} on GitHub`;
  let answer: ApiAnswer;
  try {
    answer = await world.api.request(route, { owner, repo, ...body });
  } catch (cause) {
    return noAnswer(cause, action);
  }
  if (isDone(answer)) return { kind: "done", answer };
  const isConflict = answer.status === 409 && route.includes("/git/refs");
  if (isConflict || (answer.status === 422 && MOVED.test(messageOf(answer.data)))) return { kind: "moved" };
  return toFailure(answer, action);
}

function unreadable(state: string): Failure {
  const cause = failureOf("append to the trail on GitHub", state);
  return { kind: "wait", seconds: AGAIN_SECONDS, cause };
}
