import {
  type Breaker,
  type BreakGlass,
  closedGates,
  type Ground,
  judgeBreakGlass,
} from "../../gate/approval/break-glass.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { writersAmong } from "../github/writers.ts";
import { repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import { changeKept } from "../store/kept-value.ts";
import { holdersUnder } from "./approvals.ts";

/** Words about one subject that are kept: nobody can crowd out another, and few are needed to agree. */
const WORDS_MAX = 60;
const WORDS_OF_ONE_MAX = 3;

/** One of the two words that break the glass, as it was given. */
export interface Word {
  readonly userId: number;
  readonly login: string;
  readonly isBot: boolean;
  /** RFC 3339, UTC, as GitHub says. */
  readonly at: string;
  readonly commentId: number;
  readonly ground?: Ground;
  /** SHA-256 of the reason as it was written, in hex: the reason itself stays on GitHub. */
  readonly reason: string;
}

/** What was said about breaking the glass for one subject of a pull request. */
interface Kept {
  /** What it is about: one changed byte, and every word is void. */
  readonly subject: string;
  readonly words: readonly Word[];
}

/** A person who gave a word, with the role that it was given in. */
export interface Witness extends Word {
  readonly role: string;
}

/** How it stands with breaking the glass, and whose words that rests on: who asked, and who agreed. */
export type Glass = BreakGlass & {
  readonly witnesses: readonly Witness[];
  /** True where GitHub refused the issue of the incident that it is. */
  readonly isUnissued?: boolean;
};

/** Keeps a word, once for each comment. What was said about another subject is void from then on. */
export async function keepWord(
  { store, place }: Site,
  number: number,
  { subject, word }: { readonly subject: string; readonly word: Word },
): Promise<void> {
  const name = nameOf(place.repositoryId, number);
  const kept = await findKept(store.archive, name);
  const before = kept?.subject === subject ? kept.words : [];
  if (before.some(({ commentId }) => commentId === word.commentId)) return;
  const own = before.filter(({ userId }) => userId === word.userId);
  const forgotten = new Set(own.slice(0, Math.max(0, own.length + 1 - WORDS_OF_ONE_MAX)));
  const words = [...before.filter((each) => !forgotten.has(each)), word];
  const next: Kept = { subject, words: words.slice(0, WORDS_MAX) };
  await store.archive.set(name, JSON.stringify(next));
}

/** Whether a comment holds a word that was kept. */
export async function holdsWord({ store, place }: Site, number: number, commentId: number): Promise<boolean> {
  const kept = await findKept(store.archive, nameOf(place.repositoryId, number));
  return kept?.words.some((word) => word.commentId === commentId) === true;
}

/** Nobody opens anything by a word that its author took back. */
export async function dropWords(
  { store, place }: Site,
  number: number,
  isTakenBack: (word: Word) => boolean,
): Promise<void> {
  await changeKept<Kept>(store.archive, nameOf(place.repositoryId, number), (kept) => ({
    ...kept,
    words: kept.words.filter((word) => !isTakenBack(word)),
  }));
}

/**
 * How it stands with breaking the glass for exactly what was decided; undefined where nobody asked for it. Any of
 * those who spoke may be the two, or three: a word of somebody who cannot ask for it must not keep others from it.
 */
export async function brokenGlass(
  site: Site,
  number: number,
  record: DecisionRecord,
): Promise<Glass | undefined> {
  const { store, place, now } = site;
  const kept = await findKept(store.archive, nameOf(place.repositoryId, number));
  if (kept === undefined || kept.subject !== record.digests.subject) return undefined;
  const people = await standings(site, record, kept.words);
  const { approvals } = record.input;
  const about = {
    now: `${new Date(now()).toISOString().slice(0, 19)}Z`,
    ...(approvals !== undefined && { approvals }),
    models: record.models,
    closed: closedGates(record),
  };
  const judge = (speakers: Speakers): Glass => {
    const [requester, second, third] = speakers;
    const { ground } = requester.word;
    const judged = judgeBreakGlass({
      ...about,
      requester,
      ...(second !== undefined && { second }),
      ...(third !== undefined && { third }),
      ...(ground !== undefined && { ground }),
    });
    return { ...judged, witnesses: speakers.map(toWitness) };
  };
  return bestOf(people, judge);
}

/** Who may write and spoke, with the roles and rights that they have now. */
type Speaker = Breaker & { readonly word: Word };

/** Who asked, and who agreed. */
type Speakers = readonly [Speaker, ...Speaker[]];

/** Of those who spoke, the ones with whom it stands best; a third is sought where two that may are not enough. */
function bestOf(people: readonly Speaker[], judge: (speakers: Speakers) => Glass): Glass | undefined {
  const tried: Glass[] = [];
  for (const pair of pairsOf(people)) {
    const glass = judge(pair);
    tried.push(glass);
    if (glass.kind !== "waiting" || pair.length < 2) continue;
    tried.push(...people.toReversed().map((third) => judge([...pair, third])));
  }
  const kinds = ["allowed", "waiting", "refused"] as const;
  const [best] = kinds.flatMap((kind) =>
    // Who asked is told from who agreed by what speaks least against it; and whoever has found more people is nearer.
    tried
      .filter((glass) => glass.kind === kind)
      .sort((a, b) => faultsOf(a) - faultsOf(b) || b.witnesses.length - a.witnesses.length),
  );
  return best;
}

function faultsOf(glass: Glass): number {
  return glass.kind === "refused" ? glass.reasons.length : 0;
}

/** The newest first, for an old word has run out; each alone, too, for somebody may still agree. */
function pairsOf(people: readonly Speaker[]): readonly Speakers[] {
  const newest = people.toReversed();
  return newest.flatMap((requester) => [
    ...newest.filter((second) => second !== requester).map((second) => [requester, second] as const),
    [requester] as const,
  ]);
}

const ROLES = ["owner", "sre", "risk"];

function toWitness({ word, roles }: Speaker): Witness {
  return { ...word, role: ROLES.find((role) => roles.includes(role)) ?? "none" };
}

/** Those of a name that somebody else has taken since the policy was first used are nobody here. */
async function standings(
  site: Site,
  record: DecisionRecord,
  words: readonly Word[],
): Promise<readonly Speaker[]> {
  const { client, place } = site;
  const userIds = words.map(({ userId }) => userId);
  const { roles } = await holdersUnder(site, record, { userIds, now: record.input.now });
  const writers = await writersAmong(client, repositoryOf(place), words);
  return words.map((word) => ({
    ...{ userId: word.userId, isBot: word.isBot, at: word.at, word },
    roles: roles.get(word.userId) ?? [],
    canWrite: writers.has(word.userId),
  }));
}

async function findKept(archive: Site["store"]["archive"], name: string): Promise<Kept | undefined> {
  const text = await archive.get(name);
  return text === undefined ? undefined : JSON.parse(text);
}

function nameOf(repositoryId: number, number: number): string {
  return `break-glass/${repositoryId}/${number}`;
}
