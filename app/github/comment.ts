import { type Budget, COMMENT_BUDGET } from "../../gate/report/budget.ts";
import type { Client } from "./client.ts";
import { isFailure } from "./failure.ts";
import { readPages } from "./pages.ts";
import type { PullAddress } from "./pull.ts";
import { at, numberAt, optional, textAt } from "./shape.ts";

/** The one comment that is wanted on a pull request. */
export interface CommentRequest {
  readonly pull: PullAddress;
  /** What the body begins with, as `commentMarker` gives it. */
  readonly marker: string;
  /** The body with the marker, no longer than the budget. */
  toBody(budget: Budget): string;
  /** Our comment as it was when last seen. */
  readonly commentId?: number;
}

/** What became of the comment: the check says all of it too, so that none is no failure. */
export type Publication =
  | { readonly kind: "published"; readonly commentId: number }
  | { readonly kind: "refused"; readonly reason: string };

/** Five thousand comments. A list is never used in part: ours may be on the page that is missing. */
const PAGES_MAX = 50;
const ATTEMPTS_MAX = 3;
/** GitHub may answer from before a write for some seconds. */
const SETTLE_MS = 3_000;
/** Tried where GitHub counts otherwise than we do. */
const SHORT_BUDGET: Budget = { charactersMax: 30_000, bytesMax: 60_000 };

/** Edits our comment, or creates it where there is none; so that in the end there is one. */
export async function publishComment(client: Client, wanted: CommentRequest): Promise<Publication> {
  for (let attempt = 1; ; attempt++) {
    try {
      return { kind: "published", commentId: await write(client, wanted, attempt) };
    } catch (cause) {
      if (isFailure(cause, "GITHUB_FORBIDDEN", "GITHUB_REFUSED"))
        return { kind: "refused", reason: cause.message };
      // It may be there although the answer did not come, or somebody deleted it just now: look again.
      const mayRepeat = isFailure(cause, "GITHUB_UNAVAILABLE", "GITHUB_NOT_FOUND") && attempt < ATTEMPTS_MAX;
      if (!mayRepeat || !(await client.settle(SETTLE_MS))) throw cause;
    }
  }
}

async function write(client: Client, wanted: CommentRequest, attempt: number): Promise<number> {
  // What is known from before is only believed once.
  if (wanted.commentId !== undefined && attempt === 1) return editOrLook(client, wanted, wanted.commentId);
  return lookAndWrite(client, wanted);
}

async function editOrLook(client: Client, wanted: CommentRequest, commentId: number): Promise<number> {
  try {
    return await edit(client, wanted, commentId);
  } catch (cause) {
    if (!isFailure(cause, "GITHUB_NOT_FOUND")) throw cause;
    return lookAndWrite(client, wanted);
  }
}

async function lookAndWrite(client: Client, wanted: CommentRequest): Promise<number> {
  const [first, ...more] = await findOurs(client, wanted);
  if (first === undefined) return create(client, wanted);
  const commentId = await edit(client, wanted, first);
  // A list that was stale when the second was written: an old verdict must not stand beside the new one.
  for (const id of more) await remove(client, wanted, id);
  return commentId;
}

/**
 * Ids, oldest first. By marker and App: anybody can write the marker, and an App may edit the comments of everybody.
 * What a person writes through the App has the App's id, too, but is the person's.
 */
async function findOurs(client: Client, { pull, marker }: CommentRequest): Promise<readonly number[]> {
  const { owner, repo, number } = pull;
  const comments = await readPages(client, "GET /repos/{owner}/{repo}/issues/{issue_number}/comments", {
    parameters: { owner, repo, issue_number: number },
    pagesMax: PAGES_MAX,
  });
  return comments
    .filter(
      (comment) =>
        at(comment, "performed_via_github_app", "id") === client.appId &&
        at(comment, "user", "type") === "Bot" &&
        (optional(textAt, comment, "body") ?? "").startsWith(marker),
    )
    .map((comment) => numberAt(comment, "id"));
}

async function create(client: Client, wanted: CommentRequest): Promise<number> {
  const { owner, repo, number } = wanted.pull;
  return send(wanted, async (body) => {
    const { data } = await client.rest("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
      ...{ owner, repo, issue_number: number, body },
    });
    return numberAt(data, "id");
  });
}

async function edit(client: Client, wanted: CommentRequest, commentId: number): Promise<number> {
  const { owner, repo } = wanted.pull;
  return send(wanted, async (body) => {
    const route = "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}";
    const { data } = await client.rest(route, { owner, repo, comment_id: commentId, body });
    return numberAt(data, "id");
  });
}

async function remove(client: Client, { pull }: CommentRequest, commentId: number): Promise<void> {
  const { owner, repo } = pull;
  const route = "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}";
  await client.rest(route, { owner, repo, comment_id: commentId });
}

async function send(wanted: CommentRequest, post: (body: string) => Promise<number>): Promise<number> {
  try {
    return await post(wanted.toBody(COMMENT_BUDGET));
  } catch (cause) {
    if (!isFailure(cause, "GITHUB_REFUSED") || !/too long/i.test(cause.message)) throw cause;
    return post(wanted.toBody(SHORT_BUDGET));
  }
}
