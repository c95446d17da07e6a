import {
  type Breaker,
  type BreakGlass,
  closedGates,
  type Ground,
  judgeBreakGlass,
} from "../../gate/approval/break-glass.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { holdersOf } from "../github/roles.ts";
import { writersAmong } from "../github/writers.ts";
import { repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";

/** One of the two words that break the glass, as it was given. */
export interface Word {
  readonly userId: number;
  readonly login: string;
  readonly isBot: boolean;
  /** RFC 3339, UTC, as GitHub says. */
  readonly at: string;
  readonly commentId: number;
  readonly ground?: Ground;
}

/** What was said about breaking the glass for one subject of a pull request. */
interface Kept {
  /** What it is about: one changed byte, and both words are void. */
  readonly subject: string;
  readonly requester: Word;
  readonly second?: Word;
}

/** Keeps a word: the first asks, one of another person agrees. */
export async function keepWord(
  { store, place }: Site,
  number: number,
  { subject, word }: { readonly subject: string; readonly word: Word },
): Promise<void> {
  const name = nameOf(place.repositoryId, number);
  const kept = await findKept(store.archive, name);
  const isAnswer = kept?.subject === subject && kept.requester.userId !== word.userId;
  const next: Kept = isAnswer ? { ...kept, second: kept.second ?? word } : { subject, requester: word };
  await store.archive.set(name, JSON.stringify(next));
}

/** Whether the glass is broken for exactly what was decided; undefined where nobody asked for it. */
export async function brokenGlass(
  site: Site,
  number: number,
  record: DecisionRecord,
): Promise<BreakGlass | undefined> {
  const { store, place, now } = site;
  const kept = await findKept(store.archive, nameOf(place.repositoryId, number));
  if (kept === undefined || kept.subject !== record.digests.subject) return undefined;
  const { requester, second } = kept;
  const [asking, agreeing] = await standings(
    site,
    record,
    second === undefined ? [requester] : [requester, second],
  );
  if (asking === undefined) return undefined;
  return judgeBreakGlass({
    requester: asking,
    ...(agreeing !== undefined && { second: agreeing }),
    ...(requester.ground !== undefined && { ground: requester.ground }),
    now: `${new Date(now()).toISOString().slice(0, 19)}Z`,
    participants: record.input.approvals?.participants ?? [],
    models: record.models,
    closed: closedGates(record),
  });
}

/** The people with the roles and rights that they have now. */
async function standings(
  { client, place }: Site,
  record: DecisionRecord,
  words: readonly Word[],
): Promise<readonly Breaker[]> {
  const userIds = words.map(({ userId }) => userId);
  const { policy, now } = record.input;
  const { roles } = await holdersOf(client, { roles: policy.roles, userIds, now });
  const writers = await writersAmong(client, repositoryOf(place), words);
  return words.map(({ userId, isBot, at }) => ({
    ...{ userId, isBot, at },
    roles: roles.get(userId) ?? [],
    canWrite: writers.has(userId),
  }));
}

async function findKept(archive: Site["store"]["archive"], name: string): Promise<Kept | undefined> {
  const text = await archive.get(name);
  return text === undefined ? undefined : JSON.parse(text);
}

function nameOf(repositoryId: number, number: number): string {
  return `break-glass/${repositoryId}/${number}`;
}
