import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeUtf8 } from "../../gate/parse/text.ts";
import { placeOf, refusalOf } from "./refusal.ts";

const REFUSED: readonly [name: string, bytes: readonly number[], message: string][] = [
  ["UTF-8 with a mark", [0xef, 0xbb, 0xbf, 0x41], "the file is UTF-8 with a byte order mark"],
  ["UTF-16LE", [0xff, 0xfe, 0x41, 0x00], "the file is UTF-16LE"],
  ["UTF-16BE", [0xfe, 0xff, 0x00, 0x41], "the file is UTF-16BE"],
  ["UTF-32LE", [0xff, 0xfe, 0x00, 0x00, 0x41, 0, 0, 0], "the file is UTF-32LE"],
  ["UTF-32BE", [0x00, 0x00, 0xfe, 0xff, 0, 0, 0, 0x41], "the file is UTF-32BE"],
  ["UTF-16 without a mark", [0x41, 0x00, 0x42, 0x00], "NUL at byte 1"],
  ["a NUL", [0x41, 0x00], "NUL at byte 1"],
  ["a stray continuation", [0x41, 0x80], "byte 0x80 at 1 "],
  ["Latin-1", [0x63, 0x61, 0x66, 0xe9], "byte 0xe9 at 3 "],
  ["an overlong slash", [0xc0, 0xaf], "byte 0xc0 at 0 "],
  ["an overlong slash in three bytes", [0xe0, 0x80, 0xaf], "byte 0xe0 at 0 "],
  ["a surrogate", [0xed, 0xa0, 0x80], "byte 0xed at 0 "],
  ["a code point beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80], "byte 0xf4 at 0 "],
  ["a sequence that is cut off", [0x41, 0xe2, 0x82], "byte 0xe2 at 1 "],
  ["a byte that UTF-8 never has", [0xc3, 0xa9, 0xff], "byte 0xff at 2 "],
];

describe("decodeUtf8()", () => {
  for (const [name, bytes, message] of REFUSED) {
    it(`refuses ${name}`, () => {
      const error = refusalOf(() => decodeUtf8(Uint8Array.from(bytes), "policy.yml"));
      assert.equal(error.code, "TEXT_ENCODING");
      assert.ok(error.message.startsWith(`Cannot read policy.yml: ${message}`), error.message);
      assert.equal(error.fix, "Save the file as UTF-8 without a byte order mark");
    });
  }

  it("names the line of the offending byte", () => {
    assert.equal(
      placeOf(() => decodeUtf8(Buffer.from("a\nb\n\xff", "latin1"), "x")),
      "TEXT_ENCODING 3",
    );
    assert.equal(
      placeOf(() => decodeUtf8(Buffer.from("a\n\0\n"), "x")),
      "TEXT_ENCODING 2",
    );
  });

  it("keeps a mark that does not stand at the start", () => {
    assert.equal(decodeUtf8(Buffer.from("a\ufeff"), "x"), "a\ufeff");
  });

  it("gives back every text that is encoded", () => {
    const text = fc.string({ unit: "grapheme" }).filter((sample) => !/^\ufeff|\0/.test(sample));
    fc.assert(fc.property(text, (sample) => assert.equal(decodeUtf8(Buffer.from(sample), "x"), sample)));
  });

  it("refuses exactly the bytes that the platform's strict decoder refuses", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const bytes = fc.uint8Array({ min: 1, maxLength: 8 }).filter((sample) => !startsWithMark(sample));
    fc.assert(
      fc.property(bytes, (sample) => {
        const expected = outcomeOf(() => decoder.decode(sample));
        assert.equal(
          outcomeOf(() => decodeUtf8(sample, "x")),
          expected,
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

function startsWithMark(bytes: Uint8Array): boolean {
  return /^(?:fffe|feff|efbbbf)/.test(Buffer.from(bytes).toString("hex"));
}

function outcomeOf(decode: () => string): string {
  try {
    return `text ${decode()}`;
  } catch {
    return "refused";
  }
}
