import type { Members } from "../description.ts";
import type { Account, Pull } from "../nouns.ts";
import { toReview } from "../resources/review.ts";
import { toPull } from "../resources.ts";
import type { Review } from "../state/reviews.ts";
import type { GitHubState } from "../state.ts";
import { notify } from "./notice.ts";

export interface PullNotice {
  readonly action: string;
  readonly sender: Account;
  /** Members that only some actions have, such as `before`, `after`, `changes`. */
  readonly more?: Members;
}

export function sendPull(github: GitHubState, pull: Pull, { action, sender, more = {} }: PullNotice): void {
  notify(github, {
    ...{ event: "pull_request", repository: pull.repository, sender },
    own: () => ({ action, number: pull.number, pull_request: toPull(github, pull), ...more }),
  });
}

export function sendReview(
  github: GitHubState,
  review: Review,
  { action, sender, more = {} }: PullNotice,
): void {
  const { pull } = review;
  notify(github, {
    ...{ event: "pull_request_review", repository: pull.repository, sender },
    own: () => {
      const shown = toReview(github.origin, review);
      // Deliveries write the state in small letters.
      const state = String(shown.state).toLowerCase();
      return { action, review: { ...shown, state }, pull_request: simplePull(github, pull), ...more };
    },
  });
}

/** A pull request as deliveries about its reviews show it: without what has to be computed. */
function simplePull(github: GitHubState, pull: Pull): Members {
  const computed = new Set([
    ...["merged", "mergeable", "rebaseable", "mergeable_state", "merged_by", "comments", "review_comments"],
    ...["maintainer_can_modify", "commits", "additions", "deletions", "changed_files"],
  ]);
  return Object.fromEntries(Object.entries(toPull(github, pull)).filter(([name]) => !computed.has(name)));
}
