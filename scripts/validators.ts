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

/** An error object in generated code. Nobody reads them, and they are two thirds of it. */
const ERROR = /\{instancePath:[^\n;]*?,params:\{[^{};]*\}\}/g;

/**
 * The published schemas and those of each rule's arguments. Without the schema of packs: those that come with
 * Weighbridge fit, and one that comes from elsewhere has taken longer to fetch than its schema takes to compile.
 */
export function schemasToPrebuild(): readonly object[] {
  const names = readdirSync(FOLDER).filter(
    (name) => name.endsWith(".schema.json") && !name.startsWith("pack."),
  );
  const published = names.sort().map((name): object => JSON.parse(readFileSync(join(FOLDER, name), "utf8")));
  return [...published, ...[...ARGUMENT_SCHEMAS.values()].flatMap(({ whole, part }) => [whole, part])];
}

/**
 * Code of a function that takes an object and puts a validator on it for each schema, by the schema's key: yes or
 * no, and nothing to explain it.
 */
export function validatorsCode(schemas: readonly object[]): string {
  const ajv = createAjv();
  const keys = new Map(schemas.map((schema) => [schemaKey(schema), schema]));
  for (const [key, schema] of keys) ajv.addSchema(bare(schema), key);
  const exported = Object.fromEntries([...keys.keys()].map((key) => [`v${key}`, key]));
  // CommonJS, for it may ask for the library's own helpers, which are.
  return `(exports, module) => {
${standalone(ajv, exported).replaceAll(ERROR, "0")}
}`;
}

/** Without what only people read: the generated code would carry it along. A property may have such a name, too. */
function bare(schema: object): object {
  const isProse = (key: string, value: unknown) =>
    ((key === "description" || key === "title" || key === "$id") && typeof value === "string") ||
    (key === "examples" && Array.isArray(value));
  return JSON.parse(JSON.stringify(schema, (key, value) => (isProse(key, value) ? undefined : value)));
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
    code: { source: true, lines: false },
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
