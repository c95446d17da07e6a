import { ACTOR_FIELDS, toActor } from "./actor.ts";
import type { Client } from "./client.ts";
import { GitHubFailure } from "./failure.ts";
import type { Pull } from "./pull.ts";
import { declarationsOf, type Question } from "./question.ts";
import { type Review, SPOKEN_STATES, toReviewNode } from "./reviews.ts";
import { at, flagAt, instantAt, listAt, numberAt, objectIdAt, optional, textAt } from "./shape.ts";

/** A pull request and what is decided by, as GitHub shows all of it at one moment. */
export interface PullView {
  readonly pull: Pull;
  /** The commit that its base branch ends with; absent where the branch is gone. */
  readonly baseTip?: string;
  /** Its reviews, oldest first; absent where there are more than one answer has. */
  readonly reviews?: readonly Review[];
  /** How many comments it has. */
  readonly comments: number;
  /** What was answered to the question that was asked with it. */
  readonly answer: unknown;
}

const REVIEWS_MAX = 100;

const VARIABLES = ["$owner: String!", "$repo: String!", "$number: Int!"];
const FIELDS = `repository(owner: $owner, name: $repo) {
  databaseId name owner { login }
  pullRequest(number: $number) {
    title state isDraft locked updatedAt isCrossRepository author { ${ACTOR_FIELDS} }
    headRefOid headRefName baseRefOid baseRefName baseRef { target { oid } } mergeCommit { oid }
    comments(first: 1) { totalCount }
    reviews(first: ${REVIEWS_MAX}, states: [${SPOKEN_STATES.join(", ")}]) {
      nodes { fullDatabaseId state submittedAt commit { oid } author { ${ACTOR_FIELDS} } }
      pageInfo { hasNextPage }
    }
  }
}`;

/**
 * A known pull request as it is now, with its reviews and the tip of its base: one question, so that all of it is of
 * one moment, and what else is asked with it. Which fork it comes from is what was known, for that cannot change, and a
 * fork may be hidden from us. Rejects `GITHUB_NOT_FOUND` where there is none.
 */
export async function readPullView(
  client: Client,
  known: Pull,
  question: Question = { fields: "", variables: {} },
): Promise<PullView> {
  const { owner, repo, number } = known;
  const declared = [...VARIABLES, ...declarationsOf(question)];
  const document = `query (${declared.join(", ")}) { ${FIELDS} ${question.fields} }`;
  const data = await client.graphql(document, { ...question.variables, owner, repo, number });
  const repository = at(data, "repository");
  const shown = at(repository, "pullRequest");
  if (shown === undefined) {
    const message = `Cannot read pull request ${number}: GitHub shows none in ${owner}/${repo}`;
    throw new GitHubFailure("GITHUB_NOT_FOUND", message);
  }
  const baseTip = optional(objectIdAt, shown, "baseRef", "target", "oid");
  const reviews = listAt(shown, "reviews", "nodes").map(toReviewNode);
  const isWhole = !flagAt(shown, "reviews", "pageInfo", "hasNextPage");
  return {
    pull: toPull(repository, shown, known),
    answer: data,
    comments: numberAt(shown, "comments", "totalCount"),
    ...(baseTip !== undefined && { baseTip }),
    ...(isWhole && { reviews }),
  };
}

function toPull(repository: unknown, data: unknown, { id, number, head }: Pull): Pull {
  const author = toActor(at(data, "author"));
  const state = textAt(data, "state");
  const mergeSha = state === "MERGED" ? optional(objectIdAt, data, "mergeCommit", "oid") : undefined;
  const repositoryId = numberAt(repository, "databaseId");
  const headRepository = flagAt(data, "isCrossRepository") ? head.repositoryId : repositoryId;
  return {
    ...{ id, number, repositoryId },
    ...{ owner: textAt(repository, "owner", "login"), repo: textAt(repository, "name") },
    title: textAt(data, "title"),
    state: state === "OPEN" ? "open" : "closed",
    ...{ draft: flagAt(data, "isDraft"), locked: flagAt(data, "locked"), merged: state === "MERGED" },
    ...(mergeSha !== undefined && { mergeSha }),
    ...(author !== undefined && { author }),
    head: {
      ...{ sha: objectIdAt(data, "headRefOid"), ref: textAt(data, "headRefName") },
      ...(headRepository !== undefined && { repositoryId: headRepository }),
    },
    base: { sha: objectIdAt(data, "baseRefOid"), ref: textAt(data, "baseRefName") },
    updatedAt: instantAt(data, "updatedAt"),
  };
}
