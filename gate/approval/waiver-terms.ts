import type { Waiver } from "../model/policy.ts";
import type { Tier } from "../model/tier.ts";
import { match } from "./matching.ts";

const DAY_MS = 86_400_000;

/** What a tier asks of a waiver. */
export interface WaiverTerms {
  /** Longest life. */
  readonly days: number;
  /** Those that have to have agreed to it. */
  readonly roles: readonly string[];
}

const TERMS = {
  T1: { days: 14, roles: ["risk", "compliance"] },
  T2: { days: 30, roles: ["risk"] },
  T3: { days: 60, roles: ["owner", "risk"] },
  T4: { days: 90, roles: ["owner"] },
} as const satisfies Record<Tier, WaiverTerms>;

const RENEWALS_MAX = 1;

export function termsOf(tier: Tier): WaiverTerms {
  return TERMS[tier];
}

/** What is wrong with a waiver whatever it is applied to; undefined if nothing is. The first fault, hardest first. */
export function faultOf(waiver: Waiver, tier: Tier, now: string): string | undefined {
  return timeFault(waiver, tier, now) ?? approvalFault(waiver, tier);
}

/** Whether it has still to begin: no fault, and no effect. */
export function isAhead({ created }: Waiver, now: string): boolean {
  return !(Date.parse(now) >= Date.parse(created));
}

function timeFault({ created, expires, renewals }: Waiver, tier: Tier, now: string): string | undefined {
  const [from, until, at] = [created, expires, now].map((time) => Date.parse(time));
  if (from === undefined || until === undefined || at === undefined || !(from <= until))
    return "its dates make no sense";
  if (!(at < until)) return `it expired at ${expires}`;
  const { days } = TERMS[tier];
  if (until - from > days * DAY_MS) return `it lives longer than the ${days} days that ${tier} allows`;
  if (renewals > RENEWALS_MAX) return `it was renewed ${renewals} times, ${RENEWALS_MAX} is allowed`;
  return undefined;
}

/** Each role by a person of its own; who asked for the waiver is not one of them. */
function approvalFault({ approvals, requestedBy }: Waiver, tier: Tier): string | undefined {
  const isRequester = ({ login, userId }: Waiver["approvals"][number]) =>
    login === requestedBy || String(userId) === requestedBy;
  if (approvals.some(isRequester)) return "who asked for it approved it";
  const { roles } = TERMS[tier];
  const holds = (userId: number, role: string | undefined) =>
    approvals.some((approval) => approval.role === role && approval.userId === userId);
  const missing = roles.find((role) => !approvals.some((approval) => approval.role === role));
  if (missing !== undefined) return `${missing} has not approved it, which ${tier} asks for`;
  const people = [...new Set(approvals.map(({ userId }) => userId))];
  const taken = match(roles.length, people.length, (seat, person) => holds(people[person] ?? 0, roles[seat]));
  return taken.includes(undefined) ? "one person approved it in two roles" : undefined;
}
