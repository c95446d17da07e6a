import { hash } from "node:crypto";
import { parseCommands } from "../../gate/approval/command.ts";
import { md } from "../../gate/report/escape.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import { openIssue } from "../github/issue.ts";
import { toAccount } from "../github/pull.ts";
import { react } from "../github/reaction.ts";
import { at, numberAt, optional, textAt } from "../github/shape.ts";
import { writersAmong } from "../github/writers.ts";
import { payloadOf, placePayload, repositoryOf } from "../place.ts";
import { keyOf } from "../queue/address.ts";
import type { Site } from "../services.ts";
import type { Archive } from "../store/archive.ts";
import type { Delivery } from "../store/inbox.ts";
import { holdersUnder } from "./approvals.ts";
import { OWN_EVENT } from "./ask.ts";
import { wordUrl } from "./votes.ts";

/** The review that follows on breaking the glass: in the incident's own issue, by a validator and by risk. */

/** Both have to have looked, each a person of their own. */
const REVIEWERS = ["validator", "risk"] as const;

export interface Incident {
  /** Number of its issue. */
  readonly issue: number;
  readonly pull: number;
  readonly head: string;
  /** As the trail names it. */
  readonly occurrence: {
    readonly id: string;
    readonly gates: readonly string[];
    readonly model?: string;
  };
  /** Digest of the decision that it went against. */
  readonly decision: string;
  readonly models: readonly string[];
  /** Those who broke it. */
  readonly breakers: readonly number[];
  /** RFC 3339, UTC. */
  readonly reviewBy: string;
  readonly reviews: readonly Review[];
}

interface Review {
  readonly userId: number;
  readonly roles: readonly string[];
}

/** Keeps an incident, once for its issue, and comes back to it when its review is due. */
export async function keepIncident(
  { store, place, now }: Site,
  incident: Omit<Incident, "reviews">,
): Promise<void> {
  const { archive, inbox } = store;
  const kept: Incident = { ...incident, reviews: [] };
  await archive.setOnce(incidentName(place.repositoryId, incident.issue), JSON.stringify(kept));
  const key = keyOf.incident(place.repositoryId, incident.issue);
  await inbox.receive({
    ...{ id: `${OWN_EVENT}/${key}/due`, event: OWN_EVENT, key },
    payload: JSON.stringify({ ...placePayload(place), action: "due" }),
    ...{ receivedAt: now(), due: Math.max(now(), Date.parse(incident.reviewBy)) },
  });
}

/** Incidents whose review is overdue: until it was looked at, nothing more of their models is let through. */
export async function overdueIncidents({ store, place, now }: Site): Promise<readonly Incident[]> {
  const kept = await store.archive.under(incidentName(place.repositoryId, ""));
  return kept.map((text): Incident => JSON.parse(text)).filter((incident) => isOverdue(incident, now()));
}

/** Takes what reviewers say in the issue; and when the time is over, says that nobody looked. */
export async function workOnIncident(
  site: Site,
  issue: number,
  deliveries: readonly Delivery[],
): Promise<void> {
  for (const delivery of deliveries) {
    const incident = await findIncident(site.store.archive, site.place.repositoryId, issue);
    if (incident === undefined) return;
    if (delivery.event === "issue_comment") await takeReview(site, incident, payloadOf(delivery));
    else if (isOverdue(incident, site.now())) await flagOverdue(site, incident);
  }
}

async function takeReview(site: Site, incident: Incident, payload: unknown): Promise<void> {
  const comment = at(payload, "comment");
  const author = toAccount(at(comment, "user"));
  const isNew = optional(textAt, payload, "action") === "created";
  if (!isNew || author === undefined || author.isBot) return;
  const body = optional(textAt, comment, "body") ?? "";
  const { commands } = parseCommands(body);
  if (commands.length === 0) return;
  const commentId = numberAt(comment, "id");
  const isApproved = commands.every(({ kind }) => kind === "approve");
  const roles = isApproved ? await reviewingRoles(site, incident, author) : [];
  if (roles.length > 0) {
    await recordReview(site, incident, { userId: author.id, role: roles[0]!, commentId, body });
    await keepReview(site, incident, { userId: author.id, roles });
  }
  await react(site.client, { ...site.place, commentId }, roles.length > 0 ? "+1" : "-1");
}

