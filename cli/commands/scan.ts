import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { type Command, Option } from "commander";
import { fileSource } from "../../gate/artifact/bytes.ts";
import { describe } from "../../gate/artifact/describe.ts";
import { expectationOf } from "../../gate/artifact/extensions.ts";
import { findReadings } from "../../gate/artifact/identify.ts";
import { scanFile } from "../../gate/artifact/scan.ts";
import type { ByteSource } from "../../gate/model/bytes.ts";
import { GateError } from "../../gate/model/error.ts";
import type { FileScan } from "../../gate/model/evidence.ts";
import { terminal } from "../../gate/report/escape.ts";
import { EXIT } from "../exit.ts";
import { progressBar, unreadable, writeDocument } from "../terminal.ts";

/** Files of a folder that is scanned whole; a larger one is scanned in parts. */
const FILES_MAX = 100_000;

interface ScanOptions {
  readonly format: "text" | "json";
  readonly out?: string;
}

export function registerScan(program: Command): void {
  program
    .command("scan")
    .summary("look into model files")
    .description(
      "Identifies files by content, hashes them and reads what can be read. In folders, files that are no models are passed over, unless they are packed in a way that hides what they hold.\nExit status: 0 nothing found, 1 findings, 2 could not read.",
    )
    .argument("<paths...>", "files and folders")
    .addOption(new Option("--format <format>", "of the result").choices(["text", "json"]).default("text"))
    .option("--out <file>", "write the result there instead of to standard output")
    .action(scan);
}

export function registerInspect(program: Command): void {
  program
    .command("inspect")
    .summary("show what a model file says of itself")
    .argument("<file>", "a model file")
    .addOption(new Option("--format <format>", "of the result").choices(["text", "json"]).default("text"))
    .action(inspect);
}

async function scan(paths: readonly string[], options: ScanOptions): Promise<void> {
  const files: FileScan[] = [];
  for (const path of paths) {
    const results = (await isFolder(path)) ? scanFolder(path) : [await scanPath(path, "anything")];
    for await (const result of results) if (result !== undefined) files.push(result);
  }
  const document = options.format === "json" ? JSON.stringify({ files }, null, 2) : toText(files);
  await writeDocument(document, options.out);
  const isClean = files.every(
    ({ findings, complete }) => complete && findings.every(({ severity }) => severity !== "fail"),
  );
  process.exitCode = isClean ? EXIT.pass : EXIT.blocked;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function* scanFolder(folder: string): AsyncGenerator<FileScan | undefined> {
  for (const { path, isLink } of await listFolder(folder)) {
    yield isLink ? refuseLink(path) : await scanPath(path, "models only");
  }
}

interface Listed {
  readonly path: string;
  readonly isLink: boolean;
}

/** Files and links, sorted by path; git's own are left out. */
async function listFolder(folder: string): Promise<readonly Listed[]> {
  const entries = await readFolder(folder);
  const files = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => ({ path: join(entry.parentPath, entry.name), isLink: entry.isSymbolicLink() }))
    .filter(({ path }) => !path.split(sep).includes(".git"));
  if (files.length > FILES_MAX) {
    throw new GateError("FILE_LIMIT", `Cannot scan ${folder}: ${files.length} files, limit is ${FILES_MAX}`);
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function readFolder(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true, recursive: true });
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

/** A link with a model's name stands for one that nobody looked into; every other link is passed over. */
function refuseLink(path: string): FileScan | undefined {
  if (expectationOf(path)?.family !== "model") return undefined;
  const message = "This is a symbolic link, which is never followed; scan the file that it leads to";
  const finding = { code: "PATH_UNSAFE", severity: "fail", where: "", message } as const;
  return { path, format: "unknown", size: 0, sha256: "", findings: [finding], complete: false };
}

async function scanPath(path: string, want: "models only" | "anything"): Promise<FileScan | undefined> {
  const source = await fileSource(path, path);
  const bar = progressBar(path, source.size);
  try {
    if (want === "models only" && !(await isForScan(source, path))) return undefined;
    return await scanFile(source, path, { onProgress: bar.update });
  } finally {
    bar.stop();
    await source.close();
  }
}

/** A model, or what may hold one that nobody can see. */
async function isForScan(source: ByteSource, path: string): Promise<boolean> {
  const { family, isSeen } = await findReadings(source, path);
  return family === "model" || !isSeen;
}

function toText(files: readonly FileScan[]): string {
  if (files.length === 0) return "No model file was found.";
  const lines = files.flatMap(({ path, format, size, sha256, findings, complete }) => [
    `${terminal(path)}  ${format}, ${size} bytes, sha256:${sha256}${complete ? "" : ", not fully explained"}`,
    ...findings.map(
      ({ severity, code, where, message }) =>
        `  ${severity} ${code}${where === "" ? "" : ` at ${terminal(where)}`}: ${terminal(message)}`,
    ),
  ]);
  return lines.join("\n");
}

async function inspect(path: string, options: { readonly format: "text" | "json" }): Promise<void> {
  const source = await fileSource(path, path);
  try {
    const description = await describe(source, path);
    const document = options.format === "json" ? JSON.stringify(description, null, 2) : outline(description);
    await writeDocument(document, undefined);
  } finally {
    await source.close();
  }
}

/** A plain value as indented lines, for people. */
function outline(value: object, indent = ""): string {
  return Object.entries(value)
    .map(([key, item]) => {
      const label = indent + terminal(key);
      if (typeof item !== "object" || item === null) return `${label}: ${terminal(String(item))}`;
      if (Array.isArray(item) && item.every((entry) => typeof entry !== "object")) {
        return `${label}: [${item.map((entry) => terminal(String(entry))).join(", ")}]`;
      }
      return `${label}:\n${outline(item, `${indent}  `)}`;
    })
    .join("\n");
}
