import type { Part, Participant } from "../../gate/model/approval.ts";
import { byCodeUnits } from "../../gate/model/order.ts";
import type { Client } from "./client.ts";
import { findAuthors } from "./commit-authors.ts";
import { type ComparedCommit, type Comparison, readCommits, readComparison } from "./comparison.ts";
import { isFailure } from "./failure.ts";
import type { Pull } from "./pull.ts";
import { listAt, numberAt, optional, textAt } from "./shape.ts";
import { CO_AUTHORS_MAX, coAuthorsOf } from "./trailers.ts";

export interface Participants {
  readonly participants: readonly Participant[];
  /** Whether nobody can be missing: every commit was looked at. */
  readonly complete: boolean;
}

/** What the caller knows already. */
export interface KnownOfPull {
  /** Of the pull request's base and head. */
  readonly comparison?: Comparison;
  /** Who brought a commit as the head, as deliveries said; asked of GitHub if absent. */
  readonly pusherOf?: (head: string) => Promise<number | undefined>;
}

/**
 * Everybody who had a hand in the commits of a pull request that `base.sha` does not have: its author, their authors,
 * committers and co-authors, who pushed them. An address that no account owns is a participant without a number, and
 * so is a pusher whom GitHub does not name.
 */
export async function readParticipants(
  client: Client,
  pull: Pull,
  known: KnownOfPull = {},
): Promise<Participants> {
  const { owner, repo, base, head } = pull;
  const range = { owner, repo, base: base.sha, head: head.sha };
  const first = known.comparison ?? (await readComparison(client, range));
  const { commits, complete } = await readCommits(client, first);
  const heads = new Set([...commits.map(({ sha }) => sha), head.sha]);
  const { pusherOf } = known;
  const pushers = await (pusherOf === undefined
    ? findPushers(client, pull, heads)
    : toldPushers(pull, heads, pusherOf));
  const coAuthors = await findCoAuthors(client, pull, commits);
  const people = [
    ...(pull.author === undefined ? [] : [person("author", pull.author.id)]),
    ...commits.map(({ author }) => person("author", author.account?.id)),
    ...commits.map(({ committer }) => person("committer", committer.account?.id)),
    ...coAuthors.people,
    // Whoever it was may be one of those who approve.
    ...pushers.map((id) => person("pusher", id)),
  ];
  return {
    participants: distinct(people),
    complete: complete && coAuthors.complete,
  };
}

function person(part: Part, userId: number | undefined): Participant {
  return { part, ...(userId !== undefined && { userId }) };
}

/** By what other commits say of the address, and only then by asking. */
async function findCoAuthors(client: Client, pull: Pull, commits: readonly ComparedCommit[]) {
  const owners = new Map<string, number>();
  for (const { author, committer } of commits) {
    for (const { email, account } of [author, committer]) {
      if (account !== undefined) owners.set(email.toLowerCase(), account.id);
    }
  }
  const named = commits.map(({ sha, message }) => ({ sha, emails: coAuthorsOf(message) }));
  const unclear = named.filter(({ emails }) => emails.some((email) => !owners.has(email)));
  const asked = await findAuthors(
    client,
    pull,
    unclear.map(({ sha }) => sha),
  );
  for (const [email, id] of asked) owners.set(email, id);
  const emails = new Set(named.flatMap((commit) => commit.emails.slice(0, CO_AUTHORS_MAX)));
  return {
    people: [...emails].map((email) => person("co-author", owners.get(email))),
    complete: named.every((commit) => commit.emails.length <= CO_AUTHORS_MAX),
  };
}

/** Ids of those who pushed; undefined stands for somebody of whom nobody says who it was. */
type Pushers = readonly (number | undefined)[];

const MOVES_MAX = 100;

/**
 * Who moved the head's branch to any commit of the change: whoever pushes last answers for no commit before. That GitHub
 * does not say all: of a fork it does not, and of what was pushed long ago.
 */
async function findPushers(client: Client, pull: Pull, heads: ReadonlySet<string>): Promise<Pushers> {
  const { owner, repo, head, repositoryId } = pull;
  if (head.repositoryId !== repositoryId) return [undefined];
  try {
    const { data } = await client.rest("GET /repos/{owner}/{repo}/activity", {
      ...{ owner, repo, ref: `refs/heads/${head.ref}`, per_page: MOVES_MAX },
    });
    const moves = listAt(data).map((move) => ({
      after: textAt(move, "after"),
      actor: optional(numberAt, move, "actor", "id"),
    }));
    const ours = moves.filter(({ after }) => heads.has(after));
    const isHeadTold = ours.some(({ after }) => after === head.sha);
    // The newest come first: where even the last of them is of the change, there may be more.
    const isCut = moves.length >= MOVES_MAX && heads.has(moves.at(-1)?.after ?? "");
    return [...ours.map(({ actor }) => actor), ...(isHeadTold && !isCut ? [] : [undefined])];
  } catch (cause) {
    // A branch that is gone.
    if (isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_REFUSED")) return [undefined];
    throw cause;
  }
}

/** As deliveries said of each commit of the change that ever was the head. */
async function toldPushers(
  { head }: Pull,
  heads: ReadonlySet<string>,
  pusherOf: NonNullable<KnownOfPull["pusherOf"]>,
): Promise<Pushers> {
  const told = new Map<string, number | undefined>();
  for (const sha of heads) told.set(sha, await pusherOf(sha));
  const known = [...told.values()].filter((id) => id !== undefined);
  return told.get(head.sha) === undefined ? [...known, undefined] : known;
}

function distinct(people: readonly Participant[]): readonly Participant[] {
  const keyed = new Map(people.map((one) => [`${one.part} ${one.userId ?? ""}`, one]));
  return [...keyed.values()].sort(
    (a, b) =>
      byCodeUnits(a.part, b.part) ||
      (a.userId ?? Number.MAX_SAFE_INTEGER) - (b.userId ?? Number.MAX_SAFE_INTEGER),
  );
}
