import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { COMMANDS_MAX, COMMENT_CHARS_MAX, parseCommands, USAGES } from "../../gate/approval/command.ts";

const CORPUS = new URL("../corpus/commands/", import.meta.url);
const isUpdate = process.env.UPDATE_GOLDEN === "1";

/** Each comment stands beside what it comes to. `UPDATE_GOLDEN=1 node --test` writes that anew, for a person to review. */
const comments = readdirSync(CORPUS).filter((name) => name.endsWith(".md"));

for (const name of comments) {
  test(`C36: the comment ${name} comes to what stands beside it`, () => {
    const parsed = parseCommands(readFileSync(new URL(name, CORPUS), "utf8"));
    const expected = new URL(name.replace(/md$/, "json"), CORPUS);
    if (isUpdate) writeFileSync(expected, `${JSON.stringify(parsed, undefined, 2)}\n`);
    assert.deepEqual(parsed, JSON.parse(readFileSync(expected, "utf8")));
  });
}

test("the corpus holds every command and every problem", () => {
  const all = comments.map((name) => parseCommands(readFileSync(new URL(name, CORPUS), "utf8")));
  const kinds = new Set(all.flatMap(({ commands }) => commands.map(({ kind }) => kind)));
  assert.deepEqual([...kinds].sort(), Object.keys(USAGES).sort());
  const codes = new Set(all.flatMap(({ problems }) => problems.map(({ code }) => code)));
  assert.deepEqual([...codes].sort(), [
    "COMMANDS_TOO_MANY",
    "COMMAND_CONFLICT",
    "COMMAND_MALFORMED",
    "COMMAND_UNCERTAIN",
    "COMMAND_UNKNOWN",
  ]);
});

test("C37: an approval and a rejection in one comment are both refused", () => {
  for (const lines of [
    ["approve", "reject"],
    ["reject", "approve credit-pd"],
    ["withdraw", "approve"],
  ]) {
    const { commands, problems } = parseCommands(lines.map((line) => `/weighbridge ${line}`).join("\n"));
    assert.deepEqual(commands, []);
    assert.deepEqual(new Set(problems.map(({ code }) => code)), new Set(["COMMAND_CONFLICT"]));
  }
});

test("a comment that is too long holds no command", () => {
  const line = "/weighbridge approve";
  const { length } = line;
  assert.equal(parseCommands(line.padEnd(COMMENT_CHARS_MAX)).commands.length, 1);
  const { commands, problems } = parseCommands(`${line}\n${"x".repeat(COMMENT_CHARS_MAX - length)}`);
  assert.deepEqual([commands.length, problems[0]?.code], [0, "COMMENT_TOO_LONG"]);
});

test("as many commands as are allowed are done", () => {
  const lines = Array.from({ length: COMMANDS_MAX }, (_, index) => `/weighbridge explain G-${index}`);
  assert.equal(parseCommands(lines.join("\n")).commands.length, COMMANDS_MAX);
});

test("a comment written to be slow is read in one pass", () => {
  const pieces = [
    "`",
    "``",
    "<",
    "<!--",
    "> ",
    "- ",
    "1. ",
    "[",
    " ",
    "\t",
    "a",
    "~",
    "$",
    "/weighbridge ",
    "\r",
  ];
  for (const piece of pieces) {
    const body = piece.repeat(Math.floor(COMMENT_CHARS_MAX / piece.length));
    for (const source of [
      body,
      `${body}\n`.slice(1),
      body.replaceAll(" ", "\n"),
      `/weighbridge ${body.slice(20)}`,
    ]) {
      assert.ok(parseCommands(source).commands.length <= COMMANDS_MAX);
    }
  }
});

test("no text makes it throw, and no problem repeats what was written", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom("/weighbridge ", "\n", "approve", "\n@acme/x"))),
      (parts) => {
        const body = parts.join("");
        for (const { message } of parseCommands(body).problems) assert.doesNotMatch(message, /@/);
      },
    ),
    { numRuns: 2_000 },
  );
});
