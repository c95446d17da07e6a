import { sendReview } from "../events/pulls.ts";
import type { Account, Pull } from "../nouns.ts";
import type { Review, ReviewState } from "../state/reviews.ts";
import type { GitHubState } from "../state.ts";

export interface ReviewRequest {
  readonly by: Account;
  readonly state: Exclude<ReviewState, "DISMISSED">;
  readonly body?: string;
  /** The head that was looked at, if it is not the one that stands. */
  readonly commit?: string;
}

/** Submits a review; nobody is told of one that is pending. GitHub lets no author approve or refuse. */
export function review(github: GitHubState, pull: Pull, request: ReviewRequest): Review {
  const { by, state, body = "", commit = pull.head.sha } = request;
  if (by === pull.author && (state === "APPROVED" || state === "CHANGES_REQUESTED")) {
    throw new Error(`Cannot review: ${by.login} is the author, whom GitHub answers with 422`);
  }
  const submitted: Review = {
    ...{ id: github.nextId(), pull, author: by, state, body, commit, submittedAt: github.now() },
  };
  github.reviews.push(submitted);
  pull.updatedAt = github.now();
  if (state !== "PENDING") sendReview(github, submitted, { action: "submitted", sender: by });
  return submitted;
}

export function dismissReview(github: GitHubState, review: Review, { by }: { by: Account }): void {
  review.state = "DISMISSED";
  review.pull.updatedAt = github.now();
  sendReview(github, review, { action: "dismissed", sender: by });
}

export function editReview(
  github: GitHubState,
  review: Review,
  { by, body }: { by: Account; body: string },
): void {
  const changes = { body: { from: review.body } };
  review.body = body;
  sendReview(github, review, { action: "edited", sender: by, more: { changes } });
}
