import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Findings, quoted } from "../../gate/artifact/findings.ts";

describe("a quoted name", () => {
  const CASES: readonly [name: string, shown: string][] = [
    ["layer.0", '"layer.0"'],
    ["слой", '"слой"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["a\u202eb", '"a\\u202eb"'],
    ["a\u0007\nb", '"a\\u0007\\u000ab"'],
    ["\ud800", '"\\ud800"'],
    ["\u{e0041}", '"\\u{e0041}"'],
    ["", '""'],
    ["x".repeat(121), `"${"x".repeat(120)}…"`],
    ["😀".repeat(200), `"${"😀".repeat(120)}…"`],
  ];
  for (const [name, shown] of CASES) test(shown, () => assert.equal(quoted(name), shown));
});

test("findings beyond the limit of one code are counted under its severity", () => {
  const findings = new Findings();
  for (let index = 0; index < 25; index++) findings.failNamed("A", `t${index}`, "wrong");
  findings.add({ code: "B", severity: "warn", where: "", message: "odd" });
  const list = findings.list();
  assert.equal(list.length, 22);
  assert.deepEqual(list.at(-1), { code: "A", severity: "fail", where: "", message: "5 more of the same" });
});
