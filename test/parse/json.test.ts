import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { JSON_DEPTH_MAX, type JsonOptions, parseJson } from "../../gate/parse/json.ts";
import { nodeAt, toValue } from "../../gate/parse/node.ts";
import { placeOf, refusalOf } from "./refusal.ts";

const read = (text: string, options?: JsonOptions) => toValue(parseJson(text, "m.json", options));
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

/** Texts that some reader takes; the platform's own refuses them, too, but for those marked. */
const REFUSED: readonly [name: string, text: string, place: string, platform?: "taken"][] = [
  ["nothing", "", "JSON_SYNTAX 1:1"],
  ["blanks", " \n ", "JSON_SYNTAX 2:2"],
  ["two values", "1 2", "JSON_SYNTAX 1:3"],
  ["text after the value", '{"a": 1} x', "JSON_SYNTAX 1:10"],
  ["a second closing bracket", "[1]]", "JSON_SYNTAX 1:4"],
  ["a comma after the last item", "[1,]", "JSON_SYNTAX 1:4"],
  ["a comma after the last member", '{"a":1,}', "JSON_SYNTAX 1:8"],
  ["a comma before the first item", "[,1]", "JSON_SYNTAX 1:2"],
  ["a line comment", "[1 // one\n]", "JSON_SYNTAX 1:4"],
  ["a block comment", "[/* one */ 1]", "JSON_SYNTAX 1:2"],
  ["single quotes", "{'a': 1}", "JSON_SYNTAX 1:2"],
  ["a bare key", "{a: 1}", "JSON_SYNTAX 1:2"],
  ["a number as key", "{1: 1}", "JSON_SYNTAX 1:2"],
  ["a missing colon", '{"a" 1}', "JSON_SYNTAX 1:6"],
  ["a missing value", '{"a":}', "JSON_SYNTAX 1:6"],
  ["brackets that do not match", '[{"a": 1]', "JSON_SYNTAX 1:9"],
  ["a document that is cut off", '{"auc": 0.9', "JSON_SYNTAX 1:12"],
  ["a text that is cut off", '["abc', "JSON_SYNTAX 1:2"],
  ["a text that ends in a backslash", '["abc\\', "JSON_STRING 1:6"],
  ["a leading zero", "[01]", "JSON_SYNTAX 1:2"],
  ["a plus sign", "[+1]", "JSON_SYNTAX 1:2"],
  ["a bare point", "[.5]", "JSON_SYNTAX 1:2"],
  ["a point without digits", "[1.]", "JSON_SYNTAX 1:2"],
  ["an exponent without digits", "[1e]", "JSON_SYNTAX 1:2"],
  ["a minus sign alone", "[-]", "JSON_SYNTAX 1:2"],
  ["a hexadecimal number", "[0x10]", "JSON_SYNTAX 1:2"],
  ["an underscore in a number", "[1_000]", "JSON_SYNTAX 1:2"],
  ["a number that runs into a word", "[1true]", "JSON_SYNTAX 1:2"],
  ["a word that begins like a literal", "[nullify]", "JSON_SYNTAX 1:2"],
  ["Python's True", "[True]", "JSON_SYNTAX 1:2"],
  ["undefined", "[undefined]", "JSON_SYNTAX 1:2"],
  ["a bare NaN", '{"auc": NaN}', "JSON_SYNTAX 1:9"],
  ["a bare Infinity", "[Infinity]", "JSON_SYNTAX 1:2"],
  ["a bare -Infinity", "[-Infinity]", "JSON_SYNTAX 1:2"],
  ["a byte order mark", "\ufeff1", "JSON_SYNTAX 1:1"],
  ["a no-break space", "\u00a01", "JSON_SYNTAX 1:1"],
  ["a form feed", "\f1", "JSON_SYNTAX 1:1"],
  ["a NUL after the value", "1\0", "JSON_SYNTAX 1:2"],
  ["a tab in a text", '["a\tb"]', "JSON_STRING 1:4"],
  ["a line break in a text", '["a\nb"]', "JSON_STRING 1:4"],
  ["an unknown escape", '["\\x41"]', "JSON_STRING 1:3"],
  ["a short escape", '["\\u12"]', "JSON_STRING 1:3"],
  ["an escape with a sign", '["\\u+123"]', "JSON_STRING 1:3"],
  ["a lone high surrogate", '["\\ud83d"]', "JSON_STRING 1:2", "taken"],
  ["a lone low surrogate", '["\\ude00\\ud83d"]', "JSON_STRING 1:2", "taken"],
  ["a lone surrogate in a key", '{"\\ud83d": 1}', "JSON_STRING 1:2", "taken"],
  ["a raw lone surrogate", '["\ud83d"]', "JSON_STRING 1:3", "taken"],
  ["a key twice", '{"a": 1,\n "a": 2}', "JSON_DUPLICATE_KEY 2:2", "taken"],
  ["a key twice, once escaped", '{"a": 1, "\\u0061": 2}', "JSON_DUPLICATE_KEY 1:10", "taken"],
  ["__proto__ twice", '{"__proto__": 1, "__proto__": 2}', "JSON_DUPLICATE_KEY 1:18", "taken"],
  ["an overflow", "[1e999]", "JSON_NUMBER_RANGE 1:2", "taken"],
  ["a negative overflow", "[-1e999]", "JSON_NUMBER_RANGE 1:2", "taken"],
  ["2^53 + 1", "[9007199254740993]", "JSON_NUMBER_RANGE 1:2", "taken"],
  ["2^53, which 2^53 + 1 reads as", "[9007199254740992]", "JSON_NUMBER_RANGE 1:2", "taken"],
  ["-2^53 - 1", "[-9007199254740993]", "JSON_NUMBER_RANGE 1:2", "taken"],
  ["one bracket too deep", nested(JSON_DEPTH_MAX + 1), "JSON_DEPTH 1:65", "taken"],
  ["100,000 brackets", "[".repeat(100_000), "JSON_DEPTH 1:65"],
  ["100,000 maps", '{"a":'.repeat(100_000), "JSON_DEPTH 1:321"],
];

