import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { nodeAt, toValue } from "../../gate/parse/node.ts";
import { parseYaml, YAML_BYTES_MAX, YAML_DEPTH_MAX } from "../../gate/parse/yaml.ts";
import { placeOf, refusalOf } from "./refusal.ts";

const read = (text: string) => toValue(parseYaml(text, "policy.yml"));
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n";

const REFUSED: readonly [name: string, text: string, place: string][] = [
  ["a key twice", "min: 0.9\nmax: 1\nmin: 0.1\n", "YAML_DUPLICATE_KEY 3:1"],
  ["a key twice, once in quotes", 'min: 0.9\n"min": 0.1\n', "YAML_DUPLICATE_KEY 2:1"],
  ["a key twice, once escaped", '{min: 0.9, "\\x6din": 0.1}', "YAML_DUPLICATE_KEY 1:12"],
  ["__proto__ twice", "__proto__: 1\n__proto__: 2\n", "YAML_DUPLICATE_KEY 2:1"],
  ["an alias bomb", BOMB, "YAML_ALIAS 1:4"],
  ["an anchor that nothing uses", "a: &x 1\n", "YAML_ALIAS 1:4"],
  ["an anchor without a name", "a: & 1\n", "YAML_ALIAS 1:4"],
  ["an alias", "a: *x\n", "YAML_ALIAS 1:4"],
  ["an alias as key", "*x : 1\n", "YAML_ALIAS 1:1"],
  ["a merge key", "a:\n  <<: {min: 0}\n  min: 1\n", "YAML_MERGE_KEY 2:3"],
  ["a tag of YAML", "a: !!str 1\n", "YAML_TAG 1:4"],
  ["a tag of its own", "a: !include /etc/passwd\n", "YAML_TAG 1:4"],
  ["a tag in full", "a: !<tag:yaml.org,2002:js/function> x\n", "YAML_TAG 1:4"],
  ["the non-specific tag", "a: ! 1\n", "YAML_TAG 1:4"],
  ["a tag before a map", "!!set {a, b}\n", "YAML_TAG 1:1"],
  ["a second document", "a: 1\n---\na: 2\n", "YAML_DOCUMENTS 2:1"],
  ["a second document after an end", "a: 1\n...\na: 2\n", "YAML_DOCUMENTS 3:1"],
  ["a version, which would change what `no` means", "%YAML 1.1\n---\na: no\n", "YAML_DIRECTIVE 1:1"],
  ["a tag directive", "%TAG ! tag:x,2000:\n---\na: 1\n", "YAML_DIRECTIVE 1:1"],
  ["a number as key", "1: a\n", "YAML_KEY 1:1"],
  ["null as key", "a: {null: 1}\n", "YAML_KEY 1:5"],
  ["true as key", "true: 1\n", "YAML_KEY 1:1"],
  ["NaN as key", ".nan: 1\n", "YAML_KEY 1:1"],
  ["no key", ": 1\n", "YAML_KEY 1:1"],
  ["a list as key", "? [a]\n: 1\n", "YAML_KEY 1:3"],
  ["a map as key", "{a: 1}: 2\n", "YAML_KEY 1:1"],
  ["a tab as indentation", "a:\n\tb: 1\n", "YAML_SYNTAX 2:1"],
  ["a tab among the spaces", "a:\n  b: 1\n \tc: 2\n", "YAML_SYNTAX 3:1"],
  ["two colons", "a: b: c\n", "YAML_SYNTAX 1:4"],
  ["a list that is not closed", "a: [1, 2\n", "YAML_SYNTAX 2:1"],
  ["a quote that is not closed", 'a: "x\n', "YAML_SYNTAX 2:1"],
  ["brackets that close nothing", "]".repeat(100_000), "YAML_SYNTAX 1:1"],
  ["an unknown escape", 'a: "\\q"\n', "YAML_SYNTAX 1:5"],
  ["an escaped lone surrogate", 'a: "\\ud800"\n', "YAML_SYNTAX 1:4"],
  ["an escaped lone surrogate in a key", '"\\ud800": 1\n', "YAML_SYNTAX 1:1"],
  ["a NUL", "a: x\0y\n", "YAML_SYNTAX 1:5"],
  ["an escape sequence of the terminal", "a: \u001b[31m\n", "YAML_SYNTAX 1:4"],
  ["a carriage return that hides a line", "min: 0.9 #\rmin: 0.1\n", "YAML_SYNTAX 1:11"],
  ["2^53 + 1", "a: 9007199254740993\n", "YAML_NUMBER_RANGE 1:4"],
  ["2^53, which 2^53 + 1 reads as", "a: 9007199254740992\n", "YAML_NUMBER_RANGE 1:4"],
  ["-2^53 - 1", "a: -9007199254740993\n", "YAML_NUMBER_RANGE 1:4"],
  ["a hexadecimal number beyond 2^53", "a: 0x20000000000001\n", "YAML_NUMBER_RANGE 1:4"],
  ["1e999, which is no infinity", "a: 1e999\n", "YAML_NUMBER_RANGE 1:4"],
  ["-1e999", "a: -1e999\n", "YAML_NUMBER_RANGE 1:4"],
  ["one bracket too deep", nested(YAML_DEPTH_MAX + 1), "YAML_DEPTH 1:65"],
  ["100,000 brackets", "[".repeat(100_000), "YAML_DEPTH 1:65"],
  ["100,000 braces", "{".repeat(100_000), "YAML_DEPTH 1:65"],
  ["100,000 lists of lists", "- ".repeat(100_000), "YAML_DEPTH 1:129"],
  ["100,000 explicit keys", "? ".repeat(100_000), "YAML_DEPTH 1:129"],
  ["1,000 levels of indentation", indented(1_000), "YAML_DEPTH 65:65"],
  ["a megabyte and a byte", " ".repeat(YAML_BYTES_MAX + 1), "YAML_TOO_LARGE"],
  ["a megabyte that takes more bytes than characters", "é".repeat(YAML_BYTES_MAX / 2 + 1), "YAML_TOO_LARGE"],
  ["a megabyte of signs", "[".concat("1,".repeat(200_000), "]"), "YAML_TOO_LARGE 1:200001"],
];

