import type { Gate } from "../model/gate.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Policy, PolicyDifference } from "../model/policy.ts";
import { canonical } from "../parse/canonical.ts";
import { RULES } from "../rules/index.ts";
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
    if (before === undefined) return { gate: id, what: "gate", ...ADDED };
    if (after === undefined) return { gate: id, what: "gate", ...REMOVED };
    return [...diffDemand(before, after), ...diffTexts(before, after)];
  });
}

/** A gate more is a demand more, a gate less is one less. */
const ADDED = { from: "none", to: "added", effect: "tightened" } as const;
const REMOVED = { from: "present", to: "removed", effect: "loosened" } as const;

function diffDemand(before: Gate, after: Gate): readonly PolicyDifference[] {
  const rule = RULES.get(after.rule);
  if (rule === undefined) throw new RangeError(`Cannot compare ${after.id}: no rule is named ${after.rule}`);
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
    if (before === undefined) return { gate: "models", what: id, ...ADDED };
    if (after === undefined) return { gate: "models", what: id, ...REMOVED };
    return toDifferences("models", compareFacets(modelFacets(before), modelFacets(after)), `${id}.`);
  });
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
