import { createHash } from "node:crypto";
import type { ByteSource } from "../model/bytes.ts";
import { GateError } from "../model/error.ts";
import type { FileScan, ScanFinding } from "../model/evidence.ts";
import { type Family, FORMATS, type FormatName } from "../model/formats.ts";
import { type Progress, streamBytes } from "./bytes.ts";
import { type Expectation, expectationOf, titlesOf } from "./extensions.ts";
import { findReadings, type Readings } from "./identify.ts";
import type { Contents, Examination } from "./reader.ts";
import { readerOf } from "./readers.ts";

export interface ScanOptions {
  /** Digest that the caller has computed from these very bytes, so that they are not hashed twice. */
  readonly sha256?: string;
  readonly onProgress?: Progress;
}

/** A scan, and what the file says of itself where a reader could tell. */
export interface FullScan {
  readonly scan: FileScan;
  readonly family: Family;
  readonly contents?: Contents;
}

/**
 * What a scan of one file found. Never rejects: what cannot be read is a finding, and then the digest is empty.
 * A file is read as everything that a loader might take it for, whatever its name says.
 */
export async function scanFile(
  source: ByteSource,
  path: string,
  options: ScanOptions = {},
): Promise<FileScan> {
  return (await scanFully(source, path, options)).scan;
}

/** `scanFile`, with the contents. */
export async function scanFully(
  source: ByteSource,
  path: string,
  options: ScanOptions = {},
): Promise<FullScan> {
  const findings: ScanFinding[] = [];
  const expectation = expectationOf(path);
  const readings = await attempt(findings, () => findReadings(source, path));
  const formats = formatsToRead(readings, expectation);
  const examinations = await examine({ source, path, formats }, findings);
  // What its own reader found wrong says more than that it is no such file; a text is another file altogether.
  const claimed = readings?.format === "unknown" ? formats : (readings?.all ?? []);
  findings.push(...formatMismatches(claimed, expectation));
  const sha256 = await attempt(findings, () => digest(source, examinations, options));
  for (const { values } of examinations) findings.push(...(values?.finish() ?? []));
  const isChanged = await attempt(findings, async () => (await source.changed?.()) ?? false);
  if (isChanged) {
    findings.push(failure("FILE_CHANGED", "The file was altered while it was read; scan it again"));
  }
  const [first, ...others] = examinations;
  const scan: FileScan = {
    path,
    format: formats[0] ?? "unknown",
    size: source.size,
    sha256: sha256 ?? "",
    findings,
    complete: first?.complete === true && others.length === 0 && sha256 !== undefined && isChanged === false,
  };
  const family = readings?.family ?? expectation?.family ?? "other";
  return first?.contents === undefined ? { scan, family } : { scan, family, contents: first.contents };
}

const UNRECOGNISED: ReadonlySet<FormatName> = new Set(["unknown", "text", "json"]);
/** Formats whose reader says best what is wrong with a file that only its name makes one of them. */
const READ_BY_NAME: ReadonlySet<FormatName> = new Set(["safetensors", "shard-index"]);

/** The formats that a file is read as: those of its content, or that of its name where nothing recognises it. */
function formatsToRead(
  readings: Readings | undefined,
  expectation: Expectation | undefined,
): readonly FormatName[] {
  if (readings === undefined) return [];
  const [expected] = expectation?.formats ?? [];
  const isUnrecognised = UNRECOGNISED.has(readings.format);
  return isUnrecognised && expected !== undefined && READ_BY_NAME.has(expected) ? [expected] : readings.all;
}

/** The file as each of its formats; a rejection is a finding, and no reader keeps another from reading. */
async function examine(
  { source, path, formats }: { source: ByteSource; path: string; formats: readonly FormatName[] },
  findings: ScanFinding[],
): Promise<readonly Examination[]> {
  const examinations: Examination[] = [];
  for (const format of formats) {
    const examination = await attempt(findings, () => readerOf(format)({ source, path, format }));
    findings.push(...(examination?.findings ?? []));
    examinations.push(examination ?? { findings: [], complete: false });
  }
  return examinations;
}

/** Several readings are several files to several loaders; and a name that promises another format misleads. */
function formatMismatches(
  formats: readonly FormatName[],
  expectation: Expectation | undefined,
): readonly ScanFinding[] {
  const found: ScanFinding[] = [];
  const titles = formats.map((format) => FORMATS[format].title);
  if (formats.length > 1) {
    const message = `The file can be read as ${titles.join(" and as ")}: what it holds depends on who loads it`;
    found.push(failure("FORMAT_MISMATCH", message));
  }
  const expected = expectation?.formats;
  // Of these their own finding says what is to be said.
  const isSpoken = formats.includes("empty") || formats.includes("lfs-pointer");
  if (
    expected !== undefined &&
    formats.length > 0 &&
    !isSpoken &&
    !formats.some((one) => expected.includes(one))
  ) {
    const message = `The content is ${titles[0]}, the name promises ${titlesOf(expected)}`;
    found.push(failure("FORMAT_MISMATCH", message));
  }
  return found;
}

async function digest(
  source: ByteSource,
  examinations: readonly Examination[],
  { sha256, onProgress }: ScanOptions,
): Promise<string> {
  const watches = examinations.flatMap(({ values }) => values ?? []);
  if (sha256 !== undefined && watches.length === 0) return sha256;
  const hash = createHash("sha256");
  await streamBytes(
    source,
    (chunk, offset) => {
      if (sha256 === undefined) hash.update(chunk);
      for (const watch of watches) watch.visit(chunk, offset);
    },
    onProgress,
  );
  return sha256 ?? hash.digest("hex");
}

/** The result of one step; undefined, with a failing finding, if it was rejected. */
async function attempt<T>(findings: ScanFinding[], step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    findings.push(failure(codeOf(error), error instanceof Error ? error.message : String(error)));
    return undefined;
  }
}

/** `SCAN_FAILED` is a fault of ours; the file is none the less not vouched for. */
function codeOf(error: unknown): string {
  if (error instanceof GateError) return error.code;
  return error instanceof Error && "syscall" in error ? "FILE_UNREADABLE" : "SCAN_FAILED";
}

function failure(code: string, message: string): ScanFinding {
  return { code, severity: "fail", where: "", message };
}
