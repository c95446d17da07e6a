import type { GateResult, Judgement, Outcome } from "../model/decision.ts";
import { GateError } from "../model/error.ts";
import type { Gate } from "../model/gate.ts";
import type { Policy, PolicyChange } from "../model/policy.ts";
import type { TrailState } from "../model/trail.ts";
import { isAsked } from "../rules/expression.ts";
import { RULES } from "../rules/index.ts";
import { broken, notApplicable } from "../rules/judgement.ts";
import type { Rule, View } from "../rules/rule.ts";
import { definedMembers } from "./defined.ts";
import type { TestVector } from "./document.ts";
import type { Given, GivenPolicyChange } from "./given.ts";
import { MODEL, NOW, toModelChange } from "./situation.ts";
import { ballotOf, rolesOf, waiversOf } from "./situation-approvals.ts";
import { evidenceOf, problemsOf } from "./situation-evidence.ts";

/** What a test vector came to. */
export interface VectorResult {
  readonly name: string;
  readonly expected: Outcome;
  readonly judgement: Judgement;
  readonly isMet: boolean;
}

const OTHER_GATE = "another-gate";

/** The gate judged in the situation of a vector, by the rule that judges real changes. */
export function runVector(gate: Gate, { name, given, outcome }: TestVector): VectorResult {
  const rule = RULES.get(gate.rule);
  if (rule === undefined) throw new RangeError(`Cannot test ${gate.id}: no rule is named ${gate.rule}`);
  const judgement = judge(gate, rule, toView(given, gate, rule));
  return { name, expected: outcome, judgement, isMet: judgement.outcome === outcome };
}

/** As a decision judges: what cannot be evaluated is the outcome `error`. */
function judge(gate: Gate, rule: Rule, view: View): Judgement {
  if (gate.when === undefined || rule.scope !== "model") return rule.judge(gate.with, view);
  try {
    return isAsked(gate.when, view)
      ? rule.judge(gate.with, view)
      : notApplicable(`It is asked only when ${gate.when}`);
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    return broken({ code: cause.code, message: cause.message, place: gate.place });
  }
}

/** The view that a rule has of a vector's situation: all in order but for what is given. */
export function toView(given: Given, gate: Gate, rule: Rule): View {
  const model = toModelChange(given);
  const tier = given.tier ?? "T2";
  const judged = { id: model.id, changeClass: model.changeClass, tier, tierReasons: [] };
  const shared = {
    now: NOW,
    change: {
      base: "1".repeat(40),
      mergeBase: "1".repeat(40),
      head: "2".repeat(40),
      files: model.paths.map((path) => ({ status: "modified", path }) as const),
      models: [model],
    },
    policy: toPolicy(given, gate),
    evidence: evidenceOf(given, model),
    problems: problemsOf(given),
    waivers: waiversOf(given, OTHER_GATE),
    ...definedMembers({
      policyChange: toPolicyChange(given.policy_change),
      trail: toTrail(given.trail),
      ballot: ballotOf(given, judged),
    }),
  };
  if (rule.scope === "model") return { ...shared, model, tier };
  return rule.scope === "change" ? shared : { ...shared, results: toResults(given) };
}

function toPolicy(given: Given, gate: Gate): Policy {
  const others = given.gates ?? [OTHER_GATE];
  return {
    name: "example",
    version: "1.0.0",
    mode: "enforcing",
    sources: [],
    roles: rolesOf(given),
    models: [],
    gates: [gate, ...others.map((id) => ({ ...gate, id, rule: "manifest.valid", with: {}, waivable: true }))],
    tightenings: [],
  };
}

function toTrail(given: Given["trail"]): TrailState | undefined {
  if (given === undefined) return undefined;
  const { problem } = given;
  const findings = problem === undefined ? [] : [{ code: problem, message: problem }];
  return { origin: "example.com/acme/models/trail", size: 1, root: "0".repeat(64), findings };
}

function toPolicyChange(given: GivenPolicyChange | undefined): PolicyChange | undefined {
  if (given === undefined) return undefined;
  const { files, loosened = [], tightened = [], unreadable } = given;
  const difference = { what: "severity.T2" } as const;
  return {
    files,
    differences: [
      ...loosened.map(
        (id) => ({ gate: id, ...difference, from: "block", to: "warn", effect: "loosened" }) as const,
      ),
      ...tightened.map(
        (id) => ({ gate: id, ...difference, from: "warn", to: "block", effect: "tightened" }) as const,
      ),
    ],
    ...(unreadable === undefined ? {} : { unreadable: { code: unreadable, message: unreadable } }),
  };
}

function toResults(given: Given): readonly GateResult[] {
  const results =
    given.results ?? (given.gates ?? [OTHER_GATE]).map((gate) => ({ gate, outcome: "pass" }) as const);
  return results.map(({ gate, outcome }) => ({
    gate,
    title: gate,
    model: MODEL,
    severity: "block",
    closes: outcome !== "pass" && outcome !== "not_applicable",
    outcome,
    findings: [],
    evidence: [],
    refusedWaivers: [],
    why: "",
    fix: "",
    mapsTo: [],
  }));
}
