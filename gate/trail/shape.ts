import { canonicalText } from "./canonical.ts";
import { type Cursor, MISFIT } from "./cursor.ts";

/**
 * Closed shapes for what the trail reads and writes: a member that is not named is refused, always. The types
 * come from the shapes, so that a check and its type cannot drift apart.
 */
export interface Shape<T> {
  /** Where and why `value` does not fit; undefined if it does. */
  check(value: unknown): Mismatch | undefined;
  /**
   * The value whose canonical text stands at the cursor, read without a parser between; `MISFIT` otherwise. It takes
   * only what `check` would take, but not all of it: who gets `MISFIT` asks the parser and `check`.
   */
  scan(cursor: Cursor): T | typeof MISFIT;
}

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
    scan(cursor) {
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
    scan(cursor) {
      const value = cursor.string();
      return value !== MISFIT && isText(value) ? value : MISFIT;
    },
  };
}

export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Shape<T> {
  const allowed = new Set<unknown>(values);
  const spelled = values.map((value) => ({ value, literal: canonicalText(value) }));
  return {
    check: (value) => (allowed.has(value) ? undefined : { at: "", expected: values.join(" or ") }),
    scan: (cursor) => spelled.find(({ literal }) => cursor.take(literal))?.value ?? MISFIT,
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
    scan(cursor) {
      const items: T[] = [];
      if (!cursor.take("[")) return MISFIT;
      while (!cursor.take("]")) {
        if (items.length === max || (items.length > 0 && !cursor.take(","))) return MISFIT;
        const value = item.scan(cursor);
        if (value === MISFIT) return MISFIT;
        items.push(value);
      }
      return items.length < min ? MISFIT : items;
    },
  };
}

/** An object with all of `required`, any of `optional`, and nothing else. */
export function record<R extends Shapes, O extends Shapes = Record<never, never>>(
  required: R,
  optional?: O,
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
      return missing === undefined ? undefined : { at: `.${missing}`, expected: "to be there" };
    },
    scan: recordScan<RecordOf<R, O>>(members, new Set(names)),
  };
}

function recordScan<T>(
  members: ReadonlyMap<string, Shape<unknown>>,
  required: ReadonlySet<string>,
): Shape<T>["scan"] {
  // The canonical order of the keys is the only one there is.
  const steps = [...members.keys()].sort().map((name) => ({
    name,
    first: `${canonicalText(name)}:`,
    next: `,${canonicalText(name)}:`,
    shape: members.get(name)!,
    isRequired: required.has(name),
  }));
  return (cursor) => {
    if (!cursor.take("{")) return MISFIT;
    const object: Record<string, unknown> = {};
    let isFirst = true;
    for (const { name, first, next, shape, isRequired } of steps) {
      if (!cursor.take(isFirst ? first : next)) {
        if (isRequired) return MISFIT;
        continue;
      }
      const value = shape.scan(cursor);
      if (value === MISFIT) return MISFIT;
      object[name] = value;
      isFirst = false;
    }
    return cursor.take("}") ? (object as T) : MISFIT;
  };
}

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
    scan: () => MISFIT,
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
    scan(cursor) {
      const start = cursor.at;
      for (const shape of shapes) {
        const value = shape.scan(cursor);
        if (value !== MISFIT) return value as Of<S[number]>;
        cursor.at = start;
      }
      return MISFIT;
    },
  };
}

/** Fits `shape`, and `rule` has nothing to say against it. */
export function where<T>(shape: Shape<T>, rule: (value: T) => Mismatch | undefined): Shape<T> {
  return {
    check: (value) => (fits(value, shape) ? rule(value) : shape.check(value)),
    scan(cursor) {
      const value = shape.scan(cursor);
      return value === MISFIT || rule(value) !== undefined ? MISFIT : value;
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
