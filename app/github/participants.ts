import type { Part, Participant } from "../../gate/model/approval.ts";
import { byCodeUnits } from "../../gate/model/order.ts";
import type { Client } from "./client.ts";
import { findAuthors } from "./commit-authors.ts";
import { type ComparedCommit, type Comparison, readCommits, readComparison } from "./comparison.ts";
import { isFailure } from "./failure.ts";
import type { Pull } from "./pull.ts";
import { at, listAt, numberAt } from "./shape.ts";
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
  /** Ids of those who pushed the head, as deliveries said; asked of GitHub if absent. */
  readonly pushers?: readonly number[];
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
  const pushers = known.pushers ?? (await findPushers(client, pull));
  const coAuthors = await findCoAuthors(client, pull, commits);
  const people = [
    ...(pull.author === undefined ? [] : [person("author", pull.author.id)]),
    ...commits.map(({ author }) => person("author", author.account?.id)),
    ...commits.map(({ committer }) => person("committer", committer.account?.id)),
    ...coAuthors.people,
    // Whoever it was may be one of those who approve.
    ...(pushers ?? [undefined]).map((id) => person("pusher", id)),
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

/**
 * Who moved the head's branch to where it stands. Undefined where GitHub does not say: of a fork it does not, and of
 * what was pushed long ago.
 */
async function findPushers(client: Client, pull: Pull): Promise<readonly number[] | undefined> {
  const { owner, repo, head, repositoryId } = pull;
  if (head.repositoryId !== repositoryId) return undefined;
  try {
    const { data } = await client.rest("GET /repos/{owner}/{repo}/activity", {
      ...{ owner, repo, ref: `refs/heads/${head.ref}`, per_page: 100 },
    });
    const moves = listAt(data).filter(
      (move) => at(move, "after") === head.sha && at(move, "actor") !== undefined,
    );
    return moves.length === 0 ? undefined : moves.map((move) => numberAt(move, "actor", "id"));
  } catch (cause) {
    // A branch that is gone.
    if (isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_REFUSED")) return undefined;
    throw cause;
  }
}

function distinct(people: readonly Participant[]): readonly Participant[] {
  const keyed = new Map(people.map((one) => [`${one.part} ${one.userId ?? ""}`, one]));
  return [...keyed.values()].sort(
    (a, b) =>
      byCodeUnits(a.part, b.part) ||
      (a.userId ?? Number.MAX_SAFE_INTEGER) - (b.userId ?? Number.MAX_SAFE_INTEGER),
  );
}