const READ: readonly [name: string, text: string, value: unknown][] = [
  ["nothing as null", "", null],
  ["comments alone as null", "# a\n\n# b\n", null],
  ["a document with its marks", "---\na: 1\n...\n", { a: 1 }],
  ["bare NaN as the text that it is", "min: NaN", { min: "NaN" }],
  [
    "numbers that are not finite",
    "[.nan, .NaN, .inf, -.INF, +.inf]",
    ["NaN", "NaN", "Infinity", "-Infinity", "Infinity"],
  ],
  ["no and yes as text", "[no, yes, on, off, y]", ["no", "yes", "on", "off", "y"]],
  ["booleans and null of the core schema", "[true, False, NULL, ~, ]", [true, false, null, null]],
  ["numbers of the core schema", "[010, 0o10, 0x10, +1, .5, 5., 1e3, -0]", [10, 8, 16, 1, 0.5, 5, 1000, 0]],
  [
    "what YAML 1.1 took for numbers and dates as text",
    "[1_000, 1:30, 2026-01-31]",
    ["1_000", "1:30", "2026-01-31"],
  ],
  ["a number in quotes as text, its blank kept", 'min: "0.9 "', { min: "0.9 " }],
  ["a number with blanks around as a number", "min:   0.9   ", { min: 0.9 }],
  ["2^53 - 1", "a: 9007199254740991", { a: 9007199254740991 }],
  ["<< in quotes as a key", '"<<": 1', { "<<": 1 }],
  ["block texts", "a: |\n  x\n  *y &z !t\nb: >-\n  p\n  q\n", { a: "x\n*y &z !t\n", b: "p q" }],
  [
    "signs inside of quotes and words",
    "a: '*x'\nb: \"&y !z\"\nc: d*e&f!g\n",
    { a: "*x", b: "&y !z", c: "d*e&f!g" },
  ],
  ["lines that end in CR LF", "a: 1\r\nb: x\r\n", { a: 1, b: "x" }],
  ["a tab between a colon and its value", "a:\tb", { a: "b" }],
  ["keys without values", "{a, b: }", { a: null, b: null }],
  [
    "as many levels as allowed",
    `a: ${nested(YAML_DEPTH_MAX - 1)}`,
    { a: JSON.parse(nested(YAML_DEPTH_MAX - 1)) },
  ],
];

