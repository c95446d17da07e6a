import { lstat, readFile, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { glob } from "tinyglobby";
import { GateError } from "./model/error.ts";
import type { EvidenceFile } from "./world.ts";

const FILES_MAX = 2_000;
const FILE_BYTES_MAX = 16_777_216;
const TOTAL_BYTES_MAX = 268_435_456;

/** What the patterns name, and the patterns that name nothing. */
export interface EvidenceFiles {
  readonly files: readonly EvidenceFile[];
  readonly unmatched: readonly string[];
}

/**
 * The files that the patterns name below `directory`, sorted by path; links are not followed. What to make of a
 * pattern that names nothing is the caller's to say.
 */
export async function readEvidenceFiles(
  patterns: readonly string[],
  directory: string,
): Promise<EvidenceFiles> {
  const found = await Promise.all(patterns.map((pattern) => expand(pattern, directory)));
  const paths = [...new Set(found.flat())].sort();
  if (paths.length > FILES_MAX) {
    throw new GateError(
      "EVIDENCE_LIMIT",
      `Cannot read evidence: ${paths.length} files, limit is ${FILES_MAX}`,
    );
  }
  const unmatched = patterns.filter((_, index) => found[index]?.length === 0);
  for (const pattern of unmatched) await assertNoLink(directory, pattern);
  return { files: await readAll(paths, directory), unmatched };
}

function expand(pattern: string, directory: string): Promise<readonly string[]> {
  return glob(pattern, { cwd: directory, dot: true, followSymbolicLinks: false, expandDirectories: true });
}

/** A link that is named itself matches nothing, and whoever sees the file there would look for the reason in vain. */
async function assertNoLink(directory: string, path: string): Promise<void> {
  const stats = await lstat(resolve(directory, path)).catch(() => undefined);
  if (stats?.isSymbolicLink() !== true) return;
  throw new GateError("PATH_UNSAFE", `Cannot read evidence ${path}: it is a link`, {
    place: { path },
    fix: "Name what it leads to",
  });
}

async function readAll(paths: readonly string[], directory: string): Promise<readonly EvidenceFile[]> {
  const files: EvidenceFile[] = [];
  const root = await realpath(directory);
  let total = 0;
  for (const path of paths) {
    const bytes = await readOne(root, path);
    total += bytes.byteLength;
    if (total > TOTAL_BYTES_MAX) {
      throw new GateError(
        "EVIDENCE_LIMIT",
        `Cannot read evidence: more than ${TOTAL_BYTES_MAX} bytes in all`,
      );
    }
    files.push({ path, bytes });
  }
  return files;
}

async function readOne(root: string, path: string): Promise<Uint8Array> {
  const file = resolve(root, path);
  const { size } = await lstat(file).then((stat) => {
    if (stat.isFile()) return stat;
    throw new GateError("PATH_UNSAFE", `Cannot read evidence ${path}: it is not a regular file`);
  });
  // What the change commits would pass for what the run measured.
  if ((await realpath(file)) !== file) {
    throw new GateError("PATH_UNSAFE", `Cannot read evidence ${path}: a folder above it is a link`, {
      place: { path },
      fix: "Name the folder that the files are in",
    });
  }
  if (size > FILE_BYTES_MAX) {
    throw new GateError(
      "EVIDENCE_LIMIT",
      `Cannot read evidence ${path}: ${size} bytes, limit is ${FILE_BYTES_MAX}`,
    );
  }
  return readFile(file);
}
