import { unreadable } from "./failure.ts";

/**
 * Readers of answers. GitHub's types say what should come; a proxy, a cut connection and another version say
 * otherwise, so what is read is checked, and what is wrong is `GITHUB_UNAVAILABLE`, never a default.
 */

/** What stands at a path of names; undefined where something of it is missing or null. */
export function at(data: unknown, ...names: readonly string[]): unknown {
  let value = data;
  for (const name of names) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value ?? undefined;
}

export function textAt(data: unknown, ...names: readonly string[]): string {
  const value = at(data, ...names);
  if (typeof value !== "string") throw unreadable(names.join("."));
  return value;
}

/** An id, a number, a size: whole, not negative. */
export function numberAt(data: unknown, ...names: readonly string[]): number {
  const value = at(data, ...names);
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw unreadable(names.join("."));
  return value;
}

/** An id as GraphQL writes it where it may be too large for its numbers: in digits. */
export function idAt(data: unknown, ...names: readonly string[]): number {
  if (typeof at(data, ...names) === "number") return numberAt(data, ...names);
  const value = textAt(data, ...names);
  const id = Number(value);
  if (!/^(?:0|[1-9]\d{0,15})$/.test(value) || !Number.isSafeInteger(id)) throw unreadable(names.join("."));
  return id;
}

export function flagAt(data: unknown, ...names: readonly string[]): boolean {
  const value = at(data, ...names);
  if (typeof value !== "boolean") throw unreadable(names.join("."));
  return value;
}

export function listAt(data: unknown, ...names: readonly string[]): readonly unknown[] {
  const value = at(data, ...names);
  if (!Array.isArray(value)) throw unreadable(names.join(".") || "a list");
  return value;
}

/** Undefined where nothing stands there; what stands there is read as it has to be. */
export function optional<T>(
  read: (data: unknown, ...names: readonly string[]) => T,
  data: unknown,
  ...names: readonly string[]
): T | undefined {
  return at(data, ...names) === undefined ? undefined : read(data, ...names);
}

const OBJECT_ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

export function objectIdAt(data: unknown, ...names: readonly string[]): string {
  const value = textAt(data, ...names);
  if (!OBJECT_ID.test(value)) throw unreadable(names.join("."));
  return value;
}

/** Milliseconds since 1970. */
export function instantAt(data: unknown, ...names: readonly string[]): number {
  const value = Date.parse(textAt(data, ...names));
  if (!Number.isFinite(value)) throw unreadable(names.join("."));
  return value;
}
