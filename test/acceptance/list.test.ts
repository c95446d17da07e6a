import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * The cases that a gate has to get right, by number. A test that holds one says so at the start of its name. The
 * other numbers are about approvals, webhooks and checks, which need the App.
 */
const CASES: Readonly<Record<number, string>> = {
  1: "a change edits the policy",
  2: "a change deletes or renames the policy, or adds a second",
  3: "the base has no policy",
  4: "the policy cannot be parsed, or says what it may not",
  5: "a parent of the policy is not available",
  6: "a parent of the policy is at a branch that moves",
  7: "parents in a circle, too deep, or twice",
  8: "a child weakens its parent",
  9: "a role that is not known",
  10: "nothing was evaluated",
  11: "the change is retargeted",
  12: "the base tightens meanwhile",
  44: "a waiver that its requester approved, or that expired",
  45: "a waiver for another gate, model or digest, or for a gate that has none",
  46: "a waiver that the change itself adds",
  47: "a link in the place of an artifact or the policy",
  48: "a submodule in the place of a model",
  49: "Git LFS pointers, good and bad",
  50: "a file becomes a pointer, or back",
  51: "renamed, copied, in another case, in another normalization",
  52: "a model is removed",
  53: "another mode",
  54: "more files than any list holds",
  55: "more commits than any list holds",
  56: "what only the base changed",
  57: "hostile paths",
  58: "results that are not numbers, are missing or stale",
  61: "a token that may only read",
  64: "workflow commands in names and texts",
  65: "mentions, links and markup in names and texts",
  73: "a comment that is forged, deleted, locked or too long",
  74: "more annotations than are shown",
};

const TESTS = fileURLToPath(new URL("..", import.meta.url));

/** The case numbers at the start of string literals of a test file. */
function casesIn(file: string): readonly number[] {
  const text = readFileSync(join(TESTS, file), "utf8");
  return [...text.matchAll(/["'`]C(\d+): /g)].map(([, number]) => Number(number));
}

const FILES = readdirSync(TESTS, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".test.ts"),
);
const HELD = new Set(FILES.flatMap(casesIn));

for (const [number, situation] of Object.entries(CASES)) {
  test(`a named test holds case ${number}: ${situation}`, () => {
    assert.ok(HELD.has(Number(number)), `no test has a name that starts with C${number}:`);
  });
}
