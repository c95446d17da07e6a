import { printYaml } from "../gate/policy/print.ts";
import { code, flow, table } from "./markdown.ts";

/** A JSON Schema of ours, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** What a schema says of its file, as Markdown: an example, then a table for each object in it. */
export function fileReference(path: string, root: Schema, isOwnPart: (name: string) => boolean): string {
  return [
    `## ${code(path)}`,
    String(root.description),
    ...wholeExample(root),
    ...objectTables(root, root, { prefix: "", depth: 3 }),
    ...partReferences(root, isOwnPart),
  ].join("\n\n");
}

/** A section for each definition that other keys refer to by its name. */
export function partReferences(root: Schema, isWanted: (name: string) => boolean): readonly string[] {
  return Object.entries(asMap(root.$defs))
    .filter(([name, value]) => isWanted(name) && isObject(asMap(value)))
    .flatMap(([name, value]) => [
      `### ${partTitle(name)}`,
      String(asMap(value).description),
      ...objectTables(root, asMap(value), { prefix: "", depth: 4 }),
    ]);
}

export function asMap(value: unknown): Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function wholeExample({ examples }: Schema): readonly string[] {
  const [first] = Array.isArray(examples) ? examples : [];
  return first === undefined ? [] : [`\`\`\`yaml\n${printYaml(asMap(first))}\`\`\``];
}

/** The keys of an object, then those of the objects right inside it. */
function objectTables(
  root: Schema,
  schema: Schema,
  { prefix, depth }: { prefix: string; depth: number },
): readonly string[] {
  const properties = Object.entries(asMap(schema.properties)).map(([key, value]) => {
    return { key, property: resolved(root, asMap(value)), isReference: "$ref" in asMap(value) };
  });
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const rows = properties.map(({ key, property }) => [
    code(`${prefix}${key}`),
    required.has(key) ? "yes" : "",
    meaning(root, property),
    shortExample(property),
  ]);
  const inner = properties.flatMap(({ key, property, isReference }) => {
    const item = property.type === "array" ? asMap(property.items) : property;
    if (isReference || "$ref" in item || !isObject(item)) return [];
    const name = `${prefix}${key}${property.type === "array" ? "[]" : ""}`;
    const below = objectTables(root, item, { prefix: `${name}.`, depth: depth + 1 });
    return [`${"#".repeat(depth)} ${code(name)}`, ...below];
  });
  return rows.length === 0 ? [] : [table(["Key", "Required", "Meaning", "Example"], rows), ...inner];
}

function meaning(root: Schema, property: Schema): string {
  const item = property.type === "array" ? resolved(root, asMap(property.items)) : property;
  const words = Array.isArray(item.enum) ? item.enum.map((word) => code(String(word))).join(", ") : "";
  const { part } = item;
  const see = typeof part === "string" && isObject(item) ? ` See ${link(partTitle(part))}.` : "";
  return `${property.description ?? ""}${words === "" ? "" : ` One of ${words}.`}${see}`;
}

/** The schema with what it refers to; `part` is the name of the definition. */
function resolved(root: Schema, schema: Schema): Schema {
  if (typeof schema.$ref !== "string") return schema;
  const part = schema.$ref.replace("#/$defs/", "");
  return { ...asMap(asMap(root.$defs)[part]), ...schema, part };
}

function isObject({ type, properties }: Schema): boolean {
  return type === "object" && properties !== undefined;
}

const EXAMPLE_CHARS_MAX = 120;

function shortExample({ examples }: Schema): string {
  const [first] = Array.isArray(examples) ? examples : [];
  const text = first === undefined ? "" : flow(first);
  return text.length === 0 || text.length > EXAMPLE_CHARS_MAX ? "" : code(text);
}

/** `testVector` as `A test vector`, `givenMetric` as `Given: metric`. */
function partTitle(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (words === "given") return "The situation of a test vector";
  return words.startsWith("given ") ? words.replace("given ", "Given: ") : `A ${words}`;
}

function link(title: string): string {
  const anchor = title.toLowerCase().replace(/[^a-z0-9 -]/g, "");
  return `[${title}](#${anchor.replaceAll(" ", "-")})`;
}
