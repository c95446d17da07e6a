import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { packTree, textKey } from "../gate/parse/known-tree.ts";
import type { TREES } from "../gate/parse/prebuilt.ts";
import { schemaKey } from "../gate/parse/quick-check.ts";
import { assertSchema } from "../gate/parse/schema.ts";
import { parseYaml } from "../gate/parse/yaml.ts";
import packSchema from "../policies/schema/pack.schema.json" with { type: "json" };
import { schemasToPrebuild, validatorsCode, withoutProse } from "./validators.ts";

const PACKS = fileURLToPath(new URL("../policies/packs/", import.meta.url));

/** What stands in the bundle for `gate/parse/prebuilt.ts`: validators for our schemas, the trees of our packs. */
export const prebuilt: Plugin = {
  name: "prebuilt",
  setup(build) {
    build.onLoad({ filter: /gate\/parse\/prebuilt\.ts$/ }, () => ({
      contents: prebuiltModule(),
      loader: "js",
    }));
    build.onLoad({ filter: /policies\/schema\/[\w.-]+\.json$/ }, ({ path }) => ({
      contents: JSON.stringify(withoutProse(JSON.parse(readFileSync(path, "utf8")))),
      loader: "json",
    }));
  },
};

let known: string | undefined;

/** The text of the module, made once. */
export function prebuiltModule(): string {
  known ??= `${validatorsCode(schemasToPrebuild())}
export const TREES = new Map(${JSON.stringify(packTrees())});
`;
  return known;
}

type Entry<T> = T extends ReadonlyMap<infer Key, infer Value> ? readonly [Key, Value] : never;

/** The packs that come with Weighbridge. Throws unless each fits the schema of packs. */
function packTrees(): readonly Entry<typeof TREES>[] {
  const files = readdirSync(PACKS).filter((name) => name.endsWith(".yml"));
  return files.sort().map((name) => {
    const text = readFileSync(join(PACKS, name), "utf8");
    const root = parseYaml(text, name);
    assertSchema(packSchema, root, name);
    return [
      textKey(text),
      { tree: JSON.stringify(packTree(root)), fits: schemaKey(withoutProse(packSchema)) },
    ];
  });
}

/** Plugins of GitHub's client that name every route of its API. The Action asks for four, by their routes. */
export const withoutNames: Plugin = {
  name: "without-names",
  setup(build) {
    build.onResolve({ filter: /^@octokit\/plugin-(?:rest-endpoint-methods|paginate-rest)$/ }, ({ path }) => ({
      path,
      namespace: "unnamed",
    }));
    build.onLoad({ filter: /./, namespace: "unnamed" }, () => ({
      contents: "export const restEndpointMethods = () => ({}); export const paginateRest = () => ({});",
      loader: "js",
    }));
  },
};

/** Packages that a run may not need, by the names that the sources import them under. */
const LAZY = /^(?:ajv\/dist\/2020\.js|ajv-formats)$/;

/**
 * Node's own modules without the listing of all that they export, which an `import` of one has made: that alone loads
 * streams, workers and the like, a tenth of a short run.
 */
export const builtins: Plugin = {
  name: "builtins",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "builtin" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};

/** Evaluates a package when its default export is first read, not at the start: the schema compiler takes longer than most runs. */
export const lazyPackages: Plugin = {
  name: "lazy-packages",
  setup(build) {
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
