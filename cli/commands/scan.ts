import { stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import { fileSource } from "../../gate/artifact/bytes.ts";
import { describe } from "../../gate/artifact/describe.ts";
import { expectationOf } from "../../gate/artifact/extensions.ts";
import { findReadings } from "../../gate/artifact/identify.ts";
import { scanFile } from "../../gate/artifact/scan.ts";
import type { ByteSource } from "../../gate/model/bytes.ts";
import { GateError } from "../../gate/model/error.ts";
import type { FileScan } from "../../gate/model/evidence.ts";
import { readFailure } from "../../gate/model/system-failure.ts";
import { terminal } from "../../gate/report/escape.ts";
import { EXIT } from "../exit.ts";
import { type Location, locate, readFolder, within } from "../location.ts";
import { progressBar, writeDocument } from "../terminal.ts";

/** Files of a folder that is scanned whole; a larger one is scanned in parts. */
const FILES_MAX = 100_000;
const GIT_FOLDER = Buffer.from(".git");

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
    const named = await locate(path);
    const results = (await isFolder(named)) ? scanFolder(named) : [await scanFileAt(named, "anything")];
    for await (const result of results) if (result !== undefined) files.push(result);
  }
  const document = options.format === "json" ? JSON.stringify({ files }, null, 2) : toText(files);
  await writeDocument(document, options.out);
  const isClean = files.every(
    ({ findings, complete }) => complete && findings.every(({ severity }) => severity !== "fail"),
  );
  process.exitCode = isClean ? EXIT.pass : EXIT.blocked;
}

async function isFolder({ bytes, path }: Location): Promise<boolean> {
  try {
    return (await stat(bytes)).isDirectory();
  } catch (cause) {
    throw readFailure(path, cause);
  }
}

async function* scanFolder(folder: Location): AsyncGenerator<FileScan | undefined> {
  for (const file of await listFolder(folder)) {
    yield file.isLink ? refuseLink(file.path) : await scanFileAt(file, "models only");
  }
}

interface Listed extends Location {
  readonly isLink: boolean;
}

/** Files and links below a folder, sorted by path; git's own are left out. */
async function listFolder(top: Location): Promise<readonly Listed[]> {
  const files: Listed[] = [];
  const folders = [top];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readFolder(folder)) {
      const place = within(folder, entry.name);
      if (entry.name.equals(GIT_FOLDER)) continue;
      if (entry.isDirectory()) folders.push(place);
      if (entry.isFile() || entry.isSymbolicLink()) files.push({ ...place, isLink: entry.isSymbolicLink() });
    }
    if (files.length > FILES_MAX) {
      throw new GateError("FILE_LIMIT", `Cannot scan ${top.path}: more than ${FILES_MAX} files`, {
        fix: "Scan its folders one by one",
      });
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A link with a model's name stands for one that nobody looked into; every other link is passed over. */
function refuseLink(path: string): FileScan | undefined {
  if (expectationOf(path)?.family !== "model") return undefined;
  const message = "This is a symbolic link, which is never followed; scan the file that it leads to";
  const finding = { code: "PATH_UNSAFE", severity: "fail", where: "", message } as const;
  return { path, format: "unknown", size: 0, sha256: "", findings: [finding], complete: false };
}

async function scanFileAt(
  { bytes, path }: Location,
  want: "models only" | "anything",
): Promise<FileScan | undefined> {
  const source = await fileSource(bytes, path);
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

async function inspect(argument: string, options: { readonly format: "text" | "json" }): Promise<void> {
  const { bytes, path } = await locate(argument);
  const source = await fileSource(bytes, path);
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
