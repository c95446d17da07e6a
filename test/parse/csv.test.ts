import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CSV_COLUMNS_MAX, CSV_ROWS_MAX, parseCsv } from "../../gate/parse/csv.ts";
import { placeOf, refusalOf } from "./refusal.ts";

const read = (text: string) => parseCsv(text, "metrics.csv");

const REFUSED: readonly [name: string, text: string, place: string][] = [
  ["an empty file", "", "CSV_HEADER 1"],
  ["a blank line in the place of the header", "\na,b\n", "CSV_HEADER 1"],
  ["a column's name twice", "auc,n,auc\n1,2,3\n", "CSV_HEADER 1"],
  ["a row with fewer cells", 'a,b\n"1\n1",2\n3\n', "CSV_ROW 4"],
  ["a row with more cells", "a,b\n1,2\n1,2,3\n", "CSV_ROW 3"],
  ["a blank line between rows", "a,b\n1,2\n\n3,4\n", "CSV_ROW 3"],
  ["a quote that is not closed", 'a,b\n1,"x\n', "CSV_SYNTAX 2"],
  ["a quote inside of a cell", 'a,b\n1,x"y"\n', "CSV_SYNTAX 2"],
  ["a blank before a quote", 'a,b\n1, "y"\n', "CSV_SYNTAX 2"],
  ["text after a closing quote", 'a,b\n"1"2,3\n', "CSV_SYNTAX 2"],
  ["a carriage return alone", "a,b\r1,2\r", "CSV_SYNTAX 1"],
  ["one column too many", ",".repeat(CSV_COLUMNS_MAX), "CSV_TOO_LARGE 1"],
  ["ten million commas", `a\n${",".repeat(10_000_000)}`, "CSV_TOO_LARGE 2"],
  ["one row too many", `a\n${"1\n".repeat(CSV_ROWS_MAX + 1)}`, `CSV_TOO_LARGE ${CSV_ROWS_MAX + 3}`],
  ["more bytes than allowed", "a".repeat(64 * 1024 * 1024 + 1), "CSV_TOO_LARGE 1"],
];

describe("parseCsv()", () => {
  for (const [name, text, place] of REFUSED) {
    it(`refuses ${name}`, () =>
      assert.equal(
        placeOf(() => read(text)),
        place,
      ));
  }

  it("numbers rows by the line that they begin at", () => {
    assert.deepEqual(read('a,b\n1,"x ""y""\nz"\r\n2,3\n'), {
      header: ["a", "b"],
      rows: [
        { line: 2, cells: ["1", 'x "y"\nz'] },
        { line: 4, cells: ["2", "3"] },
      ],
    });
  });

  const taken: readonly [name: string, text: string, cells: readonly string[][]][] = [
    ["a header alone", "a,b", []],
    ["lines that end in CR LF", "a,b\r\n1,2\r\n", [["1", "2"]]],
    ["blank lines at the end", "a,b\n1,2\n\n\n", [["1", "2"]]],
    ["empty cells", "a,b\n,\n", [["", ""]]],
    ["the nameless index column that pandas writes", ",auc\n0,0.9\n", [["0", "0.9"]]],
    ["commas and line breaks in quotes", 'a,b\n"1,2","\r\n"\n', [["1,2", "\r\n"]]],
    ["blanks as part of a cell", "a,b\n 1 ,2\n", [[" 1 ", "2"]]],
    ["__proto__ as a column", "__proto__,constructor\n1,2\n", [["1", "2"]]],
  ];
  for (const [name, text, cells] of taken) {
    it(`takes ${name}`, () => {
      assert.deepEqual(
        read(text).rows.map((row) => row.cells),
        cells,
      );
    });
  }

  it("gives back every table that is written as RFC 4180 says", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "0", " ", ",", '"', "\n", "\r\n", "é") });
    const table = fc
      .integer({ min: 2, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }))
      .filter(([header]) => new Set(header).size === header!.length);
    fc.assert(
      fc.property(table, fc.constantFrom("\n", "\r\n"), (records, end) => {
        const { header, rows } = read(records.map((cells) => cells.map(toCell).join(",") + end).join(""));
        assert.deepEqual([header, ...rows.map(({ cells }) => cells)], records);
      }),
      { numRuns: 1_000 },
    );
  });

  it("says what is wrong with a row", () => {
    const error = refusalOf(() => read("auc,n\n0.9\n"));
    assert.equal(
      error.message,
      "Cannot read metrics.csv: the row's cell count is 1, expected 2 as in the header",
    );
  });
});

function toCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
