import { isRefusal } from "../github/failure.ts";
import { type IssueRequest, openIssue } from "../github/issue.ts";
import { type Place, repositoryOf } from "../place.ts";
import type { Services, Site } from "../services.ts";
import type { Archive } from "../store/archive.ts";
import { askForOpenPulls } from "./fan-out.ts";

/** What is told in an issue, once for each marker. */
export type Announcement = Pick<IssueRequest, "marker" | "title" | "body">;

/** One that GitHub did not take. */
interface Refused extends Announcement {
  /** When it was last asked, UTC: `2026-11-22`. */
  readonly day: string;
}

const DAY_CHARS = "2026-11-22".length;

/**
 * Tells something in an issue, once. Its number; undefined where GitHub refuses it, as it does where issues are switched
 * off: nothing else waits for that. Then it is kept, and asked for again once a day. Rejects with what passes by itself.
 */
export async function announce(
  { client, place, store: { archive }, log, now }: Pick<Site, "client" | "place" | "store" | "log" | "now">,
  announcement: Announcement,
): Promise<number | undefined> {
  const { repositoryId } = place;
  const name = refusedName(repositoryId, announcement.marker);
  const day = dayOf(now());
  const before = await archive.get(name);
  if (before !== undefined && toRefused(before).day === day) return undefined;
  try {
    const wanted = { ...repositoryOf(place), repositoryId, ...announcement };
    const number = await openIssue(client, wanted, archive);
    if (before !== undefined) await archive.remove(name);
    return number;
  } catch (cause) {
    if (!isRefusal(cause)) throw cause;
    const { marker, title, body } = announcement;
    const refused: Refused = { marker, title, body, day };
    await archive.set(name, JSON.stringify(refused));
    log.error("An issue was refused: it is asked for again tomorrow", { repository: repositoryId }, cause);
    return undefined;
  }
}

/** Tells what was refused, with the first sweep of a day: somebody may have switched issues on. */
export async function announceRefused(services: Services, place: Place): Promise<void> {
  const { github, now } = services;
  const { archive } = services.store;
  const name = `issues-asked-again/${place.repositoryId}`;
  const day = dayOf(now());
  if ((await archive.get(name)) === day) return;
  const client = github.installation(place.installationId);
  let isAnyOpened = false;
  for (const text of await archive.under(refusedName(place.repositoryId, ""))) {
    const issue = await announce({ ...services, place, client }, toRefused(text));
    isAnyOpened ||= issue !== undefined;
  }
  await archive.set(name, day);
  // A comment of ours may still say that there is none.
  if (isAnyOpened) await askForOpenPulls({ ...services, place }, `issues-opened/${day}`);
}

/** Whether GitHub refused what this marker stands for when it was last asked. */
export async function isRefused(
  archive: Pick<Archive, "get">,
  { repositoryId, marker }: Pick<IssueRequest, "repositoryId" | "marker">,
): Promise<boolean> {
  return (await archive.get(refusedName(repositoryId, marker))) !== undefined;
}

function toRefused(text: string): Refused {
  return JSON.parse(text);
}

function refusedName(repositoryId: number, marker: string): string {
  return `issue-refused/${repositoryId}/${marker}`;
}

function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, DAY_CHARS);
}
