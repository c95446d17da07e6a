import { type Pull, toAccount } from "../github/pull.ts";
import { at, instantAt, numberAt, objectIdAt, optional, textAt } from "../github/shape.ts";
import type { Site } from "../services.ts";
import { decisionSeen } from "./approvals.ts";
import { recordWithdrawal } from "./votes.ts";

const KINDS: ReadonlyMap<string, "approve" | "reject"> = new Map([
  ["approved", "approve"],
  ["changes_requested", "reject"],
]);

/** Notes what a reviewer saw, while that can still be told: reviews themselves are read from GitHub. */
export async function takeReview(site: Site, pull: Pull, payload: unknown): Promise<void> {
  const review = at(payload, "review");
  const author = toAccount(at(review, "user"));
  if (author === undefined) return;
  const { store, place } = site;
  const { repositoryId } = place;
  const id = numberAt(review, "id");
  if (at(payload, "action") === "dismissed") {
    const votes = await store.archive.votes(repositoryId, pull.number);
    const vote = votes.find(({ source, sourceId }) => source === "review" && sourceId === id);
    if (vote === undefined) return;
    // Not its author: whoever may write can dismiss it.
    const actorId = numberAt(payload, "sender", "id");
    await recordWithdrawal(site, pull, { vote, actorId, code: "dismissed" });
    return;
  }
  const kind = KINDS.get(textAt(review, "state").toLowerCase());
  const head = optional(objectIdAt, review, "commit_id");
  if (at(payload, "action") !== "submitted" || kind === undefined || head === undefined) return;
  const said = instantAt(review, "submitted_at");
  const seen = await decisionSeen(store.archive, { repositoryId, number: pull.number, at: said, head });
  if (seen === undefined) return;
  await store.archive.keepVote({
    ...{ repositoryId, number: pull.number, source: "review", sourceId: id },
    ...{ userId: author.id, login: author.login, kind, head, subject: seen.subject, at: said },
  });
}
