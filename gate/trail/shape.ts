import { canonicalBytes } from "./canonical.ts";
import { type Cursor, MISFIT, tableOf } from "./cursor.ts";

/**
 * Closed shapes for what the trail reads and writes: a member that is not named is refused, always. The types
 * come from the shapes, so that a check and its type cannot drift apart.
 */
export interface Shape<T> {
  /** Where and why `value` does not fit; undefined if it does. */
  check(value: unknown): Mismatch | undefined;
  /** A scanner for values of the shape, made once: of what is not kept, the text is checked and the value left out. */
  scanner(keep: Keep): Scanner<T>;
}

/**
 * The value whose canonical text stands at the cursor; `MISFIT` otherwise. It takes only what `check` would take, but
 * not all of it: who gets `MISFIT` parses and asks `check`.
 */
export type Scanner<T> = (cursor: Cursor) => T | typeof MISFIT;

/** All of a value, nothing of it, or those members of an object. */
export type Keep = boolean | { readonly [member: string]: Keep };

export interface Mismatch {
  /** Path from the checked value, as `.pr.number` or `.subject[0]`. */
  readonly at: string;
  readonly expected: string;
}

export type Of<S> = S extends Shape<infer T> ? T : never;

type Shapes = Readonly<Record<string, Shape<unknown>>>;

type RecordOf<R extends Shapes, O extends Shapes> = { readonly [K in keyof R]: Of<R[K]> } & {
  readonly [K in keyof O]?: Of<O[K]>;
};

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** True if `value` has the shape: the one place where a checked value gets its type. */
export function fits<T>(value: unknown, shape: Shape<T>): value is T {
  return shape.check(value) === undefined;
}

export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): Shape<number> {
  const isInteger = (value: unknown) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max;
  return {
    check: (value) =>
      isInteger(value) ? undefined : { at: "", expected: `an integer from ${min} to ${max}` },
    scanner: () => (cursor) => {
      const value = cursor.integer();
      return isInteger(value) ? value : MISFIT;
    },
  };
}

/** A string that the whole of `pattern` matches, and that passes `test`. */
export function text(pattern: RegExp, expected: string, test?: (value: string) => boolean): Shape<string> {
  const isText = (value: string) => pattern.test(value) && (test === undefined || test(value));
  return {
    check: (value) => (typeof value === "string" && isText(value) ? undefined : { at: "", expected }),
    scanner: () => (cursor) => {
      const value = cursor.string();
      return value !== MISFIT && isText(value) ? value : MISFIT;
    },
  };
}

export interface CharactersSpec {
  /** Class of each character, as it stands between brackets of a pattern. */
  readonly of: string;
  /** Class of the first, if it is another. */
  readonly first?: string;
  /** UTF-16 code units. */
  readonly lengths: readonly number[] | { readonly min: number; readonly max: number };
}

/** A string that a class of characters and its length say everything about. */
export function characters({ of, first = of, lengths }: CharactersSpec, expected: string): Shape<string> {
  const isLength =
    "min" in lengths
      ? (length: number) => length >= lengths.min && length <= lengths.max
      : (length: number) => lengths.includes(length);
  const pattern = new RegExp(`^[${first}][${of}]*$`);
  const [table, firstTable] = [tableOf(new RegExp(`^[${of}]$`)), tableOf(new RegExp(`^[${first}]$`))];
  return {
    check: (value) =>
      typeof value === "string" && isLength(value.length) && pattern.test(value)
        ? undefined
        : { at: "", expected },
    scanner: (keep) => (cursor) => {
      const length = cursor.stringLength(table);
      if (length === undefined || length === 0 || !isLength(length)) return MISFIT;
      if (firstTable[cursor.firstCode(length)] !== 1) return MISFIT;
      return keep === false ? "" : cursor.text(length);
    },
  };
}

export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Shape<T> {
  const allowed = new Set<unknown>(values);
  const spelled = values.map((value) => ({ value, literal: canonicalBytes(value) }));
  return {
    check: (value) => (allowed.has(value) ? undefined : { at: "", expected: values.join(" or ") }),
    scanner: () => (cursor) => {
      for (const { value, literal } of spelled) if (cursor.take(literal)) return value;
      return MISFIT;
    },
  };
}

