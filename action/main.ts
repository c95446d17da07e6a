import { judge } from "../gate/judge.ts";
import type { DecisionRecord } from "../gate/model/decision.ts";
import { GateError } from "../gate/model/error.ts";
import { cloneTrail } from "../gate/trail/clone-trail.ts";
import { announce } from "./announce.ts";
import { openCompleteCheckout } from "./checkout.ts";
import { settleClock } from "./clock.ts";
import { openConversation } from "./conversation.ts";
import { announceFailure } from "./failure.ts";
import { type Environment, type RunRequest, readRequest } from "./inputs.ts";
import { openWorld } from "./world.ts";

// Until the verdict says otherwise: a promise that never settles ends the process as well.
process.exitCode = 1;
process.exitCode = await run(process.env);

/** The status that the step ends with: 0 for the verdict `pass`, else 1. The outermost shell: nothing gets past it. */
async function run(env: Environment): Promise<number> {
  let request: RunRequest | undefined;
  try {
    request = readRequest(env);
    const { verdict } = await weigh(request);
    return verdict === "pass" ? 0 : 1;
  } catch (error) {
    await announceFailure(error, env, request);
    return 1;
  }
}

async function weigh(request: RunRequest): Promise<DecisionRecord> {
  const { checkout, base, head } = await openCompleteCheckout(request);
  const trail = cloneTrail(checkout);
  try {
    const { world, notices } = await openWorld(request, checkout);
    const judgeAt = (now: Date) => judge({ base, head }, { ...world, trail, now: () => now });
    const decided = await judgeAt(new Date());
    if (request.requirePolicy) assertPolicy(decided);
    const conversation = await openConversation(request, head);
    const record = await settleClock(decided, conversation, judgeAt);
    await announce({ request, record, conversation, notices });
    return record;
  } finally {
    await trail.close();
    await checkout.close();
  }
}

function assertPolicy({ input: { change, policy } }: DecisionRecord): void {
  if (policy.path !== undefined) return;
  throw new GateError("POLICY_REQUIRED", `Cannot judge this change: the base ${change.base} has no policy`, {
    fix: "Merge a policy first (weighbridge init writes one); a change cannot bring the policy that judges it",
  });
}
