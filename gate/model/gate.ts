import type { Place } from "./place.ts";
import type { Tier } from "./tier.ts";

export type Severity = "block" | "warn" | "info";

/** A gate's severity in each tier. */
export type SeverityByTier = Readonly<Record<Tier, Severity>>;

/** One demand of a policy, ready to be judged: inheritance is done, `with` fits the rule's schema. */
export interface Gate {
  readonly id: string;
  readonly rule: string;
  readonly with: Readonly<Record<string, unknown>>;
  readonly severity: SeverityByTier;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  /** CEL over the model and the change; the gate is `not_applicable` where it is false. */
  readonly when?: string;
  readonly waivable: boolean;
  /** What `inconclusive` does in a gate that blocks. */
  readonly onInconclusive: "close" | "open";
  readonly mapsTo: readonly string[];
  /** Pack or file that brought the gate, as `core@1.0.0` or a path. */
  readonly origin: string;
  readonly place: Place;
}
