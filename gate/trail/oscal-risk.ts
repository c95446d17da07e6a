import { canonicalText } from "./canonical.ts";
import type { Predicate } from "./kind.ts";
import type { RiskStatus } from "./oscal.ts";

/** Which entries tell of a risk, and how it stands after each. */

export type Topic = keyof typeof STATEMENTS;

export const STATEMENTS = {
  waiver: "A gate that is not met does not stop the change while the waiver holds.",
  "break-glass": "A change was let in although gates were closed, and asks for a review.",
  bypass: "A governed branch moved without a passing decision.",
  incident: "Something is open that a person has to look at.",
  gap: "The trail and what it is about do not agree.",
  tamper: "What somebody said was altered after it was recorded.",
  monitor: "A model in operation is outside its bounds.",
  key: "A log key is no longer trusted: what it signed after the last good size is in doubt.",
} as const;

export interface RiskKind {
  readonly topic: Topic;
  /** Entries with the same key tell of the same risk. */
  readonly key: (predicate: Predicate) => string;
  readonly status: RiskStatus;
  /** Where the entry alone shows that something is not as it has to be. */
  readonly reason?: "fail" | "other";
}

const waiver = { topic: "waiver", key: (predicate: Predicate) => predicate.waiver!.id } as const;
const breakGlass = {
  topic: "break-glass",
  key: (predicate: Predicate) => predicate.breakglass!.id,
} as const;
const incident = { topic: "incident", key: (predicate: Predicate) => predicate.incident!.id } as const;
const gap = {
  topic: "gap",
  key: ({ gap }: Predicate) => canonicalText([gap!.code, gap!.object]),
} as const;
const monitor = {
  topic: "monitor",
  key: ({ monitor }: Predicate) => canonicalText([monitor!.id, monitor!.model]),
} as const;
const own = ({ id }: Predicate) => id;

/** A review alone does not close a broken glass: how many of whom it takes, the policy says and the trail does not. */
export const RISK_KINDS: ReadonlyMap<string, RiskKind> = new Map<string, RiskKind>(
  Object.entries({
    "waiver.requested": { ...waiver, status: "deviation-requested" },
    "waiver.granted": { ...waiver, status: "deviation-approved" },
    "waiver.used": { ...waiver, status: "deviation-approved" },
    "waiver.expired": { ...waiver, status: "open" },
    "breakglass.used": { ...breakGlass, status: "open", reason: "other" },
    "breakglass.reviewed": { ...breakGlass, status: "investigating" },
    "bypass.detected": { topic: "bypass", key: own, status: "open", reason: "fail" },
    "incident.opened": { ...incident, status: "open", reason: "other" },
    "incident.closed": { ...incident, status: "closed" },
    "gap.detected": { ...gap, status: "open", reason: "fail" },
    "gap.explained": { ...gap, status: "closed" },
    "tamper.detected": { topic: "tamper", key: own, status: "open", reason: "fail" },
    "monitor.breach": { ...monitor, status: "open", reason: "fail" },
    "monitor.recovered": { ...monitor, status: "closed" },
    "key.revoked": { topic: "key", key: own, status: "open", reason: "other" },
  }),
);
