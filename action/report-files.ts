import { mkdir, realpath, rm, writeFile } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { GateError } from "../gate/model/error.ts";
import { toHtml } from "../gate/report/html.ts";
import { toJson } from "../gate/report/json.ts";
import { toJunit } from "../gate/report/junit.ts";
import type { Report } from "../gate/report/report.ts";
import { toSarif } from "../gate/report/sarif.ts";
import { toSummary } from "../gate/report/summary.ts";
import type { RunRequest } from "./inputs.ts";

/** What a run leaves behind, to be kept as an artifact or handed to other tools. */
const REPORT_FILES = {
  "decision.json": ({ record }: Report) => toJson(record),
  "report.html": toHtml,
  "report.md": (report: Report) => toSummary(report).source,
  "report.sarif": toSarif,
  "report.junit.xml": toJunit,
} as const satisfies Readonly<Record<string, (report: Report) => string>>;

type ReportFile = keyof typeof REPORT_FILES;

/**
 * Writes every document; the paths. Rejects `OUTPUT_UNSAFE` where a link of the checkout leads elsewhere, and
 * `OUTPUT_FAILED` where there can be no such folder or no such file.
 */
export async function writeReportFiles(
  { workspace, outputDirectory }: Pick<RunRequest, "workspace" | "outputDirectory">,
  report: Report,
): Promise<Readonly<Record<ReportFile, string>>> {
  await makeFolder(outputDirectory);
  await assertInPlace(workspace, outputDirectory);
  const names = Object.keys(REPORT_FILES) as ReportFile[];
  const written = names.map(async (name) => {
    const file = join(outputDirectory, name);
    await replaceFile(file, REPORT_FILES[name](report));
    return [name, file] as const;
  });
  return Object.fromEntries(await Promise.all(written)) as Record<ReportFile, string>;
}

/** Removed first and then created: a link that stands there is not followed. */
async function replaceFile(file: string, text: string): Promise<void> {
  try {
    await rm(file, { force: true });
    await writeFile(file, text, { flag: "wx" });
  } catch (cause) {
    throw failed(`Cannot write ${file}`, cause);
  }
}

async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw failed(`Cannot make the folder ${directory}`, cause);
  }
}

function failed(what: string, cause: unknown): GateError {
  const state = cause instanceof Error ? cause.message : String(cause);
  return new GateError("OUTPUT_FAILED", `${what}: ${state}`, {
    cause,
    fix: "Choose another output-directory",
  });
}

/** Below the checkout, the pull request decides what a folder is: it must not be a link to somewhere else. */
async function assertInPlace(workspace: string, directory: string): Promise<void> {
  const inside = relative(workspace, directory);
  if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return;
  const [root, real] = await Promise.all([realpath(workspace), realpath(directory)]);
  if (real === join(root, inside)) return;
  throw new GateError("OUTPUT_UNSAFE", `Cannot write to ${directory}: a link there leads to ${real}`, {
    fix: "Choose an output-directory outside of the checkout, or leave the input away",
  });
}
