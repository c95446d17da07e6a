import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBlocks, plainText } from "../../gate/adapter/markdown.ts";

/** Headings as `level title @line`, texts as they are, tables by their cells. */
function outline(text: string): readonly string[] {
  return parseBlocks(text, 1).flatMap((block) => {
    if (block.kind === "heading") return [`${block.level} ${block.title} @${block.line}`];
    if (block.kind === "text") return block.text.trim() === "" ? [] : [block.text];
    return [block.header, ...block.rows.map(({ cells }) => cells)].map((cells) => cells.join(" ¦ "));
  });
}

const CASES: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
  ["headings of six levels", "# A\n###### B", ["1 A @1", "6 B @2"]],
  ["closing marks of a heading", "## A ##\n## B#\n## #", ["2 A @1", "2 B# @2", "2  @3"]],
  ["a mark without a space is no heading", "#A\n#\tB", ["#A", "1 B @2"]],
  ["seven marks are no heading", "####### A", ["####### A"]],
  ["four spaces make no heading, but code", "    # A", []],
  ["underlined headings", "A\n===\nB\n---", ["1 A @1", "2 B @3"]],
  ["a rule below a list item is a rule", "- A\n---", ["A"]],
  ["a rule below a blank line is a rule", "A\n\n---", ["A"]],
  ["headings of HTML", '<h2 align="center">A b</h2>', ["2 A b @1"]],
  ["markup in headings", "## **A** [b](#b) `c_d`", ["2 A b c_d @1"]],
  ["a heading in a code fence is code", "```\n# A\n```\n# B", ["1 B @4"]],
  ["a longer fence holds a shorter one", "````md\n```\n# A\n```\n# B\n````\n# C", ["1 C @7"]],
  ["a fence of tildes is not closed by ticks", "~~~\n```\n# A\n~~~\n# B", ["1 B @5"]],
  ["a fence that never ends holds all that follows", "```\n# A", []],
  ["ticks on one line are inline code", "```# A```\n# B", ["```# A```", "1 B @2"]],
  ["a comment over lines is not seen", "a <!-- A\nB --> b\n# C", ["a ", " b", "1 C @3"]],
  [
    "a heading ends the line that a comment began in, and so the comment",
    "a <!-- b\n# B -->",
    ["a <!-- b", "1 B --> @2"],
  ],
  ["a comment that never ends hides all that follows", "a\n<!-- # A\n# B", ["a"]],
  ["the shortest comment hides nothing behind it", "<!--> # A", [" # A"]],
  ["what stands behind a comment is no heading", "<!-- a\n--> # A\n# B", [" # A", "1 B @3"]],
  ["two comments on a line", "a<!--x-->b<!--y-->c", ["abc"]],
  ["a comment's mark in inline code is code", "a `<!--` b\n# A", ["a `<!--` b", "1 A @2"]],
  ["a comment behind a mark in inline code", "`<!--` <!-- filler -->", ["`<!--` "]],
  ["a comment behind ticks that enclose nothing", "`` ` <!-- a -->", ["`` ` "]],
  ["a comment's mark behind a backslash", "\\<!-- a -->", ["\\<!-- a -->"]],
  ["a comment of HTML that never ends hides what follows its block", "<p>\n<!-- a\n</p>\n\n# A\nb", ["<p>"]],
  ["and ends in a later block of HTML", "<p><!-- a\n\n# A\n\n<p> --> b\n\n# B", ["<p>", " b", "1 B @7"]],
  ["what stands in quotes and lists", "> # A\n> b\n\n- c\n  - d", ["1 A @1", "b", "c", "d"]],
  ["a fence in a comment is no fence", "<!--\n```\n-->\n# A", ["1 A @4"]],
  ["a table", "| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 |\n\nc", ["a ¦ b", "1 ¦ 2", "3 ¦ ", "c"]],
  ["a table without outer pipes", "a | b\n--|--\n1 | 2", ["a ¦ b", "1 ¦ 2"]],
  ["a pipe after a backslash is text", "| a\\|b | c |\n|--|--|\n| 1 | \\| |", ["a|b ¦ c", "1 ¦ |"]],
  ["a row of marks of another width makes no table", "| a | b |\n|---|", ["| a | b |", "|---|"]],
  ["a heading ends a table", "|a|\n|-|\n|1|\n# B", ["a", "1", "1 B @4"]],
];

for (const [what, text, expected] of CASES) {
  test(`parseBlocks: ${what}`, () => assert.deepEqual(outline(text), expected));
}

test("line ends of Windows make no difference", () => {
  const text = "# A\n\n| a |\n|---|\n| 1 |\n\nB\n===\n";
  assert.deepEqual(outline(text.replaceAll("\n", "\r\n")), outline(text));
});

test("lines are counted from where the text stands in its file", () => {
  const [block] = parseBlocks("# A", 12);
  assert.equal(block?.kind === "heading" && block.line, 12);
});

test("what stands deeper than anybody writes is refused, and not left out", () => {
  assert.equal(outline(`${"> ".repeat(90)}# A`).length, 1);
  for (const deep of [`${"> ".repeat(120)}# A`, `${"- ".repeat(60)}# A`, ">".repeat(500_000)]) {
    assert.throws(() => parseBlocks(deep, 1), { code: "CARD_TOO_DEEP" });
  }
});

const PLAIN: readonly (readonly [string, string])[] = [
  ["**bold** and _slanted_ `code`", "bold and slanted code"],
  ["snake_case_name stays", "snake_case_name stays"],
  ["a ![badge](x.svg) b", "a  b"],
  ["[text](https://example.com) more", "text more"],
  ["<b>bold</b> <br/>", "bold "],
  ["roc\\_auc \\*", "roc_auc *"],
  ["roc&#95;auc &amp; &nothing;", "roc_auc & &nothing;"],
  ["2 < 3 and 4 > 1", "2 < 3 and 4 > 1"],
];

for (const [text, expected] of PLAIN) {
  test(`plainText of ${text}`, () => assert.equal(plainText(text), expected));
}

for (const [what, text] of [
  ["images that never end", "![".repeat(200_000)],
  ["links that never end", "[a](".repeat(100_000)],
  ["tags that never end", "<a ".repeat(150_000)],
  ["comments in inline code", "`<!--`".repeat(80_000)],
  ["headings of one level", "# a\n".repeat(100_000)],
  ["headings of marks", `# ${"# ".repeat(200_000)}x`],
  ["comments behind ticks", `${"`".repeat(300)} ${"<!-- ` -->".repeat(40_000)}`],
  ["comments that never end", "<!-- ".repeat(100_000)],
  ["pipes", `${"|".repeat(200_000)}\n${"|".repeat(200_000)}`],
] as const) {
  test(`a hostile text of ${what} is read in linear time`, () => {
    assert.ok(parseBlocks(text, 1).length > 0);
    assert.equal(typeof plainText(text), "string");
  });
}
