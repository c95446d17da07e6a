import type { GateResult, Outcome } from "../model/decision.ts";
import type { Finding } from "../model/finding.ts";
import type { Place } from "../model/place.ts";
import { toWorded, type Worded } from "./message.ts";

export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  pass: "pass",
  fail: "fail",
  inconclusive: "inconclusive",
  not_applicable: "not applicable",
  missing_evidence: "missing evidence",
  error: "error",
};

/** Not met: everything but what opens a gate by itself. */
export function isUnmet({ outcome }: GateResult): boolean {
  return outcome !== "pass" && outcome !== "not_applicable";
}

/** What a result does to the change; the outcome says why. */
export type Standing = "closes" | "warns" | "notes" | "waived" | "passes" | "not_applicable";

export function standingOf(result: GateResult): Standing {
  if (result.closes) return "closes";
  if (result.outcome === "not_applicable") return "not_applicable";
  if (!isUnmet(result)) return "passes";
  if (result.waiver !== undefined) return "waived";
  return result.severity === "info" ? "notes" : "warns";
}

/** `fail`, `fail, warns only`, `fail, open by waiver WVR-7` */
export function outcomeWords(result: GateResult): string {
  const words = OUTCOME_WORDS[result.outcome];
  switch (standingOf(result)) {
    case "warns":
    case "notes":
      return `${words}, warns only`;
    case "waived":
      return `${words}, open by waiver ${result.waiver}`;
    default:
      return words;
  }
}

/** The remedy of a result: the first finding's own, or the gate's. */
export function remedyOf({ findings, fix }: GateResult): string {
  return findings.find((finding) => finding.fix !== undefined)?.fix ?? fix;
}

/** The findings; a result that is not met is never silent, though its rule was. */
export function findingsOf({ findings, outcome, title }: GateResult): readonly Finding[] {
  return findings.length > 0 ? findings : [{ code: outcome.toUpperCase(), message: `Not met: ${title}` }];
}

export interface Explanation extends Worded {
  readonly place?: Place;
}

/** Why a result is what it is: its findings, and the waivers that do not help it. */
export function explanationsOf(result: GateResult): readonly Explanation[] {
  const found = findingsOf(result).map(({ message, place }) => ({
    ...toWorded(message),
    ...(place === undefined ? {} : { place }),
  }));
  const refused = result.refusedWaivers.map(({ id, reason }) => ({
    text: `Waiver ${id} has no effect: ${reason}`,
    source: [],
  }));
  return [...found, ...refused];
}

/** `models/pd/metrics.json:3` */
export function placeText({ path, line }: Place): string {
  return line === undefined ? path : `${path}:${line}`;
}