describe("parseJson()", () => {
  for (const [name, text, place, platform] of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.equal(
        placeOf(() => read(text)),
        place,
      );
      if (platform === "taken") assert.doesNotThrow(() => JSON.parse(text));
      else assert.throws(() => JSON.parse(text), SyntaxError);
    });
  }

  // JSON.parse is no oracle here: V8 13.6 loses the key `"` of some objects, after some others.
  it("gives back every value as it was written", () => {
    const value = fc.jsonValue({ depthSize: "medium", maxDepth: 8 }).filter(isExact);
    const indent = fc.constantFrom("", " ", "\t", "\n ");
    fc.assert(
      fc.property(value, indent, (sample, space) => {
        const text = JSON.stringify(sample, null, space);
        assert.deepEqual(read(text), withoutPrototypes(sample));
      }),
      { numRuns: 1_000 },
    );
  });

  it("takes no text that JSON.parse refuses, and gives the same value for one that it takes", () => {
    const piece = fc.constantFrom(...'[]{},:"\\/u0019-+.eE truefalsn\n', '"a"', "null", "\\u0041", "1.5");
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, (sample) => {
        const value = valueIfTaken(() => read(sample));
        if (value !== undefined) assert.deepEqual(value, withoutPrototypes(JSON.parse(sample)));
      }),
      { numRuns: 5_000 },
    );
  });

  it("reads every escape", () => {
    assert.equal(read('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\uDE00 é😀"'), '"\\/\b\f\n\r\té😀 é😀');
  });

  it("takes __proto__ and constructor for keys", () => {
    const value = read('{"__proto__": {"polluted": 1}, "constructor": 2}') as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });

  it("keeps how a number was written, and reads -0 as 0", () => {
    const list = parseJson("[-0, 1.50, 1E+2]", "m.json");
    const scalars = [0, 1, 2].map((index) => nodeAt(list, [index])!);
    assert.deepEqual(
      scalars.map((node) => node.kind === "scalar" && [node.value, node.text]),
      [
        [0, "-0"],
        [1.5, "1.50"],
        [100, "1E+2"],
      ],
    );
    assert.ok(Object.is(read("-0"), 0) && Object.is(read("-1e-999"), 0));
  });

  it("keeps the place of every key and value", () => {
    const root = parseJson('{\n  "auc": 0.9,\r\n\t"by": [ {"x": null} ]\n}', "m.json");
    assert.deepEqual(root.kind === "map" && root.entries.get("by")!.at, { line: 3, column: 2 });
    assert.deepEqual(nodeAt(root, ["auc"])!.at, { line: 2, column: 10 });
    assert.deepEqual(nodeAt(root, ["by", 0, "x"])!.at, { line: 3, column: 16 });
  });

  it("carries the numbers that Python writes bare, if asked, as no number and no text", () => {
    const node = parseJson("[NaN, Infinity, -Infinity]", "m.json", { nonFinite: "carry" });
    assert.deepEqual(node.kind === "list" && node.items.map((item) => item.kind === "scalar" && item.value), [
      { nonFinite: "NaN" },
      { nonFinite: "Infinity" },
      { nonFinite: "-Infinity" },
    ]);
  });

  it("carries nothing else that looks like them", () => {
    for (const text of ["nan", "+Infinity", "-NaN", "Infinit", "NaN1", "1e999", "{NaN: 1}"]) {
      refusalOf(() => read(text, { nonFinite: "carry" }));
    }
  });

  it("carries escaped lone surrogates, if asked", () => {
    assert.equal(read('"a\\udc80"', { surrogates: "carry" }), "a\udc80");
    assert.equal(
      placeOf(() => read('"\udc80"', { surrogates: "carry" })),
      "JSON_STRING 1:2",
    );
  });

  it("takes the depth that it is given, and no more", () => {
    assert.doesNotThrow(() => read(nested(JSON_DEPTH_MAX)));
    assert.doesNotThrow(() => read(nested(4), { depthMax: 4 }));
    assert.equal(
      placeOf(() => read(nested(5), { depthMax: 4 })),
      "JSON_DEPTH 1:5",
    );
  });

  it("refuses more values than it may hold", () => {
    assert.equal(refusalOf(() => read(`[${"0,".repeat(2_000_000)}0]`)).code, "JSON_TOO_LARGE");
  });

  it("names the state, what is expected, and shows the line", () => {
    const error = refusalOf(() => read('{\n  "auc": NaN\n}'));
    assert.equal(
      error.message,
      'Cannot read m.json: unexpected "NaN", expected a value\n   2 |   "auc": NaN\n     |          ^',
    );
    assert.equal(error.fix, "Write null: JSON has no such number");
  });
});

/** False where JSON.stringify writes a whole number that is none of ours: 1e20 as 100000000000000000000. */
function isExact(value: unknown): boolean {
  return !/(?<![\d.e+-])-?\d{16,}(?![\d.e])/.test(JSON.stringify(value));
}

/** As this reader gives it: objects without a prototype, and 0 for -0. */
function withoutPrototypes(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (typeof value !== "object" || value === null) return value;
  const object = Object.create(null);
  for (const [key, member] of Object.entries(value)) object[key] = withoutPrototypes(member);
  return object;
}

function valueIfTaken(call: () => unknown): unknown {
  try {
    return call();
  } catch {
    return undefined;
  }
}
