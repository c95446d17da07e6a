import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { COMMAND_WORD, commandLines } from "../../gate/approval/comment-lines.ts";
import { renderMarkdown } from "../report/render-markdown.ts";

/** What opens, closes, nests and hides in Markdown, in lines and parts of lines. */
const LINES = [
  "",
  " ",
  "\t",
  "\u00a0",
  "text",
  "    text",
  "> quote",
  ">",
  "- > quote",
  "1. item",
  "- item",
  "  more",
  "- [ ] task",
  "```",
  "````",
  "``` info",
  "~~~",
  "~~~ `",
  "  ```",
  "    ```",
  "- ```",
  "> ```",
  "` code",
  "code `",
  "`` x",
  "<!--",
  "-->",
  "<!-->",
  "  <!--",
  "- <!--",
  "> <!--",
  "text <!-- a -->",
  "<!-- a --> <b>",
  "<details>",
  "</details>",
  "<pre>",
  "</pre>",
  "<blockquote>",
  "</blockquote>",
  "text <code>",
  "<?x",
  "?>",
  "<![CDATA[",
  "]]>",
  "[a]: b",
  '[a](b "',
  '")',
  "[a]:",
  "'title",
  "title'",
  "| a |",
  "| - |",
  "===",
  "---",
  "# heading",
  "~~",
  "$$",
  "\\",
  "<https://example.com>",
  "a < b",
  "*em",
  "em*",
  "![x",
] as const;

const COMMAND = `${COMMAND_WORD} approve`;
const ENDS = ["\n", "\n", "\n", "\r\n", "\r"] as const;

/** Often enough an empty line, after which most of what is open is closed, and a command. */
const line = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...LINES) },
  { weight: 1, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: fc.constant(COMMAND) },
);
const body = fc
  .array(fc.tuple(line, fc.constantFrom(...ENDS)), { maxLength: 9 })
  .map((lines) =>
    lines.map(([text, end], index) => (text === COMMAND ? `${text} m${index}${end}` : `${text}${end}`)),
  );

/** The words of a rendering that a reader sees as plain text: not in code, quotes, struck out, or hidden. */
function plainText(source: string): string {
  const html = renderMarkdown(source).replace(/<!--[\s\S]*?(?:-->|$)/g, "");
  const open: string[] = [];
  let plain = "";
  for (const [, tag, text] of html.matchAll(/<(\/?[a-z][a-z0-9]*)[^>]*>|([^<]+|<)/gi)) {
    if (text !== undefined) plain += open.length === 0 ? text : "";
    else if (tag !== undefined && SETS_APART.has(tag.replace("/", "").toLowerCase())) {
      if (tag.startsWith("/")) open.splice(open.lastIndexOf(tag.slice(1).toLowerCase()), 1);
      else open.push(tag.toLowerCase());
    }
  }
  return plain;
}

const SETS_APART: ReadonlySet<string> = new Set(["code", "pre", "blockquote", "del", "details", "summary"]);

test("C36: whatever counts as a command is plain text to who reads the comment", () => {
  let counted = 0;
  fc.assert(
    fc.property(body, (lines) => {
      const source = lines.join("");
      const certain = commandLines(source).filter(({ doubt }) => doubt === undefined);
      if (certain.length === 0) return;
      counted += certain.length;
      const seen = plainText(source);
      for (const { text } of certain)
        assert.match(seen, new RegExp(`${COMMAND_WORD} ${text}\\b`), JSON.stringify(source));
    }),
    { numRuns: Number(process.env.RUNS ?? 2000) },
  );
  assert.ok(counted > 300, `only ${counted} commands were looked at`);
});
