import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ErrorObject } from "ajv";
import { sha256Of } from "../../gate/parse/canonical.ts";
import { type Json, list, type Members, members, SCHEMAS } from "./description.ts";

/** Words of OpenAPI 3.0 that JSON Schema does not have, turned into what they mean. */
export function toJsonSchema(schema: Json): Json {
  const { nullable, ...rest } = members(schema);
  const converted: Members = {};
  for (const [keyword, value] of Object.entries(rest)) {
    const meant = convertKeyword(keyword, value);
    if (meant !== undefined) converted[keyword] = meant;
  }
  if (rest.format === "email") converted.pattern = EMAIL;
  return nullable === true ? orNull(converted) : converted;
}

function convertKeyword(keyword: string, value: Json): Json | undefined {
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
    case "format":
      return FORMATS.has(String(value)) ? undefined : value;
    default:
      return value;
  }
}

/** GitHub's own: `owner/repo`, seconds or a date, and bytes. Addresses have brackets where a bot has one. */
const FORMATS: ReadonlySet<string> = new Set(["repo.nwo", "timestamp", "binary", "email"]);
const EMAIL = String.raw`^[^\s@]+@[^\s@]+$`;

function orNull(schema: Members): Members {
  const { type, enum: values } = schema;
  const simple = typeof type === "string" && !("allOf" in schema || "anyOf" in schema || "oneOf" in schema);
  if (!simple) return { anyOf: [{ type: "null" }, schema] };
  const words = values === undefined || list(values).includes(null) ? values : [...list(values), null];
  return { ...schema, type: [type, "null"], ...(words !== undefined && { enum: words }) };
}

const require = createRequire(import.meta.url);

interface Validate {
  (value: unknown): boolean;
  readonly errors?: readonly ErrorObject[] | null;
}

const COMPILED = new Map<Members, Validate>();

/** What is wrong with `value`, each a sentence that starts with `what`; empty if nothing. */
export function schemaProblems(schema: Members, value: unknown, what: string): string[] {
  const validate = COMPILED.get(schema) ?? validatorOf(absolute(toJsonSchema(schema)));
  COMPILED.set(schema, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${what}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** Compiled validators, by what they were made from: an operation takes 50 to 300 ms, and every test process asks a dozen. */
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/openapi/", import.meta.url));
const MADE_FROM = ["openapi.json", "schema.ts", "../../package-lock.json"].map((name) =>
  sha256Of(readFileSync(new URL(name, import.meta.url))),
);

function validatorOf(schema: Members): Validate {
  const digest = sha256Of(Buffer.from(JSON.stringify([...MADE_FROM, schema]))).slice("sha256:".length);
  const file = join(CACHE, `${digest}.cjs`);
  try {
    return require(file);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "MODULE_NOT_FOUND")) throw cause;
  }
  mkdirSync(CACHE, { recursive: true });
  // Another process may be at the same: each writes a file of its own, and the names come one after the other.
  const own = `${file}.${process.pid}`;
  writeFileSync(own, codeOf(schema));
  renameSync(own, file);
  return require(file);
}

let ajv: import("ajv").Ajv | undefined;

function codeOf(schema: Members): string {
  const standalone: typeof import("ajv/dist/standalone/index.js").default =
    require("ajv/dist/standalone").default;
  ajv ??= createAjv();
  return standalone(ajv, ajv.compile(schema));
}

function createAjv(): import("ajv").Ajv {
  const { Ajv }: typeof import("ajv") = require("ajv");
  const addFormats: typeof import("ajv-formats").default = require("ajv-formats");
  const created = new Ajv({
    strict: false,
    allErrors: true,
    inlineRefs: false,
    code: { optimize: false, source: true },
    validateSchema: false,
    logger: false,
  });
  addFormats(created);
  const schemas = Object.entries(SCHEMAS).map(([name, schema]) => [name, toJsonSchema(schema)]);
  return created.addSchema({ $id: "github", components: { schemas: Object.fromEntries(schemas) } });
}

/** References inside the shared document are relative to it; those of a schema on its own need its name. */
function absolute(schema: Json): Members {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "$ref" && typeof value === "string" ? value.replace(/^#/, "github#") : value,
  );
}
