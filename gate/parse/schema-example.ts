import { type Schema, schemaAt } from "./schema-tree.ts";

const EXAMPLE_CHARS_MAX = 160;

/** Text that YAML takes for text in a flow collection, too. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z][\w./@-]*(?: [\w./@-]+)*$/i;

export interface ExampleRequest {
  readonly root: Schema;
  /** Path of the schema node that was not met, and of the value that does not meet it. */
  readonly schemaSteps: readonly string[];
  readonly steps: readonly string[];
  /** For a file in JSON rather than YAML. */
  readonly json: boolean;
}

/**
 * A right example from the `examples` of the nearest schema node that has some, for the value or for what holds
 * it, on one line: `severity: block`, or `"severity": "block"` for JSON. Undefined if there is none or it is long.
 */
export function findExample({ root, schemaSteps, steps, json }: ExampleRequest): string | undefined {
  const schema = [...schemaSteps];
  const path = [...steps];
  // Further up, an example shows all but what is wrong.
  while (path.length >= steps.length - 1) {
    const examples = schemaAt(root, schema)?.examples;
    if (Array.isArray(examples) && examples.length > 0) {
      const line = format(path.at(-1), examples[0], json);
      return line.length > EXAMPLE_CHARS_MAX ? undefined : line;
    }
    const last = schema.pop();
    const holder = schema.at(-1);
    // A definition has many places; whose example would it be?
    if (last === undefined || holder === "$defs") return undefined;
    if (holder === "properties" || holder === "patternProperties" || holder === "prefixItems") {
      schema.pop();
      path.pop();
    } else if (last === "items" || last === "additionalProperties") {
      path.pop();
    } else if (holder === "allOf" || holder === "anyOf" || holder === "oneOf") {
      schema.pop();
    }
  }
  return undefined;
}

function format(key: string | undefined, value: unknown, json: boolean): string {
  const shown = json ? JSON.stringify(value) : toFlow(value);
  if (key === undefined) return shown;
  if (/^\d+$/.test(key)) return json ? shown : `- ${shown}`;
  return json ? `${JSON.stringify(key)}: ${shown}` : `${toFlow(key)}: ${shown}`;
}

/** YAML in flow style. */
function toFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toFlow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, member]) => `${toFlow(key)}: ${toFlow(member)}`)
      .join(", ")} }`;
  }
  return typeof value === "string" && PLAIN.test(value) ? value : JSON.stringify(value);
}
