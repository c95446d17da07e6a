import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type CanonicalValue,
  canonicalBytes,
  canonicalText,
  DEPTH_MAX,
  MEMBERS_MAX,
  parseCanonical,
  STRING_LENGTH_MAX,
} from "../../gate/trail/canonical.ts";

const REFUSED = { code: "TRAIL_NOT_CANONICAL" };
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

const TEXTS_REFUSED: readonly [string, string][] = [
  ["duplicate keys", '{"a":1,"a":1}'],
  ["a fraction that is whole", '{"a":1.0}'],
  ["a fraction", '{"a":1.5}'],
  ["an exponent", '{"a":1e2}'],
  ["minus zero", '{"a":-0}'],
  ["a negative number", '{"a":-1}'],
  ["2^53 + 1", '{"a":9007199254740993}'],
  ["2^53", '{"a":9007199254740992}'],
  ["a leading zero", '{"a":01}'],
  ["null", '{"a":null}'],
  ["a space after a colon", '{"a": 1}'],
  ["a space after a comma", '{"a":1, "b":2}'],
  ["a leading space", ' {"a":1}'],
  ["a trailing newline", '{"a":1}\n'],
  ["keys out of order", '{"b":1,"a":2}'],
  ["integer keys in numeric order", '{"9":1,"10":2}'],
  ["an escape for a letter that needs none", '{"a":"\\u00e9"}'],
  ["an escaped slash", '{"a":"\\/"}'],
  ["an escape in upper case", '{"a":"\\u001F"}'],
  ["a long escape where a short one exists", '{"a":"\\u000a"}'],
  ["a lone high surrogate", '{"a":"\\ud800"}'],
  ["a lone low surrogate", '{"a":"\\udc00"}'],
  ["a lone surrogate in a key", '{"\\ud800":1}'],
  ["U+0000", '{"a":"\\u0000"}'],
  ["U+0000 in a key", '{"\\u0000":1}'],
  ["a byte order mark", '\ufeff{"a":1}'],
  ["a nesting of 17", nested(DEPTH_MAX + 1)],
  ["a nesting of 20", nested(20)],
  ["a nesting of 100,000", nested(100_000)],
  ["a string of 1,025", `"${"a".repeat(STRING_LENGTH_MAX + 1)}"`],
  ["a list of 1,025", `[${"1,".repeat(MEMBERS_MAX)}1]`],
  ["two values", "1 2"],
  ["nothing", ""],
  ["NaN", "NaN"],
];

const TEXTS_TAKEN: readonly [string, string][] = [
  ["a raw é", '{"a":"é"}'],
  ["an astral character", '{"a":"😀"}'],
  ["U+2028", '{"a":"\u2028"}'],
  ["U+007F", '{"a":"\u007f"}'],
  ["the short escapes", '{"a":"\\b\\t\\n\\f\\r\\"\\\\"}'],
  ["the long escapes in lower case", '{"a":"\\u0001\\u001f"}'],
  ["integer keys in text order", '{"10":1,"9":2}'],
  ["__proto__ as a key", '{"__proto__":{"a":1},"constructor":2}'],
  ["keys by UTF-16 code units, not code points", '{"😀":1,"ﬁ":2}'],
  ["composed and decomposed letters side by side", '{"e\u0301":1,"\u00e9":2}'],
  ["2^53 - 1", "9007199254740991"],
  ["0", "0"],
  ["a nesting of 16", nested(DEPTH_MAX)],
  ["a string of 1,024", `"${"a".repeat(STRING_LENGTH_MAX)}"`],
  ["a list of 1,024", `[${"1,".repeat(MEMBERS_MAX - 1)}1]`],
  ["an empty object", "{}"],
  ["a bare string", '"a"'],
  ["true", "true"],
];

describe("parseCanonical()", () => {
  for (const [name, text] of TEXTS_REFUSED) {
    test(`refuses ${name}`, () => assert.throws(() => parseCanonical(Buffer.from(text), "it"), REFUSED));
  }
  for (const [name, text] of TEXTS_TAKEN) {
    test(`takes ${name} and writes the same bytes`, () => {
      const value = parseCanonical(Buffer.from(text), "it");
      assert.equal(canonicalText(value), text);
    });
  }

  const BYTES_REFUSED: readonly [string, string][] = [
    ["a byte that is not UTF-8", "22ff22"],
    ["an overlong slash", "22c0af22"],
    ["a surrogate in UTF-8", "22eda08022"],
    ["a cut-off character", "22e28022"],
    ["a byte order mark alone", "efbbbf"],
  ];
  for (const [name, bytes] of BYTES_REFUSED) {
    test(`refuses ${name}`, () => {
      assert.throws(() => parseCanonical(Buffer.from(bytes, "hex"), "it"), REFUSED);
    });
  }

  test("says what it cannot take, and why", () => {
    assert.throws(() => parseCanonical(Buffer.from('{"a": 1}'), "tail/00000000/0/00"), {
      message: "Cannot take tail/00000000/0/00 as canonical JSON: its bytes are not the canonical form",
    });
  });
});

describe("canonicalText() refuses", () => {
  const values: readonly [string, unknown][] = [
    ["undefined", undefined],
    ["a member that is undefined", { a: undefined }],
    ["a hole in a list", new Array(1)],
    ["null", null],
    ["a fraction", 0.5],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["minus zero", -0],
    ["a bigint", 1n],
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["bytes", new Uint8Array(1)],
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
  ];
  for (const [name, value] of values) {
    test(name, () => assert.throws(() => canonicalText(value), REFUSED));
  }

  test("an object that holds itself", () => {
    const value: Record<string, unknown> = {};
    value.self = value;
    assert.throws(() => canonicalText(value), REFUSED);
  });
});

describe("law", () => {
  const text = fc
    .string({ unit: "grapheme", maxLength: 30 })
    .filter((s) => !s.includes("\0") && s.isWellFormed());
  const value = fc.letrec<{ value: CanonicalValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.boolean(),
      fc.maxSafeNat(),
      text,
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(text, tie("value"), { maxKeys: 5 }),
    ),
  })).value;

  test("parse(print(x)) prints the same bytes", () => {
    fc.assert(
      fc.property(value, (given) => {
        const bytes = canonicalBytes(given);
        assert.deepEqual(canonicalBytes(parseCanonical(bytes, "it")), bytes);
      }),
    );
  });

  test("bytes that are taken are the only spelling of their value", () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.constantFrom(" ", "\n", "\t"), (given, at, space) => {
        const text = canonicalText(given);
        const spot = at % (text.length + 1);
        const other = `${text.slice(0, spot)}${space}${text.slice(spot)}`;
        let taken: CanonicalValue;
        try {
          taken = parseCanonical(Buffer.from(other), "it");
        } catch {
          return;
        }
        // A space inside a string is another value.
        assert.notDeepEqual(taken, given);
      }),
    );
  });
});
