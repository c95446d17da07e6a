import { GateError } from "../model/error.ts";
import type { Measure, NonFinite } from "../model/evidence.ts";
import { type CsvTable, parseCsv } from "../parse/csv.ts";
import { quote } from "../parse/excerpt.ts";
import type { RawMetric, RawProblem, Reading } from "./adapter.ts";

type Row = CsvTable["rows"][number];

/** Decimal as JSON, YAML and Python write it; nothing before or after. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** What Python, NumPy, pandas and R write. */
const NON_FINITE: ReadonlyMap<string, NonFinite> = new Map([
  ["nan", "NaN"],
  ["inf", "Infinity"],
  ["+inf", "Infinity"],
  ["-inf", "-Infinity"],
  ["infinity", "Infinity"],
  ["+infinity", "Infinity"],
  ["-infinity", "-Infinity"],
]);

const TABLE_LEAVES_MAX = 100_000;

/**
 * Metrics of a CSV in one of three shapes: columns `metric` and `value` (further columns are `dataset`, `n`,
 * `positives` or attributes of a slice); a column `step`, of which the last row counts; or one row of numbers
 * below their names.
 */
export function readMetricTable(text: string, path: string): Reading {
  const table = parseCsv(text, path);
  if (table.rows.length * table.header.length > TABLE_LEAVES_MAX) {
    throw shapeError(path, `more than ${TABLE_LEAVES_MAX} cells`);
  }
  if (table.header.includes("metric") && table.header.includes("value")) return readLong(table);
  if (table.header.includes("step")) return readRow(table.header, lastStep(table, path));
  const [row, second] = table.rows;
  if (row === undefined) throw shapeError(path, "a header without a row");
  if (second !== undefined) {
    throw shapeError(path, `${table.rows.length} rows, and no column tells which of them counts`);
  }
  return readRow(table.header, row);
}

function shapeError(path: string, state: string): GateError {
  return new GateError("METRIC_SHAPE", `Cannot read ${path} as metrics: ${state}`, {
    place: { path },
    fix: "Write the columns metric,value, or one row of numbers below their names",
  });
}

function readRow(header: readonly string[], row: Row): Reading {
  const items: RawMetric[] = [];
  const problems: RawProblem[] = [];
  for (const [column, name] of header.entries()) {
    const value = measureOf(row.cells[column] ?? "");
    if (value === undefined) problems.push(notANumber(name, row.cells[column] ?? "", row));
    else items.push({ kind: "metric", name, value, line: row.line });
  }
  return { items, problems };
}

/** DVCLive appends a row for each step. One that does not ascend has been edited or mixed from two runs. */
function lastStep({ header, rows }: CsvTable, path: string): Row {
  const column = header.indexOf("step");
  let last: { readonly row: Row; readonly step: number } | undefined;
  for (const row of rows) {
    const cell = row.cells[column] ?? "";
    const step = /^\d{1,15}$/.test(cell) ? Number(cell) : Number.NaN;
    if (!(step > (last?.step ?? -1))) {
      throw new GateError(
        "METRIC_STEPS",
        `Cannot read ${path}: step ${quote(cell)}, expected one above the last`,
        {
          place: { path, line: row.line },
        },
      );
    }
    last = { row, step };
  }
  if (last === undefined) throw shapeError(path, "a header without a row");
  return last.row;
}

function readLong(table: CsvTable): Reading {
  const items: RawMetric[] = [];
  const problems: RawProblem[] = [];
  for (const row of table.rows) {
    const read = readLongRow(table.header, row);
    if ("kind" in read) items.push(read);
    else problems.push(read);
  }
  return { items, problems };
}

/** A column that is not known may cut the population, so that its number never stands for the whole of it. */
function readLongRow(header: readonly string[], row: Row): RawMetric | RawProblem {
  const cells = new Map(header.map((name, column) => [name, row.cells[column] ?? ""]));
  const name = take(cells, "metric");
  const cell = take(cells, "value");
  const value = measureOf(cell);
  if (value === undefined) return notANumber(name, cell, row);
  const dataset = take(cells, "dataset");
  const counts = { n: take(cells, "n"), positives: take(cells, "positives") };
  for (const [key, count] of Object.entries(counts)) {
    if (!/^\d{0,15}$/.test(count)) return badCount(name, key, { count, row });
  }
  // A column without a name is the row number that pandas writes.
  const slice = [...cells].filter(([column, attribute]) => column !== "" && attribute !== "");
  return {
    kind: "metric",
    name,
    value,
    line: row.line,
    ...(dataset === "" ? {} : { dataset }),
    ...(counts.n === "" ? {} : { n: Number(counts.n) }),
    ...(counts.positives === "" ? {} : { positives: Number(counts.positives) }),
    ...(slice.length === 0 ? {} : { slice: Object.fromEntries(slice) }),
  };
}

function take(cells: Map<string, string>, name: string): string {
  const cell = cells.get(name) ?? "";
  cells.delete(name);
  return cell;
}

function measureOf(cell: string): Measure | undefined {
  const nonFinite = NON_FINITE.get(cell.toLowerCase());
  if (nonFinite !== undefined) return nonFinite;
  const value = DECIMAL.test(cell) ? Number(cell) : Number.NaN;
  if (!Number.isFinite(value)) return undefined;
  return value === 0 ? 0 : value;
}

function notANumber(name: string, cell: string, row: Row): RawProblem {
  return {
    code: "METRIC_NOT_A_NUMBER",
    message: `Cannot read ${name}: its cell is ${quote(cell)}, expected a number`,
    at: { line: row.line, column: 1 },
    metric: name,
    fix: "Write it as a number: no spaces, no unit, a point for the decimals",
  };
}

function badCount(name: string, key: string, { count, row }: { count: string; row: Row }): RawProblem {
  return {
    code: "METRIC_COUNT",
    message: `Cannot read ${name}: its ${key} is ${quote(count)}, expected a whole number`,
    at: { line: row.line, column: 1 },
    metric: name,
  };
}
