import { usersAt } from "../../gate/approval/delegates.ts";
import { barOf, rolesOf } from "../../gate/approval/separation.ts";
import { PEER, type Vote } from "../../gate/model/approval.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { Role } from "../../gate/model/policy.ts";

/** Somebody who may write, and approves by a comment. */
export interface Approver {
  readonly userId: number;
  readonly login: string;
  readonly commentId: number;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** The one model that the approval names. */
  readonly model?: string;
}

/**
 * Whether an approval of what was decided may take a seat. Nobody is asked: who is in a team is not known here, so that
 * whoever may be is taken for one of it. Where no seat is asked for, none is refused.
 */
export function mayCount(record: DecisionRecord, { model, ...approver }: Approver): boolean {
  const { approvals, policy } = record.input;
  const seated = record.results.filter(({ seats = [] }) => seats.length > 0);
  if (approvals === undefined || seated.length === 0) return true;
  const vote: Vote = {
    ...{ kind: "approve", userId: approver.userId, isBot: false, canWrite: true },
    ...{ source: { kind: "comment", id: approver.commentId }, head: record.input.change.head },
    roles: rolesHeld(policy.roles, (role) => isNamed(role, approver)),
  };
  if (barOf(vote, approvals) !== undefined) return false;
  const held = rolesHeld(policy.roles, (role) => role.teams.length > 0 || isNamed(role, approver));
  const possible = [PEER, ...rolesOf({ ...vote, roles: held }, approvals)];
  return seated
    .filter((result) => model === undefined || result.model === model)
    .some(({ seats = [] }) => seats.some(({ role }) => possible.includes(role)));
}

function rolesHeld(
  roles: Readonly<Record<string, Role>>,
  isHeld: (role: Role) => boolean,
): readonly string[] {
  return Object.entries(roles).flatMap(([name, role]) => (isHeld(role) ? [name] : []));
}

/** GitHub's logins are the same in capitals. */
function isNamed(role: Role, { login, at }: Pick<Approver, "login" | "at">): boolean {
  return usersAt(role, at).some((user) => user.toLowerCase() === login.toLowerCase());
}
