import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { canonical, digestOf, sha256Of } from "../../gate/parse/canonical.ts";

describe("canonical()", () => {
  it("writes the example of RFC 8785, section 3.2.3", () => {
    const input = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const order = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\ud83d\ude00", "\ufb33"];
    assert.deepEqual(Object.keys(JSON.parse(canonical(input))).sort(), [...order].sort());
    const places = order.map((key) => canonical(input).indexOf(JSON.stringify(key)));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
  });

  it("writes the numbers of RFC 8785, section 3.2.2", () => {
    const numbers = "[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0]";
    assert.equal(canonical(JSON.parse(numbers)), "[333333333.3333333,1e+30,4.5,0.002,1e-27,0]");
  });

  it("leaves out members that are undefined and keeps null", () => {
    assert.equal(canonical({ b: undefined, a: null }), '{"a":null}');
  });

  it("writes the same bytes whatever the order of keys", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        assert.equal(canonical(reversed), canonical(object));
        assert.deepEqual(JSON.parse(canonical(object)), JSON.parse(JSON.stringify(object)));
      }),
    );
  });

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, () => 1, Symbol("x"), undefined]) {
    it(`refuses ${String(value)}, which JSON cannot say`, () =>
      assert.throws(() => canonical([value]), TypeError));
  }
});

describe("digestOf()", () => {
  it("is SHA-256 over the canonical form", () => {
    assert.equal(digestOf({ b: 1, a: [] }), sha256Of('{"a":[],"b":1}'));
    // FIPS 180-4's example.
    assert.equal(sha256Of("abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});
