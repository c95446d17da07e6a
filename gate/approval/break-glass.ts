import type { Approvals } from "../model/approval.ts";
import type { ChangeClass } from "../model/change.ts";
import type { DecisionRecord } from "../model/decision.ts";
import type { Tier } from "../model/tier.ts";
import { hasUnlinked } from "./separation.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Within which a second person has to agree. */
export const SECOND_PERSON_MINUTES = 15;
/** Until when validator and risk have to have looked at what was done. */
const REVIEW_HOURS: Readonly<Record<Tier, number>> = { T1: 24, T2: 72, T3: 72, T4: 72 };

const REQUESTERS = ["owner", "sre"];
const SECONDS = ["risk", "owner", "sre"];

/** Gates that hold even then: whose bytes these are, what they do when loaded, secrets, and what the law forbids. */
const NEVER_SKIPPED: ReadonlySet<string> = new Set([
  "CORE-05",
  "SUP-01",
  "SUP-15",
  "PRIV-06",
  "PRIV-11",
  "EUAIA-5",
]);
/** The same demands under whatever id a policy gives them; and a weaker policy would outlive the emergency. */
const RULES_NEVER_SKIPPED: ReadonlySet<string> = new Set([
  "artifact.digest",
  "artifact.format",
  "policy.change-guard",
]);

/** Why in a hurry: going back to an earlier model, closing a hole, or ending harm that is being done. */
export type Ground = "rollback" | "security" | "harm";

/** One of those who break the glass: two, and three where somebody who made the change has no account. */
export interface Breaker {
  readonly userId: number;
  readonly roles: readonly string[];
  readonly isBot: boolean;
  readonly canWrite: boolean;
  /** When the host of the pull request received it, RFC 3339, UTC. */
  readonly at: string;
}

export interface BreakGlassRequest {
  readonly requester: Breaker;
  /** Absent until somebody has agreed. */
  readonly second?: Breaker;
  /** Absent until one more has, where one more is asked for. */
  readonly third?: Breaker;
  /** What the requester states; absent where the reason names none. */
  readonly ground?: Ground;
  readonly now: string;
  /** Who made what enters; absent where nobody has looked. */
  readonly approvals?: Pick<Approvals, "participants" | "complete">;
  readonly models: readonly { readonly tier: Tier; readonly changeClass: ChangeClass }[];
  /** What keeps the change out. */
  readonly closed: readonly ClosedGate[];
}

export interface ClosedGate {
  readonly gate: string;
  /** Absent for a gate that the policy does not hold. */
  readonly rule?: string;
  readonly mapsTo: readonly string[];
}

/** Times are RFC 3339, UTC: until when those who are missing have, by when it has to be reviewed. */
export type BreakGlass =
  | { readonly kind: "allowed"; readonly ground: Ground; readonly reviewBy: string }
  | { readonly kind: "waiting"; readonly until: string; readonly missing: number }
  | { readonly kind: "refused"; readonly reasons: readonly string[] };

/** Whether a change may enter although gates are closed: never more than two named people can answer for. */
export function judgeBreakGlass(request: BreakGlassRequest): BreakGlass {
  const { requester, now, models, approvals } = request;
  const ground = groundOf(request);
  const until = Date.parse(requester.at) + SECOND_PERSON_MINUTES * MINUTE_MS;
  const agreeing = agreeingIn(request);
  // Whoever has no account may be one of the two.
  const asked = approvals !== undefined && hasUnlinked(approvals) ? 2 : 1;
  const missing = Math.max(0, asked - agreeing.length);
  const times = [...agreeing.map(({ at }) => at), ...(missing > 0 ? [now] : [])];
  const reasons = [
    ...requesterFaults(requester),
    ...(ground === undefined ? [NO_GROUND] : []),
    ...gateFaults(request),
    ...participantFaults(approvals),
    ...new Set(agreeing.flatMap((each) => agreeingFaults(each, request))),
    ...new Set(times.flatMap((at) => timeFaults(at, requester.at))),
  ];
  if (reasons.length > 0 || ground === undefined) return { kind: "refused", reasons };
  if (missing > 0) return { kind: "waiting", until: timeAt(until), missing };
  const hours = Math.min(...models.map(({ tier }) => REVIEW_HOURS[tier]));
  const last = Math.max(...agreeing.map(({ at }) => Date.parse(at)));
  return { kind: "allowed", ground, reviewBy: timeAt(last + hours * HOUR_MS) };
}

