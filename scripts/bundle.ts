import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import {
  builtins,
  fetchAlone,
  prebuilt,
  RARE,
  rarely,
  withoutLinks,
  withoutNames,
  withoutVectors,
} from "./prebuilt.ts";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * A source, and the file of dist/ that it is bundled into with everything that it imports. What is imported when it is
 * needed stands in files of its own, so that a run which needs none of it does not read it either.
 */
export interface Entry {
  readonly source: string;
  readonly out: string;
  /** What it can do without, beside what no run needs. */
  readonly without?: readonly Plugin[];
}

export const ACTION: Entry = {
  source: "action/main.ts",
  out: "action.js",
  without: [withoutNames, fetchAlone, withoutVectors],
};
export const CLI: Entry = { source: "cli/main.ts", out: "cli.js" };
/** The thread that reads bundles of a long trail for the command. */
export const READ_BUNDLES: Entry = { source: "gate/trail/verify/read-bundles.ts", out: "read-bundles.js" };

// CommonJS packages ask for node's own modules with `require`, which an ES module does not have.
const REQUIRE = 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/** What all files have in common. */
const SHARED: BuildOptions = {
  absWorkingDir: ROOT,
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node20.18",
  // What a run does not need is only parsed, never evaluated: a smaller text is a shorter start.
  minify: true,
  legalComments: "none",
  logLevel: "warning",
};

function options({ source, out, without = [] }: Entry): BuildOptions {
  return {
    ...SHARED,
    entryPoints: [{ in: source, out: basename(out, ".js") }],
    format: "esm",
    splitting: true,
    banner: { js: REQUIRE },
    plugins: [...without, prebuilt, rarely, builtins],
  };
}

/** What the plugin `rarely` loads. */
const RARELY: BuildOptions = {
  ...SHARED,
  entryPoints: RARE.map(({ source, out }) => ({ in: source, out: basename(out, ".cjs") })),
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  plugins: [withoutLinks],
};

/** The files that the entries give, by name, with the licenses of all that went into them. Same sources, same bytes. */
export async function bundle(entries: readonly Entry[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const inputs = new Set<string>();
  for (const wanted of [...entries.map(options), RARELY]) {
    const { outputFiles, metafile } = await build({ ...wanted, metafile: true, write: false });
    for (const file of outputFiles) files.set(basename(file.path), file.text);
    for (const input of Object.keys(metafile.inputs)) inputs.add(input);
  }
  return files.set("licenses.txt", licenses(inputs));
}

/** The license of each package in full, as most of them ask for. */
function licenses(inputs: ReadonlySet<string>): string {
  const folders = new Set([...inputs].flatMap((input) => packageFolder(input) ?? []));
  return [...folders]
    .sort()
    .map((folder) => `${packageTitle(folder)}\n\n${licenseText(folder).trim()}\n`)
    .join(`\n${"-".repeat(80)}\n\n`);
}

function packageFolder(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function packageTitle(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
  return `${name} ${version} (${license})`;
}

function licenseText(folder: string): string {
  const file = readdirSync(join(ROOT, folder)).find((name) => /^licen[cs]e(?:-\w+)?(?:\.\w+)?$/i.test(name));
  if (file === undefined) throw new Error(`Cannot find the license of ${folder}`);
  return readFileSync(join(ROOT, folder, file), "utf8");
}
