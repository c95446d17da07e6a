import { parse, TomlDate, TomlError } from "smol-toml";
import { GateError } from "../model/error.ts";
import { excerptAt, visible } from "./excerpt.ts";
import type { Node, Position, Scalar } from "./node.ts";

export const TOML_BYTES_MAX = 1024 * 1024;
export const TOML_DEPTH_MAX = 64;

/** The reader keeps no places: all that is known of a value is its file. */
const AT: Position = { line: 1, column: 1 };
const MESSAGE_CHARS_MAX = 200;

interface Source {
  readonly text: string;
  readonly path: string;
}

/**
 * A TOML 1.0 document. Every place is line 1, column 1; dates are text. Throws `TOML_SYNTAX` with the place,
 * `TOML_NUMBER_RANGE` (whole numbers beyond 2^53 - 1, overflow), `TOML_DEPTH`, `TOML_TOO_LARGE`.
 */
export function parseToml(text: string, path: string): Node {
  const size = Buffer.byteLength(text);
  if (size > TOML_BYTES_MAX) {
    throw refusal("TOML_TOO_LARGE", path, `${size} bytes, limit for TOML is ${TOML_BYTES_MAX}`);
  }
  return toNode(readToml(text, path), { text, path }, 0);
}

function readToml(text: string, path: string): unknown {
  try {
    return parse(text, { integersAsBigInt: true, maxDepth: TOML_DEPTH_MAX });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const { line, column } = cause;
    const [first] = cause.message.replace(/^Invalid TOML document: /, "").split("\n");
    const state = visible(first!.slice(0, MESSAGE_CHARS_MAX));
    const message = `Cannot read ${path}: ${state}\n${excerptAt(text, offsetOf(text, cause))}`;
    const code = state.includes("nested") ? "TOML_DEPTH" : "TOML_SYNTAX";
    throw new GateError(code, message, { place: { path, line, column }, cause });
  }
}

function offsetOf(text: string, { line, column }: Position): number {
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
}

function toNode(value: unknown, source: Source, depth: number): Node {
  if (typeof value !== "object" || value === null || value instanceof TomlDate)
    return toScalar(value, source);
  // A table's name nests as deep as it is long, and the reader's own limit counts only brackets.
  if (depth >= TOML_DEPTH_MAX) {
    throw refusal("TOML_DEPTH", source.path, `nested deeper than the limit of ${TOML_DEPTH_MAX}`);
  }
  if (Array.isArray(value)) {
    return { kind: "list", items: value.map((item) => toNode(item, source, depth + 1)), at: AT };
  }
  const entries = Object.entries(value).map(
    ([key, member]) => [key, { at: AT, value: toNode(member, source, depth + 1) }] as const,
  );
  return { kind: "map", entries: new Map(entries), at: AT };
}

function toScalar(value: unknown, source: Source): Node {
  const text = value instanceof TomlDate ? value.toISOString() : String(value);
  return { kind: "scalar", value: toScalarValue(value, text, source), text, at: AT };
}

function toScalarValue(value: unknown, text: string, source: Source): Scalar {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof TomlDate) return text;
  const number = Number(value);
  const isWhole = typeof value === "bigint";
  if (Number.isFinite(number) && (!isWhole || Number.isSafeInteger(number))) return number === 0 ? 0 : number;
  // The reader gives infinity for `1e999`, too; it is meant only where it is written.
  if (isWhole || (!Number.isNaN(number) && !source.text.includes("inf"))) {
    const state = `a number reads as ${text} and is out of range, limit for whole numbers is 2^53 - 1`;
    throw refusal("TOML_NUMBER_RANGE", source.path, state);
  }
  return { nonFinite: Number.isNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity" };
}

function refusal(code: string, path: string, state: string): GateError {
  return new GateError(code, `Cannot read ${path}: ${state}`, { place: { path, line: 1 } });
}
