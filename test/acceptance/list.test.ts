import assert from "node:assert/strict";
import { test } from "node:test";
import { caseFiles, casesOf, resultOf, testsOf } from "../../scripts/acceptance.ts";
import { CASES } from "../../scripts/acceptance-cases.ts";

const HELD = new Set([...caseFiles().values()].flat());

test("the list has the cases 1 to 80", () => {
  assert.deepEqual(
    Object.keys(CASES).map(Number),
    Array.from({ length: 80 }, (_, index) => index + 1),
  );
});

for (const [number, situation] of Object.entries(CASES)) {
  test(`a named test holds case ${number}: ${situation}`, () => {
    assert.ok(HELD.has(Number(number)), `no test has a name that starts with C${number}:`);
  });
}

test("a name may hold several cases, and only at its start", () => {
  assert.deepEqual(casesOf("C15, C16: a vote"), [15, 16]);
  assert.deepEqual(casesOf("C65: C73: a comment"), [65, 73]);
  assert.deepEqual(casesOf("a vote C15: is none"), []);
  assert.deepEqual(casesOf("C15 a vote"), []);
});

test("the page says how many tests hold a case, and the title of each", () => {
  const tests = [
    { file: "test/a.test.ts", name: "C15, C16: a vote of `x`", passed: true },
    { file: "test/a.test.ts", name: "C15: another", passed: false },
    { file: "test/b.test.ts", name: "C15: a third", passed: true },
  ];
  assert.equal(resultOf(tests), "fail, 3 tests");
  assert.equal(resultOf(tests.slice(2)), "pass, 1 test");
  assert.equal(resultOf([]), "no test");
  const inA = "`test/a.test.ts` a vote of \\`x\\` · **failed:** another";
  assert.equal(testsOf(tests), `${inA}<br>\`test/b.test.ts\` a third`);
});
