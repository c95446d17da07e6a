import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { SingleBar } from "cli-progress";
import { GateError } from "../gate/model/error.ts";
import { readFailure, writeFailure } from "../gate/model/system-failure.ts";
import { terminal } from "../gate/report/escape.ts";

/** Below this a bar would only flicker. */
const BAR_BYTES_MIN = 64 * 1_048_576;

/** What most commands can say their result in. */
export type ResultFormat = "text" | "json";

/** Standard output holds one document: what fails after it was written says so on standard error alone. */
let isWritten = false;

/** Writes a command's one document to standard output, or to the file of `--out`. */
export async function writeDocument(document: string, out: string | undefined): Promise<void> {
  const text = document.endsWith("\n") ? document : `${document}\n`;
  if (out !== undefined) return writeOut(out, text);
  isWritten = true;
  try {
    await writeStandardOutput(text);
  } catch (cause) {
    throw writeFailure("standard output", cause);
  }
}

/**
 * Ends with the status, whatever a command says, where standard output or standard error could not be written: then
 * nobody was told. Without a listener, the stream would end the process with status 1, which means blocked.
 */
export function failOnBrokenStreams(status: number): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", () => {
      process.exitCode = status;
      // A command that is still at work sets its own when it is done.
      process.once("exit", () => {
        process.exitCode = status;
      });
    });
  }
}

/** What a command did: for people on standard error, a line for each sentence; as JSON the one document. */
export async function tellDone(format: ResultFormat, done: object, sentences: string): Promise<void> {
  if (format === "json") return writeDocument(JSON.stringify(done, null, 2), undefined);
  say(lines(sentences));
}

/** The document of a command that failed, as `{"error":{"code","message","place","fix"}}`; nothing after another one. */
export async function writeError(error: unknown): Promise<void> {
  if (isWritten) return;
  const { message } = error instanceof Error ? error : new Error(String(error));
  const { code, place, fix }: Partial<GateError> = error instanceof GateError ? error : { code: "FAULT" };
  await writeDocument(JSON.stringify({ error: { code, message, place, fix } }, null, 2), undefined);
}

async function writeStandardOutput(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

async function writeOut(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

/** Writes a file that the command line names, and the folders above it; with `wx` over none that is there. */
export async function writeBytes(path: string, bytes: Uint8Array, flag: "w" | "wx" = "w"): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes, { flag });
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

/** Of a file that a command reads whole; what is made of its text takes several times as much memory. */
const NAMED_BYTES_MAX = 64 * 1_048_576;

/**
 * Bytes of a file that the command line names. Rejects `FILE_UNREADABLE`, for a pipe and a device, too, which may
 * never end; and `FILE_TOO_LARGE`.
 */
export async function readNamed(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    // Reading a folder fails by itself, in better words.
    if (!found.isFile() && !found.isDirectory()) throw notRegular(path);
    if (found.size > NAMED_BYTES_MAX) throw tooLarge(path, found.size);
    return await readFile(path);
  } catch (cause) {
    throw cause instanceof GateError ? cause : readFailure(path, cause);
  }
}

function notRegular(path: string): GateError {
  return new GateError("FILE_UNREADABLE", `Cannot read ${path}: it is not a regular file`, {
    fix: "Write what it holds to a file, and name that",
  });
}

function tooLarge(path: string, bytes: number): GateError {
  const message = `Cannot read ${path}: ${bytes} bytes, limit is ${NAMED_BYTES_MAX}`;
  return new GateError("FILE_TOO_LARGE", message, { fix: "Name the file that was meant" });
}

/** A line for people, on standard error: standard output belongs to the document. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What went wrong, where, and what to do about it; the stack only of our own faults. */
export function sayError(error: unknown): void {
  if (!(error instanceof GateError)) {
    say(
      `weighbridge: this is a fault of Weighbridge: ${error instanceof Error ? error.stack : String(error)}`,
    );
    return;
  }
  const { message, place, fix, code } = error;
  const where = place === undefined ? "" : `${place.path}:${place.line ?? 1}:${place.column ?? 1}: `;
  say(`weighbridge: ${lines(where + message)}`);
  if (fix !== undefined) say(`  fix: ${lines(fix)}`);
  say(`  code: ${code}`);
}

/** The lines of a message are ours; what stands in them may not be. */
function lines(text: string): string {
  return text.split("\n").map(terminal).join("\n");
}

export interface ProgressBar {
  update(done: number): void;
  stop(): void;
}

/** A bar on a terminal for what is long, as a large file; nothing elsewhere. Give `update` what is done so far. */
export function progressBar(label: string, total: number, totalMin = BAR_BYTES_MIN): ProgressBar {
  if (!process.stderr.isTTY || total < totalMin) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: `${terminal(label)} {bar} {percentage}% {eta_formatted}`,
    clearOnComplete: true,
  });
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}

/** "1 model", "2 models" */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
