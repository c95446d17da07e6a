import { type Pull, readPull, toPull } from "../github/pull.ts";
import { at, numberAt, objectIdAt, optional, textAt } from "../github/shape.ts";
import { payloadOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { Delivery, Work } from "../store/inbox.ts";
import { takeApart } from "./apart.ts";
import { OWN_EVENT } from "./ask.ts";
import { CLICKS, takeClick } from "./click.ts";
import { settleClosed } from "./closed.ts";
import { takeComment } from "./comment.ts";
import { evaluate } from "./evaluate.ts";
import { askForPullsOf } from "./fan-out.ts";
import { noteOffered } from "./offered.ts";
import { pusherName } from "./pusher.ts";
import { takeReview } from "./review.ts";
import { findSeen, latest, latestTold, type Told } from "./seen.ts";

/** Everything that happened to a pull request: words are taken one by one and in their order, then it is judged once. */
export async function workOnPull(site: Site, number: number, { deliveries, attempts }: Work): Promise<void> {
  const news = deliveries.filter((delivery) => !isOurOwn(site, delivery));
  if (news.length === 0) return;
  const row = await site.store.archive.findPull(site.place.repositoryId, number);
  const isAsked = news.every(({ event }) => event === OWN_EVENT);
  // A merge is for good, and was looked at.
  if (isAsked && row?.state === "merged") return;
  const pull = await findPull(site, number, { told: toldIn(news), isOpen: isAsked && row?.state === "open" });
  let matters = false;
  for (const delivery of news) {
    const isOfUse = await takeApart(site, delivery, () => take(site, pull, delivery));
    matters ||= isOfUse;
  }
  site.signal.throwIfAborted();
  if (pull.state === "closed") await settleClosed(site, pull);
  else if (matters) await evaluate(site, pull, attempts);
}

const FRESH_MS = 60_000;

/**
 * The pull request without asking, if it may be: the newest word is GitHub's own, what only we asked for is as it was
 * seen, and before anything is decided it is read again.
 */
async function findPull(
  site: Site,
  number: number,
  { told, isOpen }: { readonly told: Told | undefined; readonly isOpen: boolean },
): Promise<Pull> {
  if (told?.pull.merged === true && told.pull.mergeSha !== undefined) return told.pull;
  const seen = await findSeen(site, number);
  const isFresh = told?.pull.state === "open" && told.pull.updatedAt >= site.now() - FRESH_MS;
  if (isFresh) return latestTold(site, told, seen);
  const shown = isOpen && seen !== undefined ? seen : await readPull(site.client, { ...site.place, number });
  return latest(site, await latest(site, shown, told?.pull), seen);
}

const TELLING = new Set(["pull_request", "pull_request_review"]);

/** What the latest of these deliveries tells; of one second, the one that came last. */
function toldIn(deliveries: readonly Delivery[]): Told | undefined {
  const told = deliveries
    .filter(({ event }) => TELLING.has(event))
    .map((delivery): Told => {
      const payload = payloadOf(delivery);
      const before = optional(objectIdAt, payload, "before");
      return { pull: toPull(at(payload, "pull_request")), ...(before !== undefined && { before }) };
    });
  return told.toReversed().sort((a, b) => b.pull.updatedAt - a.pull.updatedAt)[0];
}

/** What we wrote comes back as a delivery; what somebody else made of it does not count as ours. */
function isOurOwn({ config }: Site, delivery: Delivery): boolean {
  if (delivery.event !== "issue_comment") return false;
  const payload = payloadOf(delivery);
  return (
    at(payload, "comment", "performed_via_github_app", "id") === config.appId &&
    at(payload, "sender", "type") === "Bot" &&
    at(payload, "sender", "id") === at(payload, "comment", "user", "id")
  );
}

/** Whether the pull request has to be judged again. */
async function take(site: Site, pull: Pull, delivery: Delivery): Promise<boolean> {
  if (delivery.event === "issue_comment") return takeComment(site, pull, payloadOf(delivery));
  if (CLICKS.has(delivery.event)) return takeClick(site, pull, payloadOf(delivery));
  if (delivery.event === "pull_request_review") await takeReview(site, pull, payloadOf(delivery));
  if (delivery.event === "pull_request") await takeMove(site, pull, payloadOf(delivery));
  return true;
}

/**
 * Who moved it, where it wants to go, and what it heads no more: that may have been held closed because this one was
 * not judged with it.
 */
async function takeMove(site: Site, { number, head }: Pull, payload: unknown): Promise<void> {
  await notePusher(site, payload);
  await noteBranches(site, payload);
  const before = optional(objectIdAt, payload, "before");
  const row = await site.store.archive.findPull(site.place.repositoryId, number);
  if (before === undefined || before === row?.head) return;
  await askForPullsOf(site, before, `left/${number}/${head.sha}/${before}`);
}

/** The branch that it wanted to enter when this was told, and the one before that. */
async function noteBranches(site: Site, payload: unknown): Promise<void> {
  const { head, base } = toPull(at(payload, "pull_request"));
  await noteOffered(site, head, base.ref);
  const former = optional(textAt, payload, "changes", "base", "ref", "from");
  if (former !== undefined) await noteOffered(site, head, former);
}

/**
 * Who brought the head, which of a fork nobody else tells. Whoever opens a pull request from somebody else's fork need
 * not have pushed there: then it stays unknown.
 */
async function notePusher({ store, place }: Site, payload: unknown): Promise<void> {
  const action = at(payload, "action");
  const head = optional(objectIdAt, payload, "pull_request", "head", "sha");
  const sender = optional(numberAt, payload, "sender", "id");
  const owner = optional(numberAt, payload, "pull_request", "head", "repo", "owner", "id");
  const hasPushed = action === "synchronize" || (action === "opened" && sender === owner);
  if (!hasPushed || head === undefined || sender === undefined) return;
  await store.archive.setOnce(pusherName(place.repositoryId, head), String(sender));
}
