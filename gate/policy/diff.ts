import type { Gate } from "../model/gate.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Policy, PolicyDifference } from "../model/policy.ts";
import type { Tier } from "../model/tier.ts";
import { canonical } from "../parse/canonical.ts";
import { RULES } from "../rules/index.ts";
import type { Rule } from "../rules/rule.ts";
import { compareFacets, grants, type Move, showFacet, showValue } from "./facets.ts";
import { gateFacets } from "./gate-facets.ts";
import { modelFacets } from "./model-facets.ts";
import { roleFacets } from "./role-facets.ts";

const NOBODY = { teams: [], users: [], exclusiveWith: [] };

/** Parts of a gate that say something and demand nothing. */
const TEXTS = ["title", "why", "fix", "mapsTo"] as const satisfies readonly (keyof Gate)[];

/**
 * What differs from one policy to the next, sorted by gate and part. Whatever cannot be shown to be as strict as
 * before counts as loosened: another rule, another `when`, another folder of a model.
 */
export function diffPolicies(old: Policy, next: Policy): readonly PolicyDifference[] {
  return [
    ...diffMode(old, next),
    ...diffGates(old, next),
    ...diffRoles(old, next),
    ...diffModels(old, next),
  ].sort(byGateThenPart);
}

function diffMode({ mode: from }: Policy, { mode: to }: Policy): readonly PolicyDifference[] {
  if (from === to) return [];
  return [{ gate: "mode", what: "mode", from, to, effect: to === "enforcing" ? "tightened" : "loosened" }];
}

function diffGates(old: Policy, next: Policy): readonly PolicyDifference[] {
  return pairs(byId(old.gates), byId(next.gates)).flatMap(([id, before, after]) => {
    if (before === undefined && after !== undefined)
      return [{ gate: id, what: "gate", ...ADDED }, ...diffGranted(after)];
    if (before === undefined || after === undefined) return { gate: id, what: "gate", ...REMOVED };
    return [...diffDemand(before, after), ...diffTexts(before, after)];
  });
}

/** A gate more is a demand more, a gate less is one less. */
const ADDED = { from: "none", to: "added", effect: "tightened" } as const;
const REMOVED = { from: "present", to: "removed", effect: "loosened" } as const;

/** What a gate lets in, it lets in for all: one more that names a workflow makes that workflow's word count. */
function diffGranted(gate: Gate): readonly PolicyDifference[] {
  const facets = [...gateFacets(gate, ruleOf(gate))].filter(([, facet]) => grants(facet));
  return toDifferences(gate.id, compareFacets(new Map(), new Map(facets)));
}

function ruleOf({ id, rule: name }: Gate): Rule {
  const rule = RULES.get(name);
  if (rule === undefined) throw new RangeError(`Cannot compare ${id}: no rule is named ${name}`);
  return rule;
}

function diffDemand(before: Gate, after: Gate): readonly PolicyDifference[] {
  const rule = ruleOf(after);
  // Arguments of another rule mean something else: that the rule changed says it all.
  const old = before.rule === after.rule ? before : { ...before, with: after.with };
  return toDifferences(before.id, compareFacets(gateFacets(old, rule), gateFacets(after, rule)));
}

function diffTexts(before: Gate, after: Gate): readonly PolicyDifference[] {
  return TEXTS.filter((what) => canonical(before[what]) !== canonical(after[what])).map((what) => ({
    gate: before.id,
    what: what === "mapsTo" ? "maps_to" : what,
    from: showValue(before[what]),
    to: showValue(after[what]),
    effect: "changed",
  }));
}

function diffRoles(old: Policy, next: Policy): readonly PolicyDifference[] {
  const roles = pairs(new Map(Object.entries(old.roles)), new Map(Object.entries(next.roles)));
  return roles.flatMap(([name, before = NOBODY, after = NOBODY]) =>
    toDifferences("roles", compareFacets(roleFacets(before), roleFacets(after)), `${name}.`),
  );
}

function diffModels(old: Policy, next: Policy): readonly PolicyDifference[] {
  return pairs(byId(old.models), byId(next.models)).flatMap(([id, before, after]) => {
    if (before === undefined && after !== undefined) {
      return [{ gate: "models", what: id, ...ADDED }, ...diffTierGiven(id, undefined, after.tier)];
    }
    if (before === undefined || after === undefined) return { gate: "models", what: id, ...REMOVED };
    const given = diffTierGiven(id, before.tier, after.tier);
    const moves = compareFacets(modelFacets(before), modelFacets(after));
    const others = given.length === 0 ? moves : moves.filter(({ what }) => what !== "tier");
    return [...given, ...toDifferences("models", others, `${id}.`)];
  });
}

/** A model about which nothing is said is T1: to give it another tier may be to take that away. */
function diffTierGiven(
  id: string,
  before: Tier | undefined,
  after: Tier | undefined,
): readonly PolicyDifference[] {
  if (before !== undefined || after === undefined || after === "T1") return [];
  return [{ gate: "models", what: `${id}.tier`, from: "none", to: after, effect: "loosened" }];
}

function toDifferences(gate: string, moves: readonly Move[], prefix = ""): readonly PolicyDifference[] {
  return moves.map((move) => ({
    gate,
    what: `${prefix}${move.what}`,
    from: showFacet(move.from),
    to: showFacet(move.to),
    effect: effectOf(move),
  }));
}

/** To let in the first is more than to let in nobody, though a child may. */
function effectOf({ from, to, effect }: Move): Move["effect"] {
  if (from === undefined && grants(to)) return "loosened";
  return to === undefined && grants(from) ? "tightened" : effect;
}

function byId<T extends { readonly id: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function pairs<T>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
): readonly (readonly [string, T | undefined, T | undefined])[] {
  return [...new Set([...a.keys(), ...b.keys()])].map((key) => [key, a.get(key), b.get(key)]);
}

function byGateThenPart(a: PolicyDifference, b: PolicyDifference): number {
  return byCodeUnits(a.gate, b.gate) || byCodeUnits(a.what, b.what);
}
