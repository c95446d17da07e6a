import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { excerptAt, positionsIn, quote, visible } from "../../gate/parse/excerpt.ts";

describe("positionsIn()", () => {
  it("counts lines and columns from 1", () => {
    const positionAt = positionsIn("ab\n\ncd");
    const places = [0, 2, 3, 4, 5, 6].map((offset) => Object.values(positionAt(offset)).join(":"));
    assert.deepEqual(places, ["1:1", "1:3", "2:1", "3:1", "3:2", "3:3"]);
  });
});

describe("excerptAt()", () => {
  it("puts the caret under the column", () => {
    const text = "a: 1\nseverity: blok\r\nb: 2";
    assert.equal(excerptAt(text, text.indexOf("blok")), "   2 | severity: blok\n     |           ^");
  });

  it("keeps the caret in place behind tabs and characters that do not show", () => {
    assert.equal(excerptAt("\t\u202ex", 2), "   1 | →\ufffdx\n     |   ^");
  });

  it("shows a part of a long line", () => {
    const lines = excerptAt("x".repeat(1_000_000), 500_000).split("\n");
    assert.deepEqual(
      lines.map((line) => line.length),
      [107, 58],
    );
  });
});

describe("quote()", () => {
  const cases: readonly [name: string, text: string, quoted: string][] = [
    ["a short text whole", "auc-floor", '"auc-floor"'],
    ["quotes with a backslash", 'a"b', '"a\\"b"'],
    ["line breaks and escape sequences as unseen", "a\n\u001b[31m", '"a\ufffd\ufffd[31m"'],
    ["bidirectional overrides as unseen", "\u202eblock\u2066", '"\ufffdblock\ufffd"'],
    ["zero-width characters as unseen", "ro\u200bc_auc", '"ro\ufffdc_auc"'],
    ["a long text cut off", "x".repeat(61), `"${"x".repeat(59)}…"`],
    ["a surrogate pair that the cut splits as unseen", `${"x".repeat(58)}😀😀`, `"${"x".repeat(58)}\ufffd…"`],
  ];
  for (const [name, text, quoted] of cases) it(`writes ${name}`, () => assert.equal(quote(text), quoted));
});

describe("visible()", () => {
  it("gives a text of the same length", () => {
    const text = "a\u0000\u{e0041}\t\u2028z";
    assert.equal(visible(text).length, text.length);
    assert.equal(visible(text), "a\ufffd\ufffd\ufffd→\ufffdz");
  });
});
