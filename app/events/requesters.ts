import type { Participant } from "../../gate/model/approval.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";

/** Who asked for a waiver that the change brings, as its file says: they do not approve it. */
export function findRequesters({ input }: DecisionRecord): readonly Participant[] {
  const waivers = input.policyChange?.waivers ?? [];
  return waivers.map(({ requestedBy }) => ({ part: "requester", userId: Number(requestedBy) }));
}
