import { GateError } from "../model/error.ts";

/**
 * Canonical JSON of the trail: RFC 8785 over a value space so small that a value has one spelling and no other.
 * Integers 0..2^53-1 and no other number, no null, well-formed strings without U+0000. What needs a fraction is
 * a decimal string. The looser `parse/canonical.ts` is for decision records, which are never parsed back.
 */
export type CanonicalValue =
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue };

/** UTF-16 code units. */
export const STRING_LENGTH_MAX = 1_024;
/** Items of a list, members of an object. */
export const MEMBERS_MAX = 1_024;
/** Lists and objects inside one another. */
export const DEPTH_MAX = 16;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Printable ASCII without quote and backslash: what JSON.stringify only puts between quotes. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** The canonical text. Throws `TRAIL_NOT_CANONICAL` for a value outside the space, undefined members too. */
export function canonicalText(value: unknown): string {
  return write(value, 0);
}

/** The canonical bytes. Throws as `canonicalText`. */
export function canonicalBytes(value: unknown): Uint8Array {
  return Buffer.from(canonicalText(value), "utf8");
}

/**
 * The value that `bytes` spell. Throws `TRAIL_NOT_CANONICAL` unless they are its canonical form, byte for byte:
 * duplicate keys, other spellings of a number or a character, white space and a byte order mark all end here.
 */
export function parseCanonical(bytes: Uint8Array, name: string): CanonicalValue {
  const text = decode(bytes, name);
  const value = parse(text, name);
  // Strict UTF-8 decoding is one to one, so equal texts are equal bytes.
  if (canonicalText(value) !== text) throw notCanonical(name, "its bytes are not the canonical form");
  return value;
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw notCanonical(name, "it is not UTF-8", cause);
  }
}

function parse(text: string, name: string): CanonicalValue {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notCanonical(name, "it is not JSON", cause);
  }
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return writeString(value);
    case "number":
      return writeInteger(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) break;
      if (depth === DEPTH_MAX) throw notCanonical("value", `it is nested deeper than ${DEPTH_MAX}`);
      return Array.isArray(value) ? writeList(value, depth + 1) : writeObject(value, depth + 1);
  }
  throw notCanonical("value", `${value === null ? "null" : typeof value} has no canonical form`);
}

function writeString(text: string): string {
  if (text.length > STRING_LENGTH_MAX) {
    throw notCanonical("string", `it has ${text.length} characters, limit is ${STRING_LENGTH_MAX}`);
  }
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw notCanonical("string", "it holds a lone surrogate");
  if (text.includes("\0")) throw notCanonical("string", "it holds U+0000");
  return JSON.stringify(text);
}

function writeInteger(number: number): string {
  // -0 is a safe integer and not below 0.
  if (!Number.isSafeInteger(number) || number < 0 || Object.is(number, -0)) {
    throw notCanonical(
      "number",
      `${Object.is(number, -0) ? "-0" : number} is not an integer from 0 to 2^53-1`,
    );
  }
  return String(number);
}

function writeList(list: readonly unknown[], depth: number): string {
  assertCount(list.length);
  let text = "[";
  for (let index = 0; index < list.length; index++) {
    text += index === 0 ? write(list[index], depth) : `,${write(list[index], depth)}`;
  }
  return `${text}]`;
}

function writeObject(object: object, depth: number): string {
  const prototype = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw notCanonical("value", "it is neither a plain object nor a list");
  }
  const keys = Object.keys(object);
  assertCount(keys.length);
  // The default order compares UTF-16 code units, as RFC 8785 section 3.2.3 asks.
  keys.sort();
  let text = "{";
  for (const key of keys) {
    const member = Reflect.get(object, key);
    text += `${text === "{" ? "" : ","}${writeString(key)}:${write(member, depth)}`;
  }
  return `${text}}`;
}

function assertCount(count: number): void {
  if (count > MEMBERS_MAX) throw notCanonical("value", `it has ${count} members, limit is ${MEMBERS_MAX}`);
}

function notCanonical(name: string, state: string, cause?: unknown): GateError {
  return new GateError("TRAIL_NOT_CANONICAL", `Cannot take ${name} as canonical JSON: ${state}`, { cause });
}
