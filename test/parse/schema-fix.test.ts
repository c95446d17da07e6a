import assert from "node:assert/strict";
import { test } from "node:test";
import { fixOf } from "../../gate/parse/schema-fix.ts";

test("fixOf() hands out an example where the value is a choice, and nothing where there is none", () => {
  assert.equal(fixOf("severity", "severity: block"), "Write severity: block");
  assert.equal(fixOf(undefined, "- auc-floor"), "Write - auc-floor");
  assert.equal(fixOf("severity", undefined), undefined);
});

test("fixOf() never hands out the example of a fact", () => {
  const example = `"sha256:${"3f".repeat(32)}"`;
  for (const key of ["head_sha", "digest", "subject", "user_id", "renewals", "expires", "next_review"]) {
    const fix = fixOf(key, `${key}: ${example}`);
    assert.match(fix ?? "", /^Write /, key);
    assert.doesNotMatch(fix ?? "", /3f/, key);
  }
});