/** The gates that close a decision, as this is asked about them. */
export function closedGates({ results, input }: DecisionRecord): readonly ClosedGate[] {
  const rules = new Map(input.policy.gates.map(({ id, rule }) => [id, rule]));
  return results
    .filter(({ closes }) => closes)
    .map(({ gate, mapsTo }) => {
      const rule = rules.get(gate);
      return { gate, mapsTo, ...(rule === undefined ? {} : { rule }) };
    });
}

const NO_GROUND =
  "it is for a rollback, a security fix or live harm alone; begin the reason with one of these";

/** A rollback is told from the change, never taken from a word: an earlier model that was approved before. */
function groundOf({ ground, models }: BreakGlassRequest): Ground | undefined {
  const isRollback = models.length > 0 && models.every(({ changeClass }) => changeClass === "E");
  if (ground === "rollback" || ground === undefined) return isRollback ? "rollback" : undefined;
  return ground;
}

function requesterFaults(requester: Breaker): readonly string[] {
  if (requester.isBot) return ["a bot asked for it"];
  if (!requester.canWrite) return ["who asked for it may not write to the repository"];
  return holds(requester, REQUESTERS) ? [] : ["who asked for it is neither owner nor on call (sre)"];
}

function agreeingIn({ second, third }: BreakGlassRequest): readonly Breaker[] {
  return [second, third].filter((one) => one !== undefined);
}

/** Nothing opens where one of those who open it may have made it, and nobody can tell. */
function participantFaults(approvals: BreakGlassRequest["approvals"]): readonly string[] {
  if (approvals === undefined || approvals.participants.length === 0)
    return ["nobody is known to have made the change"];
  return approvals.complete ? [] : ["the commits of the change could not all be looked at"];
}

/** At least one of those who break it has made nothing of what enters. */
function agreeingFaults(second: Breaker, request: BreakGlassRequest): readonly string[] {
  const own = [request.requester, ...agreeingIn(request)].filter(({ userId }) => userId === second.userId);
  if (own.length > 1) return ["one person gave both words"];
  if (second.isBot) return ["a bot gave the second word"];
  if (!second.canWrite) return ["who gave the second word may not write to the repository"];
  if (!holds(second, SECONDS))
    return ["who gave the second word is neither risk nor owner nor on call (sre)"];
  const isParticipant = request.approvals?.participants.some(
    ({ userId, part }) => userId === second.userId && part !== "developer",
  );
  return isParticipant ? ["who gave the second word had a hand in the change"] : [];
}

/** Compared so that a time which cannot be read refuses. */
function timeFaults(at: string, requestedAt: string): readonly string[] {
  const waited = Date.parse(at) - Date.parse(requestedAt);
  if (waited >= 0 && waited <= SECOND_PERSON_MINUTES * MINUTE_MS) return [];
  return [`nobody gave a second word within ${SECOND_PERSON_MINUTES} minutes of the request`];
}

function gateFaults({ closed, models }: BreakGlassRequest): readonly string[] {
  if (models.length === 0) return ["the change touches no model"];
  if (closed.length === 0) return ["no gate is closed"];
  const held = closed.filter(
    ({ gate, rule, mapsTo }) =>
      NEVER_SKIPPED.has(gate) ||
      mapsTo.some((control) => NEVER_SKIPPED.has(control)) ||
      (rule !== undefined && RULES_NEVER_SKIPPED.has(rule)),
  );
  return [...new Set(held.map(({ gate }) => `${gate} can never be skipped`))];
}

function holds({ roles }: Breaker, asked: readonly string[]): boolean {
  return asked.some((role) => roles.includes(role));
}

function timeAt(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
