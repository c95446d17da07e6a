import type { Pull } from "../github/pull.ts";
import type { Place } from "../place.ts";
import type { Site } from "../services.ts";
import { standingDecision } from "./approvals.ts";

/** A pull request as it was last known to be: deliveries come late, and GitHub answers from before what it has told. */

/** The pull request as it was when it was last looked at; undefined before the first time. */
export async function findSeen({ store, place }: Site, number: number): Promise<Pull | undefined> {
  const seen = await store.archive.get(seenName(place, number));
  return seen === undefined ? undefined : JSON.parse(seen);
}

export async function noteSeen({ store, place }: Site, pull: Pull): Promise<void> {
  await store.archive.set(seenName(place, pull.number), JSON.stringify(pull));
}

/** What a delivery tells of a pull request. */
export interface Told {
  readonly pull: Pull;
  /** The head that it says it moved from. */
  readonly before?: string;
}

/** What a delivery tells, or what is known where it comes late. Of one second, what moved from there comes after it. */
export async function latestTold(site: Site, { pull, before }: Told, known: Pull | undefined): Promise<Pull> {
  if (known === undefined) return pull;
  if (pull.updatedAt === known.updatedAt && before === known.head.sha) return pull;
  return (await isFormer(site, pull, known)) ? known : pull;
}

/** What GitHub shows of a pull request, or what is known of it as long as the answer may be of before. */
export async function latest(site: Site, shown: Pull, known: Pull | undefined): Promise<Pull> {
  if (known === undefined) return shown;
  const isSettled = site.now() - known.updatedAt > site.staleMs + SECOND_MS;
  if (isSettled && shown.updatedAt === known.updatedAt) return shown;
  return (await isFormer(site, shown, known)) ? known : shown;
}

const SECOND_MS = 1_000;

/** Whether this is of before what is known: an earlier second; or the same, with another head that was decided already. */
async function isFormer({ store, place }: Site, shown: Pull, known: Pull): Promise<boolean> {
  if (shown.updatedAt !== known.updatedAt) return shown.updatedAt < known.updatedAt;
  if (shown.head.sha === known.head.sha) return false;
  const { repositoryId } = place;
  return (await standingDecision(store.archive, repositoryId, known.number, shown.head.sha)) !== undefined;
}

function seenName({ repositoryId }: Place, number: number): string {
  return `seen/${repositoryId}/${number}`;
}
