import { type Ballot, sortApprovals } from "../approval/ballot.ts";
import { standingsOf } from "../approval/standing.ts";
import { formerVersions, type ModelChange, type ModelVersion } from "../model/change.ts";
import type {
  DecisionInput,
  DecisionRecord,
  GateResult,
  JudgedModel,
  Judgement,
  VerdictKind,
} from "../model/decision.ts";
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import type { Gate, Severity } from "../model/gate.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Policy } from "../model/policy.ts";
import { TIERS } from "../model/tier.ts";
import { digestOf } from "../parse/canonical.ts";
import { isAsked } from "../rules/expression.ts";
import { gatesComplete } from "../rules/gates-complete.ts";
import { RULES } from "../rules/index.ts";
import { broken, notApplicable } from "../rules/judgement.ts";
import type { Rule, View } from "../rules/rule.ts";
import { subjectDigest } from "./subject.ts";
import { judgedModel } from "./tier.ts";
import { waive } from "./waive.ts";

/** Version of the judging. It changes with every change that could change an outcome. */
export const ENGINE = "0.1.0";

/** A model that no gate looked at must close the change even if the policy forgot to ask for it. */
const BUILT_IN: Gate = {
  id: "gates.complete",
  rule: gatesComplete.name,
  with: {},
  severity: { T1: "block", T2: "block", T3: "block", T4: "block" },
  title: gatesComplete.title,
  why: "A change about which nothing was judged is not a change that was judged well",
  fix: "Extend core@1",
  waivable: false,
  onInconclusive: "close",
  mapsTo: [],
  origin: "weighbridge",
  place: { path: "weighbridge" },
};

/** The decision record: a pure function of its input, so that the same input gives the same bytes anywhere. */
export function decide(given: DecisionInput): DecisionRecord {
  const input = inOrder(given);
  const removed = input.change.models.filter(({ head }) => head === undefined);
  const models = input.change.models.map((model) => judgedModel(model, input.policy, removed));
  const digests = digestsOf(input);
  const ballot = ballotOf(input, digests.subject, models);
  const weighed = { ...input, ...ballot };
  const gates = withBuiltIn(input.policy);
  const judged = gates
    .filter((gate) => ruleOf(gate)?.scope !== "decision")
    .flatMap((gate) => judgeGate(gate, weighed, models));
  const last = gates
    .filter((gate) => ruleOf(gate)?.scope === "decision")
    .map((gate) => judgeChange(gate, { ...viewOfChange(weighed), results: judged }));
  const results = [...judged, ...last].sort(byModelThenGate);
  const votes = votesOf(results, ballot);
  return seal({ verdict: verdictOf(results, gates), digests, models, results, ...votes, input });
}

/** What a decision rests on, and what votes are held against. */
type Weighed = DecisionInput & { readonly ballot?: Ballot };

/** In which order people voted must not matter. */
function inOrder(input: DecisionInput): DecisionInput {
  return input.approvals === undefined ? input : { ...input, approvals: sortApprovals(input.approvals) };
}

function ballotOf(
  { approvals }: DecisionInput,
  subject: Digest,
  models: readonly JudgedModel[],
): { readonly ballot?: Ballot } {
  return approvals === undefined ? {} : { ballot: { approvals, subject, models } };
}

function votesOf(
  results: readonly GateResult[],
  { ballot }: { readonly ballot?: Ballot },
): Pick<DecisionRecord, "votes"> {
  const seats = results.flatMap((result) => result.seats ?? []);
  return ballot === undefined ? {} : { votes: standingsOf(ballot, seats) };
}

/** The gates that are judged: those of the policy, and what closes where nothing was, unless the policy only advises. */
export function withBuiltIn({ gates, mode }: Pick<Policy, "gates" | "mode">): readonly Gate[] {
  const own = gates.filter((gate) => gate.rule === gatesComplete.name);
  const isAsked = own.some(({ severity }) => TIERS.some((tier) => severity[tier] === "block"));
  return isAsked || (mode === "advisory" && own.length > 0) ? gates : [...gates, BUILT_IN];
}

function ruleOf(gate: Gate): Rule | undefined {
  return RULES.get(gate.rule);
}

function judgeGate(gate: Gate, input: Weighed, models: readonly JudgedModel[]): readonly GateResult[] {
  if (ruleOf(gate)?.scope === "change") return [judgeChange(gate, viewOfChange(input))];
  return input.change.models.map((model, index) => {
    const judged = models[index];
    if (judged === undefined) throw new RangeError(`Cannot judge ${model.id}: it has no tier`);
    return judgeModel(gate, { model, judged, input });
  });
}

function judgeModel(
  gate: Gate,
  { model, judged, input }: { model: ModelChange; judged: JudgedModel; input: Weighed },
): GateResult {
  const view = viewOfModel(input, model, judged);
  const judgement = judge(gate, view);
  const severity = gate.severity[judged.tier];
  const waived = closes(gate, judgement, severity)
    ? waive(input.waivers, { gate, judgement, model, judged, now: input.now, uses: input.uses })
    : { refusedWaivers: [] };
  return {
    ...headerOf(gate),
    model: model.id,
    severity,
    closes: closes(gate, judgement, severity) && !("waiver" in waived),
    ...judgement,
    ...waived,
  };
}

