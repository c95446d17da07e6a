import type { Approvals, Seat, VoteStanding } from "./approval.ts";
import type { ChangeClass, ChangeSet } from "./change.ts";
import type { Digest } from "./digest.ts";
import type { Evidence, EvidenceProblem } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import type { Severity } from "./gate.ts";
import type { Policy, PolicyChange, Waiver } from "./policy.ts";
import type { Tier } from "./tier.ts";
import type { TrailState, WaiverUses } from "./trail.ts";

/** What became of one gate. Only `pass` and `not_applicable` open a gate that blocks. */
export type Outcome = "pass" | "fail" | "inconclusive" | "not_applicable" | "missing_evidence" | "error";

export type VerdictKind = "pass" | "fail" | "wait" | "error";

/** What a rule says of one model, before severity and waivers. */
export interface Judgement {
  readonly outcome: Outcome;
  /** What was seen and what was asked, each short enough for a table. */
  readonly observed?: string;
  readonly expected?: string;
  /** The number behind `observed`, where there is one: a waiver's hard floor is held against it. */
  readonly measured?: number;
  /** Non-empty for every outcome but `pass`. */
  readonly findings: readonly Finding[];
  /** Digests of the files that the judgement rests on. */
  readonly evidence: readonly Digest[];
  /** The approvals that were asked for; absent where the rule asks nobody. */
  readonly seats?: readonly Seat[];
}

/** One gate judged about one model, or about the change as a whole (`model` absent). */
export interface GateResult extends Judgement {
  readonly gate: string;
  readonly title: string;
  readonly model?: string;
  readonly severity: Severity;
  /** Keeps the change out. */
  readonly closes: boolean;
  /** Id of the waiver that opens the gate; it never changes the outcome. */
  readonly waiver?: string;
  /** Waivers that name this gate and have no effect, and why. */
  readonly refusedWaivers: readonly { readonly id: string; readonly reason: string }[];
  readonly why: string;
  readonly fix: string;
  readonly mapsTo: readonly string[];
}

/** Everything that a decision rests on. Same input, same bytes out. */
export interface DecisionInput {
  /** RFC 3339, UTC, whole seconds. */
  readonly now: string;
  readonly change: ChangeSet;
  readonly policy: Policy;
  readonly waivers: readonly Waiver[];
  /** What the change does to its own judge; absent where it leaves policy, waivers and workflows alone. */
  readonly policyChange?: PolicyChange;
  readonly evidence: readonly Evidence[];
  readonly problems: readonly EvidenceProblem[];
  /** What is known of the trail; absent where there is none. */
  readonly trail?: TrailState;
  /** How often those waivers were used that say how often they may be; absent where none does, or nobody can tell. */
  readonly uses?: readonly WaiverUses[];
  /** Who agreed; absent where nobody is asked, as on a laptop. */
  readonly approvals?: Approvals;
}

/** One model of the change and the rigour that it was judged with. */
export interface JudgedModel {
  readonly id: string;
  readonly changeClass: ChangeClass;
  readonly tier: Tier;
  /** Why this tier: what was declared, what was computed, which floor holds. */
  readonly tierReasons: readonly string[];
}

/** The engine's full output. `digest` is over the canonical form of all other members. */
export interface DecisionRecord {
  readonly schema: "weighbridge/decision/v1";
  readonly digest: Digest;
  /** Version of the engine. */
  readonly engine: string;
  readonly verdict: VerdictKind;
  readonly digests: {
    readonly change: Digest;
    readonly policy: Digest;
    readonly evidence: Digest;
    /** Model, data, evidence and policy together: what an approval is bound to. No commit and no time is in it. */
    readonly subject: Digest;
  };
  readonly models: readonly JudgedModel[];
  /** Sorted by model (the whole change first), then gate. */
  readonly results: readonly GateResult[];
  /** What became of each vote, in their order; absent where nobody was asked. */
  readonly votes?: readonly VoteStanding[];
  readonly input: DecisionInput;
}
