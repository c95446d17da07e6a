import type { Tier } from "../model/tier.ts";
import type { Arguments } from "./rule.ts";

/**
 * Readers of `with`. The schema has been checked, so that a wrong type here is our own fault and throws; the
 * callers never see a default that a policy did not write.
 */
export function numberOf(args: Arguments, name: string): number | undefined {
  return read(args, name, (value): value is number => typeof value === "number" && Number.isFinite(value));
}

export function textOf(args: Arguments, name: string): string | undefined {
  return read(args, name, (value): value is string => typeof value === "string");
}

export function textsOf(args: Arguments, name: string): readonly string[] | undefined {
  return read(args, name, (value): value is string[] => Array.isArray(value) && value.every(isText));
}

/** The entry of a map by tier. */
export function numberByTier(args: Arguments, name: string, tier: Tier): number | undefined {
  const map = read(args, name, isObject);
  return map === undefined ? undefined : numberOf(map, tier);
}

export function textByTier(args: Arguments, name: string, tier: Tier): string | undefined {
  const map = read(args, name, isObject);
  return map === undefined ? undefined : textOf(map, tier);
}

export function textsByTier(args: Arguments, name: string, tier: Tier): readonly string[] | undefined {
  const map = read(args, name, isObject);
  return map === undefined ? undefined : textsOf(map, tier);
}

function read<T>(args: Arguments, name: string, is: (value: unknown) => value is T): T | undefined {
  const value = Object.hasOwn(args, name) ? args[name] : undefined;
  if (value === undefined) return undefined;
  if (!is(value)) throw new TypeError(`Cannot read argument ${name}: the schema let ${typeof value} through`);
  return value;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isObject(value: unknown): value is Arguments {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
