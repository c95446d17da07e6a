import { readChangeSet } from "./change/read.ts";
import { withRollbacks } from "./change/rollback.ts";
import { collectEvidence } from "./evidence/collect.ts";
import { assertFromTheRun } from "./evidence/committed.ts";
import type { ChangeSet } from "./model/change.ts";
import type { DecisionRecord } from "./model/decision.ts";
import type { Policy, Waiver } from "./model/policy.ts";
import { loadPolicy } from "./policy/load.ts";
import { previewPolicyChange } from "./policy/preview.ts";
import { decide } from "./verdict/decide.ts";
import type { World } from "./world.ts";

/** The change from the merge base of `base` and `head` to `head`, as revisions that the repository can name. */
export interface JudgeRequest {
  readonly base: string;
  readonly head: string;
}

/** The decision about a change. The whole story; each line is a folder. */
export async function judge(request: JudgeRequest, world: World): Promise<DecisionRecord> {
  const change = await withRollbacks(await readChangeSet(request, world.repository), world);
  await assertFromTheRun(change, world);
  // The base's policy, never the head's: a change must not rewrite its own judge.
  const { policy, waivers } = await loadPolicy(change.base, world);
  const preview = await previewPolicyChange(change, policy, world);
  const { evidence, problems } = await collectEvidence(change, world);
  const told = await askOutside(change, { policy, waivers }, world);
  const now = `${world.now().toISOString().slice(0, 19)}Z`;
  return decide({ now, change, policy, waivers, ...preview, evidence, problems, ...told });
}

interface Governed {
  readonly policy: Policy;
  readonly waivers: readonly Waiver[];
}

/** What not every door can tell: who agreed, how the trail stands, and how often waivers were used. */
async function askOutside(change: ChangeSet, { policy, waivers }: Governed, world: World) {
  const approvals = await world.approvals?.(policy);
  const trail = change.models.length === 0 ? undefined : await world.trail?.state();
  const counted = waivers.filter(({ maxUses }) => maxUses !== undefined).map(({ id }) => id);
  const uses = counted.length === 0 ? undefined : await world.trail?.uses(counted);
  return {
    ...(approvals === undefined ? {} : { approvals }),
    ...(trail === undefined ? {} : { trail }),
    ...(uses === undefined ? {} : { uses }),
  };
}
