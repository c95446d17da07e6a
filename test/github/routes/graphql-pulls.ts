import { readRef } from "../git/refs.ts";
import { type GraphqlContext, refusal } from "../graphql.ts";
import type { Account, Pull, Repository } from "../nouns.ts";
import { instant, instantOrNull } from "../resources/times.ts";
import { allows } from "../state/apps.ts";
import type { Review } from "../state/reviews.ts";
import { type Arguments, connection } from "./connection.ts";
import { pullsOfCommit } from "./pulls.ts";

/** Pull requests and reviews as GraphQL shows them: the fields that somebody asks for, and few others. */

export function findPull(repository: Repository, { number }: Arguments, context: GraphqlContext) {
  assertAllowed(context, "pull_requests");
  const pull = context.github.pulls.find((each) => each.repository === repository && each.number === number);
  if (pull === undefined) {
    throw refusal("NOT_FOUND", `Could not resolve to a PullRequest with the number of ${number}.`);
  }
  return toPull(pull);
}

/** Those that the commit was merged by, or that are open and have it. */
export function listPullsOf(
  repository: Repository,
  commit: string,
  args: Arguments,
  context: GraphqlContext,
) {
  assertAllowed(context, "pull_requests");
  return connection(pullsOfCommit(context.github, repository, commit).map(toPull), args);
}

function assertAllowed({ token }: GraphqlContext, permission: string): void {
  if (!allows(token.permissions, permission, "read")) {
    throw refusal("FORBIDDEN", "Resource not accessible by integration");
  }
}

function toPull(pull: Pull) {
  const { id, number, title, state, locked, draft, author, base, head, merged, repository } = pull;
  return {
    // Wider than GraphQL's own numbers, and so a text.
    ...{ fullDatabaseId: String(id), number, title, locked, isDraft: draft, merged: merged !== undefined },
    state: merged === undefined ? state.toUpperCase() : "MERGED",
    ...{ updatedAt: instant(pull.updatedAt), mergedAt: instantOrNull(merged?.at) },
    author: author.state === "deleted" ? null : toActor(author),
    ...{ headRefName: head.ref, headRefOid: head.sha, isCrossRepository: head.repository !== repository },
    ...{ baseRefName: base.ref, baseRefOid: base.sha },
    baseRef: (_: Arguments, context: GraphqlContext) => {
      assertAllowed(context, "contents");
      const oid = readRef(repository, `refs/heads/${base.ref}`);
      return oid === undefined ? null : { name: base.ref, target: { __typename: "Commit", oid } };
    },
    mergeCommit: (_: Arguments, context: GraphqlContext) => {
      assertAllowed(context, "contents");
      return merged === undefined ? null : { oid: merged.sha };
    },
    comments: (args: Arguments, { github }: GraphqlContext) => {
      const comments = github.comments.filter(({ thread }) => thread === pull);
      return connection(
        comments.map((comment) => ({ fullDatabaseId: String(comment.id) })),
        args,
      );
    },
    reviews: (args: Arguments, context: GraphqlContext) => connection(reviewsOf(pull, args, context), args),
  };
}

/** In the order in which they were submitted. One that is pending is only shown to its author. */
function reviewsOf(pull: Pull, { states }: Arguments, { github, token }: GraphqlContext) {
  return github.reviews
    .filter((review) => review.pull === pull)
    .filter(({ state, author }) => state !== "PENDING" || author === token.account)
    .filter(({ state }) => !Array.isArray(states) || states.includes(state))
    .map(toReview);
}

function toReview({ id, author, state, body, commit, submittedAt }: Review) {
  return {
    ...{ fullDatabaseId: String(id), state, body, commit: { oid: commit } },
    submittedAt: state === "PENDING" ? null : instant(submittedAt),
    author: author === null ? null : toActor(author),
  };
}

/** Bots are without the end of their name that the REST API gives them. */
function toActor({ id, login, type }: Account) {
  return { __typename: type, databaseId: id, login: login.replace(/\[bot\]$/, "") };
}
