import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeAt, toValue } from "../../gate/parse/node.ts";
import { parseToml, TOML_BYTES_MAX, TOML_DEPTH_MAX } from "../../gate/parse/toml.ts";
import { placeOf, refusalOf } from "./refusal.ts";

const read = (text: string) => toValue(parseToml(text, "metrics.toml"));
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

const REFUSED: readonly [name: string, text: string, place: string][] = [
  ["a key twice", "a = 1\na = 2\n", "TOML_SYNTAX 2:1"],
  ["a table twice", "[a]\n[a]\n", "TOML_SYNTAX 2:2"],
  ["a value that is none", "a = 1\nb = = 2\n", "TOML_SYNTAX 2:5"],
  ["a key without a value", "a = 1\nb\n", "TOML_SYNTAX 2:2"],
  ["a byte order mark in the middle", "a = 1\n\ufeffb = 2\n", "TOML_SYNTAX 2:1"],
  ["a control character", 'a = "\u0001"\n', "TOML_SYNTAX 1:6"],
  ["an escaped lone surrogate", 'a = "\\ud800"\n', "TOML_SYNTAX 1:6"],
  ["a carriage return that hides a line", "a = 0.9 #\ra = 0.1\n", "TOML_SYNTAX 1:10"],
  ["2^53 + 1", "a = 9007199254740993\n", "TOML_NUMBER_RANGE 1"],
  ["-2^53 - 1", "a = -9007199254740993\n", "TOML_NUMBER_RANGE 1"],
  ["1e999, which is no infinity", "a = 1e999\n", "TOML_NUMBER_RANGE 1"],
  ["one bracket too deep", `a = ${nested(TOML_DEPTH_MAX)}`, "TOML_DEPTH 1"],
  ["100,000 brackets", `a = ${"[".repeat(100_000)}`, "TOML_DEPTH 1:69"],
  ["a table's name of 100,000 parts", `[${"a.".repeat(100_000)}a]\n`, "TOML_DEPTH 1"],
  ["a key of 100,000 parts", `${"a.".repeat(100_000)}a = 1\n`, "TOML_DEPTH 1"],
  ["a megabyte and a byte", "#".repeat(TOML_BYTES_MAX + 1), "TOML_TOO_LARGE 1"],
];

describe("parseToml()", () => {
  for (const [name, text, place] of REFUSED) {
    it(`refuses ${name}`, () =>
      assert.equal(
        placeOf(() => read(text)),
        place,
      ));
  }

  it("reads tables, lists and every kind of scalar", () => {
    const text =
      'a = 1\nb = 0.5\nc = "x"\nd = true\n[t.u]\nv = [1, {w = "z"}]\n[[rows]]\nn = 1\n[[rows]]\nn = 2\n';
    const expected = {
      a: 1,
      b: 0.5,
      c: "x",
      d: true,
      t: { u: { v: [1, { w: "z" }] } },
      rows: [{ n: 1 }, { n: 2 }],
    };
    assert.equal(JSON.stringify(read(text)), JSON.stringify(expected));
  });

  it("reads dates and times as text", () => {
    const text = "a = 1979-05-27T07:32:00Z\nb = 1979-05-27\nc = 07:32:00\nd = 1979-05-27T00:32:00-07:00\n";
    const expected = {
      a: "1979-05-27T07:32:00.000Z",
      b: "1979-05-27",
      c: "07:32:00.000",
      d: "1979-05-27T00:32:00.000-07:00",
    };
    assert.equal(JSON.stringify(read(text)), JSON.stringify(expected));
  });

  it("carries nan and inf as no number and no text", () => {
    const node = parseToml("a = nan\nb = inf\nc = -inf\n", "metrics.toml");
    assert.deepEqual(
      ["a", "b", "c"]
        .map((key) => nodeAt(node, [key]))
        .map((value) => value?.kind === "scalar" && value.value),
      [{ nonFinite: "NaN" }, { nonFinite: "Infinity" }, { nonFinite: "-Infinity" }],
    );
  });

  it("takes __proto__ and constructor for keys", () => {
    const value = read("__proto__ = 1\n[constructor]\npolluted = 1\n") as object;
    assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });

  it("takes 2^53 - 1 and as many levels as allowed", () => {
    assert.equal(JSON.stringify(read("a = 9007199254740991")), '{"a":9007199254740991}');
    assert.doesNotThrow(() => read(`a = ${nested(TOML_DEPTH_MAX - 1)}`));
  });

  it("shows the line of a syntax error", () => {
    const error = refusalOf(() => read("[model]\nauc = = 0.9\n"));
    assert.equal(
      error.message,
      "Cannot read metrics.toml: invalid value\n   2 | auc = = 0.9\n     |       ^",
    );
    assert.deepEqual(error.place, { path: "metrics.toml", line: 2, column: 7 });
  });
});
