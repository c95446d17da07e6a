import { quote } from "./excerpt.ts";
import { nearest, nearestPart } from "./nearest.ts";
import { type Node, nodeAt, type Position } from "./node.ts";
import { findExample } from "./schema-example.ts";
import { asSchema, knownKeys, pointerSteps, type Schema, stepsTo } from "./schema-tree.ts";
import { describe, describeNode, oneOf } from "./schema-words.ts";

export type SchemaProblemCode =
  | "SCHEMA_MISSING_KEY"
  | "SCHEMA_NOT_FINITE"
  | "SCHEMA_TYPE"
  | "SCHEMA_UNKNOWN_KEY"
  | "SCHEMA_VALUE";

/** The part of a validator's verbose error that is used here. */
export interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The key that is at fault, in the errors below `propertyNames`. */
  readonly propertyName?: string;
  /** Value of the keyword, and the schema node that it stands in. */
  readonly schema?: unknown;
  readonly parentSchema?: Schema;
}

export interface SchemaContext {
  readonly schema: Schema;
  readonly root: Node;
  readonly path: string;
}

/** A problem before it becomes a sentence. */
export interface Draft {
  readonly code: SchemaProblemCode;
  readonly keyword: string;
  /** Path of the value, or of the map that a key is missing from or too much in. */
  readonly steps: readonly string[];
  /** The key that is missing. */
  readonly key?: string;
  readonly at: Position;
  readonly expected: string;
  readonly found: string;
  readonly schemaNode: Schema | undefined;
  readonly suggestion?: string | undefined;
  readonly example?: string | undefined;
}

const UNKNOWN_KEY: ReadonlySet<string> = new Set(["additionalProperties", "unevaluatedProperties"]);
const MISSING_KEY: ReadonlySet<string> = new Set(["required", "dependentRequired"]);

/** What one error of the validator says, about which place. */
export function toDraft(error: SchemaError, context: SchemaContext): Draft {
  const steps = pointerSteps(error.instancePath);
  const node = nodeAt(context.root, steps) ?? context.root;
  const schemaNode = error.parentSchema;
  const subject = { keyword: error.keyword, steps, at: node.at, found: describeNode(node), schemaNode };
  const unknown = unknownKey(error);
  if (unknown !== undefined) return { ...subject, ...toUnknownKey(unknown, node, error, context) };
  if (MISSING_KEY.has(error.keyword)) {
    const missing = String(error.params.missingProperty);
    const example = exampleFor(error, steps, context, missing);
    return {
      ...subject,
      code: "SCHEMA_MISSING_KEY",
      key: missing,
      expected: `the key ${quote(missing)}`,
      example,
    };
  }
  const example = exampleFor(error, steps, context);
  return {
    ...subject,
    code: codeOf(error, node),
    expected: expectedBy(error),
    suggestion: meantBy(error, node),
    example,
  };
}

/** The key that may not stand in a map, of the errors that are about one. */
function unknownKey({ keyword, params }: SchemaError): string | undefined {
  if (UNKNOWN_KEY.has(keyword)) return String(params.additionalProperty ?? params.unevaluatedProperty);
  return keyword === "propertyNames" ? String(params.propertyName) : undefined;
}

function toUnknownKey(key: string, map: Node, error: SchemaError, { schema }: SchemaContext) {
  const names = asSchema(error.schema) ?? {};
  const known = knownKeys(error.keyword === "propertyNames" ? names : (error.parentSchema ?? {}), schema);
  const entries = map.kind === "map" ? map.entries : undefined;
  return {
    code: "SCHEMA_UNKNOWN_KEY" as const,
    at: entries?.get(key)?.at ?? map.at,
    found: `key ${quote(key)}`,
    expected:
      known.length > 0 ? oneOf(known) : error.keyword === "propertyNames" ? describe(names) : "no such key",
    suggestion: nearest(
      key,
      known.filter((name) => !entries?.has(name)),
    ),
  };
}

function codeOf({ keyword, parentSchema, schema }: SchemaError, node: Node): SchemaProblemCode {
  const isNonFinite = node.kind === "scalar" && typeof node.value === "object" && node.value !== null;
  const types = [parentSchema?.type].flat();
  if (isNonFinite && (types.includes("number") || types.includes("integer"))) return "SCHEMA_NOT_FINITE";
  if (keyword === "type") return "SCHEMA_TYPE";
  if (keyword !== "const" && keyword !== "enum") return "SCHEMA_VALUE";
  const isOfType = [schema]
    .flat()
    .some((value) => node.kind === "scalar" && typeof value === typeof node.value);
  return isOfType ? "SCHEMA_VALUE" : "SCHEMA_TYPE";
}

function expectedBy({ keyword, params, parentSchema = {} }: SchemaError): string {
  switch (keyword) {
    case "uniqueItems":
      return "a list without duplicates";
    case "contains":
      return `a list with ${describe(asSchema(parentSchema.contains) ?? {})}`;
    case "false schema":
      return "nothing here";
    case "items":
    case "additionalItems":
    case "unevaluatedItems":
      return `a list of at most ${params.limit ?? params.len} items`;
    default:
      return describe(parentSchema);
  }
}

/** The word of a list of words that was meant. */
function meantBy({ keyword, schema }: SchemaError, node: Node): string | undefined {
  if (keyword !== "enum" || !Array.isArray(schema)) return undefined;
  if (node.kind !== "scalar" || typeof node.value !== "string") return undefined;
  const words = schema.filter((word) => typeof word === "string");
  return nearest(node.value, words) ?? nearestPart(node.value, words);
}

function exampleFor(
  error: SchemaError,
  steps: readonly string[],
  { schema, path }: SchemaContext,
  missing?: string,
) {
  // Not by the error's own schema path, which begins anew at each reference.
  const schemaSteps = stepsTo(error.parentSchema, schema);
  const key = missing === undefined ? [] : [missing];
  const below = missing === undefined ? [] : ["properties", missing];
  return findExample({
    root: schema,
    schemaSteps: [...schemaSteps, ...below],
    steps: [...steps, ...key],
    json: path.endsWith(".json"),
  });
}
