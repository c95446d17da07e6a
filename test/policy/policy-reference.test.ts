import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { RULES } from "../../gate/rules/index.ts";
import { policyReference, REFERENCE_PATH } from "../../scripts/policy-reference.ts";

it("docs/policy-reference.md is what scripts/policy-reference.ts writes", async () => {
  assert.equal(
    readFileSync(REFERENCE_PATH, "utf8"),
    await policyReference(),
    "run node scripts/policy-reference.ts",
  );
});

it("docs/policy-reference.md describes every rule", async () => {
  const page = await policyReference();
  for (const name of RULES.keys()) assert.ok(page.includes(`### \`${name}\``), name);
});

it("docs/policy-reference.md links only to headings that it has", async () => {
  const page = await policyReference();
  const anchors = new Set(
    [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 _-]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
  for (const [, anchor = ""] of page.matchAll(/\]\(#([^)]*)\)/g)) assert.ok(anchors.has(anchor), anchor);
});
