import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  commandData,
  commandProperty,
  htm,
  html,
  join,
  type Markdown,
  markdown,
  markdownCode,
  markdownCodeElement,
  md,
  sarif,
  tableLines,
  terminal,
  visible,
  xml,
} from "../../gate/report/escape.ts";
import { FORMATS } from "../../gate/report/formats.ts";
import { commentMarker, toMarkdown } from "../../gate/report/markdown.ts";
import { toReport } from "../../gate/report/report.ts";
import { recordOf } from "../report/records.ts";
import { proseOf, renderMarkdown, tagsOf, textOf } from "../report/render-markdown.ts";
import { linesOf, parseCommand } from "../report/runner.ts";

/** Texts of a hostile author, in pieces: what they do together nobody lists. */
const FRAGMENTS = [
  ..."@ # : :: | ` `` ``` * ** _ ~~ [ ] ( ) ! < > & ; \\ / = - + . , ^ $ $$ % { } ' \"".split(" "),
  ..."@org/team @maria &#64;user &#x40;user &commat;user @\u200buser \uff20user user@evil.example".split(" "),
  ..."#1 GH-1 acme/pd#1 1a2b3c4d 0123456789abcdef0123456789abcdef01234567 acme/pd@1a2b3c4d".split(" "),
  ..."http://evil.example https://evil.example/x?y=z ftp://evil.example www.evil.example mailto:a@b.c".split(
    " ",
  ),
  ..."<!-- weighbridge <!-- --> <!-- weighbridge:report --> </details> <details> </summary> </code> </span>".split(
    " ",
  ),
  ..."<img src=x onerror=alert(1)> <script>alert(1)</script> <a href=javascript:alert(1)> </style> ]]> <![CDATA[".split(
    " ",
  ),
  ..."![x](//evil.example/p.png) [x](//evil.example) [x]: //evil.example [^1] [^1]: [x][] [ ] [x]".split(" "),
  ..."::error:: ::set-output ::add-mask::x %0A::set-output ##[error]x ##[set-env name=A]b ::stop-commands::x".split(
    " ",
  ),
  ..."# ## - * + 1. 1) > --- === *** ~~~ :--: |--|--| |: :rocket: :+1: $x$ \\( \\| \\` \\\\".split(" "),
  ..."\n \r \r\n \t \u0000 \u0007 \u001b[31m \u009b \u0085 \u2028 \u2029".split(" "),
  ..."\u202e \u2066 \u2069 \u200b \u200d \ufeff \u00ad \u2060 \ufe0f \u{e0041} \u3164 \u2800 \ufffe \uffff \ud800 \udc80".split(
    " ",
  ),
  ..."__proto__ constructor credit-pd models/pd.onnx 0.7712 模型 Größe é".split(" "),
  " ",
  "  ",
  "    ",
  "\u00a0",
  "\n\n",
  "\n    ",
] as const;

const fragment = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...FRAGMENTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) },
);
const hostile = fc.array(fragment, { maxLength: 7 }).map((parts) => parts.join(""));
const RUNS = { numRuns: 10_000 } as const;

/** Rendering is slow: 10,000 texts in all, twenty in a document, in each of the five places where one can stand. */
const TEXTS_EACH = 20;
const texts = fc.array(hostile, { minLength: TEXTS_EACH, maxLength: TEXTS_EACH });
const DOCUMENTS = { numRuns: 100 } as const;

/** Whatever GitHub's own filters look for in the text of a rendering. */
const ACTIVE_PROSE: readonly RegExp[] = [
  /[@\uff20\ufe6b][\p{L}\p{N}]/u,
  /[#\uff03\ufe5f]\d/,
  /\bGH-\d/i,
  /(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])/i,
  /:\/\//,
  /www\./i,
  /:[\w+-]*[a-z+][\w+-]*:/i,
  /\$/,
  /[\p{Cc}\p{Cs}\p{Bidi_Control}]/u,
];

/** Every element that our templates make. */
const TAGS: ReadonlySet<string> = new Set(
  "h2 p ol ul li br strong code span table thead tbody tr th td details summary blockquote".split(" "),
);

/** Our own break is meant to be there; it is taken for what it is, a character between two others. */
function assertInert(rendered: string, tags: ReadonlySet<string>): void {
  for (const { name, attributes } of tagsOf(rendered)) {
    assert.ok(tags.has(name), `<${name}>`);
    assert.match(attributes, /^(?:align="\w+")?$/);
  }
  const prose = proseOf(rendered.replaceAll("<span>$</span>", "<span></span>"))
    .replaceAll("\n", " ")
    .replaceAll("\u0001", "·");
  for (const pattern of ACTIVE_PROSE) assert.doesNotMatch(prose, pattern);
}

/** What a reader sees, without our breaks. */
function seen(rendered: string): string {
  return textOf(rendered).replaceAll("\u200b", "");
}

interface Placed {
  readonly document: Markdown;
  /** The elements in which the texts are to stand, in the order of the texts. */
  readonly places: RegExp;
}