/** In which of the two roles somebody may review: none of those who broke it, or had a hand in what it let in. */
async function reviewingRoles(
  site: Site,
  incident: Incident,
  { id: userId, login }: { readonly id: number; readonly login: string },
): Promise<readonly string[]> {
  const { client, place, store, now } = site;
  const kept = await store.archive.findDecision(place.repositoryId, incident.decision);
  if (kept === undefined || incident.breakers.includes(userId)) return [];
  const record = parseDecision(Buffer.from(kept.record, "utf8"), kept.digest);
  const hands = (record.input.approvals?.participants ?? []).filter((person) => person.userId === userId);
  if (hands.some(({ part }) => part !== "developer")) return [];
  const writers = await writersAmong(client, repositoryOf(place), [{ userId, login }]);
  if (!writers.has(userId)) return [];
  // Those who hold the roles now, by the policy that it went against.
  const { roles } = await holdersUnder(site, record, {
    userIds: [userId],
    now: new Date(now()).toISOString(),
  });
  const held = roles.get(userId) ?? [];
  // Who developed the model does not validate it.
  return REVIEWERS.filter((role) => held.includes(role) && (role !== "validator" || hands.length === 0));
}

interface Reviewed {
  readonly userId: number;
  readonly role: string;
  readonly commentId: number;
  readonly body: string;
}

async function recordReview(
  site: Site,
  { head, occurrence, issue }: Incident,
  { userId, role, commentId, body }: Reviewed,
): Promise<void> {
  const { trails, place } = site;
  await trails.recordEvent(place, {
    ...{ kind: "breakglass.reviewed", head },
    actor: { id: userId, role },
    reason: {
      code: "reviewed",
      url: wordUrl(site, issue, { kind: "incident", id: commentId }),
      digest: { sha256: hash("sha256", body) },
    },
    breakglass: { ...occurrence, event: commentId },
  });
  await trails.settle(place);
}

async function keepReview({ store, place }: Site, incident: Incident, review: Review): Promise<void> {
  const reviews = [...incident.reviews.filter(({ userId }) => userId !== review.userId), review];
  const name = incidentName(place.repositoryId, incident.issue);
  await store.archive.set(name, JSON.stringify({ ...incident, reviews }));
}

/** Whether two people have looked, one in each role. */
function isReviewed({ reviews }: Incident): boolean {
  const [first, second] = REVIEWERS;
  return reviews.some(
    (one) =>
      one.roles.includes(first) &&
      reviews.some((other) => other.userId !== one.userId && other.roles.includes(second)),
  );
}

function isOverdue(incident: Incident, now: number): boolean {
  return !isReviewed(incident) && now >= Date.parse(incident.reviewBy);
}

async function flagOverdue(
  { client, place, store }: Site,
  { issue, pull, reviewBy, models }: Incident,
): Promise<void> {
  const { owner, repo, repositoryId } = place;
  const body = md`Nobody has finished the review of incident ${issue}, which was due by ${reviewBy}: pull request ${pull} entered against closed gates. Until a validator and risk have said so there (\`/weighbridge approve\`), no deployment of ${models.join(", ")} goes on. If it is not to stay, revert pull request ${pull}.\n`;
  await openIssue(
    client,
    {
      ...{ owner, repo, repositoryId },
      marker: `<!-- weighbridge:break-glass-overdue:${issue} -->`,
      title: `BREAK-GLASS: the review of incident ${issue} is overdue`,
      body: body.source,
    },
    store.archive,
  );
}

async function findIncident(
  archive: Archive,
  repositoryId: number,
  issue: number,
): Promise<Incident | undefined> {
  const text = await archive.get(incidentName(repositoryId, issue));
  return text === undefined ? undefined : JSON.parse(text);
}

function incidentName(repositoryId: number, issue: number | ""): string {
  return `incident/${repositoryId}/${issue}`;
}
