import type { Members } from "../description.ts";
import { fullName } from "../nouns.ts";
import { toUser } from "../resources.ts";
import type { Review } from "../state/reviews.ts";
import { instant } from "./times.ts";

export function toReview(origin: string, review: Review): Members {
  const { id, pull, author, body, state, commit, submittedAt } = review;
  const path = fullName(pull.repository);
  const html = `${origin}/${path}/pull/${pull.number}#pullrequestreview-${id}`;
  const url = `${origin}/repos/${path}/pulls/${pull.number}`;
  return {
    ...{ id, node_id: `PRR_${id}`, body, state, html_url: html, pull_request_url: url },
    user: author === null ? null : toUser(origin, author),
    _links: { html: { href: html }, pull_request: { href: url } },
    // One that was not submitted yet has no time.
    ...(state !== "PENDING" && { submitted_at: instant(submittedAt) }),
    ...{ commit_id: commit, author_association: "NONE" },
  };
}
