import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { md5Of } from "../../gate/evidence/md5.ts";

const MIB = 1024 * 1024;

function md5(bytes: Uint8Array | string): string {
  return createHash("md5").update(bytes).digest("hex");
}

const CASES: readonly (readonly [what: string, content: Buffer, normalized: Buffer])[] = [
  ["nothing", Buffer.from(""), Buffer.from("")],
  ["text with LF", Buffer.from("a\nb\n"), Buffer.from("a\nb\n")],
  ["text with CRLF", Buffer.from("a\r\nb\r\n"), Buffer.from("a\nb\n")],
  ["a lone CR", Buffer.from("a\rb"), Buffer.from("a\rb")],
  ["bytes with a NUL", Buffer.from("a\0\r\n"), Buffer.from("a\0\r\n")],
  // Thirty of a hundred bytes may be other than text, one more may not.
  [
    "text with some other bytes",
    Buffer.from(`${"\x01".repeat(30)}${"a".repeat(68)}\r\n`),
    Buffer.from(`${"\x01".repeat(30)}${"a".repeat(68)}\n`),
  ],
  [
    "too many other bytes",
    Buffer.from(`${"\x01".repeat(31)}${"a".repeat(67)}\r\n`),
    Buffer.from(`${"\x01".repeat(31)}${"a".repeat(67)}\r\n`),
  ],
  ["accents", Buffer.from("é\r\nabcd"), Buffer.from("é\nabcd")],
];

for (const [what, content, normalized] of CASES) {
  test(`${what}: the MD5 of the bytes, and of the text with its line ends made LF`, async () => {
    assert.deepEqual(await md5Of(bufferSource("f", content)), {
      plain: md5(content),
      normalized: md5(normalized),
    });
  });
}

test("a CRLF that a megabyte's end cuts in two stays, and each megabyte is judged by its own first bytes", async () => {
  const content = Buffer.concat([
    Buffer.alloc(MIB - 1, "a"),
    Buffer.from("\r\n"),
    Buffer.alloc(MIB - 1, "b"),
    Buffer.from("\0\r\n"),
  ]);
  // Printed by fobj_md5(…, name="md5-dos2unix") of dvc_data in DVC 3.67.
  const expected = "9951cd576c4a568a69245b7d500b9984";
  assert.deepEqual(await md5Of(bufferSource("f", content)), { plain: md5(content), normalized: expected });
});
