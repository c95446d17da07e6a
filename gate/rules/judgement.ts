import type { Judgement, Outcome } from "../model/decision.ts";
import type { Digest } from "../model/digest.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { WORST_FIRST } from "../model/order.ts";

/** What was seen and what was asked, and the facts that it rests on. */
export interface Seen {
  readonly observed?: string;
  readonly expected?: string;
  readonly measured?: number;
  readonly evidence?: readonly Evidence[];
}

export function pass(seen: Seen = {}): Judgement {
  return judgement("pass", [], seen);
}

export function fail(findings: Finding | readonly Finding[], seen: Seen = {}): Judgement {
  return judgement("fail", findings, seen);
}

export function missing(findings: Finding | readonly Finding[], seen: Seen = {}): Judgement {
  return judgement("missing_evidence", findings, seen);
}

export function inconclusive(findings: Finding | readonly Finding[], seen: Seen = {}): Judgement {
  return judgement("inconclusive", findings, seen);
}

export function broken(findings: Finding | readonly Finding[], seen: Seen = {}): Judgement {
  return judgement("error", findings, seen);
}

/** The demand does not concern this model; the reason is listed, because auditors sample these. */
export function notApplicable(reason: string): Judgement {
  return judgement("not_applicable", { code: "NOT_APPLICABLE", message: reason }, {});
}

/** The worst outcome of the parts, with the findings of all and what the worst part saw; parts must not be empty. */
export function combine(parts: readonly Judgement[]): Judgement {
  const worst = [...parts].sort((a, b) => rank(a.outcome) - rank(b.outcome))[0];
  if (worst === undefined)
    throw new RangeError("Cannot combine no judgements: nothing would have been judged");
  const findings = parts.filter(({ outcome }) => outcome !== "not_applicable" || worst.outcome === outcome);
  return {
    ...worst,
    findings: findings.flatMap((part) => part.findings),
    evidence: [...new Set(parts.flatMap((part) => part.evidence))].sort(),
  };
}

function rank(outcome: Outcome): number {
  return WORST_FIRST.indexOf(outcome);
}

function judgement(outcome: Outcome, findings: Finding | readonly Finding[], seen: Seen): Judgement {
  const digests = (seen.evidence ?? []).map((item): Digest => item.source.digest);
  return {
    outcome,
    ...(seen.observed === undefined ? {} : { observed: seen.observed }),
    ...(seen.expected === undefined ? {} : { expected: seen.expected }),
    ...(seen.measured === undefined ? {} : { measured: seen.measured }),
    findings: "code" in findings ? [findings] : findings,
    evidence: [...new Set(digests)].sort(),
  };
}
