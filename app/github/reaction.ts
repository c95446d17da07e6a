import type { Client } from "./client.ts";
import { isRefusal } from "./failure.ts";
import { repeatedly } from "./writing.ts";

/** Reactions that answer a command. */
export type Reaction = "+1" | "-1" | "eyes" | "confused" | "rocket";

export interface CommentAddress {
  readonly owner: string;
  readonly repo: string;
  readonly commentId: number;
}

/**
 * Reacts to a comment; the same reaction again changes nothing. Nobody waits for one that GitHub does not take: the
 * comment may be gone, or its thread locked.
 */
export async function react(client: Client, comment: CommentAddress, content: Reaction): Promise<void> {
  const { owner, repo, commentId } = comment;
  const route = "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";
  try {
    await repeatedly(client, () => client.rest(route, { owner, repo, comment_id: commentId, content }));
  } catch (cause) {
    if (!isRefusal(cause)) throw cause;
  }
}
