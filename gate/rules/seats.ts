import type { Ballot } from "../approval/ballot.ts";
import { areFilled } from "../approval/seating.ts";
import { PEER, roleWords, type Seat } from "../model/approval.ts";
import type { Judgement } from "../model/decision.ts";
import type { Finding } from "../model/finding.ts";
import type { Policy } from "../model/policy.ts";
import { broken, fail, missing, pass } from "./judgement.ts";
import type { View } from "./rule.ts";

/** Why a gate that asks people says nothing where there is nobody to ask. */
export const NOBODY_ASKED = "Nobody is asked here: approvals are counted by the Weighbridge App";

/** Why there is nothing that people would have to approve; undefined where there is. */
export function nothingToApprove({ ballot, change, policyChange }: View): string | undefined {
  if (ballot === undefined) return NOBODY_ASKED;
  if (change.models.length > 0 || policyChange !== undefined) return undefined;
  return "The change touches no model, and nothing that judges one";
}

const HOW = "by a review, or by a comment with the line /weighbridge approve";

/**
 * The judgement of seats: an error where a role cannot be told, for a role that nobody is known to hold must never
 * come to "none needed"; a failure where somebody rejected; `missing_evidence` where somebody has still to approve.
 */
export function judgeSeats(seats: readonly Seat[], unusable: readonly Finding[]): Judgement {
  const approved = seats.filter(({ state }) => state === "approved").length;
  const rejected = seats.filter(({ state }) => state === "rejected");
  const seen = {
    observed: `${approved} of ${seats.length}`,
    expected: seats.map(({ role }) => roleWords(role)).join(", "),
  };
  if (unusable.length > 0) return { ...broken(unusable, seen), seats };
  if (rejected.length > 0) return { ...fail(rejected.map(rejection), seen), seats };
  if (areFilled(seats)) return { ...pass(seen), seats };
  return { ...missing(seats.filter(({ state }) => state === "waiting").map(absence), seen), seats };
}

/** The roles that are asked for and that the policy does not name, or that could not be resolved. */
export function unusableRoles(
  asked: readonly string[],
  { roles }: Policy,
  { approvals }: Ballot,
): readonly Finding[] {
  return asked.flatMap((role) => {
    if (!Object.hasOwn(roles, role)) return [undefinedRole(role)];
    return approvals.unresolved
      .filter((unresolved) => unresolved.role === role)
      .map(({ reason }) => unresolvedRole(role, reason));
  });
}

function undefinedRole(role: string): Finding {
  return {
    code: "ROLE_UNDEFINED",
    message: `The policy does not say who is in the role ${role}, so that nobody can approve in it`,
    fix: `Name its teams or people in .weighbridge/policy.yml, under roles: ${role}`,
  };
}

function unresolvedRole(role: string, reason: string): Finding {
  return {
    code: "ROLE_UNRESOLVED",
    message: `Cannot tell who is in the role ${role}: ${reason}`,
    fix: `Correct roles: ${role} in .weighbridge/policy.yml, or let the App read the team`,
  };
}

function rejection({ role }: Seat): Finding {
  return {
    code: "APPROVAL_REJECTED",
    message: `Somebody in the role ${role} rejected the change`,
    fix: "Settle it with who rejected; the change stays closed until they approve or withdraw",
  };
}

function absence({ role }: Seat): Finding {
  if (role === PEER) {
    return {
      code: "APPROVAL_MISSING",
      message: "One more person has to approve who may write and had no hand in the change",
      fix: `Ask a colleague to approve, ${HOW}`,
    };
  }
  return {
    code: "APPROVAL_MISSING",
    message: `Nobody has approved as ${role}`,
    fix: `Ask somebody in the role ${role} to approve, ${HOW}`,
  };
}
