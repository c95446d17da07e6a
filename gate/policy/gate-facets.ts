import type { Severity, SeverityByTier } from "../model/gate.ts";
import { TIERS, type Tier } from "../model/tier.ts";
import type { Parameter, Rule } from "../rules/rule.ts";
import { type Facet, type Facets, ON_INCONCLUSIVE, type Written } from "./facets.ts";

/** The part of a gate that can be stricter or looser; a child leaves out what it inherits. */
export interface GateParts {
  readonly rule?: string;
  readonly with: Readonly<Record<string, unknown>>;
  readonly severity: Readonly<Partial<Record<Tier, Severity>>>;
  readonly when?: string;
  readonly waivable?: boolean;
  readonly onInconclusive?: "close" | "open";
}

const SEVERITIES = ["info", "warn", "block"] as const satisfies readonly Severity[];
const ON_INCONCLUSIVE_WORDS = ["open", "close"] as const;

const SEVERITY_ORDER = { kind: "order", words: SEVERITIES } as const;
const WAIVABLE_ORDER = { kind: "order", words: ["true", "false"] } as const;
const ON_INCONCLUSIVE_ORDER = { kind: "order", words: ON_INCONCLUSIVE_WORDS } as const;
const FIXED = { kind: "same" } as const;

/** What the format says of a gate that is silent. */
export const GATE_DEFAULTS = {
  severity: { T1: "block", T2: "block", T3: "block", T4: "block" },
  waivable: true,
  onInconclusive: "close",
} as const satisfies Partial<GateParts>;

/** The facets that the parts state, each with the place that `writtenAt` finds for its name. */
export function gateFacets(
  parts: GateParts,
  rule: Rule,
  writtenAt: (what: string, value: unknown) => Written | undefined = () => undefined,
): Facets {
  const facets = new Map<string, Facet>();
  const add = (what: string, value: unknown, tighter: Facet["tighter"]) => {
    if (value === undefined) return;
    const written = writtenAt(what, value);
    facets.set(what, { value, tighter, ...(written === undefined ? {} : { written }) });
  };
  add("rule", parts.rule, FIXED);
  add("when", parts.when, FIXED);
  add("waivable", parts.waivable, WAIVABLE_ORDER);
  add(ON_INCONCLUSIVE, parts.onInconclusive, ON_INCONCLUSIVE_ORDER);
  for (const tier of TIERS) add(`severity.${tier}`, parts.severity[tier], SEVERITY_ORDER);
  for (const argument of argumentsOf(rule)) {
    add(argument.what, valueIn(parts.with, argument), argument.tighter);
  }
  return facets;
}

/** Parts with everything that a gate has to say. */
export interface WholeParts extends GateParts {
  readonly rule: string;
  readonly severity: SeverityByTier;
  readonly waivable: boolean;
  readonly onInconclusive: "close" | "open";
}

/** The parts that facets stand for; what no facet states is what the format says. */
export function partsOf(facets: Facets, rule: Rule): WholeParts {
  const when = facets.get("when")?.value;
  const onInconclusive = facets.get(ON_INCONCLUSIVE)?.value;
  return {
    rule: rule.name,
    with: withOf(facets, rule),
    severity: severityOf(facets),
    ...(typeof when === "string" ? { when } : {}),
    waivable: facets.get("waivable")?.value !== false,
    onInconclusive:
      ON_INCONCLUSIVE_WORDS.find((word) => word === onInconclusive) ?? GATE_DEFAULTS.onInconclusive,
  };
}

function severityOf(facets: Facets): SeverityByTier {
  const at = (tier: Tier) =>
    SEVERITIES.find((word) => word === facets.get(`severity.${tier}`)?.value) ?? GATE_DEFAULTS.severity[tier];
  return { T1: at("T1"), T2: at("T2"), T3: at("T3"), T4: at("T4") };
}

/** One argument of a rule, or one tier's part of it. */
interface Argument {
  readonly what: string;
  readonly name: string;
  readonly tier?: Tier;
  readonly tighter: Facet["tighter"];
}

function argumentsOf(rule: Rule): readonly Argument[] {
  return Object.entries(rule.parameters).flatMap(([name, { tighter }]: [string, Parameter]) => {
    if (tighter.kind !== "by-tier") return [{ what: `with.${name}`, name, tighter }];
    const { each } = tighter;
    return TIERS.map((tier) => ({ what: `with.${name}.${tier}`, name, tier, tighter: each }));
  });
}

function valueIn(values: Readonly<Record<string, unknown>>, { name, tier }: Argument): unknown {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (tier === undefined) return value;
  return new Map(Object.entries(value ?? {})).get(tier);
}

function withOf(facets: Facets, rule: Rule): Readonly<Record<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const { what, name, tier } of argumentsOf(rule)) {
    const value = facets.get(what)?.value;
    if (value === undefined) continue;
    if (tier === undefined) values.set(name, value);
    else values.set(name, { ...Object(values.get(name)), [tier]: value });
  }
  return Object.fromEntries(values);
}