describe("parseYaml()", () => {
  for (const [name, text, place] of REFUSED) {
    it(`refuses ${name}`, () =>
      assert.equal(
        placeOf(() => read(text)),
        place,
      ));
  }

  for (const [name, text, value] of READ) {
    it(`reads ${name}`, () => assert.equal(JSON.stringify(read(text)), JSON.stringify(value)));
  }

  it("takes __proto__ and constructor for keys", () => {
    assert.deepEqual(Object.keys(read("__proto__: {polluted: 1}\nconstructor: 2") as object), [
      "__proto__",
      "constructor",
    ]);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });

  it("keeps the place of every key and value, and how it was written", () => {
    const root = parseYaml(
      "# policy\ngates:\r\n  - id: a\n    with: { min: 0.90, 'max' : .inf }\n",
      "policy.yml",
    );
    const min = nodeAt(root, ["gates", 0, "with", "min"])!;
    const max = nodeAt(root, ["gates", 0, "with", "max"])!;
    assert.deepEqual(root.at, { line: 2, column: 1 });
    assert.deepEqual(nodeAt(root, ["gates", 0])!.at, { line: 3, column: 5 });
    assert.deepEqual(min, { kind: "scalar", value: 0.9, text: "0.90", at: { line: 4, column: 18 } });
    assert.deepEqual(max, {
      kind: "scalar",
      value: { nonFinite: "Infinity" },
      text: ".inf",
      at: { line: 4, column: 32 },
    });
    const parent = nodeAt(root, ["gates", 0, "with"])!;
    assert.deepEqual(parent.kind === "map" && parent.entries.get("max")!.at, { line: 4, column: 24 });
  });

  it("gives back what is written as YAML", () => {
    const value = fc.jsonValue({ maxDepth: 5 }).filter(isCarried);
    fc.assert(
      fc.property(value, (sample) => {
        const text = stringify(sample, { aliasDuplicateObjects: false });
        assert.equal(JSON.stringify(read(text)), JSON.stringify(sample));
      }),
      { numRuns: 300 },
    );
  });

  it("throws nothing but its own errors, whatever the text", () => {
    const piece = fc.constantFrom(
      ..."&*!|>%@`'\"[]{},:?-#\n \tab01.<~",
      "\n  ",
      "---\n",
      "- ",
      "a: ",
      "<<: ",
      "!!",
      "\r\n",
    );
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, (sample) => {
        try {
          parseYaml(sample, "policy.yml");
        } catch (error) {
          assert.match(
            refusalOf(() => {
              throw error;
            }).code,
            /^YAML_/,
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("shows the line, the column and what to do", () => {
    const error = refusalOf(() => read("gates:\n  - id: auc\n    severity: block\n    id: ks\n"));
    assert.equal(
      error.message,
      'Cannot read policy.yml: duplicate key "id", first at line 2\n   4 |     id: ks\n     |     ^',
    );
    assert.deepEqual(error.place, { path: "policy.yml", line: 4, column: 5 });
    assert.equal(error.fix, "Keep one of the two");
    assert.equal(refusalOf(() => read("a:\n\tb: 1")).fix, "Indent with spaces");
  });
});

function indented(levels: number): string {
  return Array.from({ length: levels }, (_, level) => `${" ".repeat(level)}a:`).join("\n");
}

/** Whole numbers beyond 2^53, merge keys and characters that YAML cannot hold raw are refused, and tested above. */
function isCarried(value: unknown): boolean {
  const text = JSON.stringify(value);
  return (
    !/(?<![\d.e+-])-?\d{16,}(?![\d.e])/.test(text) && !/[\u007f-\u009f\ufeff-\uffff]|\\u|\\r|"<<"/.test(text)
  );
}
