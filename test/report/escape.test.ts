import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import {
  commandData,
  commandProperty,
  type Html,
  htm,
  html,
  htmlLink,
  join,
  type Markdown,
  markdown,
  markdownCode,
  markdownCodeElement,
  markdownLink,
  md,
  pathUri,
  sarif,
  shellWord,
  shorten,
  TEXT_CHARS_MAX,
  tableLines,
  terminal,
  visible,
  xml,
} from "../../gate/report/escape.ts";
import { renderMarkdown, textOf } from "./render-markdown.ts";
import { parseCommand } from "./runner.ts";

type Case = readonly [text: string, escaped: string];

function table(name: string, escapeText: (text: string) => string, cases: readonly Case[]): void {
  for (const [text, escaped] of cases) {
    test(`${name}(${JSON.stringify(text)}) is ${escaped}`, () => assert.equal(escapeText(text), escaped));
  }
}

table("visible", visible, [
  ["a\nb\r\tc", "a\\nb\\r\\tc"],
  ["\u202egnp.exe", "\\u{202e}gnp.exe"],
  ["a\u200bb\u2060c\ufeffd", "a\\u{200b}b\\u{2060}c\\u{feff}d"],
  ["\u001b[31m", "\\u{1b}[31m"],
  ["\u0000\u0085\u009b", "\\u{0}\\u{85}\\u{9b}"],
  ["models/\udc80\udcff.onnx", "models/\\x80\\xff.onnx"],
  ["\ud800", "\\u{d800}"],
  ["a\u00a0b\u3000c", "a\\u{a0}b\\u{3000}c"],
  ["\u0600\ufff9", "\\u{600}\\u{fff9}"],
  ["\u{e0041}\ufe0f\u115f\u2800", "\\u{e0041}\\u{fe0f}\\u{115f}\\u{2800}"],
  ["\ufffe\uffff", "\\u{fffe}\\u{ffff}"],
  ["Größe 模型 🚀 \ue000", "Größe 模型 🚀 \ue000"],
]);

table("markdown", (text) => markdown(text).source, [
  ["@maria", "@&#8203;maria"],
  ["(@acme/risk)", "(@&#8203;acme/risk)"],
  ["\uff20maria", "\uff20&#8203;maria"],
  ["&#64;maria &commat;olu", "&amp;#&#8203;64;maria &amp;commat;olu"],
  ["#12 acme/pd#3", "#&#8203;12 acme/pd#&#8203;3"],
  ["GH-1 gh-2 GHSA-x", "GH-&#8203;1 gh-&#8203;2 GHSA-&#8203;x"],
  ["1a2b3c4d5e6f7a8b", "1a2b3c&#8203;4d5e6f&#8203;7a8b"],
  ["1a2b3c", "1a2b3c"],
  ["https://evil.example", "https:&#8203;//evil.example"],
  ["www.evil.example a@evil.example", "www&#8203;.evil.example a@&#8203;evil.example"],
  ["![x](y)", "!\\[x\\](y)"],
  ["<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"],
  ["a|b", "a&#124;b"],
  ["`a` *b* _c_ ~~d~~", "\\`a\\` \\*b\\* \\_c\\_ \\~\\~d\\~\\~"],
  ["$x$", "<span>$</span>x<span>$</span>"],
  [":rocket: 12:30 a::b", "\\:&#8203;rocket: 12:30 a::b"],
  ["a :rocket:", "a :&#8203;rocket:"],
  ["::error::x", "\\:&#8203;:&#8203;error::x"],
  ["[^1]", "\\[^1\\]"],
  ["- a", "\\- a"],
  ["+ a", "\\+ a"],
  ["---", "\\---"],
  ["1. a", "1&#8203;. a"],
  ["1) a", "1&#8203;) a"],
  ["0.7712 -0.02 +3", "0.7712 -0.02 +3"],
  ["-0.02", "-0.02"],
  ["    code", "&#32;&#32;&#32;&#32;code"],
  ["hard break  ", "hard break&#32;&#32;"],
  ["a\nb", "a\\\\nb"],
  ["", ""],
]);

