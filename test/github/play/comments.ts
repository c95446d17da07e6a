import { sendComment } from "../events/comments.ts";
import { type Account, type Comment, type Issue, isPull, type Pull } from "../nouns.ts";
import type { GitHubState } from "../state.ts";

interface Saying {
  readonly by: Account;
  readonly body: string;
}

export function comment(github: GitHubState, thread: Pull | Issue, { by, body }: Saying): Comment {
  const added = github.addComment(thread, by, body);
  if (isPull(thread)) thread.updatedAt = github.now();
  sendComment(github, added, { action: "created", sender: by });
  return added;
}

/** Edits a comment, one's own or somebody else's. */
export function editComment(github: GitHubState, comment: Comment, { by, body }: Saying): void {
  const before = comment.body;
  comment.body = body;
  comment.updatedAt = github.now();
  sendComment(github, comment, { action: "edited", sender: by, before });
}

export function deleteComment(github: GitHubState, comment: Comment, { by }: { by: Account }): void {
  github.removeComment(comment);
  sendComment(github, comment, { action: "deleted", sender: by });
}
