import { hash } from "node:crypto";
import { type Command, parseCommands } from "../../gate/approval/command.ts";
import { md } from "../../gate/report/escape.ts";
import { toAccount } from "../github/pull.ts";
import { react } from "../github/reaction.ts";
import { at, instantAt, numberAt, optional, textAt } from "../github/shape.ts";
import { writersAmong } from "../github/writers.ts";
import { payloadOf, repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import { recordOf } from "../store/decision-record.ts";
import type { Delivery } from "../store/inbox.ts";
import { announce } from "./announcement.ts";
import { takeApart } from "./apart.ts";
import { holdersUnder } from "./approvals.ts";
import { incidentLabel, incidentLink } from "./break-glass-words.ts";
import { noteGone, wordsLeft } from "./comment-gone.ts";
import {
  dropReview,
  findIncident,
  type Incident,
  isOverdue,
  isReviewed,
  keepReview,
  REVIEWERS,
  withReview,
} from "./incident-record.ts";
import { openRollback } from "./rollback.ts";
import { rollbackNotice } from "./rollback-words.ts";
import { wordUrl } from "./votes.ts";

/** The review that follows on breaking the glass: in the incident's own issue, by a validator and by risk. */

/** Takes what reviewers say in the issue; and when the time is over, says that nobody looked. */
export async function workOnIncident(site: Site, id: string, deliveries: readonly Delivery[]): Promise<void> {
  for (const delivery of deliveries) {
    const incident = await findIncident(site.store.archive, site.place.repositoryId, id);
    if (incident === undefined) return;
    if (delivery.event === "issue_comment")
      await takeApart(site, delivery, () => takeWord(site, incident, payloadOf(delivery)));
    else if (isOverdue(incident, site.now())) await flagOverdue(site, incident);
  }
}

/** Whether anything was said. */
async function takeWord(site: Site, incident: Incident, payload: unknown): Promise<boolean> {
  const { issue } = incident;
  // Anybody can open an issue that begins like this one.
  if (issue === undefined || at(payload, "issue", "number") !== issue) return false;
  const comment = at(payload, "comment");
  const author = toAccount(at(comment, "user"));
  const action = optional(textAt, payload, "action");
  if (author === undefined || author.isBot) return false;
  const commentId = numberAt(comment, "id");
  if (action === "deleted") {
    const remover = at(payload, "sender", "id") === author.id ? "author" : "other";
    const updatedAt = new Date(instantAt(comment, "updated_at")).toISOString();
    return takeDeleted(site, incident, { commentId, remover, updatedAt });
  }
  if (action !== "created") return false;
  const body = optional(textAt, comment, "body") ?? "";
  const { commands: written, problems } = parseCommands(body);
  const commands = await wordsLeft(site, commentId, written);
  if (commands.length + problems.length === 0) return false;
  const said = { userId: author.id, issue, commentId, body };
  const isHeard = commands.some(({ kind }) => TAKING_BACK.has(kind))
    ? await takeBack(site, incident, said)
    : // Beside what cannot be read nobody knows what was meant.
      problems.length === 0 &&
      (await areAbout(site, incident, commands)) &&
      (await review(site, incident, { ...said, login: author.login }));
  await react(site.client, { ...site.place, commentId }, isHeard ? "+1" : "-1");
  return true;
}

/** Of one who had approved, either says that they do not. */
const TAKING_BACK: ReadonlySet<Command["kind"]> = new Set(["withdraw", "reject"]);

interface Said {
  readonly userId: number;
  readonly issue: number;
  readonly commentId: number;
  readonly body: string;
}

/** What a reviewer takes back counts no more; what both had looked at is closed, and stays so. */
async function takeBack(site: Site, incident: Incident, said: Said): Promise<boolean> {
  const { userId, commentId } = said;
  const known = incident.reviews.find((one) => one.userId === userId);
  if (known?.commentId === commentId) return true;
  if (isReviewed(incident)) return false;
  const { roles } = known === undefined || known.commentId > commentId ? NOTHING_SAID : known;
  if (roles.length > 0) await recordReview(site, incident, { ...said, roles, code: "withdrawn" });
  // Also where nothing was said: what comes yet may have been said before.
  await keepReview(site, incident.occurrence.id, { userId, roles: [], commentId });
  return roles.length > 0;
}

const NOTHING_SAID = { roles: [] } as const;

interface Deleted {
  readonly commentId: number;
  readonly remover: "author" | "other";
  /** RFC 3339, UTC. */
  readonly updatedAt: string;
}

async function takeDeleted(
  site: Site,
  incident: Incident,
  { commentId, remover, updatedAt }: Deleted,
): Promise<boolean> {
  const { trails, place } = site;
  await noteGone(site, commentId, remover);
  if (!incident.reviews.some((one) => one.commentId === commentId)) return false;
  const tamper = { object: "comment.deleted", id: String(commentId), updated_at: updatedAt };
  await trails.recordEvent(place, { kind: "tamper.detected", head: incident.head, tamper });
  if (remover === "author" && !isReviewed(incident))
    await dropReview(site, incident.occurrence.id, { commentId });
  return true;
}

async function review(
  site: Site,
  incident: Incident,
  { login, ...said }: Said & { readonly login: string },
): Promise<boolean> {
  const { userId, commentId } = said;
  const roles = await reviewingRoles(site, incident, { id: userId, login });
  const reviews = withReview(incident.reviews, { userId, roles, commentId });
  if (roles.length === 0 || reviews === incident.reviews) return false;
  await recordReview(site, incident, { ...said, roles, code: "reviewed" });
  await keepReview(site, incident.occurrence.id, { userId, roles, commentId });
  return true;
}

/** Whether each approves all that was let in: whoever names one of several models, or another, has not looked at it. */
async function areAbout(
  { store, place }: Site,
  { decision, models }: Incident,
  commands: readonly Command[],
): Promise<boolean> {
  const kept = await store.archive.findDecision(place.repositoryId, decision);
  return commands.every(
    (command) =>
      command.kind === "approve" &&
      (command.model === undefined || models.every((model) => model === command.model)) &&
      (command.digest === undefined || kept?.subject.startsWith(command.digest) === true),
  );
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
  const record = recordOf(kept);
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

interface Reviewed extends Said {
  /** At least one. */
  readonly roles: readonly string[];
  readonly code: "reviewed" | "withdrawn";
}

async function recordReview(
  site: Site,
  incident: Incident,
  { userId, roles, issue, commentId, body, code }: Reviewed,
): Promise<void> {
  const { trails, place } = site;
  const said = {
    head: incident.head,
    actor: { id: userId, role: roles[0]! },
    reason: {
      code,
      url: wordUrl(site, issue, { kind: "incident", id: commentId }),
      digest: { sha256: hash("sha256", body) },
    },
  };
  const occurrence = { ...incident.occurrence, event: commentId };
  await trails.recordEvent(place, { kind: "breakglass.reviewed", ...said, breakglass: occurrence });
  const standing = code === "reviewed" ? roles : [];
  const reviews = withReview(incident.reviews, { userId, roles: standing, commentId });
  if (isReviewed({ reviews }) && !isReviewed(incident)) {
    await trails.recordEvent(place, { kind: "incident.closed", ...said, incident: occurrence });
  }
  await trails.settle(place);
}

/** Opens the way back, and says that nobody looked. */
async function flagOverdue(site: Site, incident: Incident): Promise<void> {
  const { pull, reviewBy, models } = incident;
  const rollback = await openRollback(site, incident);
  const body = md`Nobody has finished the review of incident ${incidentLink(incident)}, which was due by ${reviewBy}: pull request #${pull} was let in against closed gates. Until a validator and risk have said so in its issue (\`/weighbridge approve\`), no deployment of ${models.join(", ")} goes on.

${rollbackNotice(incident, rollback)}\n`;
  await announce(site, {
    marker: `<!-- weighbridge:break-glass-overdue:${incident.occurrence.id} -->`,
    title: `BREAK-GLASS: the review of incident ${incidentLabel(incident)} is overdue`,
    body: body.source,
  });
}
