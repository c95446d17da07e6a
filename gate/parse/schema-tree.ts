/** A JSON Schema, or a part of one, of our own: trusted, unlike the document. */
export type Schema = Readonly<Record<string, unknown>>;

/** Keywords whose schemas judge the same value as the schema that they stand in. */
const IN_PLACE = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "propertyNames"] as const;
/** Keywords whose schema judges what is one step below, whichever step it is. */
const BELOW = [
  "additionalProperties",
  "unevaluatedProperties",
  "items",
  "unevaluatedItems",
  "contains",
] as const;

export function asSchema(value: unknown): Schema | undefined {
  return typeof value === "object" && value !== null ? (value as Schema) : undefined;
}

/** The schema that a local reference `#/…` in a schema leads to, or else that schema itself. */
export function follow(schema: Schema, root: Schema): Schema {
  if (typeof schema.$ref !== "string") return schema;
  return schemaAt(root, pointerSteps(decodeURIComponent(schema.$ref))) ?? schema;
}

export function schemaAt(root: Schema, steps: readonly string[]): Schema | undefined {
  let part: unknown = root;
  for (const step of steps) part = memberOf(part, step);
  return asSchema(part);
}

/** Only own members: a step may come from a document, and be `constructor`. */
function memberOf(value: unknown, key: string): unknown {
  const schema = asSchema(value);
  return schema !== undefined && Object.hasOwn(schema, key) ? schema[key] : undefined;
}

/** Steps of a JSON Pointer (RFC 6901), with or without the `#` of its fragment form. */
export function pointerSteps(pointer: string): string[] {
  const [, ...steps] = pointer.split("/");
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Every schema node that has a say, by a schema, on the value some steps below. */
export function schemasAt(schema: unknown, steps: readonly string[], root: Schema): ReadonlySet<unknown> {
  let nodes = inPlace([schema], root);
  for (const step of steps)
    nodes = inPlace(
      [...nodes].flatMap((node) => oneBelow(node, step)),
      root,
    );
  return nodes;
}

function inPlace(schemas: readonly unknown[], root: Schema): ReadonlySet<Schema> {
  const nodes = new Set<Schema>();
  const open = [...schemas];
  while (open.length > 0) {
    const node = asSchema(open.pop());
    if (node === undefined || nodes.has(node)) continue;
    nodes.add(node);
    open.push(follow(node, root), ...IN_PLACE.flatMap((keyword) => node[keyword]));
  }
  return nodes;
}

function oneBelow(schema: Schema, step: string): unknown[] {
  const named = [memberOf(schema.properties, step), memberOf(schema.prefixItems, step)];
  return [
    ...named,
    ...Object.values(schema.patternProperties ?? {}),
    ...BELOW.map((keyword) => schema[keyword]),
  ];
}

/** Keys that a schema knows for a map, its branches and references included. */
export function knownKeys(schema: Schema, root: Schema): string[] {
  return [...inPlace([schema], root)].flatMap((node) => Object.keys(node.properties ?? {}));
}

const placesIn = new WeakMap<Schema, ReadonlyMap<unknown, readonly string[]>>();

/** The path of a node of a schema, by identity; empty for what is no part of it. */
export function stepsTo(node: unknown, root: Schema): readonly string[] {
  const places = placesIn.get(root) ?? placesOfNodes(root);
  placesIn.set(root, places);
  return places.get(node) ?? [];
}

function placesOfNodes(root: Schema): ReadonlyMap<unknown, readonly string[]> {
  const places = new Map<unknown, readonly string[]>([[root, []]]);
  // A Map gives what is added to it during the walk, too.
  for (const [node, steps] of places) {
    for (const [key, value] of Object.entries(asSchema(node) ?? {})) {
      if (asSchema(value) !== undefined && !places.has(value)) places.set(value, [...steps, key]);
    }
  }
  return places;
}
