import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import { type Json, list, type Members, members, SCHEMAS } from "./description.ts";

/** Words of OpenAPI 3.0 that JSON Schema does not have, turned into what they mean. */
export function toJsonSchema(schema: Json): Json {
  const { nullable, ...rest } = members(schema);
  const converted: Members = {};
  for (const [keyword, value] of Object.entries(rest)) converted[keyword] = convertKeyword(keyword, value);
  return nullable === true ? orNull(converted) : converted;
}

function convertKeyword(keyword: string, value: Json): Json {
  switch (keyword) {
    case "properties":
      // Names of properties, which may be words like "nullable".
      return Object.fromEntries(
        Object.entries(members(value)).map(([name, each]) => [name, toJsonSchema(each)]),
      );
    case "allOf":
    case "anyOf":
    case "oneOf":
      return list(value).map(toJsonSchema);
    case "items":
    case "not":
      return toJsonSchema(value);
    case "additionalProperties":
      return typeof value === "boolean" ? value : toJsonSchema(value);
    default:
      return value;
  }
}

function orNull(schema: Members): Members {
  const { type, enum: values } = schema;
  const simple = typeof type === "string" && !("allOf" in schema || "anyOf" in schema || "oneOf" in schema);
  if (!simple) return { anyOf: [{ type: "null" }, schema] };
  const words = values === undefined || list(values).includes(null) ? values : [...list(values), null];
  return { ...schema, type: [type, "null"], ...(words !== undefined && { enum: words }) };
}

const AJV = new Ajv({
  strict: false,
  allErrors: true,
  inlineRefs: false,
  code: { optimize: false },
  validateSchema: false,
  logger: false,
});
formats.default(AJV);
// Bots have brackets in their addresses, which the usual pattern does not know.
AJV.addFormat("email", /^[^\s@]+@[^\s@]+$/);
// GitHub's own: `owner/repo`, seconds or a date, and bytes.
for (const name of ["repo.nwo", "timestamp", "binary"]) AJV.addFormat(name, true);
AJV.addSchema({
  $id: "github",
  components: {
    schemas: Object.fromEntries(
      Object.entries(SCHEMAS).map(([name, schema]) => [name, toJsonSchema(schema)]),
    ),
  },
});

// Compiled when first asked for: one operation takes 50 to 300 ms, all of them 11 s.
const COMPILED = new Map<Members, ValidateFunction>();

/** What is wrong with `value`, each a sentence that starts with `what`; empty if nothing. */
export function schemaProblems(schema: Members, value: unknown, what: string): string[] {
  let validate = COMPILED.get(schema);
  if (validate === undefined) {
    validate = AJV.compile(absolute(toJsonSchema(schema)));
    COMPILED.set(schema, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${what}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** References inside the shared document are relative to it; those of a schema on its own need its name. */
function absolute(schema: Json): Members {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "$ref" && typeof value === "string" ? value.replace(/^#/, "github#") : value,
  );
}
