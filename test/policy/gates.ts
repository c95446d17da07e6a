import fc from "fast-check";
import type { Severity } from "../../gate/model/gate.ts";
import { TIERS, type Tier } from "../../gate/model/tier.ts";
import { definedMembers } from "../../gate/policy/defined.ts";
import type { GateDocument, OwnPolicy } from "../../gate/policy/document.ts";
import type { Given, GivenMetric } from "../../gate/policy/given.ts";
import { inherit, type Lineage } from "../../gate/policy/inherit.ts";
import { parsePolicy } from "../../gate/policy/parse.ts";
import { printPolicy } from "../../gate/policy/print.ts";
import { RULES } from "../../gate/rules/index.ts";

/** A few values of each argument, close enough to the situations below to change an outcome. */
const VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ...Object.fromEntries(
    ["A", "B", "C", "D", "E"].map((row) => [
      `approvals.required ${row}`,
      byTier(fc.subarray(["owner", "validator", "risk"])),
    ]),
  ),
  "approvals.required people": byTier(fc.constantFrom(1, 2, 3)),
  "approvals.separation unlinked": fc.constantFrom("extra", "block"),
  "artifact.format allow": fc.subarray(["onnx", "safetensors", "pickle"], { minLength: 1 }),
  "artifact.size max_bytes": fc.constantFrom(500, 1000, 2000),
  "card.complete sections": fc.subarray(["Intended use", "Limitations", "Ethics"], { minLength: 1 }),
  "card.complete front_matter": fc.subarray(["license", "datasets"], { minLength: 1 }),
  "card.complete min_words": fc.constantFrom(1, 10, 50),
  "card.equals-evidence tolerance": fc.constantFrom(0, 0.005, 0.1),
  "deployment.promotion environment": fc.constantFrom("production", "staging"),
  "deployment.promotion after": fc.subarray(["development", "staging"], { minLength: 1 }),
  "evidence.fresh max_age_days": fc.constantFrom(10, 40),
  "evidence.fresh max_age_days_by_tier": byTier(fc.constantFrom(5, 20, 60)),
  "evidence.trust minimum_by_tier": byTier(fc.constantFrom("declared", "ci", "attested")),
  "evidence.trust workflows": fc.subarray(
    ["acme/ml/.github/workflows/a.yml@main", "acme/ml/.github/workflows/b.yml@v1"],
    { minLength: 1 },
  ),
  "expression require": fc.constantFrom("metrics.roc_auc.head > 0.75", 'model.tier == "T2"'),
  "expression message": fc.constantFrom("too low", "too high"),
  "inventory.registered require": fc.subarray(["owner", "purpose", "status", "next_review", "card"], {
    minLength: 1,
  }),
  "metric.ceiling metric": fc.constantFrom("roc_auc", "brier"),
  "metric.ceiling dataset": fc.constantFrom("holdout", "recent"),
  "metric.ceiling max": fc.constantFrom(0.7, 0.75, 0.8),
  "metric.ceiling level": fc.constantFrom(0.9, 0.95, 0.99),
  "metric.floor metric": fc.constantFrom("roc_auc", "brier"),
  "metric.floor dataset": fc.constantFrom("holdout", "recent"),
  "metric.floor min": fc.constantFrom(0.7, 0.75, 0.8),
  "metric.floor level": fc.constantFrom(0.9, 0.95, 0.99),
  "metric.no-regression metric": fc.constantFrom("roc_auc", "brier"),
  "metric.no-regression dataset": fc.constantFrom("holdout", "recent"),
  "metric.no-regression direction": fc.constantFrom("higher", "lower"),
  "metric.no-regression margin": fc.constantFrom(0, 0.02, 0.1),
  "metric.no-regression relative_margin": fc.constantFrom(0, 0.02, 0.1),
  "policy.change-guard approved_by": fc.subarray(["risk", "owner"], { minLength: 1 }),
  "policy.change-guard refuse": fc.subarray(["waiver", "workflow"], { minLength: 1 }),
};

function byTier<T>(each: fc.Arbitrary<T>): fc.Arbitrary<object> {
  const members = Object.fromEntries(TIERS.map((tier) => [tier, each]));
  return fc
    .record(members, { requiredKeys: [], noNullPrototype: true })
    .filter((map) => Object.keys(map).length > 0);
}

/** Any arguments of a rule: all that it requires if `whole`, and some of the others. */
export function argumentsFor(name: string, mode: "whole" | "part"): fc.Arbitrary<Record<string, unknown>> {
  const parameters = Object.entries(RULES.get(name)?.parameters ?? {});
  const members = parameters.map(([argument]): [string, fc.Arbitrary<unknown>] => {
    const values = VALUES[`${name} ${argument}`];
    if (values === undefined)
      throw new RangeError(`Cannot generate ${name} ${argument}: add a row to VALUES`);
    return [argument, values];
  });
  const required = parameters
    .filter(([, parameter]) => parameter.required === true)
    .map(([argument]) => argument);
  const oneOf = RULES.get(name)?.needsOneOf ?? [];
  const isEnough = (given: object) => oneOf.length === 0 || oneOf.some((argument) => argument in given);
  return fc
    .record(Object.fromEntries(members), {
      requiredKeys: mode === "whole" ? required : [],
      noNullPrototype: true,
    })
    .filter((given) => mode === "part" || isEnough(given));
}

const severity = fc.constantFrom<Severity>("info", "warn", "block");
const severities = fc.record(
  { T1: severity, T2: severity, T3: severity, T4: severity },
  { noNullPrototype: true },
);
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });

