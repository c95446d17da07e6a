import type { ChangeClass } from "../model/change.ts";

/** Roles whose approval a policy may ask for; an auditor reads and never approves. */
export const APPROVING_ROLES = [
  "developer",
  "validator",
  "owner",
  "risk",
  "compliance",
  "sre",
  "policy-admin",
] as const;

/** The classes of change in their order, as the columns of a matrix. */
export const CLASSES = ["A", "B", "C", "D", "E"] as const satisfies readonly ChangeClass[];

/** What has to be approved about one model. */
export interface Demand {
  /** Each by a person of its own. */
  readonly roles: readonly string[];
  /** Distinct people in all, at least one. */
  readonly people: number;
}

/** Sets the number of people to that of the roles where it is less. */
export function demandOf(roles: readonly string[], peopleMin = 1): Demand {
  const distinct = [...new Set(roles)];
  return { roles: distinct, people: Math.max(1, peopleMin, distinct.length) };
}
