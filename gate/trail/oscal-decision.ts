import { type AssessmentResult, code, ownToken, property, type Risk, uuidOf } from "./oscal.ts";
import {
  assessGate,
  evidenceOf,
  flatten,
  type Gate,
  propertiesOf,
  type ResultParts,
  targetOf,
} from "./oscal-result.ts";
import { STATEMENTS } from "./oscal-risk.ts";
import type { LogEntry } from "./read.ts";

/** One decision as one result of OSCAL. */

/** What entries say of a waiver; a decision only has its id. */
export interface Terms {
  readonly gates?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly expires?: string | undefined;
}

export function toDecisionResult(
  entry: LogEntry,
  termsOf: (waiver: string) => Terms,
  parts: ResultParts,
): AssessmentResult {
  const { id, ts, pr } = entry.predicate;
  const decision = entry.predicate.decision!;
  const isWhole = decision.gates !== undefined;
  parts.review(ownToken("decision.made"));
  observeDecision(entry, decision.verdict, parts);
  const waivers = [...new Set(decision.waivers)].map((waiver) => {
    const terms = termsOf(waiver);
    return { terms, uuid: parts.risk(toWaiverRisk(entry, waiver, terms)) };
  });
  for (const [at, gate] of (decision.gates ?? []).entries()) {
    const risks = waivers.filter(({ terms }) => isWaived(gate, terms)).map(({ uuid }) => uuid);
    assessGate(entry, gate, { roles: ["gate", at], props: flatten("gate", gate), risks }, parts);
  }
  for (const [at, approval] of (decision.approvals ?? []).entries()) {
    parts.observe({
      uuid: uuidOf(id, "approval", at),
      title: `Approval as ${code(approval.role)}`,
      description: `Person ${approval.id} agreed to the change in this role.`,
      props: flatten("approval", approval),
      methods: ["EXAMINE"],
      collected: ts,
    });
  }
  return parts.end({
    uuid: uuidOf(id, "result"),
    title: `Decision on ${pr === undefined ? "a merge group" : `pull request ${pr.number}`}: ${decision.verdict}`,
    description: `What the gates said of one change.${isWhole ? "" : " The entry does not list them: its evidence does, and no finding here speaks for a single gate."}`,
    props: [...propertiesOf(entry), ...(isWhole ? [] : [property("gates", "not-listed")])],
    start: ts,
    end: ts,
  });
}

/** The decision as a whole. One that did not pass is a finding of its own, also where no gate is listed. */
function observeDecision(entry: LogEntry, verdict: string, parts: ResultParts): void {
  const { id, ts } = entry.predicate;
  const uuid = parts.observe({
    uuid: uuidOf(id, "observation"),
    title: `Verdict ${verdict}`,
    description: "What the gates of the policy come to.",
    props: [property("verdict", verdict)],
    methods: ["TEST"],
    ...parts.subjects(entry),
    ...evidenceOf(entry),
    collected: ts,
  });
  if (verdict === "pass") return;
  parts.find({
    uuid: uuidOf(id, "finding"),
    title: `The change did not pass: ${verdict}`,
    description: "Its decision is not a pass.",
    target: targetOf(ownToken("decision.made"), {
      state: "not-satisfied",
      reason: verdict === "fail" ? "fail" : "other",
    }),
    "related-observations": [{ "observation-uuid": uuid }],
  });
}

function isWaived({ id, model, outcome }: Gate, terms: Terms): boolean {
  if (outcome === "pass" || outcome === "not_applicable") return false;
  const isModel = terms.model === undefined || model === undefined || terms.model === model;
  return isModel && (terms.gates ?? []).includes(id);
}

function toWaiverRisk(
  { predicate: { id } }: LogEntry,
  waiver: string,
  { gates, model, expires }: Terms,
): Risk {
  return {
    uuid: uuidOf(id, "waiver", waiver),
    title: `Waiver ${code(waiver)}`,
    description:
      gates === undefined
        ? "The decision leaned on it. No entry before says which gates it is for."
        : "The decision leaned on it.",
    props: flatten("waiver", { id: waiver, model, gates, expires }),
    statement: STATEMENTS.waiver,
    status: "deviation-approved",
    ...(expires === undefined ? {} : { deadline: expires }),
  };
}