table("markdownCode", (text) => markdownCode(text).source, [
  ["models/credit-pd/model.yml:3", "`models/credit-pd/model.yml:3`"],
  ["core@1.0.0 #1", "`core@1.0.0 #1`"],
  ["@acme/risk", "<code>&#64;&#8203;acme&#47;risk</code>"],
  ["x ##[error]y", "<code>x &#35;&#35;&#91;error&#93;y</code>"],
  ["a|b", "<code>a&#124;b</code>"],
  ["a`b", "<code>a&#96;b</code>"],
  ["<!-- weighbridge", "<code>&#60;&#33;&#45;&#45; weighbridge</code>"],
  [" a ", "<code>&#32;a&#32;</code>"],
  ["", "<code></code>"],
]);

table("markdownCodeElement", (text) => markdownCodeElement(text).source, [
  ["credit_pd", "<code>credit&#95;pd</code>"],
  ["</summary>", "<code>&#60;&#47;summary&#62;</code>"],
]);

table("html", (text) => html(text).source, [
  [`<a href='x'>"&"</a>`, "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;"],
  ["\u202ea", "\\u{202e}a"],
]);

table("xml", (text) => xml(text).source, [
  ["]]> <x/> &", "]]&gt; &lt;x/&gt; &amp;"],
  ["\u0000\ufffe\ud800\n", "\\u{0}\\u{fffe}\\u{d800}\\n"],
]);

table("terminal", terminal, [
  ["::error::x", "\\u{3a}:error::x"],
  ["a ::error::x", "a \\u{3a}:error::x"],
  ["aten::linear", "aten::linear"],
  ["x ##[error]y", "x #\\u{23}[error]y"],
  ["\u001b]0;title\u0007", "\\u{1b}]0;title\\u{7}"],
]);

table("sarif", sarif, [
  ["metrics: [{ name: auc }]", "metrics: [{{ name: auc }}]"],
  ["[x](javascript:alert(1))", "[x] (javascript:alert(1))"],
  ["@maria", "@\u200bmaria"],
]);

table("pathUri", pathUri, [
  ["models/a b/x#1?.onnx", "models/a%20b/x%231%3F.onnx"],
  ["a:b", "a%3Ab"],
  ["50%", "50%25"],
  ["Größe/模型/🚀", "Gr%C3%B6%C3%9Fe/%E6%A8%A1%E5%9E%8B/%F0%9F%9A%80"],
  ["\udc80\udcff", "%80%FF"],
  ["a\\b\n", "a%5Cb%0A"],
]);

table("commandData", commandData, [["100%\r\n::x", "100%25%0D%0A::x"]]);
table("commandProperty", commandProperty, [["a:b,c%\n", "a%3Ab%2Cc%25%0A"]]);

test("a text in a table cell of code shows as it is, pipes and backslashes too", () => {
  const rows = tableLines([[md`A`], [markdownCode("a\\|b`c")], [markdown("a\\|b")]], ["left"]);
  const rendered = renderMarkdown(rows.map(({ source }) => source).join("\n"));
  assert.deepEqual(
    [...rendered.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell = ""]) => textOf(cell)),
    ["a\\|b`c", "a\\|b"],
  );
});

test("a template escapes its texts and keeps its constants, numbers and escaped parts", () => {
  assert.equal(
    md`**${"<x>"}** ${-1} ${1234567} ${markdownCode("y")}\n`.source,
    "**&lt;x&gt;** -1 1234567 `y`\n",
  );
  assert.equal(htm`<p title="${'"'}">${html("<")}</p>`.source, '<p title="&quot;">&lt;</p>');
  assert.equal(join([md`a`, md`b`], md`, `).source, "a, b");
});

