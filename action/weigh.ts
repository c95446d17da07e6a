import { judge } from "../gate/judge.ts";
import type { DecisionRecord } from "../gate/model/decision.ts";
import { GateError } from "../gate/model/error.ts";
import { cloneTrail } from "../gate/trail/clone-trail.ts";
import { announce } from "./announce.ts";
import type { CompleteCheckout } from "./checkout.ts";
import { settleClock } from "./clock.ts";
import { openConversation } from "./conversation.ts";
import type { RunRequest } from "./inputs.ts";
import { openWorld } from "./world.ts";

/** Judges the change and announces the decision. Whether the step may pass: the verdict is `pass`, and all was said. */
export async function weigh(request: RunRequest, complete: CompleteCheckout): Promise<boolean> {
  const { checkout, base, head } = complete;
  const trail = cloneTrail(checkout);
  try {
    const { world, notices } = await openWorld(request, checkout);
    const judgeAt = (now: Date) => judge({ base, head }, { ...world, trail, now: () => now });
    const decided = await judgeAt(new Date());
    if (request.requirePolicy) assertPolicy(decided);
    const conversation = await openConversation(request, head);
    const record = await settleClock(decided, conversation, judgeAt);
    const isAllSaid = await announce({ request, record, conversation, notices });
    return record.verdict === "pass" && isAllSaid;
  } finally {
    await trail.close();
  }
}

function assertPolicy({ input: { change, policy } }: DecisionRecord): void {
  if (policy.path !== undefined) return;
  throw new GateError("POLICY_REQUIRED", `Cannot judge this change: the base ${change.base} has no policy`, {
    fix: "Merge a policy first (weighbridge init writes one); a change cannot bring the policy that judges it",
  });
}