const PLACES: Readonly<Record<string, (texts: readonly string[]) => Placed>> = {
  "a paragraph": (all) => ({
    document: join(all.filter((text) => text !== "").map(markdown), md`\n\n`),
    places: /<p>(.*)<\/p>/g,
  }),
  "a list item": (all) => ({
    document: join(
      all.map((text) => md`- ${text}\n1. **Fix:** ${text}\n`),
      md``,
    ),
    places: /<li>(?!<strong>)(.*)<\/li>/g,
  }),
  "a code span": (all) => ({
    document: join(
      all.map((text) => md`x ${markdownCode(text)} y`),
      md`\n\n`,
    ),
    places: /<p>x (.*) y<\/p>/g,
  }),
  "a folded part and its summary": (all) => ({
    document: join(
      all.map(
        (text) => md`<details><summary>${markdownCodeElement(text)}</summary>\n\n- ${text}\n\n</details>`,
      ),
      md`\n\n`,
    ),
    places: /<summary>(.*)<\/summary>/g,
  }),
  "a table": (all) => ({
    document: join(
      tableLines(
        [[md`A`, md`B`], ...all.map((text) => [markdown(text), markdownCode(text)])],
        ["left", "right"],
      ),
      md`\n`,
    ),
    places: /<td align="left">(.*)<\/td>/g,
  }),
};

for (const [place, put] of Object.entries(PLACES)) {
  test(`a hostile text in ${place} is inert, shows itself, and stays where it is`, () => {
    fc.assert(
      fc.property(texts, (all) => {
        const { document, places } = put(all);
        const rendered = renderMarkdown(document.source);
        assertInert(rendered, TAGS);
        assert.equal(rendered.match(/<details>/g)?.length, rendered.match(/<\/details>/g)?.length);
        const shown = [...rendered.matchAll(places)].map(([, inner = ""]) => seen(inner));
        assert.deepEqual(
          shown.filter((text) => text !== ""),
          all.map(visible).filter((text) => text !== ""),
        );
      }),
      DOCUMENTS,
    );
  });
}

test("no hostile text starts a workflow command from Markdown, and none holds our marker", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      for (const part of [markdown(text), markdownCode(text)]) {
        assert.doesNotMatch(part.source, /^\s*::/m);
        assert.doesNotMatch(part.source, /[\r\n]/);
        assert.ok(!part.source.includes("<!--"));
        assert.doesNotMatch(part.source, /(?<!\w)@\w/);
        assert.equal(parseCommand(`x ${part.source}`), undefined);
      }
    }),
    RUNS,
  );
});

test("a hostile text in HTML is text, in an element and in an attribute", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const page = htm`<p title="${text}">${text}</p>`.source;
      assert.deepEqual(
        tagsOf(page).map(({ name }) => name),
        ["p"],
      );
      assert.equal(page.match(/[<>"']/g)?.join(""), '<"">' + "<>");
      assert.equal(textOf(html(text).source).replaceAll("&#39;", "'"), visible(text));
    }),
    RUNS,
  );
});

test("a hostile text in XML holds only what XML 1.0 allows", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const { source } = xml(text);
      assert.doesNotMatch(source, /[<>"']|[^\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
      assert.doesNotMatch(source, /&(?!(?:amp|lt|gt|quot|#39|#35);)/);
      assert.equal(parseCommand(`x ${source}`), undefined);
    }),
    RUNS,
  );
});

test("a hostile text for a terminal is one visible line without a command", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const line = terminal(text);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      for (const word of line.split(" ")) assert.equal(parseCommand(word), undefined);
      assert.equal(parseCommand(`   ${line}`), undefined);
    }),
    RUNS,
  );
});

test("a hostile text printed as a message gives exactly that message, and no second command", () => {
  const names = fc.constantFrom("error", "warning", "notice");
  fc.assert(
    fc.property(names, hostile, hostile, (name, title, message) => {
      const output = `::${name} title=t${commandProperty(title)}t::${commandData(message)}`;
      assert.equal(linesOf(output).length, 1);
      const command = parseCommand(output);
      assert.equal(command?.name, name);
      assert.equal(command?.data, message);
      assert.deepEqual([...(command?.properties ?? [])], [["title", `t${title}t`]]);
    }),
    RUNS,
  );
});

test("a hostile text in SARIF makes no link, no placeholder and no mention", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const shown = sarif(text);
      assert.doesNotMatch(shown, /\]\(|@[\p{L}\p{N}]/u);
      assert.doesNotMatch(shown.replaceAll("{{", "").replaceAll("}}", ""), /[{}]/);
    }),
    RUNS,
  );
});

test("a whole comment of one hostile text is inert: no link, no mention, one marker, every fold closed", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const { source } = toMarkdown(toReport(recordOf(text)), { pull: 12 });
      assert.ok(source.startsWith(`${commentMarker(12)}\n`));
      assert.equal(source.match(/<!--/g)?.length, 1);
      assert.doesNotMatch(source, /^\s*::/m);
      for (const line of linesOf(source)) assert.equal(parseCommand(line), undefined);
      const rendered = renderMarkdown(source.slice(commentMarker(12).length));
      assertInert(rendered, TAGS);
      assert.equal(rendered.match(/<details>/g)?.length, rendered.match(/<\/details>/g)?.length);
    }),
    { numRuns: 20 },
  );
});

test("a whole log of one hostile text holds no command and nothing that hides", () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 10, max: 200 }), (text, width) => {
      const output = FORMATS.text(recordOf(text), { width });
      for (const line of linesOf(output)) assert.equal(parseCommand(line), undefined);
      assert.doesNotMatch(output.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 200 },
  );
});
