import type { Vote } from "../../gate/model/approval.ts";
import { type Digest, isDigest } from "../../gate/model/digest.ts";
import type { KeptVote } from "../store/archive.ts";
import type { Client } from "./client.ts";
import { readPages } from "./pages.ts";
import type { Pull } from "./pull.ts";
import { toAccount } from "./pull.ts";
import { at, instantAt, numberAt, objectIdAt, optional, textAt } from "./shape.ts";

/** What one person said last of the change, or of one of its models, before anybody asks which roles they hold. */
export type CastVote = Omit<Vote, "roles" | "canWrite"> & { readonly login: string };

/** Three thousand reviews of one pull request. */
const PAGES_MAX = 30;

/** Something that a person said, at a moment; `revoke` leaves nothing of what they said before. */
interface Statement {
  readonly kind: Vote["kind"] | "revoke";
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

/**
 * The last word of each person, by user id: of all reviews that GitHub has now, and of the commands that were kept
 * when they were given. A review that was dismissed leaves nothing of what was said before it. Comments, and reviews
 * that are not submitted, say nothing. What a review is about is what was kept when it was given.
 */
export async function readVotes(
  client: Client,
  { owner, repo, number }: Pull,
  kept: readonly KeptVote[],
): Promise<readonly CastVote[]> {
  const reviews = await readPages(client, "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews", {
    parameters: { owner, repo, pull_number: number },
    pagesMax: PAGES_MAX,
  });
  const bindings = new Map(kept.map((vote) => [`${vote.source} ${vote.sourceId} ${vote.kind}`, vote]));
  const statements = [
    ...reviews.flatMap((review) => toStatement(review, bindings) ?? []),
    ...kept.filter(({ source }) => source === "comment").map(toCommand),
  ];
  return lastWords(statements);
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
    .flatMap(({ kind, at: _, ...vote }) => (kind === "revoke" ? [] : [{ ...vote, kind }]));
}

/** Whether a word still stands after a later one: that one is about another model alone. */
function isBeside(word: Statement, later: Statement): boolean {
  return (
    word.kind === "approve" &&
    later.kind !== "reject" &&
    later.model !== undefined &&
    word.model !== later.model
  );
}

const STRICTNESS = ["approve", "revoke", "reject"] as const;

/** GitHub tells time in seconds: of what was said in the same one, the stricter counts as the later. */
function inOrder(a: Statement, b: Statement): number {
  return (
    Math.floor(a.at / 1000) - Math.floor(b.at / 1000) ||
    (a.source.kind === b.source.kind ? a.source.id - b.source.id : 0) ||
    STRICTNESS.indexOf(a.kind) - STRICTNESS.indexOf(b.kind)
  );
}

const KINDS: ReadonlyMap<string, Statement["kind"]> = new Map([
  ["APPROVED", "approve"],
  ["CHANGES_REQUESTED", "reject"],
  ["DISMISSED", "revoke"],
]);

/** Undefined for a review that says nothing, and for one whose author's account was deleted. */
function toStatement(review: unknown, bindings: ReadonlyMap<string, KeptVote>): Statement | undefined {
  const kind = KINDS.get(textAt(review, "state"));
  const author = toAccount(at(review, "user"));
  if (kind === undefined || author === undefined) return undefined;
  const id = numberAt(review, "id");
  const binding = bindings.get(`review ${id} ${kind}`);
  return {
    ...{ kind, userId: author.id, login: author.login, isBot: author.isBot },
    source: { kind: "review", id },
    // The commit may be gone from the pull request, and with it GitHub's word for it.
    head: optional(objectIdAt, review, "commit_id") ?? binding?.head ?? "",
    ...subjectOf(binding),
    at: instantAt(review, "submitted_at"),
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
