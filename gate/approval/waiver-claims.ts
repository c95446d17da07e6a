import type { Policy, Waiver, WaiverApproval } from "../model/policy.ts";
import { type Ballot, isAbout, votersOf } from "./ballot.ts";

/** An approval that the file of a waiver lists, and what people said of the change that brings it. */
export interface WaiverClaim extends Pick<WaiverApproval, "role" | "userId"> {
  readonly waiver: Waiver;
  /** `involved`: whoever it names had a hand in the change, or asked for the waiver, and never approves it. */
  readonly state: "approved" | "absent" | "involved";
}

/**
 * Each approval that the waivers list, held against who really approved the change that brings them, in that role. Once
 * they stand at the base nobody asks again: what they list has to be true when they enter.
 */
export function claimsOf(
  waivers: readonly Waiver[],
  ballot: Ballot,
  roles: Policy["roles"],
): readonly WaiverClaim[] {
  const voters = votersOf(ballot, roles).filter((voter) => isAbout(voter));
  const involved = new Set(
    ballot.approvals.participants.flatMap(({ part, userId }) => (part === "developer" ? [] : (userId ?? []))),
  );
  return waivers.flatMap((waiver) =>
    waiver.approvals.map(({ role, userId }): WaiverClaim => {
      const isApproved = voters.some((voter) => voter.userId === userId && voter.roles.includes(role));
      const isInvolved = involved.has(userId) || String(userId) === waiver.requestedBy;
      return { waiver, role, userId, state: isInvolved ? "involved" : isApproved ? "approved" : "absent" };
    }),
  );
}
