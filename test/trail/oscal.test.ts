import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { property, toToken, uuidOf } from "../../gate/trail/oscal.ts";

/** A code of the trail, as `vocabulary.ts` has it. */
const CODE = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,8}$/);

test("an identity is of version 5, and the one that Python's uuid5 gives", () => {
  // uuid.uuid5(uuid.UUID("11df91f6-a826-4dec-97f3-c61e5d4f9d62"), "a\n1")
  assert.equal(uuidOf("a", 1), "7f5697cc-8655-5e5c-8212-dac13cdd2492");
});

for (const [code, token] of [
  ["PERF-01", "PERF-01"],
  ["auc_floor.v2", "auc_floor.v2"],
  ["acme/PERF-01", "_acme_2fPERF-01"],
  ["01", "_01"],
  ["a+b_c:d", "_a_2bb_5fc_3ad"],
]) {
  test(`${code} is the token ${token}`, () => assert.equal(toToken(code!), token));
}

test("no two codes have the same token, and each is one of OSCAL", () => {
  fc.assert(
    fc.property(CODE, CODE, (a, b) => {
      assert.match(toToken(a), /^[A-Za-z_][A-Za-z0-9._-]*$/);
      assert.equal(toToken(a) === toToken(b), a === b);
    }),
  );
});

test("a property has one line without space at its ends, and a value", () => {
  for (const text of ["", " ", " a", "a ", "a\nb", "\u2028", "a b"]) {
    assert.match(property("name", text === "" ? "-" : text).value, /^\S(?:.*\S)?$/);
  }
  assert.equal(property("name", "a b").value, "a b");
});
