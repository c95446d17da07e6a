import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { type PackedNode, packTree, textKey } from "../gate/parse/known-tree.ts";
import type { TREES } from "../gate/parse/prebuilt.ts";
import { schemaKey } from "../gate/parse/quick-check.ts";
import { assertSchema } from "../gate/parse/schema.ts";
import { parseYaml } from "../gate/parse/yaml.ts";
import packSchema from "../policies/schema/pack.schema.json" with { type: "json" };
import { decisionSchema, schemasToPrebuild, validatorsCode, withoutProse } from "./validators.ts";

const PACKS = fileURLToPath(new URL("../policies/packs/", import.meta.url));

/**
 * What stands in the bundle for `gate/parse/prebuilt.ts`, validators for our schemas and the trees of our packs, and
 * for `gate/parse/prebuilt-decision.ts`.
 */
export const prebuilt: Plugin = {
  name: "prebuilt",
  setup(build) {
    build.onLoad({ filter: /gate\/parse\/prebuilt\.ts$/ }, () => ({
      contents: prebuiltModule(),
      loader: "js",
    }));
    build.onLoad({ filter: /gate\/parse\/prebuilt-decision\.ts$/ }, () => ({
      contents: validatorsCode([decisionSchema()], "DECISION_VALIDATORS"),
      loader: "js",
    }));
    build.onLoad({ filter: /policies\/schema\/[\w.-]+\.json$/ }, ({ path }) => ({
      contents: JSON.stringify(withoutProse(JSON.parse(readFileSync(path, "utf8")))),
      loader: "json",
    }));
  },
};

/** The same without the test vectors of the packs, which are half of them: only `policy test` looks at those. */
export const withoutVectors: Plugin = {
  name: "without-vectors",
  setup(build) {
    build.onLoad({ filter: /gate\/parse\/prebuilt\.ts$/ }, () => ({
      contents: prebuiltModule(withoutMember("test_vectors")),
      loader: "js",
    }));
  },
};

let validators: string | undefined;

/** The text of the module; `trim` says what is left of the tree of a pack. */
export function prebuiltModule(trim = (tree: PackedNode): PackedNode => tree): string {
  validators ??= validatorsCode(schemasToPrebuild(), "VALIDATORS");
  return `${validators}
export const TREES = new Map(${JSON.stringify(packTrees(trim))});
`;
}

/** Takes a member out of every map. */
function withoutMember(name: string): (tree: PackedNode) => PackedNode {
  return function trim(node): PackedNode {
    switch (node[0]) {
      case "map": {
        const [kind, line, column, entries] = node;
        const kept = entries.filter(([key]) => key !== name);
        return [kind, line, column, kept.map(([key, ...at]) => [key, at[0], at[1], trim(at[2])])];
      }
      case "list":
        return [node[0], node[1], node[2], node[3].map(trim)];
      case "scalar":
        return node;
    }
  };
}

type Entry<T> = T extends ReadonlyMap<infer Key, infer Value> ? readonly [Key, Value] : never;

/** The packs that come with Weighbridge. Throws unless each fits the schema of packs. */
function packTrees(trim: (tree: PackedNode) => PackedNode): readonly Entry<typeof TREES>[] {
  const files = readdirSync(PACKS).filter((name) => name.endsWith(".yml"));
  return files.sort().map((name) => {
    const text = readFileSync(join(PACKS, name), "utf8");
    const root = parseYaml(text, name);
    assertSchema(packSchema, root, name);
    return [
      textKey(text),
      { tree: JSON.stringify(trim(packTree(root))), fits: schemaKey(withoutProse(packSchema)) },
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

/**
 * Of undici what GitHub's toolkit takes: a `fetch` that can go through a proxy. Caches, cookies, mocks, web sockets and
 * other ways to ask, which are a quarter of it, stay out.
 */
export const fetchAlone: Plugin = {
  name: "fetch-alone",
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, ({ path, resolveDir }) => ({
      path,
      namespace: "fetch-alone",
      pluginData: resolveDir,
    }));
    build.onLoad({ filter: /./, namespace: "fetch-alone" }, ({ pluginData: resolveDir }) => ({
      contents: `
        // As in its index: a proxy is asked for a tunnel with it.
        require("undici/lib/dispatcher/dispatcher.js").prototype.connect = require("undici/lib/api/api-connect.js");
        exports.ProxyAgent = require("undici/lib/dispatcher/proxy-agent.js");
        exports.fetch = require("undici/lib/web/fetch/index.js").fetch;`,
      loader: "js",
      resolveDir,
    }));
    // HTTP/2 is spoken with servers that were offered it, which none is unless `allowH2` is set.
    build.onResolve({ filter: /\/client-h2\.js$/ }, ({ path }) => ({ path, namespace: "http-2" }));
    build.onLoad({ filter: /./, namespace: "http-2" }, () => ({
      contents: `module.exports = () => { throw new Error("HTTP/2 was not offered"); };`,
      loader: "js",
    }));
    // The parser of HTTP that every machine can run: the other is the same for those with SIMD, and as large.
    build.onResolve({ filter: /\/llhttp_simd-wasm\.js$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, "../llhttp/llhttp-wasm.js"),
    }));
  },
};

/** Markdown without the finder of links in plain text, which only inline rules ask. */
export const withoutLinks: Plugin = {
  name: "without-links",
  setup(build) {
    build.onResolve({ filter: /^linkify-it$/ }, ({ path }) => ({ path, namespace: "linkless" }));
    build.onLoad({ filter: /./, namespace: "linkless" }, () => ({
      contents: "export class LinkifyIt {}",
      loader: "js",
    }));
  },
};

/**
 * Node's own modules without the listing of all that they export, which an `import` of one has made: that alone loads
 * streams, workers and the like, a tenth of a short run. Each name is read by itself, so that those that nobody asks
 * for are left out.
 */
export const builtins: Plugin = {
  name: "builtins",
  setup(build) {
    build.onResolve({ filter: /^[\w:/]+$/ }, ({ path, kind }) =>
      kind === "import-statement" && isBuiltin(path)
        ? { path: path.replace(/^(?!node:)/, "node:"), namespace: "builtin" }
        : undefined,
    );
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: builtinModule(path),
      loader: "js",
    }));
  },
};

function builtinModule(path: string): string {
  const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => name !== "default");
  const lines = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`);
  return `const builtin = process.getBuiltinModule(${JSON.stringify(path)});
export default builtin;
${lines.join("\n")}
`;
}

/** A source that is loaded when its one function is first called, from a file of dist/ of its own. */
interface Rare {
  readonly source: string;
  readonly out: string;
  readonly creates: string;
}

/** Evaluating each takes longer than most runs. CommonJS, for whoever needs them does not wait. */
export const RARE: readonly Rare[] = [
  { source: "gate/parse/schema-compiler.ts", out: "schema-compiler.cjs", creates: "createCompiler" },
  { source: "gate/adapter/markdown-parser.ts", out: "markdown-parser.cjs", creates: "createParser" },
];

export const rarely: Plugin = {
  name: "rarely",
  setup(build) {
    for (const { source, out, creates } of RARE) {
      build.onLoad({ filter: new RegExp(`${source.replace(".", "\\.")}$`) }, () => ({
        contents: `export const ${creates} = (...given) => require("./${out}").${creates}(...given);`,
        loader: "js",
      }));
    }
    const files = new Set(RARE.map(({ out }) => `./${out}`));
    build.onResolve({ filter: /\.cjs$/ }, ({ path }) =>
      files.has(path) ? { path, external: true } : undefined,
    );
  },
};
