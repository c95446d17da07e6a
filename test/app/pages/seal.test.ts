import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seal, unseal } from "../../../app/pages/seal.ts";

const KEY = Buffer.alloc(32, 1);

test("what is sealed opens with the same key and purpose, and is another text each time", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, purpose) => {
      const sealed = seal(KEY, purpose, text);
      assert.equal(unseal(KEY, purpose, sealed), text);
      assert.notEqual(seal(KEY, purpose, text), sealed);
    }),
  );
});

test("another key, another purpose, and every altered byte open nothing", () => {
  const sealed = seal(KEY, "session a", "ghu_token");
  assert.equal(unseal(Buffer.alloc(32, 2), "session a", sealed), undefined);
  assert.equal(unseal(KEY, "session b", sealed), undefined);
  const bytes = Buffer.from(sealed, "base64url");
  for (let at = 0; at < bytes.length; at++) {
    const altered = Buffer.from(bytes);
    altered[at]! ^= 1;
    assert.equal(unseal(KEY, "session a", altered.toString("base64url")), undefined, `byte ${at}`);
    assert.equal(unseal(KEY, "session a", bytes.subarray(0, at).toString("base64url")), undefined);
  }
});

test("text that was never sealed opens nothing", () => {
  for (const text of ["", "a", "é", "=".repeat(100), "A".repeat(27)])
    assert.equal(unseal(KEY, "a", text), undefined);
});
