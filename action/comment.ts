import type { Comment, GitHubClient } from "./github.ts";
import { GitHubFailure } from "./github-failure.ts";
import { spend, type Waiting } from "./waiting.ts";

/** The comment that is wanted. */
export interface CommentRequest {
  readonly pull: number;
  /** Commit that it is about. */
  readonly head: string;
  /** First line of every comment of ours on this pull request. */
  readonly marker: string;
  readonly body: string;
}

/** What became of the comment. That it could not be written never changes the verdict. */
export type Publication =
  | { readonly kind: "published"; readonly url: string }
  /** Without a reason, nobody asked for one. */
  | { readonly kind: "skipped"; readonly reason?: string };

const ATTEMPTS_MAX = 3;
/** GitHub may answer a list from before a write for some seconds. */
const SETTLE_MS = 3_000;

/** Writes the one comment of the pull request: edits ours if there is one, else creates it. */
export async function publishComment(
  client: GitHubClient,
  wanted: CommentRequest,
  waiting: Waiting,
): Promise<Publication> {
  try {
    return await publish(client, wanted, waiting);
  } catch (error) {
    if (error instanceof GitHubFailure) return { kind: "skipped", reason: error.message };
    throw error;
  }
}

async function publish(client: GitHubClient, wanted: CommentRequest, waiting: Waiting): Promise<Publication> {
  const head = await client.readHead(wanted.pull);
  if (head !== wanted.head) {
    // A run that was repeated, or overtaken: what it found is history, and the newer run has its own word.
    return { kind: "skipped", reason: `the pull request has moved on to ${head}` };
  }
  for (let attempt = 1; ; attempt++) {
    const ours = await findOurs(client, wanted);
    try {
      const { url } = await write(client, wanted, ours);
      return { kind: "published", url };
    } catch (error) {
      if (!mayRepeat(error, ours) || attempt === ATTEMPTS_MAX) throw error;
      // The comment may be there although the answer did not come: look before writing again.
      if (!(await spend(waiting, SETTLE_MS))) throw error;
    }
  }
}

/**
 * By marker and author. The marker alone can be written by anybody, and editing is allowed to us on the comments
 * of everybody. The author is compared by user id, which outlives a login that is renamed and taken by another;
 * `performed_via_github_app` would not do, for it also stands on what people write through an app.
 */
async function findOurs(client: GitHubClient, { pull, marker }: CommentRequest): Promise<readonly Comment[]> {
  const comments = await client.listComments(pull);
  return comments.filter(({ authorId, body }) => authorId === client.actorId && body.startsWith(marker));
}

async function write(
  client: GitHubClient,
  wanted: CommentRequest,
  ours: readonly Comment[],
): Promise<Comment> {
  const [first, ...more] = ours;
  if (first === undefined) return client.createComment(wanted.pull, wanted.body);
  const edited = await client.editComment(first.id, wanted.body);
  // Two runs at once, or a list that was stale: an old verdict must not stand beside the new one.
  for (const { id } of more) await client.deleteComment(id);
  return edited;
}

/** It may have been written, or somebody deleted it just now. */
function mayRepeat(error: unknown, ours: readonly Comment[]): boolean {
  if (!(error instanceof GitHubFailure)) return false;
  const { failure } = error;
  return (
    failure.kind === "unknown" || (failure.kind === "refused" && failure.status === 404 && ours.length > 0)
  );
}
