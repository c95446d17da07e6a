import { lstat, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { glob } from "tinyglobby";
import { GateError } from "./model/error.ts";
import type { EvidenceFile } from "./world.ts";

const FILES_MAX = 2_000;
const FILE_BYTES_MAX = 16_777_216;
const TOTAL_BYTES_MAX = 268_435_456;

/**
 * The files that the patterns name below `directory`, sorted by path. Links are not followed. A pattern that
 * names nothing is an error: evidence that silently stays away looks like evidence that was never there.
 */
export async function readEvidenceFiles(
  patterns: readonly string[],
  directory: string,
): Promise<readonly EvidenceFile[]> {
  const found = await Promise.all(patterns.map((pattern) => expand(pattern, directory)));
  const paths = [...new Set(found.flat())].sort();
  if (paths.length > FILES_MAX) {
    throw new GateError(
      "EVIDENCE_LIMIT",
      `Cannot read evidence: ${paths.length} files, limit is ${FILES_MAX}`,
    );
  }
  return readAll(paths, directory);
}

async function expand(pattern: string, directory: string): Promise<readonly string[]> {
  const paths = await glob(pattern, {
    cwd: directory,
    dot: true,
    followSymbolicLinks: false,
    expandDirectories: true,
  });
  if (paths.length === 0) {
    throw new GateError("EVIDENCE_ABSENT", `Cannot read evidence: no file matches "${pattern}"`, {
      fix: "Give the path of the files that the evaluation wrote, relative to the working directory",
    });
  }
  return paths;
}

async function readAll(paths: readonly string[], directory: string): Promise<readonly EvidenceFile[]> {
  const files: EvidenceFile[] = [];
  let total = 0;
  for (const path of paths) {
    const bytes = await readOne(resolve(directory, path), path);
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

async function readOne(file: string, path: string): Promise<Uint8Array> {
  const { size } = await lstat(file).then((stat) => {
    if (stat.isFile()) return stat;
    throw new GateError("PATH_UNSAFE", `Cannot read evidence ${path}: it is not a regular file`);
  });
  if (size > FILE_BYTES_MAX) {
    throw new GateError(
      "EVIDENCE_LIMIT",
      `Cannot read evidence ${path}: ${size} bytes, limit is ${FILE_BYTES_MAX}`,
    );
  }
  return readFile(file);
}