/** Any gate `g` of any rule, stated in full. */
export const wholeGates: fc.Arbitrary<GateDocument> = fc
  .constantFrom(...RULES.keys())
  .chain((rule) =>
    fc.record({
      rule: fc.constant(rule),
      with: argumentsFor(rule, "whole"),
      severity: severities,
      waivable: fc.boolean(),
      onInconclusive: fc.constantFrom("open" as const, "close" as const),
      when: optional(fc.constantFrom('model.tier == "T2"', 'model.class != "A"')),
    }),
  )
  .map((gate) => toGate(gate));

/** Whatever a child might write about a gate of the rule. */
export function changes(rule: string): fc.Arbitrary<GateDocument> {
  const some = fc.record<Partial<Record<Tier, Severity>>>(
    { T1: severity, T2: severity, T3: severity, T4: severity },
    { requiredKeys: [], noNullPrototype: true },
  );
  return fc
    .record({
      with: fc.oneof(
        { weight: 3, arbitrary: argumentsFor(rule, "part") },
        { weight: 1, arbitrary: fc.constant({}) },
      ),
      severity: fc.oneof({ weight: 1, arbitrary: some }, { weight: 3, arbitrary: fc.constant({}) }),
      waivable: optional(fc.constant(false)),
      onInconclusive: optional(fc.constant("close" as const)),
    })
    .map((gate) => toGate(gate));
}

function toGate(parts: object): GateDocument {
  return definedMembers({ id: "g", mapsTo: [], testVectors: [], with: {}, severity: {}, ...parts });
}

/** A policy file with these gates, written out and read again, below its parents. */
export function fileOf(
  name: string,
  gates: readonly GateDocument[],
  parents: readonly Lineage[] = [],
): Lineage {
  const document: OwnPolicy = {
    kind: "policy",
    name,
    version: "1.0.0",
    extends: [],
    roles: {},
    models: [],
    gates,
  };
  return { file: parsePolicy(Buffer.from(printPolicy(document)), `${name}.yml`), parents };
}

export function settledGate(lineage: Lineage) {
  const [gate] = inherit(lineage).policy.gates;
  if (gate === undefined) throw new RangeError("Cannot find the gate: the policy has none");
  return gate;
}

const metric: fc.Arbitrary<GivenMetric> = fc
  .record({
    name: fc.constantFrom("roc_auc", "brier"),
    side: fc.constantFrom("base" as const, "head" as const),
    dataset: fc.constantFrom("holdout", "recent"),
    value: fc.constantFrom(0.69, 0.7, 0.74, 0.75, 0.79, 0.8, 0.9),
    width: optional(fc.constantFrom(0, 0.01, 0.06)),
    level: fc.constantFrom(0.9, 0.95, 0.99),
    trust: fc.constantFrom("declared" as const, "ci" as const, "attested" as const),
    age_days: fc.constantFrom(-1, 0, 8, 15, 30, 50, 100),
    about: fc.constantFrom("this" as const, "this" as const, "other" as const, "unknown" as const),
  })
  .map(({ width, ...rest }) =>
    width === undefined ? rest : { ...rest, ci: [rest.value - width, rest.value + width] as const },
  );

const card = fc.record({
  front_matter: fc.subarray(["license", "datasets"]),
  sections: fc
    .subarray(["Intended use", "Training data", "Evaluation", "Limitations", "Ethics"])
    .map((titles) => titles.map((title, index) => ({ title, words: [5, 20, 100][index % 3] ?? 0 }))),
  claims: fc.array(fc.record({ metric: fc.constant("roc_auc"), value: fc.constantFrom(0.7, 0.8, 0.79) }), {
    maxLength: 1,
  }),
});

const vote = fc.record(
  {
    kind: fc.constantFrom("approve" as const, "approve" as const, "approve" as const, "reject" as const),
    roles: fc.subarray(["owner", "validator", "risk"]),
    by: fc.constantFrom("other" as const, "other" as const, "author" as const, "reader" as const),
    about: fc.constantFrom("this" as const, "this" as const, "other" as const),
  },
  { requiredKeys: ["roles"], noNullPrototype: true },
);
const approvals = fc.record(
  { votes: fc.array(vote, { maxLength: 5 }), unlinked: fc.constant(true as const) },
  { requiredKeys: ["votes"], noNullPrototype: true },
);
const waiver = fc.record(
  { expired: fc.constant(true as const), approved_by: fc.subarray(["owner", "risk", "compliance"]) },
  { requiredKeys: [], noNullPrototype: true },
);

/** A situation that concerns one rule or another. */
export const situations: fc.Arbitrary<Given> = fc
  .record({
    tier: fc.constantFrom(...TIERS),
    model: fc.constantFrom("changed" as const, "changed" as const, "new" as const),
    change_class: fc.constantFrom("A" as const, "B" as const, "C" as const),
    metrics: optional(fc.array(metric, { minLength: 1, maxLength: 4 })),
    artifacts: optional(
      fc.array(
        fc.record({
          path: fc.constantFrom("models/example/a", "models/example/b"),
          format: fc.constantFrom("onnx", "safetensors", "pickle"),
          size: fc.constantFrom(400, 800, 1500, 3000),
          complete: fc.boolean(),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    manifest: optional(
      fc.record({ without: fc.subarray(["owner", "purpose", "next_review", "card"] as const) }),
    ),
    card: optional(card),
    approvals: optional(approvals),
    waivers: optional(fc.array(waiver, { maxLength: 2 })),
    policy_change: optional(
      fc.record({
        files: fc.constantFrom(
          [{ path: "a", kind: "waiver" as const }],
          [{ path: "b", kind: "workflow" as const }],
          [{ path: "c", kind: "policy" as const }],
        ),
        loosened: fc.subarray(["g"]),
      }),
    ),
  })
  .map((given) => definedMembers(given));
