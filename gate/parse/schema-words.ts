import { quote, visible } from "./excerpt.ts";
import type { Node } from "./node.ts";
import type { Schema } from "./schema-tree.ts";

const WORDS_MAX = 12;
/** Of the words that a value may be: who looks for theirs has to see all. */
const CHOICES_MAX = 24;
const NUMBER_CHARS_MAX = 40;

const TYPES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  integer: "a whole number",
  null: "null",
  number: "a number",
  object: "a map",
  string: "text",
};

const FORMATS: Readonly<Record<string, string>> = {
  date: "a date such as 2026-01-31",
  "date-time": "a date and time such as 2026-01-31T12:00:00Z",
  email: "an e-mail address",
  regex: "a regular expression",
  uri: "a URI such as https://example.com/a",
};

/** What a schema asks for, in words: `a number from 0 to 1`, `one of "block", "warn", "info"`. */
export function describe(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum))
    return oneOf(
      schema.enum.map((value) => JSON.stringify(value)),
      CHOICES_MAX,
    );
  const types = [schema.type ?? impliedTypes(schema)].flat().map(String);
  return types.map((type) => describeType(type, schema)).join(" or ") || "something else";
}

/** The types that the keywords of a schema are about, where `type` is left to a schema around it. */
function impliedTypes(schema: Schema): string[] {
  const about = {
    string: ["pattern", "format", "minLength", "maxLength"],
    object: ["properties", "required"],
  };
  return Object.entries(about).flatMap(([type, keywords]) =>
    keywords.some((word) => word in schema) ? [type] : [],
  );
}

function describeType(type: string, schema: Schema): string {
  const word = TYPES[type] ?? type;
  switch (type) {
    case "number":
    case "integer":
      return [word, range(schema), multiple(schema)].filter((part) => part !== "").join(" ");
    case "string":
      return text(schema);
    case "array":
      return `${word}${bounds(schema.minItems, schema.maxItems, "item")}`;
    case "object":
      return `${word}${bounds(schema.minProperties, schema.maxProperties, "key")}`;
    default:
      return word;
  }
}

function range(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return `from ${minimum} to ${maximum}`;
  const parts = [
    minimum === undefined ? "" : `of at least ${minimum}`,
    exclusiveMinimum === undefined ? "" : `above ${exclusiveMinimum}`,
    maximum === undefined ? "" : `of at most ${maximum}`,
    exclusiveMaximum === undefined ? "" : `below ${exclusiveMaximum}`,
  ];
  return parts.filter((part) => part !== "").join(" and ");
}

function multiple({ multipleOf }: Schema): string {
  return multipleOf === undefined ? "" : `that is a multiple of ${multipleOf}`;
}

function text(schema: Schema): string {
  const { format, pattern, minLength, maxLength } = schema;
  if (format !== undefined) return FORMATS[String(format)] ?? `text in the form ${format}`;
  if (pattern !== undefined) return `text that matches ${pattern}`;
  if (minLength === 1 && maxLength === undefined) return "text that is not empty";
  return `text${bounds(minLength, maxLength, "character")}`;
}

function bounds(least: unknown, most: unknown, unit: string): string {
  if (least !== undefined && most !== undefined) return ` of ${least} to ${count(most, unit)}`;
  if (least !== undefined) return ` of at least ${count(least, unit)}`;
  return most === undefined ? "" : ` of at most ${count(most, unit)}`;
}

function count(number: unknown, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

/** `one of a, b, c`, cut off after so many. */
export function oneOf(words: readonly string[], most = WORDS_MAX): string {
  const shown = words.length > most ? [...words.slice(0, most), "…"] : words;
  return shown.length === 1 ? shown[0]! : `one of ${shown.join(", ")}`;
}

/** What stands in the document, short and safe to print. */
export function describeNode(node: Node): string {
  if (node.kind === "map") return `a map of ${count(node.entries.size, "key")}`;
  if (node.kind === "list") return `a list of ${count(node.items.length, "item")}`;
  if (typeof node.value === "string") return quote(node.value);
  if (node.value === null) return "null";
  if (typeof node.value === "object") return node.value.nonFinite;
  return visible(node.text.slice(0, NUMBER_CHARS_MAX));
}

/** `gates[0].with.min`; `the document` for the root. */
export function describePath(path: readonly string[], root: Node): string {
  let words = "";
  let node: Node | undefined = root;
  for (const step of path) {
    if (node?.kind === "list") {
      words += `[${step}]`;
      node = node.items[Number(step)];
    } else {
      words += /^[A-Za-z_][\w-]{0,63}$/.test(step) ? `${words === "" ? "" : "."}${step}` : `[${quote(step)}]`;
      node = node?.kind === "map" ? node.entries.get(step)?.value : undefined;
    }
  }
  return words === "" ? "the document" : words;
}
