import { type Pull, readPull, toPull } from "../github/pull.ts";
import { at, numberAt, objectIdAt, optional } from "../github/shape.ts";
import { payloadOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { Delivery, Work } from "../store/inbox.ts";
import { OWN_EVENT } from "./ask.ts";
import { takeClick } from "./click.ts";
import { settleClosed } from "./closed.ts";
import { takeComment } from "./comment.ts";
import { evaluate, newer, seenName } from "./evaluate.ts";
import { pusherName } from "./pusher.ts";
import { takeReview } from "./review.ts";

/** Everything that happened to a pull request: words are taken one by one and in their order, then it is judged once. */
export async function workOnPull(site: Site, number: number, { deliveries, attempts }: Work): Promise<void> {
  const news = deliveries.filter((delivery) => !isOurOwn(site, delivery));
  if (news.length === 0) return;
  const told = toldIn(news);
  const seen = await findSeen(site, number, news);
  // A merge is for good, and was looked at.
  if (seen === "merged") return;
  // The newest word is GitHub's own, and before anything is shown the pull request is read again; a merge is for good.
  const isFresh = told?.state === "open" && told.updatedAt >= site.now() - FRESH_MS;
  const isCertain = told !== undefined && (isFresh || (told.merged && told.mergeSha !== undefined));
  const known = isCertain ? told : seen;
  const pull = known ?? newer(await readPull(site.client, { ...site.place, number }), told);
  let matters = false;
  for (const delivery of news) matters = (await take(site, pull, delivery)) || matters;
  site.signal.throwIfAborted();
  if (pull.state === "closed") await settleClosed(site, pull);
  else if (matters) await evaluate(site, pull, attempts);
}

/**
 * For work that only we asked for, the pull request as it was last judged: what is not so any more shows when it is
 * read again.
 */
async function findSeen(
  { store, place }: Site,
  number: number,
  news: readonly Delivery[],
): Promise<Pull | "merged" | undefined> {
  if (news.some(({ event }) => event !== OWN_EVENT)) return undefined;
  const row = await store.archive.findPull(place.repositoryId, number);
  if (row?.state === "merged") return "merged";
  const seen = await store.archive.get(seenName(place.repositoryId, number));
  return row?.state === "open" && seen !== undefined ? JSON.parse(seen) : undefined;
}

const FRESH_MS = 60_000;
const TELLING = new Set(["pull_request", "pull_request_review"]);

/** The pull request as the latest of these deliveries has it. */
function toldIn(deliveries: readonly Delivery[]): Pull | undefined {
  const told = deliveries.filter(({ event }) => TELLING.has(event));
  const pulls = told.map((delivery) => toPull(at(payloadOf(delivery), "pull_request")));
  return pulls.sort((a, b) => b.updatedAt - a.updatedAt)[0];
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

const CLICKS = new Set(["check_run", "check_suite"]);

/** Whether the pull request has to be judged again. */
async function take(site: Site, pull: Pull, delivery: Delivery): Promise<boolean> {
  if (delivery.event === "issue_comment") return takeComment(site, pull, payloadOf(delivery));
  if (CLICKS.has(delivery.event)) return takeClick(site, pull, payloadOf(delivery));
  if (delivery.event === "pull_request_review") await takeReview(site, pull, payloadOf(delivery));
  if (delivery.event === "pull_request") await notePusher(site, payloadOf(delivery));
  return true;
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
