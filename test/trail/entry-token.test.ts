import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { toEntryToken } from "../../gate/trail/entry-token.ts";
import { fits } from "../../gate/trail/shape.ts";
import { TOKEN } from "../../gate/trail/vocabulary.ts";

const LONG = "a long name ".repeat(20);

const TOKENS: readonly [string, string][] = [
  ["production", "production"],
  ["review/pull-7", "review/pull-7"],
  ["Production EU", "escaped:Production+20EU"],
  ["prod (eu)", "escaped:prod+20+28eu+29"],
  ["Zürich", "escaped:Z+C3+BCrich"],
  ["🚀", "escaped:+F0+9F+9A+80"],
  ["-prod", "escaped:-prod"],
  ["", "escaped:"],
  ["line\nbreak", "escaped:line+0Abreak"],
  // What looks like ours is not taken for it.
  ["escaped:Production+20EU", "escaped:escaped+3AProduction+2B20EU"],
  [`sha256:${"0".repeat(64)}`, `escaped:sha256+3A${"0".repeat(64)}`],
  [LONG, `sha256:${hash("sha256", LONG)}`],
];
for (const [name, token] of TOKENS) {
  test(`${JSON.stringify(name.slice(0, 30))} is ${token}`, () => assert.equal(toEntryToken(name), token));
}

test("every name has a token of its own, and a short one can be read again", () => {
  const names = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(..."aA +%:/é"), maxLength: 12 }),
    fc.string({ maxLength: 20 }).map(toEntryToken),
  );
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(names, (name) => {
      const token = toEntryToken(name);
      assert.ok(fits(token, TOKEN), token);
      assert.equal(seen.get(token) ?? name, name);
      seen.set(token, name);
      if (token.startsWith("escaped:"))
        assert.equal(decodeURIComponent(token.slice("escaped:".length).replaceAll("+", "%")), name);
    }),
    { numRuns: 2_000, seed: 2026 },
  );
});
