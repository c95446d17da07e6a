import type { Place } from "../model/place.ts";
import { canonical } from "../parse/canonical.ts";
import { visible } from "../parse/excerpt.ts";
import { nodeAt } from "../parse/node.ts";
import type { Tighter } from "../rules/rule.ts";
import { type PolicyFile, placeOf } from "./document.ts";
import { compareStrictness, strictestOf } from "./strictness.ts";

/** One value of a gate, a role or a model that policies may differ in, with which way is stricter. */
export interface Facet {
  readonly value: unknown;
  readonly tighter: Exclude<Tighter, { readonly kind: "by-tier" }>;
  /** Absent where no file wrote it: it is what the format says. */
  readonly written?: Written;
}

/** Where a value was written, and how. */
export interface Written {
  readonly by: string;
  readonly place: Place;
  readonly text: string;
}

/** By name, as `severity.T3` or `with.min`. */
export type Facets = ReadonlyMap<string, Facet>;

/** One facet that differs. */
export interface Move {
  readonly what: string;
  readonly from?: Facet;
  readonly to?: Facet;
  readonly effect: "tightened" | "loosened";
}

/** Whether what it lists is let in by it. */
export function grants(facet: Facet | undefined): boolean {
  return facet !== undefined && "grants" in facet.tighter;
}

const FIXED = { kind: "same" } as const;

/** Every facet that differs, sorted by name. */
export function compareFacets(from: Facets, to: Facets): readonly Move[] {
  const names = [...new Set([...from.keys(), ...to.keys()])].sort();
  return names.flatMap((what) => {
    const [before, after] = [from.get(what), to.get(what)];
    const tighter = tighterOf(what, { ...before, ...after }, to);
    const strictness = compareStrictness(tighter, before?.value, after?.value);
    if (strictness === "same") return [];
    return {
      what,
      ...(before === undefined ? {} : { from: before }),
      ...(after === undefined ? {} : { to: after }),
      effect: strictness === "stricter" ? "tightened" : "loosened",
    };
  });
}

/** Facets as strict as both, and the names of those for which there is no such value. */
export function combineFacets(a: Facets, b: Facets): { facets: Facets; conflicts: readonly string[] } {
  const facets = new Map<string, Facet>([...b, ...a]);
  const conflicts: string[] = [];
  // First, for the others depend on it.
  const names = [...facets.keys()].sort(
    (x, y) => Number(y === ON_INCONCLUSIVE) - Number(x === ON_INCONCLUSIVE),
  );
  for (const name of names) {
    const [left, right] = [a.get(name), b.get(name)];
    const tighter = tighterOf(name, { ...left, ...right }, facets);
    const strictest = strictestOf(tighter, left?.value, right?.value);
    if (strictest === undefined) conflicts.push(name);
    else facets.set(name, chosen(strictest.value, left, right));
  }
  return { facets, conflicts: conflicts.sort() };
}

export const ON_INCONCLUSIVE = "on_inconclusive";

/**
 * More confidence turns failures into "cannot tell". Where that leaves the gate open, asking for more is no
 * tightening, so that the level stays where it is.
 */
function tighterOf(what: string, { tighter }: Partial<Facet>, within: Facets): Facet["tighter"] {
  const isOpen = within.get(ON_INCONCLUSIVE)?.value === "open";
  return tighter === undefined || (what === "with.level" && isOpen) ? FIXED : tighter;
}

function chosen(value: unknown, left: Facet | undefined, right: Facet | undefined): Facet {
  const same = [left, right].find(
    (facet) => facet !== undefined && canonical(facet.value) === canonical(value),
  );
  const either = same ?? left ?? right;
  if (either === undefined) throw new RangeError("Cannot combine facets: neither side has it");
  return same === undefined ? { value, tighter: either.tighter } : same;
}

/** A value as it was written, or in the shortest form of the format; safe to print on one line. */
export function showFacet(facet: Facet | undefined): string {
  return visible(facet === undefined ? "none" : (facet.written?.text ?? showValue(facet.value)));
}

export function showValue(value: unknown): string {
  if (value === undefined) return "none";
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  return visible(typeof value === "string" ? value : canonical(value));
}

/** Finds where a facet of the thing at `steps` stands, and the text that stands there if it is a scalar. */
export function writtenIn(
  file: PolicyFile,
  steps: readonly (string | number)[],
): (what: string, value: unknown) => Written {
  return (what, value) => {
    const path = [...steps, ...what.split(".")];
    const node = nodeAt(file.node, path);
    const text = node?.kind === "scalar" ? node.text : showValue(value);
    return { by: file.name, place: placeOf(file, path), text };
  };
}
