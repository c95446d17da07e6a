import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ajvModule, { _ } from "ajv/dist/2020.js";
import standaloneModule from "ajv/dist/standalone/index.js";
import formatsModule from "ajv-formats";
import { schemaKey } from "../gate/parse/quick-check.ts";
import { areUnique } from "../gate/parse/unique-items.ts";
import { ARGUMENT_SCHEMAS } from "../gate/policy/argument-schema.ts";

// All are CommonJS; what `default` is depends on who loads them.
const Ajv2020 = ajvModule.default ?? ajvModule;
const addFormats = formatsModule.default ?? formatsModule;
const standalone = standaloneModule.default ?? standaloneModule;

const FOLDER = fileURLToPath(new URL("../policies/schema/", import.meta.url));

const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
/** An error object in generated code. Nobody reads them, and they are two thirds of it. */
const ERROR = new RegExp(
  String.raw`\{instancePath(?::[^;{}]*?)?,schemaPath:${STRING},keyword:"\w+",params:\{(?:[^{};"]|${STRING})*\}\}`,
  "g",
);

/** Those that stand elsewhere in the bundle, or nowhere. */
const APART: ReadonlySet<string> = new Set(["decision.schema.json", "pack.schema.json"]);

/**
 * The published schemas and those of each rule's arguments. Without the schema of packs: those that come with
 * Weighbridge fit, and one that comes from elsewhere has taken longer to fetch than its schema takes to compile.
 * Without that of decision records, too: what judges a change reads none, and should not carry it.
 */
export function schemasToPrebuild(): readonly object[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".schema.json") && !APART.has(name));
  const published = names.sort().map(readSchema);
  return [...published, ...[...ARGUMENT_SCHEMAS.values()].flatMap(({ whole, part }) => [whole, part])];
}

export function decisionSchema(): object {
  return readSchema("decision.schema.json");
}

function readSchema(name: string): object {
  return withoutProse(JSON.parse(readFileSync(join(FOLDER, name), "utf8")));
}

/** Schemas that ask for what two others ask for: their validators need no code of their own. */
const BOTH = new Map(
  [...ARGUMENT_SCHEMAS.values()].map(({ whole, part, demands }) => [schemaKey(whole), [part, demands]]),
);

/** Code of an ES module that exports a validator for each schema: yes or no, and nothing to explain it. */
export function validatorsCode(schemas: readonly object[], exported: string): string {
  const ajv = createAjv();
  const simple = new Map<string, object>();
  for (const schema of schemas.flatMap((each) => BOTH.get(schemaKey(each)) ?? [each])) {
    simple.set(schemaKey(schema), schema);
  }
  for (const [key, schema] of simple) ajv.addSchema(bare(schema), key);
  const names = new Map([...simple.keys()].map((key) => [`v${key}`, key]));
  const entries = schemas.map(schemaKey).map((key) => {
    const both = BOTH.get(key)?.map((schema) => `v${schemaKey(schema)}(x)`);
    return `["${key}", ${both === undefined ? `v${key}` : `(x) => ${both.join(" && ")}`}]`;
  });
  return `${standalone(ajv, Object.fromEntries(names)).replaceAll(ERROR, "0")}
export const ${exported} = new Map([${entries.join(", ")}]);
`;
}

/** A schema as the bundle has it: without the sentences that only editors show. A property may have such a name, too. */
export function withoutProse(schema: object): object {
  return without(schema, (key, value) => key === "description" && typeof value === "string");
}

/**
 * Without all that does not refuse anything: the generated code would carry it along. Test vectors are refused as a
 * whole, which leaves them to the full check: their schema is half of all, and few policies bring any.
 */
function bare(schema: object): object {
  const isProse = (key: string, value: unknown) =>
    ((key === "title" || key === "$id") && typeof value === "string") ||
    (key === "examples" && Array.isArray(value));
  const lean = without(withoutProse(schema), isProse);
  return JSON.parse(JSON.stringify(lean, (key, value) => (key === "test_vectors" ? false : value)));
}

function without(schema: object, isLeftOut: (key: string, value: unknown) => boolean): object {
  return JSON.parse(JSON.stringify(schema, (key, value) => (isLeftOut(key, value) ? undefined : value)));
}

/** As `gate/parse/schema.ts` has it, but that it stops at the first refusal. */
function createAjv() {
  const ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    strictRequired: false,
    validateSchema: false,
    messages: false,
    inlineRefs: false,
    // At the top level of a module, the bundler leaves out the constants that nothing uses.
    code: { source: true, esm: true, lines: false },
  });
  addFormats(ajv);
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    code(context) {
      if (context.schema !== true) return;
      const code = _`require("./unique-items.ts").areUnique`;
      const check = context.gen.scopeValue("func", { ref: areUnique, code });
      context.pass(_`${check}(${context.data})`);
    },
  });
  return ajv;
}
