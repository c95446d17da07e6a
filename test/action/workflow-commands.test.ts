import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseLog } from "./workflow-commands.ts";

/** The tests trust this reader to see what the runner would see. */
describe("parseLog", () => {
  const cases: [name: string, log: string, names: string[]][] = [
    ["a command", "::error file=a%2Cb,line=3::x%0Ay", ["error"]],
    ["a command after spaces", "  ::warning::x", ["warning"]],
    ["a command after a carriage return", "text\r::error::x", ["error"]],
    ["the older form in the middle of a line", "text ##[error]x", ["error"]],
    ["no command in the middle of a line", "text ::error::x", []],
    ["no command that the runner does not know", "::unknown::x", []],
    [
      "nothing between stop-commands and its token",
      "::stop-commands::t\n::error::x\n##[error]x\n::t::\n::notice::y",
      ["notice"],
    ],
    ["nothing after stop-commands if the token never comes", "::stop-commands::t\n::error::x", []],
  ];
  for (const [name, log, names] of cases) {
    it(`finds ${name}`, () => {
      assert.deepEqual(
        parseLog(log).map((command) => command.name),
        names,
      );
    });
  }

  it("decodes what a command says", () => {
    assert.deepEqual(parseLog("::error file=a%2Cb%3A,line=3::x%0Ay%25"), [
      { name: "error", properties: { file: "a,b:", line: "3" }, message: "x\ny%" },
    ]);
  });
});