export function list<T>(item: Shape<T>, min: number, max: number): Shape<readonly T[]> {
  return {
    check(value) {
      if (!Array.isArray(value) || value.length < min || value.length > max) {
        return { at: "", expected: `a list of ${min} to ${max}` };
      }
      for (const [index, element] of value.entries()) {
        const mismatch = item.check(element);
        if (mismatch !== undefined) return { at: `[${index}]${mismatch.at}`, expected: mismatch.expected };
      }
      return undefined;
    },
    scanner: (keep) => listScanner(item.scanner(keep), { min, max, isKept: keep !== false }),
  };
}

function listScanner<T>(
  item: Scanner<T>,
  { min, max, isKept }: { readonly min: number; readonly max: number; readonly isKept: boolean },
): Scanner<readonly T[]> {
  return (cursor) => {
    const items: T[] = [];
    if (!cursor.takeCode(OPEN_BRACKET)) return MISFIT;
    let count = 0;
    for (; !cursor.takeCode(CLOSE_BRACKET); count++) {
      if (count === max || (count > 0 && !cursor.takeCode(COMMA))) return MISFIT;
      const value = item(cursor);
      if (value === MISFIT) return MISFIT;
      if (isKept) items.push(value);
    }
    return count < min ? MISFIT : items;
  };
}

/** A list in which no two items have the same `name`. */
export function listByName<T extends { readonly name: string }>(
  item: Shape<T>,
  min: number,
  max: number,
): Shape<readonly T[]> {
  const items = list(item, min, max);
  const findTwice = (values: readonly T[]) => {
    const names = values.map(({ name }) => name);
    return new Set(names).size === names.length
      ? -1
      : names.findIndex((name, at) => names.indexOf(name) < at);
  };
  return {
    check(value) {
      const mismatch = items.check(value);
      if (mismatch !== undefined) return mismatch;
      const twice = findTwice(value as readonly T[]);
      return twice === -1 ? undefined : { at: `[${twice}].name`, expected: "a name of its own" };
    },
    scanner(keep) {
      const scan = items.scanner(keep === true || { ...(keep || {}), name: true });
      return (cursor) => {
        const values = scan(cursor);
        return values === MISFIT || findTwice(values) !== -1 ? MISFIT : values;
      };
    },
  };
}

/** Which of an object's optional members go together. */
export interface Together {
  readonly atMostOne?: readonly string[];
  readonly atLeastOne?: readonly string[];
}

/** An object with all of `required`, any of `optional`, and nothing else. */
export function record<R extends Shapes, O extends Shapes = Record<never, never>>(
  required: R,
  optional?: O,
  together: Together = {},
): Shape<RecordOf<R, O>> {
  // A Map, not the objects: `__proto__` and `constructor` must be unknown members like any other.
  const members = new Map<string, Shape<unknown>>(Object.entries({ ...required, ...optional }));
  const names = Object.keys(required);
  return {
    check(value) {
      if (!isObject(value)) return { at: "", expected: "an object" };
      for (const key of Object.keys(value)) {
        const shape = members.get(key);
        if (shape === undefined) return { at: `.${key}`, expected: "no such member" };
        const mismatch = shape.check(Reflect.get(value, key));
        if (mismatch !== undefined) return { at: `.${key}${mismatch.at}`, expected: mismatch.expected };
      }
      const missing = names.find((name) => !Object.hasOwn(value, name));
      if (missing !== undefined) return { at: `.${missing}`, expected: "to be there" };
      return checkTogether(together, (name) => Object.hasOwn(value, name));
    },
    scanner: (keep) => recordScanner<RecordOf<R, O>>({ members, required: new Set(names), together }, keep),
  };
}

function checkTogether(
  { atMostOne = [], atLeastOne }: Together,
  has: (name: string) => boolean,
): Mismatch | undefined {
  const [, second] = atMostOne.filter(has);
  if (second !== undefined) return { at: `.${second}`, expected: `not to be there beside ${atMostOne[0]}` };
  if (atLeastOne === undefined || atLeastOne.some(has)) return undefined;
  return { at: `.${atLeastOne[0]}`, expected: `to be there, or ${atLeastOne.slice(1).join(" or ")}` };
}

