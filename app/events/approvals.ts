import type { Approvals, Participant } from "../../gate/model/approval.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { byCodeUnits } from "../../gate/model/order.ts";
import { readParticipants } from "../github/participants.ts";
import type { PullView } from "../github/pull-view.ts";
import type { ApiRepository } from "../github/repository.ts";
import { type CastVote, readReviews, toVotes } from "../github/reviews.ts";
import { type Holders, holdersOf, type RolesRequest } from "../github/roles.ts";
import { writersAmong } from "../github/writers.ts";
import { repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { Archive, DecisionRow } from "../store/archive.ts";
import { findPusher } from "./pusher.ts";
import { findRequesters } from "./requesters.ts";
import type { Weighing } from "./weighing.ts";

/** Whoever worked on a model is no independent validator of it for so long (CORE-13). */
const DEVELOPER_DAYS = 90;
const DAY_MS = 86_400_000;

export interface Asked {
  readonly weighing: Weighing;
  readonly repository: ApiRepository;
  /** The decision without anybody's word: it says what words would be about. */
  readonly record: DecisionRecord;
  /** The pull request as it was found when this was decided, with the answer to who holds which role. */
  readonly view: PullView;
}

/** Who had a hand in the change, who said what of it, and in which roles: all of it read now. */
export async function readApprovals(
  site: Site,
  { weighing, repository, record, view }: Asked,
): Promise<Approvals> {
  const { client, place } = site;
  const { pull, base } = weighing;
  const compared = { ...pull, base: { ...pull.base, sha: base } };
  const comparison = await repository.compare(base, pull.head.sha);
  // Who opened a pull request need not have pushed it: GitHub is asked where it tells, which of a fork it does not.
  const isForeign = pull.head.repositoryId !== place.repositoryId;
  const { participants, complete } = await readParticipants(client, compared, {
    comparison,
    ...(isForeign && { pusherOf: (head: string) => findPusher(site, head) }),
  });
  const votes = await readBoundVotes(site, { weighing, record, view });
  const people = votes.map(({ userId, login }) => ({ userId, login }));
  const { roles, unresolved } = await holdersUnder(site, record, {
    ...{ userIds: people.map(({ userId }) => userId), now: record.input.now, answer: view.answer },
  });
  const writers = await writersAmong(client, repositoryOf(place), people);
  const developers = await findDevelopers(site, pull.number, record);
  const requesters = findRequesters(record);
  return {
    participants: [...participants, ...developers, ...requesters].sort(inOrder),
    complete,
    votes: votes.map(({ login: _, ...vote }) => ({
      ...vote,
      roles: roles.get(vote.userId) ?? [],
      canWrite: writers.has(vote.userId),
    })),
    unresolved,
  };
}

/** Who of these people holds which role of the policy that the record was judged by. */
export function holdersUnder(
  site: Site,
  { input, digests }: DecisionRecord,
  asked: Omit<RolesRequest, "roles" | "pin">,
): Promise<Holders> {
  return holdersOf(site.client, {
    ...asked,
    roles: input.policy.roles,
    pin: (name, id) => pin(site, `${digests.policy}/${name}`, id),
  });
}

/** Under one policy a name stays whose it was; whoever changes the policy may mean somebody else. */
async function pin({ store, place }: Site, name: string, id: number): Promise<number> {
  return Number(await store.archive.setOnce(`name/${place.repositoryId}/${name}`, String(id)));
}

/**
 * The votes, each with what its voter saw. One that was given while the head was being judged saw the head, and so
 * what is decided about it now; one whose time nobody noted counts only where the head was never decided otherwise.
 */
async function readBoundVotes(
  { client, place, store, now }: Site,
  { weighing: { pull }, record, view }: Omit<Asked, "repository">,
): Promise<readonly CastVote[]> {
  const { repositoryId } = place;
  const kept = await store.archive.votes(repositoryId, pull.number);
  const votes = toVotes(view.reviews ?? (await readReviews(client, pull)), kept);
  if (votes.every(({ subject }) => subject !== undefined)) return votes;
  const bound: CastVote[] = [];
  for (const vote of votes) {
    // A comment names no commit: what its author saw was told when it came, or never.
    const isReview = vote.source.kind === "review";
    const subject =
      vote.subject ??
      (isReview ? await subjectSeen(store.archive, vote.head, { repositoryId, pull, record }) : undefined);
    if (vote.subject === undefined && subject !== undefined) {
      const { source, userId, login, kind, head } = vote;
      await store.archive.keepVote({
        ...{ repositoryId, number: pull.number, source: source.kind, sourceId: source.id },
        ...{ userId, login, kind, head, subject, at: now() },
      });
    }
    bound.push(subject === undefined ? vote : { ...vote, subject });
  }
  return bound;
}

async function subjectSeen(
  archive: Archive,
  head: string,
  { repositoryId, pull, record }: SubjectRequest,
): Promise<CastVote["subject"]> {
  const [only, ...others] = await archive.subjects(repositoryId, pull.number, head);
  if (only === undefined && head === pull.head.sha) return record.digests.subject;
  return others.length === 0 ? (only as CastVote["subject"]) : undefined;
}

interface SubjectRequest extends Pick<Weighing, "pull">, Pick<Asked, "record"> {
  readonly repositoryId: number;
}

/** Who made the models' merged versions, as far as this App has seen it. */
async function findDevelopers(
  { store, place, now }: Site,
  number: number,
  { models }: DecisionRecord,
): Promise<readonly Participant[]> {
  const since = now() - DEVELOPER_DAYS * DAY_MS;
  const ids = new Set<number>();
  for (const { id } of models) {
    const filter = { repositoryId: place.repositoryId, model: id, exceptNumber: number, since };
    for (const userId of await store.archive.developers(filter)) ids.add(userId);
  }
  return [...ids].map((userId) => ({ part: "developer", userId }));
}

function inOrder(a: Participant, b: Participant): number {
  return byCodeUnits(a.part, b.part) || (a.userId ?? 0) - (b.userId ?? 0);
}

/** Within which moments of the host cannot be told apart, milliseconds: it tells time in seconds. */
const SECOND_MS = 1_000;

/**
 * The decision that somebody had before them who spoke at that moment (milliseconds since 1970, as the host says), of
 * the head if it is known which: a word is not about what nobody was shown yet, whenever it was decided.
 */
export function decisionSeen(archive: Archive, { at, ...about }: Seen): Promise<DecisionRow | undefined> {
  return archive.lastShown({ ...about, before: at + SECOND_MS });
}

export interface Seen {
  readonly repositoryId: number;
  readonly number: number;
  readonly at: number;
  readonly head?: string;
}

/** The decision that stands for a pull request, of a head if one is named. */
export async function standingDecision(
  archive: Archive,
  repositoryId: number,
  number: number,
  head?: string,
): Promise<DecisionRow | undefined> {
  const [newest] = await archive.decisions({
    ...{ repositoryId, number, countMax: 1 },
    ...(head !== undefined && { head }),
  });
  return newest;
}
