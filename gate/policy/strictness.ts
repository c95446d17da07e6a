import { canonical } from "../parse/canonical.ts";
import type { Tighter } from "../rules/rule.ts";

/** A value that one parent may hold and a child may move. */
type OneValue = Exclude<Tighter, { readonly kind: "by-tier" }>;

/** What a move from one value to another does. What cannot be shown to be stricter is looser. */
export type Strictness = "same" | "stricter" | "looser";

/**
 * How strict `to` is against `from`: a preorder (reflexive and transitive), so that a chain of policies each
 * stricter than its parent is stricter than the first. An absent value is the loosest, or the stated default.
 */
export function compareStrictness(tighter: OneValue, from: unknown, to: unknown): Strictness {
  const [before, after] = [from ?? defaultOf(tighter), to ?? defaultOf(tighter)];
  if (isEqual(tighter, before, after)) return "same";
  if (tighter.kind === "same" || after === undefined) return "looser";
  if (before === undefined) return "stricter";
  return isStricter(tighter, before, after) ? "stricter" : "looser";
}

/** The value that is at least as strict as both, as `{ value }`; undefined where there is none. */
export function strictestOf(tighter: OneValue, a: unknown, b: unknown): { value: unknown } | undefined {
  if (compareStrictness(tighter, a, b) !== "looser") return { value: b ?? defaultOf(tighter) };
  if (compareStrictness(tighter, b, a) !== "looser") return { value: a ?? defaultOf(tighter) };
  if (!Array.isArray(a) || !Array.isArray(b)) return undefined;
  if (tighter.kind === "superset") return { value: union(a, b) };
  if (tighter.kind !== "subset") return undefined;
  const both = a.filter((item) => keysOf(b).has(canonical(item)));
  // Nothing at all is an answer only where leaving the list out means nothing, too.
  const isEnough = both.length > 0 || Array.isArray(defaultOf(tighter));
  return isEnough ? { value: both } : undefined;
}

function isStricter(tighter: OneValue, from: unknown, to: unknown): boolean {
  switch (tighter.kind) {
    case "higher":
      return isNumber(from) && isNumber(to) && to > from;
    case "lower":
      return isNumber(from) && isNumber(to) && to < from;
    case "subset":
      return isSubset(to, from);
    case "superset":
      return isSubset(from, to);
    case "order":
      return tighter.words.includes(String(from)) && rank(tighter.words, to) > rank(tighter.words, from);
    case "same":
      return false;
  }
}

function isEqual(tighter: OneValue, a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (tighter.kind === "subset" || tighter.kind === "superset") return isSubset(a, b) && isSubset(b, a);
  return canonical(a) === canonical(b);
}

function isSubset(small: unknown, large: unknown): boolean {
  if (!Array.isArray(small) || !Array.isArray(large)) return false;
  const keys = keysOf(large);
  return small.every((item) => keys.has(canonical(item)));
}

function union(a: readonly unknown[], b: readonly unknown[]): readonly unknown[] {
  const keys = keysOf(a);
  return [...a, ...b.filter((item) => !keys.has(canonical(item)))];
}

function keysOf(items: readonly unknown[]): ReadonlySet<string> {
  return new Set(items.map((item) => canonical(item)));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function rank(words: readonly string[], word: unknown): number {
  return words.indexOf(String(word));
}

function defaultOf(tighter: OneValue): unknown {
  return "default" in tighter ? tighter.default : undefined;
}
