import type { Ballot } from "../approval/ballot.ts";
import type { ChangeSet, ModelChange } from "../model/change.ts";
import type { GateResult, Judgement } from "../model/decision.ts";
import type { Evidence, EvidenceProblem } from "../model/evidence.ts";
import type { Policy, PolicyChange, Waiver } from "../model/policy.ts";
import type { Tier } from "../model/tier.ts";
import type { TrailState } from "../model/trail.ts";

/**
 * One kind of judgement, as a constant object in a file of its own; `index.ts` lists them.
 * `judge` is pure and total: what it cannot judge is the outcome `error`, never an exception, never `pass`.
 */
export interface Rule {
  /** As policies write it: `metric.floor`. */
  readonly name: string;
  readonly title: string;
  /** `model`: once for each changed model. `change`: once for the whole change. `decision`: last, sees the results. */
  readonly scope: "model" | "change" | "decision";
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** What it finds missing is people's word alone: where nothing else closes a change, the verdict is `wait`. */
  readonly waits?: true;
  /** Parameters of which at least one has to be given. */
  readonly needsOneOf?: readonly string[];
  judge(args: Arguments, view: View): Judgement;
}

/** One argument of `with`: its JSON Schema (with a `description`) and which way a child policy may move it. */
export interface Parameter {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly required?: true;
  readonly tighter: Tighter;
}

/**
 * Which way is stricter: a larger number, a smaller one, fewer or more list items, a later word of `order`;
 * `by-tier` is a map of tiers, each moved by itself; `same` may not be moved at all. An absent argument is the loosest,
 * unless `default` says what it stands for. A list that `grants` is the other way round where it is absent: it lets nobody
 * in. A child may name the first all the same, and whoever compares two policies is told that it loosens.
 */
export type Tighter =
  | { readonly kind: "higher" | "lower"; readonly default?: number }
  | { readonly kind: "subset" | "superset"; readonly default?: readonly string[]; readonly grants?: true }
  | { readonly kind: "order"; readonly words: readonly string[]; readonly default?: string }
  | { readonly kind: "by-tier"; readonly each: Exclude<Tighter, { readonly kind: "by-tier" }> }
  | { readonly kind: "same" };

/** Arguments after the schema's check: read them with the helpers of `arguments.ts`. */
export type Arguments = Readonly<Record<string, unknown>>;

/** All that a rule may look at. */
export interface View {
  readonly now: string;
  readonly change: ChangeSet;
  readonly policy: Policy;
  /** Evidence and problems of this model, or of all models for a rule of the whole change. */
  readonly evidence: readonly Evidence[];
  readonly problems: readonly EvidenceProblem[];
  readonly policyChange?: PolicyChange;
  /** Those of the base; absent where there are none to look at. */
  readonly waivers?: readonly Waiver[];
  /** Absent where there is none to look at. */
  readonly trail?: TrailState;
  /** Absent where nobody is asked. */
  readonly ballot?: Ballot;
  /** Present in scope `model`. */
  readonly model?: ModelChange;
  readonly tier?: Tier;
  /** Present in scope `decision`: every result so far. */
  readonly results?: readonly GateResult[];
}