/** About the change as a whole there is no tier: the severity is the strictest of all. */
function judgeChange(gate: Gate, view: View): GateResult {
  const judgement = judge(gate, view);
  const severity = (["block", "warn", "info"] as const).find((word) =>
    TIERS.some((tier) => gate.severity[tier] === word),
  );
  const strictest = severity ?? "block";
  return {
    ...headerOf(gate),
    severity: strictest,
    closes: closes(gate, judgement, strictest),
    ...judgement,
    refusedWaivers: [],
  };
}

function headerOf({ id, title, why, fix, mapsTo }: Gate) {
  return { gate: id, title, why, fix, mapsTo };
}

/** What goes wrong while judging is the outcome `error`, so that one broken rule cannot hide behind the others. */
function judge(gate: Gate, view: View): Judgement {
  const rule = ruleOf(gate);
  if (rule === undefined) {
    return broken({ code: "RULE_UNKNOWN", message: `No rule is named ${gate.rule}`, place: gate.place });
  }
  try {
    const excused = excuse(gate, rule, view);
    return excused === undefined ? rule.judge(gate.with, view) : notApplicable(excused);
  } catch (cause) {
    const code = cause instanceof GateError ? cause.code : "JUDGE_FAILED";
    const message = cause instanceof Error ? cause.message : String(cause);
    return broken({ code, message: `Cannot judge ${gate.id}: ${message}`, place: gate.place });
  }
}

/**
 * Why the gate does not concern the model: its `when` is false, or the manifests of base **and** head say so (a
 * change must not excuse itself, nor be of before the excuse ended), and the gate is one that can be waived at all.
 */
function excuse(gate: Gate, rule: Rule, view: View): string | undefined {
  if (gate.when !== undefined && rule.scope === "model" && !isAsked(gate.when, view)) {
    return `It is asked only when ${gate.when}`;
  }
  if (!gate.waivable) return undefined;
  if (view.model?.base === undefined) return undefined;
  const former = formerVersions(view.model).map((version) => excuseIn(version, gate));
  return former.includes(undefined) ? undefined : excuseIn(view.model.head, gate);
}

function excuseIn(version: Partial<ModelVersion> | undefined, { id }: Gate): string | undefined {
  return version?.manifest?.notApplicable.find(({ gate }) => gate === id)?.reason;
}

function closes(gate: Gate, { outcome }: Judgement, severity: Severity): boolean {
  if (severity !== "block" || outcome === "pass" || outcome === "not_applicable") return false;
  return outcome !== "inconclusive" || gate.onInconclusive === "close";
}

function viewOfChange(input: Weighed): View {
  const { now, change, policy, waivers, evidence, problems, policyChange, trail, ballot } = input;
  return {
    ...{ now, change, policy, waivers, evidence, problems },
    ...(trail === undefined ? {} : { trail }),
    ...(policyChange === undefined ? {} : { policyChange }),
    ...(ballot === undefined ? {} : { ballot }),
  };
}

function viewOfModel(input: Weighed, model: ModelChange, judged: JudgedModel): View {
  return {
    ...viewOfChange(input),
    evidence: input.evidence.filter((item) => item.model === model.id),
    problems: input.problems.filter((problem) => problem.model === model.id),
    model,
    tier: judged.tier,
  };
}

/** Worst first: an error among what closes, then any other closed gate, then what waits for people alone. */
function verdictOf(results: readonly GateResult[], gates: readonly Gate[]): VerdictKind {
  const closed = results.filter((result) => result.closes);
  if (closed.length === 0) return "pass";
  if (closed.some(({ outcome }) => outcome === "error")) return "error";
  const waiting = new Set(gates.filter((gate) => ruleOf(gate)?.waits === true).map(({ id }) => id));
  const waits = closed.every(({ gate, outcome }) => outcome === "missing_evidence" && waiting.has(gate));
  return waits ? "wait" : "fail";
}

function digestsOf(input: DecisionInput): DecisionRecord["digests"] {
  const { change, evidence, problems } = input;
  const policy = digestOf(input.policy);
  return {
    change: digestOf(change),
    policy,
    evidence: digestOf({ evidence, problems }),
    subject: subjectDigest(input, policy),
  };
}

function seal(content: Omit<DecisionRecord, "schema" | "digest" | "engine">): DecisionRecord {
  const record = { schema: "weighbridge/decision/v1", engine: ENGINE, ...content } as const;
  return { ...record, digest: digestOf(record) };
}

function byModelThenGate(a: GateResult, b: GateResult): number {
  return byCodeUnits(a.model ?? "", b.model ?? "") || byCodeUnits(a.gate, b.gate);
}
