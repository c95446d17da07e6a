import { byCodeUnits } from "../../gate/model/order.ts";
import { findIssue } from "../github/issue.ts";
import type { Place } from "../place.ts";
import { incidentMarker, keyOf } from "../queue/address.ts";
import type { Site } from "../services.ts";
import type { Archive } from "../store/archive.ts";
import { changeKept } from "../store/kept-value.ts";
import { askFor } from "./ask.ts";

/** Both have to have looked, each a person of their own. */
export const REVIEWERS = ["validator", "risk"] as const;

export interface Incident extends KeptIncident {
  /** Number of its issue; absent until GitHub has taken one. */
  readonly issue?: number;
}

interface KeptIncident {
  readonly pull: number;
  readonly head: string;
  /** As the trail names it: by the id it is known everywhere. */
  readonly occurrence: {
    readonly id: string;
    readonly gates: readonly string[];
    readonly model?: string;
  };
  /** Digest of the decision that it went against. */
  readonly decision: string;
  readonly models: readonly string[];
  /** Those who broke it: who asked, and who agreed. */
  readonly breakers: readonly number[];
  /** When the second of them agreed. RFC 3339, UTC. */
  readonly usedAt: string;
  /** RFC 3339, UTC. */
  readonly reviewBy: string;
  readonly reviews: readonly Review[];
}

export interface Review {
  readonly userId: number;
  /** None where the person took back what they had said. */
  readonly roles: readonly string[];
  /** The comment that says so. */
  readonly commentId: number;
}

/** What keeping one takes. */
type Keeping = Pick<Site, "store" | "place" | "now">;

/**
 * Keeps an incident, once for its id, and comes back to it when its review is due. Whoever joins those who broke it is
 * one of them from then on, and what they said in review before is nothing.
 */
export async function keepIncident(site: Keeping, incident: Omit<KeptIncident, "reviews">): Promise<void> {
  const { store, place } = site;
  const name = incidentName(place.repositoryId, incident.occurrence.id);
  const first: KeptIncident = { ...incident, reviews: [] };
  await store.archive.setOnce(name, JSON.stringify(first));
  const kept = await changeKept<KeptIncident>(store.archive, name, (known) => {
    const breakers = [...new Set([...known.breakers, ...incident.breakers])];
    const reviews = known.reviews.filter(({ userId }) => !breakers.includes(userId));
    return { ...known, breakers, reviews };
  });
  await askWhenDue(site, kept ?? first, "due");
}

/** Comes back, when their review is due, to the incidents of a pull request that was merged: it may be due already. */
export async function askAboutMerged(site: Site, number: number): Promise<void> {
  for (const incident of await keptIncidents(site.store.archive, site.place)) {
    if (incident.pull === number) await askWhenDue(site, incident, "merged");
  }
}

async function askWhenDue(
  { store, place, now }: Keeping,
  { occurrence, reviewBy }: KeptIncident,
  why: "due" | "merged",
): Promise<void> {
  const key = keyOf.incident(place.repositoryId, occurrence.id);
  const about = { action: "due" };
  await askFor(store.inbox, { place, key, why, about, now: now(), due: Date.parse(reviewBy) });
}

export async function findIncident(
  archive: Archive,
  repositoryId: number,
  id: string,
): Promise<Incident | undefined> {
  const text = await archive.get(incidentName(repositoryId, id));
  return text === undefined ? undefined : withIssue(archive, repositoryId, JSON.parse(text));
}

async function withIssue(archive: Archive, repositoryId: number, kept: KeptIncident): Promise<Incident> {
  const issue = await findIssue(archive, { repositoryId, marker: incidentMarker(kept.occurrence.id) });
  return { ...kept, ...(issue !== undefined && { issue }) };
}

/** Every incident of the repository, in the order of their uses. */
export async function keptIncidents(
  archive: Archive,
  { repositoryId }: Pick<Place, "repositoryId">,
): Promise<readonly Incident[]> {
  const kept = await archive.under(incidentName(repositoryId, ""));
  const incidents = await Promise.all(kept.map((text) => withIssue(archive, repositoryId, JSON.parse(text))));
  return incidents.sort((a, b) => byCodeUnits(orderOf(a), orderOf(b)));
}

function orderOf({ usedAt, occurrence }: KeptIncident): string {
  return `${usedAt} ${occurrence.id}`;
}

/** Incidents whose review is overdue: until it was looked at, nothing more of their models is let through. */
export async function overdueIncidents({ store, place, now }: Site): Promise<readonly Incident[]> {
  const kept = await keptIncidents(store.archive, place);
  return kept.filter((incident) => isOverdue(incident, now()));
}

/** Of one person the last, also where it is told of before an earlier one. */
export function withReview(reviews: readonly Review[], review: Review): readonly Review[] {
  const isLate = reviews.some(
    ({ userId, commentId }) => userId === review.userId && commentId > review.commentId,
  );
  return isLate ? reviews : [...reviews.filter(({ userId }) => userId !== review.userId), review];
}

/** Keeps that somebody looked who did not break it. */
export async function keepReview({ store, place }: Keeping, id: string, review: Review): Promise<void> {
  await changeKept<KeptIncident>(store.archive, incidentName(place.repositoryId, id), (known) => {
    const reviews = withReview(known.reviews, review);
    return known.breakers.includes(review.userId) ? known : { ...known, reviews };
  });
}

/** Forgets what a comment said whose author deleted it. */
export async function dropReview(
  { store, place }: Keeping,
  id: string,
  comment: Pick<Review, "commentId">,
): Promise<void> {
  await changeKept<KeptIncident>(store.archive, incidentName(place.repositoryId, id), (known) => ({
    ...known,
    reviews: known.reviews.filter(({ commentId }) => commentId !== comment.commentId),
  }));
}

/** Whether two people have looked, one in each role. */
export function isReviewed({ reviews }: Pick<Incident, "reviews">): boolean {
  const [first, second] = REVIEWERS;
  return reviews.some(
    (one) =>
      one.roles.includes(first) &&
      reviews.some((other) => other.userId !== one.userId && other.roles.includes(second)),
  );
}

export function isOverdue(incident: Incident, now: number): boolean {
  return !isReviewed(incident) && now >= Date.parse(incident.reviewBy);
}

function incidentName(repositoryId: number, id: string): string {
  return `incident/${repositoryId}/${id}`;
}