interface RecordSpec {
  readonly members: ReadonlyMap<string, Shape<unknown>>;
  readonly required: ReadonlySet<string>;
  readonly together: Together;
}

function recordScanner<T>({ members, required, together }: RecordSpec, keep: Keep): Scanner<T> {
  const partOf = (name: string) => (typeof keep === "boolean" ? keep : (keep[name] ?? false));
  const grouped = new Set([...(together.atMostOne ?? []), ...(together.atLeastOne ?? [])]);
  // The canonical order of the keys is the only one there is.
  const steps = [...members.keys()].sort().map((name) => ({
    name,
    label: Buffer.concat([canonicalBytes(name), Buffer.from(":")]),
    scan: members.get(name)!.scanner(partOf(name)),
    isKept: partOf(name) !== false,
    isRequired: required.has(name),
    isGrouped: grouped.has(name),
  }));
  const isTogether = (seen: readonly string[]) =>
    checkTogether(together, (name) => seen.includes(name)) === undefined;
  return (cursor) => {
    if (!cursor.takeCode(OPEN_BRACE)) return MISFIT;
    const object: Record<string, unknown> | undefined = keep === false ? undefined : {};
    const seen: string[] | undefined = grouped.size === 0 ? undefined : [];
    let isFirst = true;
    for (let n = 0; n < steps.length; n++) {
      const step = steps[n]!;
      const start = cursor.at;
      if (!((isFirst || cursor.takeCode(COMMA)) && cursor.take(step.label))) {
        if (step.isRequired) return MISFIT;
        cursor.at = start;
        continue;
      }
      isFirst = false;
      const value = step.scan(cursor);
      if (value === MISFIT) return MISFIT;
      if (step.isKept) object![step.name] = value;
      if (step.isGrouped) seen!.push(step.name);
    }
    if (!cursor.takeCode(CLOSE_BRACE) || (seen !== undefined && !isTogether(seen))) return MISFIT;
    return (object ?? NOTHING) as T;
  };
}

/** What stands for an object of which nothing is kept. */
const NOTHING = Object.freeze({});

/** An object with all of `required`, and whatever else. */
export function open<R extends Shapes>(required: R): Shape<{ readonly [K in keyof R]: Of<R[K]> }> {
  const members = Object.entries(required);
  return {
    check(value) {
      if (!isObject(value)) return { at: "", expected: "an object" };
      for (const [name, shape] of members) {
        if (!Object.hasOwn(value, name)) return { at: `.${name}`, expected: "to be there" };
        const mismatch = shape.check(Reflect.get(value, name));
        if (mismatch !== undefined) return { at: `.${name}${mismatch.at}`, expected: mismatch.expected };
      }
      return undefined;
    },
    scanner: () => () => MISFIT,
  };
}

/** Fits any of the shapes. */
export function anyOf<const S extends readonly Shape<unknown>[]>(
  expected: string,
  ...shapes: S
): Shape<Of<S[number]>> {
  return {
    check: (value) =>
      shapes.some((shape) => shape.check(value) === undefined) ? undefined : { at: "", expected },
    scanner(keep) {
      const scanners = shapes.map((shape) => shape.scanner(keep));
      return (cursor) => {
        const start = cursor.at;
        for (const scan of scanners) {
          const value = scan(cursor);
          if (value !== MISFIT) return value as Of<S[number]>;
          cursor.at = start;
        }
        return MISFIT;
      };
    },
  };
}

/** Fits `shape`, and `rule` has nothing to say against it. */
export function where<T>(shape: Shape<T>, rule: (value: T) => Mismatch | undefined): Shape<T> {
  return {
    check: (value) => (fits(value, shape) ? rule(value) : shape.check(value)),
    scanner() {
      const scan = shape.scanner(true);
      return (cursor) => {
        const value = scan(cursor);
        return value === MISFIT || rule(value) !== undefined ? MISFIT : value;
      };
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
