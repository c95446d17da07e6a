import { publishComment } from "../github/comment.ts";
import { type Pull, toAccount } from "../github/pull.ts";
import { at, optional, textAt } from "../github/shape.ts";
import { writersAmong } from "../github/writers.ts";
import { repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import { recordOf } from "../store/decision-record.ts";
import { standingDecision } from "./approvals.ts";
import { explanation } from "./comment.ts";

/** Events of the buttons of a check, and of "Re-run". */
export const CLICKS: ReadonlySet<string> = new Set(["check_run", "check_suite"]);

/** Gates that one answer explains; the report has all. */
const GATES_MAX = 20;

/**
 * Does what a button of the check asks for, or "Re-run": of the head that stands, whichever the button was beside, and
 * only for those who may write. Whether the pull request has to be judged again.
 */
export async function takeClick(site: Site, pull: Pull, payload: unknown): Promise<boolean> {
  if (!(await isOfWriter(site, payload))) return false;
  if (!isExplain(payload)) return true;
  await explainClosed(site, pull);
  return false;
}

/** Whether somebody who may write asks for what has no conversation, as a merge group, to be judged again. */
export async function asksAgain(site: Site, payload: unknown): Promise<boolean> {
  return !isExplain(payload) && (await isOfWriter(site, payload));
}

function isExplain(payload: unknown): boolean {
  return optional(textAt, payload, "requested_action", "identifier") === "explain";
}

async function isOfWriter(site: Site, payload: unknown): Promise<boolean> {
  const sender = toAccount(at(payload, "sender"));
  if (sender === undefined) return false;
  const person = { userId: sender.id, login: sender.login };
  const writers = await writersAmong(site.client, repositoryOf(site.place), [person]);
  return writers.has(sender.id);
}

/** One answer for each decision, however often it is asked for. */
async function explainClosed({ client, store, place }: Site, pull: Pull): Promise<void> {
  const standing = await standingDecision(store.archive, place.repositoryId, pull.number, pull.head.sha);
  if (standing === undefined) return;
  const record = recordOf(standing);
  const closed = record.results.filter(({ closes }) => closes).map(({ gate }) => gate);
  const texts = [...new Set(closed)].slice(0, GATES_MAX).map((gate) => explanation(record, gate) ?? "");
  const body = texts.length === 0 ? "No gate is closed.\n" : texts.join("\n");
  const marker = `<!-- weighbridge:explained:${standing.digest} -->`;
  await publishComment(client, { pull, marker, toBody: () => `${marker}\n${body}` });
}