test("the compiler refuses a text, and a part of another language, where escaped text belongs", () => {
  const show = (part: Markdown): string => part.source;
  // @ts-expect-error a string may be anything
  assert.equal(show("<x>"), undefined);
  const page: Html = htm`<b>`;
  // @ts-expect-error HTML is not Markdown
  assert.equal(show(page), "<b>");
  // @ts-expect-error nor inside a template
  assert.equal(md`${page}`.source, "<b>");
});

test("markdownLink() links only to a plain URL", () => {
  assert.equal(
    markdownLink("run", "https://github.com/a/b/runs/1?x=y#z").source,
    "[run](https://github.com/a/b/runs/1?x=y#z)",
  );
  assert.equal(
    markdownLink("a](//evil.example)", "https://a.example/").source,
    "[a\\](//evil.example)](https://a.example/)",
  );
  for (const url of [
    "javascript:alert(1)",
    "https://a.example/)(x",
    "//a.example",
    "https://a@b.example/",
    "https://a.example/ x",
  ]) {
    assert.equal(markdownLink("run", url).source, "run");
  }
});

table("htmlLink", (url) => htmlLink(url).source, [
  [
    "https://github.com/acme/models/pull/17#r1",
    '<a href="https://github.com/acme/models/pull/17#r1" rel="noreferrer">https://github.com/acme/models/pull/17#r1</a>',
  ],
  [
    'https://a/"><b>',
    '<a href="https://a/&quot;&gt;&lt;b&gt;" rel="noreferrer">https://a/&quot;&gt;&lt;b&gt;</a>',
  ],
  ["http://a/", "http://a/"],
  ["javascript:alert(1)//https://a/", "javascript:alert(1)//https://a/"],
  ["https://a/\u202eb", "https://a/\\u{202e}b"],
]);

table("shellWord", shellWord, [
  ["2026-11", "2026-11"],
  ["", "''"],
  ["it's $(x) \\ ~", "'it'\\''s $(x) \\ ~'"],
  ["a'\n\\b", "$'a\\'\\x0a\\\\b'"],
]);

const BASH = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].find((path) => existsSync(path));

/** What a shell takes the word for. One that spells bytes is beyond a plain sh, and read here where there is no bash. */
function readByShell(word: string): string {
  if (BASH === undefined && word.startsWith("$'")) {
    const bytes = word
      .slice(2, -1)
      .replace(/\\x(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    return Buffer.from(bytes.replace(/\\(.)/g, "$1"), "latin1").toString("utf8");
  }
  const { stdout } = spawnSync(BASH ?? "sh", ["-c", `printf %s x${word}`], { encoding: "utf8" });
  return stdout.slice(1);
}

test("a shell reads of shellWord() exactly the text, also after it was shown", () => {
  const texts = [
    "plain",
    "",
    "a b",
    "'",
    "\\",
    "$(id)`id`;&|<>*?!",
    "\n",
    "\u202ea'\\x",
    "\u00a00",
    "é漢😀",
    "\t\u20280af",
  ];
  for (const text of texts) {
    const shown = textOf(html(shellWord(text)).source).replaceAll("&#39;", "'");
    assert.equal(readByShell(shown), text, JSON.stringify(text));
  }
});

test("a long text is cut on a code point and says how much is left out", () => {
  assert.equal(shorten("abcdef", 6), "abcdef");
  assert.equal(shorten("abcdefg", 6), "abcdef… (1 more characters)");
  assert.equal(shorten("abc🚀d", 4), "abc… (3 more characters)");
  assert.ok(markdown("x".repeat(1_000_000)).source.length < TEXT_CHARS_MAX + 50);
});

test("a runner takes no command from text for a terminal, and the old form is one", () => {
  assert.equal(parseCommand("say ##[error]x")?.name, "error");
  for (const text of ["::error::x", "##[error]x", " ::set-output name=a::b", "a ##[add-path]b"]) {
    assert.equal(parseCommand(terminal(text)), undefined);
    assert.equal(parseCommand(`  ${terminal(text)}`), undefined);
  }
});
