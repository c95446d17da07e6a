import type { DecisionRecord, GateResult } from "../model/decision.ts";
import { canonical } from "../parse/canonical.ts";

/** Differences that are told: a record that was judged by other rules may differ in every result. */
const DIFFERENCES_MAX = 100;
/** UTF-16 units of a value that are shown. */
const VALUE_CHARS_MAX = 160;

/**
 * What a record says and judging its input again does not, each a sentence; empty where all is the same. The members
 * `digest` and `engine` are not looked at: they differ where anything does, and are told by themselves.
 */
export function differencesOf(record: DecisionRecord, again: DecisionRecord): readonly string[] {
  const found = [...compare(toNamed(record), toNamed(again), [])];
  const isSame = canonical(contentOf(record)) === canonical(contentOf(again));
  if (found.length === 0 && !isSame) return ["its models or its results stand in another order"];
  const more = found.length - DIFFERENCES_MAX;
  return more <= 0 ? found : [...found.slice(0, DIFFERENCES_MAX), `and ${more} more differences`];
}

function contentOf({ digest: _, engine: __, ...content }: DecisionRecord): Partial<DecisionRecord> {
  return content;
}

type Parts = ReadonlyMap<string, unknown>;

/** The members by name, a model or a result as a member of its own: an index would tell nobody which. */
function toNamed(record: DecisionRecord): Parts {
  const { verdict, digests, models, results, ...others } = contentOf(record);
  return new Map<string, unknown>([
    ["verdict", verdict],
    ["digests", digests],
    ...named(models ?? [], ({ id }) => `model ${id}`),
    ...named(results ?? [], resultName),
    ...Object.entries(others),
  ]);
}

/** One that stands there twice is not taken for the other. */
function named<T>(items: readonly T[], nameOf: (item: T) => string): readonly (readonly [string, T])[] {
  const counts = new Map<string, number>();
  return items.map((item) => {
    const name = nameOf(item);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return [count === 1 ? name : `${name} (${count})`, item];
  });
}

function resultName({ gate, model }: GateResult): string {
  return `gate ${gate}${model === undefined ? "" : ` of ${model}`}`;
}

function* compare(was: unknown, is: unknown, steps: readonly string[]): Generator<string> {
  const [before, after] = [partsOf(was), partsOf(is)];
  if (before === undefined || after === undefined || Array.isArray(was) !== Array.isArray(is)) {
    if (show(was) !== show(is)) yield sentence(was, is, steps);
    return;
  }
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    yield* compare(before.get(name), after.get(name), [...steps, name]);
  }
}

function partsOf(value: unknown): Parts | undefined {
  if (value instanceof Map) return value;
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
}

/** `gate auc-floor of credit-pd, severity: the record says "warn", this engine says "block"` */
function sentence(was: unknown, is: unknown, [first = "", ...others]: readonly string[]): string {
  const where = others.length === 0 ? first : `${first}, ${others.join(".")}`;
  return `${where}: the record says ${brief(was)}, this engine says ${brief(is)}`;
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : canonical(value);
}

function brief(value: unknown): string {
  const text = show(value);
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX)}…`;
}
