import type { Vote } from "../../gate/model/approval.ts";
import { type Digest, isDigest } from "../../gate/model/digest.ts";
import type { KeptVote } from "../store/archive.ts";
import { toActor } from "./actor.ts";
import type { Client } from "./client.ts";
import { unreadable } from "./failure.ts";
import { readPages } from "./pages.ts";
import { type Account, type PullAddress, toAccount } from "./pull.ts";
import { at, idAt, instantAt, numberAt, objectIdAt, optional, textAt } from "./shape.ts";

/** What one person said last of the change, or of one of its models, before anybody asks which roles they hold. */
export type CastVote = Omit<Vote, "roles" | "canWrite"> & { readonly login: string };

/** Three thousand reviews of one pull request. */
const PAGES_MAX = 30;

/** A review that was submitted and says something. */
export interface Review {
  readonly id: number;
  readonly kind: "approve" | "reject" | "revoke";
  /** Absent where the account was deleted. */
  readonly author?: Account;
  /** Absent where the commit is gone from the pull request, and with it GitHub's word for it. */
  readonly head?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * Something that a person said, at a moment. `revoke` leaves nothing of what they said before; `unsay`, a deleted
 * approval, leaves their refusals.
 */
interface Statement {
  readonly kind: Vote["kind"] | "revoke" | "unsay";
  readonly userId: number;
  readonly login: string;
  readonly isBot: boolean;
  readonly source: Vote["source"];
  readonly head: string;
  readonly model?: string;
  readonly subject?: Digest;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The reviews that say something, of all that GitHub has now: comments, and reviews that are not submitted, say nothing. */
export async function readReviews(
  client: Client,
  { owner, repo, number }: PullAddress,
): Promise<readonly Review[]> {
  const reviews = await readPages(client, "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
    parameters: { owner, repo, pull_number: number },
    pagesMax: PAGES_MAX,
  });
  return reviews.flatMap((review) => toReview(review) ?? []);
}

/**
 * The last word of each person, by user id: of the reviews, and of the commands that were kept when they were given. A
 * review that was dismissed leaves nothing of what was said before it. What a review is about is what was kept when it
 * was given.
 */
export function toVotes(reviews: readonly Review[], kept: readonly KeptVote[]): readonly CastVote[] {
  const bindings = new Map(kept.map((vote) => [`${vote.source} ${vote.sourceId} ${vote.kind}`, vote]));
  const statements = [
    ...reviews.flatMap((review) => toStatement(review, bindings) ?? []),
    ...toCommands(kept.filter(({ source }) => source === "comment")),
  ];
  return lastWords(statements);
}

/**
 * What was said in comments. One comment never both approves and withdraws: an approval that its own comment revokes
 * was deleted, and says at its own time that it was never given.
 */
function toCommands(kept: readonly KeptVote[]): readonly Statement[] {
  const isOf = (kind: KeptVote["kind"], { sourceId, model }: KeptVote) =>
    kept.some((vote) => vote.kind === kind && vote.sourceId === sourceId && vote.model === model);
  return kept.flatMap((vote): readonly Statement[] => {
    if (vote.kind === "approve" && isOf("revoke", vote)) return [];
    if (vote.kind === "revoke" && isOf("approve", vote)) return [{ ...toCommand(vote), kind: "unsay" }];
    return [toCommand(vote)];
  });
}

function lastWords(statements: readonly Statement[]): readonly CastVote[] {
  const words = new Map<number, readonly Statement[]>();
  for (const statement of statements.toSorted(inOrder)) {
    const { userId } = statement;
    words.set(userId, [...(words.get(userId) ?? []).filter((word) => isBeside(word, statement)), statement]);
  }
  return [...words.values()]
    .flat()
    .sort((a, b) => a.userId - b.userId)
    .flatMap(({ kind, at: _, ...vote }) =>
      kind === "approve" || kind === "reject" ? [{ ...vote, kind }] : [],
    );
}

/** Whether a word still stands after a later one: that one is about another model alone, or takes back no refusal. */
function isBeside(word: Statement, later: Statement): boolean {
  if (word.kind === "reject") return later.kind === "unsay";
  return (
    word.kind === "approve" &&
    later.kind !== "reject" &&
    later.model !== undefined &&
    word.model !== later.model
  );
}

const STRICTNESS = ["approve", "unsay", "revoke", "reject"] as const;

/** GitHub tells time in seconds: of what was said in the same one, the stricter counts as the later. */
function inOrder(a: Statement, b: Statement): number {
  return (
    Math.floor(a.at / 1000) - Math.floor(b.at / 1000) ||
    (a.source.kind === b.source.kind ? a.source.id - b.source.id : 0) ||
    STRICTNESS.indexOf(a.kind) - STRICTNESS.indexOf(b.kind)
  );
}

const KINDS: ReadonlyMap<string, Review["kind"]> = new Map([
  ["APPROVED", "approve"],
  ["CHANGES_REQUESTED", "reject"],
  ["DISMISSED", "revoke"],
]);

/** States of the reviews that say something. */
export const SPOKEN_STATES = [...KINDS.keys()];

/** Undefined for a review that says nothing. */
function toReview(data: unknown): Review | undefined {
  const kind = KINDS.get(textAt(data, "state"));
  if (kind === undefined) return undefined;
  const author = toAccount(at(data, "user"));
  const head = optional(objectIdAt, data, "commit_id");
  return {
    ...{ id: numberAt(data, "id"), kind, at: instantAt(data, "submitted_at") },
    ...(author !== undefined && { author }),
    ...(head !== undefined && { head }),
  };
}

/** A review as GraphQL shows it, which was asked for those that say something alone. */
export function toReviewNode(data: unknown): Review {
  const kind = KINDS.get(textAt(data, "state"));
  if (kind === undefined) throw unreadable("state");
  const author = toActor(at(data, "author"));
  const head = optional(objectIdAt, data, "commit", "oid");
  return {
    ...{ id: idAt(data, "fullDatabaseId"), kind, at: instantAt(data, "submittedAt") },
    ...(author !== undefined && { author }),
    ...(head !== undefined && { head }),
  };
}

/** Undefined for a review whose author's account was deleted. */
function toStatement(review: Review, bindings: ReadonlyMap<string, KeptVote>): Statement | undefined {
  const { id, kind, author, head, at } = review;
  if (author === undefined) return undefined;
  const binding = bindings.get(`review ${id} ${kind}`);
  return {
    ...{ kind, userId: author.id, login: author.login, isBot: author.isBot, at },
    source: { kind: "review", id },
    head: head ?? binding?.head ?? "",
    ...subjectOf(binding),
  };
}

function toCommand(vote: KeptVote): Statement {
  const { kind, userId, login, sourceId, head } = vote;
  return {
    ...{ kind, userId, login, isBot: login.endsWith("[bot]"), head, at: vote.at },
    source: { kind: "comment", id: sourceId },
    ...(vote.model !== undefined && { model: vote.model }),
    ...subjectOf(vote),
  };
}

function subjectOf(vote: KeptVote | undefined): { subject?: Digest } {
  return vote?.subject !== undefined && isDigest(vote.subject) ? { subject: vote.subject } : {};
}
