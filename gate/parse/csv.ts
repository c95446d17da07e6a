import { CsvError, parse } from "csv-parse/sync";
import { GateError } from "../model/error.ts";
import { quote, visible } from "./excerpt.ts";

export const CSV_BYTES_MAX = 64 * 1024 * 1024;
export const CSV_COLUMNS_MAX = 4_096;
export const CSV_ROWS_MAX = 2_000_000;

const MESSAGE_CHARS_MAX = 200;
const QUOTE = 0x22;
const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface CsvTable {
  /** Names of the columns, each only once. */
  readonly header: readonly string[];
  readonly rows: readonly CsvRow[];
}

export interface CsvRow {
  /** Where the row begins in the file, from 1. */
  readonly line: number;
  /** As many as the header has. */
  readonly cells: readonly string[];
}

/**
 * A table in CSV (RFC 4180) with a header; lines may end in LF, too, and blank lines at the end are left out.
 * Throws `CSV_SYNTAX`, `CSV_HEADER` (none, or a name twice), `CSV_ROW` (more or fewer cells than the header),
 * `CSV_TOO_LARGE` (bytes, columns or rows).
 */
export function parseCsv(text: string, path: string): CsvTable {
  assertSize(text, path);
  const [header, ...rows] = withLines(readRecords(text, path));
  if (header === undefined)
    throw refusal("CSV_HEADER", path, "no header, expected the names of the columns", 1);
  assertHeader(header, path);
  const wrong = rows.find(({ cells }) => cells.length !== header.cells.length);
  if (wrong !== undefined) {
    const state = `the row's cell count is ${wrong.cells.length}, expected ${header.cells.length} as in the header`;
    throw refusal("CSV_ROW", path, state, wrong.line);
  }
  return { header: header.cells, rows };
}

/** Counts rows and columns before anything is made of them: a megabyte of commas is a million texts. */
function assertSize(text: string, path: string): void {
  const size = Buffer.byteLength(text);
  if (size > CSV_BYTES_MAX) throw tooLarge(path, `${size} bytes`, CSV_BYTES_MAX, 1);
  let line = 1;
  let rows = 0;
  let columns = 1;
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === LINE_FEED) line++;
    if (code === QUOTE) isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (code === COMMA && ++columns > CSV_COLUMNS_MAX)
      throw tooLarge(path, "too many columns", CSV_COLUMNS_MAX, line);
    if (code === CARRIAGE_RETURN && text.charCodeAt(index + 1) !== LINE_FEED) {
      throw refusal(
        "CSV_SYNTAX",
        path,
        "a carriage return alone, expected lines that end in LF or CR LF",
        line,
      );
    }
    if (code !== LINE_FEED) continue;
    columns = 1;
    // The header is no row.
    if (rows++ > CSV_ROWS_MAX) throw tooLarge(path, "too many rows", CSV_ROWS_MAX, line);
  }
}

function readRecords(text: string, path: string): string[][] {
  try {
    return parse(text, {
      // Given, for the library would else take its guess from the first line.
      record_delimiter: ["\r\n", "\n"],
      // Counted in parseCsv, to name the line.
      relax_column_count: true,
    });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const line = Number(cause.lines) || 1;
    throw refusal("CSV_SYNTAX", path, visible(cause.message.slice(0, MESSAGE_CHARS_MAX)), line);
  }
}

/** A record takes one line and one more for every line break in its cells. */
function withLines(records: readonly string[][]): CsvRow[] {
  const rows: CsvRow[] = [];
  let line = 1;
  for (const cells of records) {
    rows.push({ line, cells });
    line++;
    for (const cell of cells) {
      for (let at = cell.indexOf("\n"); at >= 0; at = cell.indexOf("\n", at + 1)) line++;
    }
  }
  // A blank line is a record of one empty cell.
  while (rows.length > 1 && rows.at(-1)!.cells.length === 1 && rows.at(-1)!.cells[0] === "") rows.pop();
  return rows;
}

function assertHeader({ cells, line }: CsvRow, path: string): void {
  if (cells.length === 1 && cells[0] === "") {
    throw refusal("CSV_HEADER", path, "an empty header, expected the names of the columns", line);
  }
  const seen = new Set<string>();
  for (const name of cells) {
    if (seen.has(name))
      throw refusal("CSV_HEADER", path, `column ${quote(name)} stands twice in the header`, line);
    seen.add(name);
  }
}

function tooLarge(path: string, what: string, limit: number, line: number): GateError {
  return refusal("CSV_TOO_LARGE", path, `${what}, limit for CSV is ${limit}`, line);
}

function refusal(code: string, path: string, state: string, line: number): GateError {
  return new GateError(code, `Cannot read ${path}: ${state}`, { place: { path, line } });
}
