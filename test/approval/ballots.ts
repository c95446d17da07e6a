import type { Ballot } from "../../gate/approval/ballot.ts";
import type { Approvals, Participant, Vote } from "../../gate/model/approval.ts";
import type { JudgedModel } from "../../gate/model/decision.ts";
import type { Digest } from "../../gate/model/digest.ts";
import type { Policy, Role } from "../../gate/model/policy.ts";

export const SUBJECT: Digest = `sha256:${"1".repeat(64)}`;
export const OTHER_SUBJECT: Digest = `sha256:${"2".repeat(64)}`;
export const AUTHOR = 1;

export function role(overrides: Partial<Role> = {}): Role {
  return { teams: ["acme/people"], users: [], exclusiveWith: [], ...overrides };
}

export const ROLES: Policy["roles"] = {
  owner: role(),
  validator: role(),
  risk: role(),
  compliance: role(),
};

/** An approval of this content by somebody who had no hand in it. */
export function vote(userId: number, roles: readonly string[] = [], overrides: Partial<Vote> = {}): Vote {
  return {
    kind: "approve",
    userId,
    source: { kind: "review", id: userId },
    head: "2".repeat(40),
    subject: SUBJECT,
    roles,
    isBot: false,
    canWrite: true,
    ...overrides,
  };
}

/** The vote as it was before anything had been decided. */
export function unbound({ subject: _, ...vote }: Vote): Vote {
  return vote;
}

export function approvals(votes: readonly Vote[] = [], overrides: Partial<Approvals> = {}): Approvals {
  const participants: readonly Participant[] = [{ part: "author", userId: AUTHOR }];
  return { participants, complete: true, votes, unresolved: [], ...overrides };
}

export function judged(overrides: Partial<JudgedModel> = {}): JudgedModel {
  return { id: "m", changeClass: "C", tier: "T2", tierReasons: [], ...overrides };
}

export function ballot(
  votes: readonly Vote[] = [],
  overrides: Partial<Approvals> = {},
  models: readonly JudgedModel[] = [judged()],
): Ballot {
  return { approvals: approvals(votes, overrides), subject: SUBJECT, models };
}
