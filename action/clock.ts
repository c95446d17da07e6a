import type { DecisionRecord } from "../gate/model/decision.ts";
import type { Conversation } from "./conversation.ts";

/** A minute covers the way of an answer, and no waiver is granted by the minute. */
export const CLOCK_SKEW_MS_MAX = 60_000;

/**
 * The decision; judged again at GitHub's time where the runner's clock is off. On a machine whose clock stands
 * still, a waiver would never end.
 */
export async function settleClock(
  decided: DecisionRecord,
  { serverTime }: Conversation,
  judgeAt: (now: Date) => Promise<DecisionRecord>,
): Promise<DecisionRecord> {
  if (serverTime === undefined) return decided;
  const skewMs = Math.abs(serverTime.getTime() - Date.parse(decided.input.now));
  return skewMs <= CLOCK_SKEW_MS_MAX ? decided : judgeAt(serverTime);
}
