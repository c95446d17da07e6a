import type { ModelChange } from "../model/change.ts";
import type { JudgedModel, Judgement } from "../model/decision.ts";
import type { Gate } from "../model/gate.ts";
import type { Waiver } from "../model/policy.ts";
import type { Tier } from "../model/tier.ts";

const DAY_MS = 86_400_000;

/** Longest life of a waiver, in days, and the roles that have to have agreed to it. */
const TERMS = {
  T1: { days: 14, roles: ["risk", "compliance"] },
  T2: { days: 30, roles: ["risk"] },
  T3: { days: 60, roles: ["owner", "risk"] },
  T4: { days: 90, roles: ["owner"] },
} as const satisfies Record<Tier, { days: number; roles: readonly string[] }>;

const RENEWALS_MAX = 1;

/** What a waiver would be applied to. */
export interface Case {
  readonly gate: Gate;
  readonly judgement: Judgement;
  readonly model: ModelChange;
  readonly judged: JudgedModel;
  readonly now: string;
}

export interface Waived {
  /** The waiver that opens the gate. */
  readonly waiver?: string;
  readonly refusedWaivers: readonly { readonly id: string; readonly reason: string }[];
}

/** Whether a waiver of the base opens the gate, and why the others that name it do not. */
export function waive(waivers: readonly Waiver[], about: Case): Waived {
  const named = waivers.filter(
    ({ model, gates }) => model === about.model.id && gates.includes(about.gate.id),
  );
  const judged = named.map((waiver) => ({ id: waiver.id, reason: refusal(waiver, about) }));
  const effective = judged.find(({ reason }) => reason === undefined);
  return {
    ...(effective === undefined ? {} : { waiver: effective.id }),
    refusedWaivers: judged.flatMap(({ id, reason }) => (reason === undefined ? [] : [{ id, reason }])),
  };
}

/** Why the waiver has no effect; undefined if it has. The first reason that holds, hardest first. */
function refusal(waiver: Waiver, about: Case): string | undefined {
  const { gate, judged, now } = about;
  if (!gate.waivable) return `${gate.id} can never be waived`;
  return (
    timeRefusal(waiver, judged.tier, now) ??
    scopeRefusal(waiver, about) ??
    approvalRefusal(waiver, judged.tier) ??
    floorRefusal(waiver, about)
  );
}

function timeRefusal(
  { created, expires, renewals, maxUses }: Waiver,
  tier: Tier,
  now: string,
): string | undefined {
  const [from, until, at] = [created, expires, now].map((time) => Date.parse(time));
  if (from === undefined || until === undefined || at === undefined || !(from <= until))
    return "its dates make no sense";
  if (!(at >= from)) return `it begins only at ${created}`;
  if (!(at < until)) return `it expired at ${expires}`;
  const { days } = TERMS[tier];
  if (until - from > days * DAY_MS) return `it lives longer than the ${days} days that ${tier} allows`;
  if (renewals > RENEWALS_MAX) return `it was renewed ${renewals} times, ${RENEWALS_MAX} is allowed`;
  // Uses are counted from the trail; where that cannot be done, a limit of uses cannot be kept.
  if (maxUses !== undefined) return "its uses cannot be counted here";
  return undefined;
}

function scopeRefusal({ scope }: Waiver, { model }: Case): string | undefined {
  switch (scope.kind) {
    case "digest":
      return scope.digest === model.head?.subject ? undefined : `it is about ${scope.digest}`;
    case "change_class":
      return scope.changeClass === model.changeClass
        ? undefined
        : `it is about changes of class ${scope.changeClass}`;
    case "version_range":
      return `model.yml states no version to hold against ${scope.range}`;
  }
}

/** Each role by a person of its own; who asked for the waiver is not one of them. */
function approvalRefusal({ approvals, requestedBy }: Waiver, tier: Tier): string | undefined {
  const others = approvals.filter(
    ({ login, userId }) => login !== requestedBy && String(userId) !== requestedBy,
  );
  if (others.length < approvals.length) return "who asked for it approved it";
  const [first, ...rest] = TERMS[tier].roles.map((role) =>
    approvals.filter((approval) => approval.role === role),
  );
  const people = (list: readonly { userId: number }[] = []) => new Set(list.map(({ userId }) => userId));
  const missing = TERMS[tier].roles.find((role) => !approvals.some((approval) => approval.role === role));
  if (missing !== undefined) return `${missing} has not approved it, which ${tier} asks for`;
  const distinct = new Set([...people(first), ...rest.flatMap((list) => [...people(list)])]);
  return distinct.size >= TERMS[tier].roles.length ? undefined : "one person approved it in two roles";
}

/** The waiver's own hard limit: a floor for most gates, a ceiling where the gate is one. */
function floorRefusal({ floor }: Waiver, { gate, judgement }: Case): string | undefined {
  if (floor === undefined) return undefined;
  const { measured } = judgement;
  if (measured === undefined) return `its floor of ${floor} cannot be held against this outcome`;
  const holds = gate.rule === "metric.ceiling" ? measured <= floor : measured >= floor;
  return holds ? undefined : `${measured} is past its own limit of ${floor}`;
}
