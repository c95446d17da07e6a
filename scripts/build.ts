import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ACTION, bundle, CLI, READ_BUNDLES, ROOT } from "./bundle.ts";

/**
 * Bundles the Action and the command into dist/, which is committed: whoever uses the Action installs nothing.
 *
 *     node scripts/build.ts            writes dist/
 *     node scripts/build.ts --check    fails if dist/ is not what the sources give
 */

const DIST = join(ROOT, "dist");

function write(files: ReadonlyMap<string, string>): void {
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST);
  for (const [name, text] of files) {
    writeFileSync(join(DIST, name), text);
    process.stderr.write(`dist/${name} ${Math.ceil(Buffer.byteLength(text) / 1024)} KiB\n`);
  }
  chmodSync(join(DIST, CLI.out), 0o755);
}

/** Names of the files in dist/ that are missing, too many, or other than the sources give. */
function findStale(files: ReadonlyMap<string, string>): readonly string[] {
  const present = existsSync(DIST) ? readdirSync(DIST) : [];
  const names = new Set([...present, ...files.keys()]);
  return [...names].filter((name) => {
    const text = files.get(name);
    return !present.includes(name) || text === undefined || readFileSync(join(DIST, name), "utf8") !== text;
  });
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const files = await bundle([ACTION, CLI, READ_BUNDLES]);
if (values.check) {
  const stale = findStale(files);
  if (stale.length > 0) {
    process.stderr.write(
      `Cannot use dist/: ${stale.join(", ")} is not what the sources give, run npm run build\n`,
    );
    process.exitCode = 1;
  }
} else {
  write(files);
}
