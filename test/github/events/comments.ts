import type { Account, Comment } from "../nouns.ts";
import { toComment, toIssue } from "../resources.ts";
import type { GitHubState } from "../state.ts";
import { notify } from "./notice.ts";

export interface CommentNotice {
  readonly action: "created" | "edited" | "deleted";
  readonly sender: Account;
  /** The body before it was edited. */
  readonly before?: string;
}

/** Tells of a comment on a pull request or an issue; only the former's `issue` has a `pull_request`. */
export function sendComment(
  github: GitHubState,
  comment: Comment,
  { action, sender, before }: CommentNotice,
): void {
  const { thread } = comment;
  notify(github, {
    ...{ event: "issue_comment", repository: thread.repository, sender },
    own: () => ({
      action,
      ...(before !== undefined && { changes: { body: { from: before } } }),
      issue: toIssue(github, thread),
      comment: {
        ...toComment(github.origin, comment),
        reactions: toIssue(github, thread).reactions ?? null,
      },
    }),
  });
}
