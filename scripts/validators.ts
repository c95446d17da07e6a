import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ajvModule, { _ } from "ajv/dist/2020.js";
import standaloneModule from "ajv/dist/standalone/index.js";
import formatsModule from "ajv-formats";
import type { Plugin } from "esbuild";
import { areUnique } from "../gate/parse/unique-items.ts";
import { ARGUMENT_SCHEMAS } from "../gate/policy/argument-schema.ts";

// All are CommonJS; what `default` is depends on who loads them.
const Ajv2020 = ajvModule.default ?? ajvModule;
const addFormats = formatsModule.default ?? formatsModule;
const standalone = standaloneModule.default ?? standaloneModule;

const FOLDER = fileURLToPath(new URL("../policies/schema/", import.meta.url));

/** An error object in generated code. Nobody reads them, and they are two thirds of it. */
const ERROR = /\{instancePath:[^\n;]*?,params:\{[^{};]*\}\}/g;

/** Every schema that a document can be held against: the published ones, and the arguments of each rule. */
export function allSchemas(): readonly object[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".schema.json"));
  const published = files.sort().map((name): object => JSON.parse(readFileSync(join(FOLDER, name), "utf8")));
  return [...published, ...[...ARGUMENT_SCHEMAS.values()].flatMap(({ whole, part }) => [whole, part])];
}

/** The module that stands in the bundle for `gate/parse/quick-check.ts`: yes or no, and nothing to explain it. */
export function quickCheckModule(schemas: readonly object[]): string {
  const ajv = createAjv();
  const names = new Map(schemas.map((schema) => [keyOf(schema), schema]));
  const exported: Record<string, string> = {};
  for (const [key, schema] of names) {
    ajv.addSchema(bare(schema), key);
    exported[`v${key}`] = key;
  }
  // Generated as CommonJS: it may ask for the library's own helpers, which are.
  return `const { createHash } = require("node:crypto");
const validators = {};
(function (exports, module) {
${standalone(ajv, exported).replaceAll(ERROR, "0")}
})(validators, {});
const keys = new WeakMap();
function keyOf(schema) {
  const known = keys.get(schema);
  if (known !== undefined) return known;
  const key = createHash("sha256").update(JSON.stringify(schema)).digest("hex");
  keys.set(schema, key);
  return key;
}
exports.quickCheck = (schema, instance) => validators["v" + keyOf(schema)]?.(instance);
`;
}

/** A schema is known by its text. */
function keyOf(schema: object): string {
  return createHash("sha256").update(JSON.stringify(schema)).digest("hex");
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

const QUICK_CHECK = /quick-check\.ts$/;
const LAZY = /^(?:ajv\/dist\/2020\.js|ajv-formats)$/;

/**
 * Puts the generated validators into the bundle, and makes it evaluate the schema compiler when it is first used:
 * a package that is imported would be evaluated at the start.
 */
export const quickChecks: Plugin = {
  name: "quick-checks",
  setup(build) {
    build.onResolve({ filter: QUICK_CHECK }, ({ path, resolveDir }) => ({
      path,
      namespace: "generated",
      pluginData: resolveDir,
    }));
    build.onLoad({ filter: /./, namespace: "generated" }, ({ pluginData }) => ({
      contents: quickCheckModule(allSchemas()),
      loader: "js",
      resolveDir: pluginData,
    }));
    build.onResolve({ filter: LAZY }, ({ path, kind, resolveDir }) =>
      kind === "import-statement" ? { path, namespace: "lazy", pluginData: resolveDir } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "lazy" }, ({ path, pluginData }) => ({
      contents: `Object.defineProperty(exports, "default", { get: () => require(${JSON.stringify(path)}).default });`,
      loader: "js",
      resolveDir: pluginData,
    }));
  },
};
