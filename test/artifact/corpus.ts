import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource, fileSource } from "../../gate/artifact/bytes.ts";
import { identify } from "../../gate/artifact/identify.ts";
import { scanFile } from "../../gate/artifact/scan.ts";

export const CORPUS = join(import.meta.dirname, "..", "corpus", "artifacts");

/** What the JSON beside a file of the corpus states: everything that a scan finds but its prose. */
export async function summaryOf(path: string): Promise<object> {
  const source = await fileSource(path, path);
  try {
    const { format, complete, findings } = await scanFile(source, path);
    const { family } = await identify(source, path);
    const stated = findings.map(({ code, severity, where }) => [severity, code, where].join(" ").trim());
    return { format, family, complete, findings: stated };
  } finally {
    await source.close();
  }
}

/** Paths of the files of the corpus, without their expected results. */
export async function corpusFiles(): Promise<readonly string[]> {
  const names = await readdir(CORPUS, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((file) => !isExpectation(file, files)).sort();
}

function isExpectation(file: string, files: readonly string[]): boolean {
  return file.endsWith(".json") && files.includes(file.slice(0, -".json".length));
}

/** A source over a file of the corpus, by its path from there. */
export async function corpusSource(path: string) {
  return bufferSource(path, await readFile(join(CORPUS, path)));
}
