import assert from "node:assert/strict";
import { test } from "node:test";
import { COOKIE_HEADER_CHARS_MAX, findCookie, hostCookie } from "../../../app/pages/cookie.ts";

for (const [header, value] of [
  ["a=1", "1"],
  ["b=2; a=1; c=3", "1"],
  ["a=", ""],
  ["A=1", undefined],
  ["xa=1", undefined],
  ["", undefined],
  [undefined, undefined],
  ["a=1; a=2", undefined],
  ["a=1; a=1", undefined],
  ["a=b=c", undefined],
  ["a=\u0000", undefined],
  ['a="1"', undefined],
  ["a", ""],
  [`a=1; b=${"x".repeat(COOKIE_HEADER_CHARS_MAX)}`, undefined],
] as const) {
  test(`the cookie a of ${JSON.stringify(header?.slice(0, 40))} is ${JSON.stringify(value)}`, () => {
    assert.equal(findCookie(header, "a"), value);
  });
}

test("with https the browser itself holds the cookie to this host and to encrypted ways", () => {
  const cookie = hostCookie("weighbridge", true);
  assert.equal(
    cookie.set("s", 60),
    "__Host-weighbridge=s; Max-Age=60; Path=/; HttpOnly; SameSite=Lax; Secure",
  );
  assert.equal(cookie.clear(), "__Host-weighbridge=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure");
});

test("without https there is neither the prefix nor Secure, for the browser would refuse both", () => {
  assert.equal(
    hostCookie("weighbridge", false).set("s", 60),
    "weighbridge=s; Max-Age=60; Path=/; HttpOnly; SameSite=Lax",
  );
});
