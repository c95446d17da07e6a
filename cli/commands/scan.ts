import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { fileSource } from "../../gate/artifact/bytes.ts";
import { describe } from "../../gate/artifact/describe.ts";
import { identify } from "../../gate/artifact/identify.ts";
import { scanFile } from "../../gate/artifact/scan.ts";
import { GateError } from "../../gate/model/error.ts";
import type { FileScan } from "../../gate/model/evidence.ts";
import { terminal } from "../../gate/report/escape.ts";
import { EXIT } from "../exit.ts";
import { progressBar, reasonOf, writeDocument } from "../terminal.ts";

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
      "Identifies files by content, hashes them and reads what can be read. In folders, files that are no models are passed over.\nExit status: 0 nothing found, 1 findings, 2 could not read.",
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
    const isFolder = (await statOf(path)).isDirectory();
    for (const file of isFolder ? await listFolder(path) : [path]) {
      const result = await scanPath(file, isFolder ? "models only" : "anything");
      if (result !== undefined) files.push(result);
    }
  }
  const document = options.format === "json" ? JSON.stringify({ files }, null, 2) : toText(files);
  await writeDocument(document, options.out);
  const isClean = files.every(
    ({ findings, complete }) => complete && findings.every(({ severity }) => severity !== "fail"),
  );
  process.exitCode = isClean ? EXIT.pass : EXIT.blocked;
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (cause) {
    throw new GateError("FILE_UNREADABLE", `Cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}

async function listFolder(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  if (files.length > FILES_MAX) {
    throw new GateError("FILE_LIMIT", `Cannot scan ${folder}: ${files.length} files, limit is ${FILES_MAX}`);
  }
  return files.filter((file) => !file.split("/").includes(".git")).sort();
}

async function scanPath(path: string, want: "models only" | "anything"): Promise<FileScan | undefined> {
  const source = await fileSource(path, path);
  const bar = progressBar(path, source.size);
  try {
    if (want === "models only" && (await identify(source, path)).family !== "model") return undefined;
    return await scanFile(source, path, { onProgress: bar.update });
  } finally {
    bar.stop();
    await source.close();
  }
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
