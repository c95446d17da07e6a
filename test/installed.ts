import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, type Entry, ROOT } from "../scripts/bundle.ts";

/** What Node compiles for one process that is started, it finds for the next: that saves each a third of its time. */
export const COMPILED = join(tmpdir(), "weighbridge-compile-cache");

/** Puts `dist/`, as the sources give it, into a folder. */
export async function installInto(folder: string, entry: Entry): Promise<void> {
  symlinkSync(join(await installation(entry), "dist"), join(folder, "dist"));
}

/**
 * Where a bundle stands as in the repository, with the policies beside it. Bundling takes as long as ten runs of the
 * command: test files that run together share what the first of them made.
 */
async function installation(entry: Entry): Promise<string> {
  const shared = process.env.WEIGHBRIDGE_TESTS_SHARED;
  if (shared === undefined) {
    const own = mkdtempSync(join(tmpdir(), "weighbridge-installed-"));
    process.once("exit", () => rmSync(own, { recursive: true, force: true }));
    return make(own, entry);
  }
  const folder = join(shared, entry.out);
  if (existsSync(folder)) return folder;
  const made = await make(mkdtempSync(`${folder}-`), entry);
  try {
    renameSync(made, folder);
  } catch (cause) {
    // Another test file was first.
    if (!existsSync(folder)) throw cause;
  }
  return folder;
}

async function make(folder: string, entry: Entry): Promise<string> {
  mkdirSync(join(folder, "dist"));
  for (const [name, text] of await bundle([entry])) writeFileSync(join(folder, "dist", name), text);
  writeFileSync(join(folder, "package.json"), readFileSync(join(ROOT, "package.json")));
  symlinkSync(join(ROOT, "policies"), join(folder, "policies"));
  return folder;
}
