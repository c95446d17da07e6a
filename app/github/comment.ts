import { type Budget, COMMENT_BUDGET } from "../../gate/report/budget.ts";
import type { Client } from "./client.ts";
import { isFailure } from "./failure.ts";
import { readPages } from "./pages.ts";
import type { PullAddress } from "./pull.ts";
import { at, numberAt, optional, textAt } from "./shape.ts";
import { lookLong, repeatedly, writeOnce } from "./writing.ts";

/** The one comment that is wanted on a pull request. */
export interface CommentRequest {
  readonly pull: PullAddress;
  /** What the body begins with, as `commentMarker` gives it. */
  readonly marker: string;
  /** The body with the marker, no longer than the budget. */
  toBody(budget: Budget): string;
  /** Our comment as it was when last seen. */
  readonly commentId?: number;
  /** Whether the pull request had no comment of anybody when it was looked at: there is none of ours to be found. */
  readonly isUncommented?: boolean;
  /** Keeps that it is about to be created; false where that was kept before, and the process ended since. */
  begin?(): Promise<boolean>;
}

/** What became of the comment: the check says all of it too, so that none is no failure. */
export type Publication =
  | { readonly kind: "published"; readonly commentId: number }
  | { readonly kind: "refused"; readonly reason: string };

/** Five thousand comments. A list is never used in part: ours may be on the page that is missing. */
const PAGES_MAX = 50;
/** Tried where GitHub counts otherwise than we do. */
const SHORT_BUDGET: Budget = { charactersMax: 30_000, bytesMax: 60_000 };

/** Edits our comment, or creates it where there is none; so that in the end there is one. */
export async function publishComment(client: Client, wanted: CommentRequest): Promise<Publication> {
  try {
    return { kind: "published", commentId: await publish(client, wanted) };
  } catch (cause) {
    if (!isFailure(cause, "GITHUB_FORBIDDEN", "GITHUB_REFUSED")) throw cause;
    return { kind: "refused", reason: cause.message };
  }
}

async function publish(client: Client, wanted: CommentRequest): Promise<number> {
  const { commentId } = wanted;
  const isNew = commentId === undefined && wanted.isUncommented === true;
  if (commentId !== undefined && (await edit(client, wanted, commentId))) return commentId;
  const look = () => editOurs(client, wanted);
  const written = isNew ? undefined : await look();
  if (written !== undefined) return written;
  const isBegun = commentId === undefined && (await wanted.begin?.()) === false;
  const found = isBegun ? await lookLong(client, look) : undefined;
  return found ?? writeOnce(client, { write: () => create(client, wanted), look });
}

/** The comment that was edited; undefined where there is none of ours. */
async function editOurs(client: Client, wanted: CommentRequest): Promise<number | undefined> {
  let written: number | undefined;
  for (const id of await findOurs(client, wanted)) {
    if (written === undefined) written = (await edit(client, wanted, id)) ? id : undefined;
    // Two at once, or a list that was stale: an old verdict must not stand beside the new one.
    else await remove(client, wanted, id);
  }
  return written;
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

/** False where the comment is gone. */
async function edit(client: Client, wanted: CommentRequest, commentId: number): Promise<boolean> {
  const { owner, repo } = wanted.pull;
  const route = "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}";
  try {
    await send(wanted, (body) =>
      repeatedly(client, () => client.rest(route, { owner, repo, comment_id: commentId, body })),
    );
    return true;
  } catch (cause) {
    if (isFailure(cause, "GITHUB_NOT_FOUND")) return false;
    throw cause;
  }
}

async function remove(client: Client, { pull }: CommentRequest, commentId: number): Promise<void> {
  const { owner, repo } = pull;
  const route = "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}";
  try {
    await repeatedly(client, () => client.rest(route, { owner, repo, comment_id: commentId }));
  } catch (cause) {
    if (!isFailure(cause, "GITHUB_NOT_FOUND")) throw cause;
  }
}

/** Shorter, if GitHub counts otherwise than we do. */
async function send<T>(wanted: CommentRequest, post: (body: string) => Promise<T>): Promise<T> {
  try {
    return await post(wanted.toBody(COMMENT_BUDGET));
  } catch (cause) {
    if (!isFailure(cause, "GITHUB_REFUSED") || !/too long/i.test(cause.message)) throw cause;
    return post(wanted.toBody(SHORT_BUDGET));
  }
}
