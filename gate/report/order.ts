import type { GateResult, Outcome } from "../model/decision.ts";
import { byCodeUnits, WORST_FIRST } from "../model/order.ts";
import type { Tier } from "../model/tier.ts";

/** A comparison by one text of each, by UTF-16 code units: the order must not depend on the machine. */
export function byText<T>(textOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => byCodeUnits(textOf(a), textOf(b));
}

/** Errors first, then failures, then what is missing, then what cannot be told. */
export function byOutcome<T>(outcomeOf: (item: T) => Outcome): (a: T, b: T) => number {
  return (a, b) => WORST_FIRST.indexOf(outcomeOf(a)) - WORST_FIRST.indexOf(outcomeOf(b));
}

/** Results in the order to attend to them: the worst outcome, then the most critical tier. */
export function worstFirst(
  results: readonly GateResult[],
  tiers: ReadonlyMap<string, Tier>,
): readonly GateResult[] {
  // A finding about the whole change comes before those about one model, as it does in the record.
  const tierOf = ({ model }: GateResult) => (model === undefined ? "" : (tiers.get(model) ?? "T4"));
  return [...results].sort(
    (a, b) => byOutcome<GateResult>(({ outcome }) => outcome)(a, b) || byText(tierOf)(a, b),
  );
}
