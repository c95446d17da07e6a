import type { Outcome } from "./decision.ts";

/** Order by UTF-16 code units: the same on every machine, in every language. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Outcomes, the worst first: what a judgement of several parts comes to, and what a report shows first. */
export const WORST_FIRST = [
  "error",
  "fail",
  "missing_evidence",
  "inconclusive",
  "pass",
  "not_applicable",
] as const satisfies readonly Outcome[];
