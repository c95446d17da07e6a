import { markdownTable } from "markdown-table";

/**
 * The one place where text that a pull request could have written becomes Markdown, HTML, XML, SARIF text, a
 * terminal line or a workflow command. Paths, model ids, metric names, messages and reasons are all such text.
 *
 * A document is an `Escaped` value, and only this file can make one: from a constant of our own code (the fixed
 * parts of a template), or from foreign text that was escaped for that language. So no renderer can forget it.
 */
class Escaped<Language extends string> {
  readonly #language: Language;
  readonly source: string;

  constructor(language: Language, source: string) {
    this.#language = language;
    this.source = source;
  }

  static languageOf<Language extends string>(value: Escaped<Language>): Language {
    return value.#language;
  }
}

/** GitHub-flavoured Markdown in which nothing foreign is active. */
export type Markdown = Escaped<"markdown">;
export type Html = Escaped<"html">;
export type Xml = Escaped<"xml">;

/** UTF-16 units of one foreign text that are ever shown; a path of 4,096 bytes still fits. */
export const TEXT_CHARS_MAX = 4_096;

/**
 * What shows nothing, or moves what stands beside it: control characters, bidirectional controls, zero-width and
 * other ignorable characters, lone surrogates, every space but U+0020, the blank braille pattern.
 */
const INVISIBLE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** Most texts, in which nothing has to be looked for by the tables of Unicode. */
const PRINTABLE = /^[ -~]*$/;

const NAMED: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** The text on one line with every character to be seen: as `\n`, `\u{202e}`, or `\x80` for a byte that is not UTF-8. */
export function visible(text: string): string {
  const shown = shorten(text, TEXT_CHARS_MAX);
  return PRINTABLE.test(shown) ? shown : shown.replace(INVISIBLE, show);
}

function show(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // How `TreeEntry.path` carries the bytes of a path that are not UTF-8.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return NAMED.get(character) ?? `\\u{${code.toString(16)}}`;
}

/** The text, or its beginning and how much is left out; never cuts a code point in two. */
export function shorten(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const isPairCut = /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(charactersMax - 1, charactersMax + 1));
  const end = isPairCut ? charactersMax - 1 : charactersMax;
  return `${text.slice(0, end)}… (${text.length - end} more characters)`;
}

/** Not seen, but it parts a word for GitHub; Renovate and Dependabot put the same after an `@`. */
const BREAK = "&#8203;";

/** What Markdown gives a meaning inside a line, and what GitHub does in the text that Markdown has made of it. */
const MARKDOWN_ACTIVE = new RegExp(
  [
    "^ +| +$", // indented code, hard breaks
    "^\\d+(?=[.)](?: |$))|^[-+](?= |$)|^-(?=-)", // lists, rules
    "[@\uff20\ufe6b#\uff03\ufe5f]", // mentions, issues, headings
    "^:|:(?=//|[\\w+-]+:)", // ::commands, URLs, :shortcodes:
    "[&<>|$\\\\`*_~[\\]]",
    "www(?=\\.)",
    "\\bGH(?:SA)?-", // GH-1
    "(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])", // commit ids
  ].join("|"),
  "gi",
);

/** An entity where a backslash would be undone (a table reads `\|` before the cell is read). */
const MARKDOWN_FORMS: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ["|", "&#124;"],
  // The one way that GitHub documents for a dollar sign that is not mathematics.
  ["$", "<span>$</span>"],
  ...["\\", "`", "*", "_", "~", "[", "]", "-", "+"].map((mark) => [mark, `\\${mark}`] as const),
]);

/** The text as Markdown that shows exactly that, in a paragraph, a list item or a table cell. */
export function markdown(text: string): Markdown {
  return new Escaped("markdown", visible(text).replace(MARKDOWN_ACTIVE, inert));
}

function inert(token: string, offset: number): string {
  const form = MARKDOWN_FORMS.get(token);
  if (form !== undefined) return form;
  if (token.startsWith(" ")) return "&#32;".repeat(token.length);
  if (token === ":" && offset === 0) return `\\:${BREAK}`;
  // Every six characters: no part is long enough to name a commit.
  if (/^[0-9a-f]{7,}$/i.test(token)) return token.replace(/.{6}(?=.)/g, `$&${BREAK}`);
  return token + BREAK;
}

/** GitHub takes no mention from code, but does when the comment comes back quoted in a reply by e-mail. */
const MENTION = /(?<![0-9a-z_])@/gi;

/**
 * What a span of backticks cannot hold: backticks, since no fence is safe beside every run of them; a pipe, where
 * a table cuts; an angle bracket, for our marker must not be forged; `##[`, which an Actions runner takes for a
 * command in any line that is printed; a mention; a space at an end.
 */
const NOT_IN_BACKTICKS = new RegExp(`[\`|<]|##\\[|${MENTION.source}|^ | $|^$`, "i");

/** The text as a code span, or as a `<code>` element where a span cannot hold it. */
export function markdownCode(text: string): Markdown {
  const shown = visible(text);
  if (NOT_IN_BACKTICKS.test(shown)) return markdownCodeElement(text);
  return new Escaped("markdown", `\`${shown}\``);
}

/** The lines as a block of code, to be copied as they are; nothing in it is active. Stands between empty lines. */
export function markdownBlock(lines: readonly string[]): Markdown {
  return new Escaped("markdown", lines.map((line) => `    ${visible(line)}`).join("\n"));
}

/** The text as a `<code>` element, for lines where Markdown is not read: `<summary>…</summary>`. */
export function markdownCodeElement(text: string): Markdown {
  const parted = visible(text).replace(MENTION, "@\u200b");
  const entities = parted.replace(/[!-/:-@[-`{-~\u200b]|^ +| +$/g, numericEntities);
  return new Escaped("markdown", `<code>${entities}</code>`);
}

function numericEntities(token: string): string {
  return token.replace(/./g, (character) => `&#${character.charCodeAt(0)};`);
}

const PLAIN_URL = /^https?:\/\/[\w.-]+(?::\d+)?(?:\/[\w./%~+-]*)?(?:\?[\w./%~=&+-]*)?(?:#[\w./%~=&+-]*)?$/;

/** A link to a place that our own code chose; text alone where the URL is not plain http. */
export function markdownLink(text: string, url: string): Markdown {
  if (!PLAIN_URL.test(url)) return markdown(text);
  return new Escaped("markdown", `[${markdown(text).source}](${url})`);
}

const MARKUP_FORMS: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

/** The text for an element or a quoted attribute. */
export function html(text: string): Html {
  return new Escaped("html", escapeMarkup(text));
}

/** What a page links to: a `javascript:` URL would run, and what is not ASCII may look like another host. */
const LINKED_URL = /^https:\/\/[!-~]{1,1000}$/;

/** The URL as text, which links to it if it is https. */
export function htmlLink(url: string): Html {
  if (!LINKED_URL.test(url)) return html(url);
  return htm`<a href="${url}" rel="noreferrer">${url}</a>`;
}

/** The text for an element or a quoted attribute; what XML 1.0 section 2.2 forbids is shown as `\u{0}`. */
export function xml(text: string): Xml {
  return new Escaped("xml", escapeMarkup(text));
}

function escapeMarkup(text: string): string {
  const escaped = visible(text).replace(/[&<>"']/g, (character) => MARKUP_FORMS.get(character) ?? "");
  return escaped.replaceAll("##[", "#&#35;[");
}

/**
 * The text for a line that a terminal shows and an Actions runner reads: without escape sequences, and without
 * a command. The runner takes `::name` at the start of a line, and the older `##[name]` anywhere in it.
 */
export function terminal(text: string): string {
  const shown = visible(text).replace(/^:|(?<= ):(?=:)/g, "\\u{3a}");
  return shown.replaceAll("##[", "#\\u{23}[");
}

/**
 * The text as one word of a command line, for a person to copy: bash and zsh read exactly it. What nobody would see
 * is spelled by its bytes, as `$'\xe2\x80\xae'`, so that showing the word does not change it.
 */
export function shellWord(text: string): string {
  if (/^[\w./:@%+,-]+$/.test(text)) return text;
  if (text.replace(INVISIBLE, "") === text) return `'${text.replaceAll("'", "'\\''")}'`;
  const quoted = text.replace(/[\\']/g, "\\$&");
  return `$'${quoted.replace(INVISIBLE, bytesOf)}'`;
}

function bytesOf(character: string): string {
  return Buffer.from(character, "utf8").toString("hex").replace(/../g, "\\x$&");
}

/**
 * The text as a plain SARIF message: braces doubled (2.1.0 section 3.11.5), no embedded link (3.11.6), and no
 * mention where a code scanning alert is posted as a comment.
 */
export function sarif(text: string): string {
  return visible(text).replace(/[{}]/g, "$&$&").replaceAll("](", "] (").replaceAll("@", "@\u200b");
}

/** A path as a relative URI reference (RFC 3986): UTF-8 and raw bytes percent-encoded. */
export function pathUri(path: string): string {
  const parts = path.match(/[\udc80-\udcff]|[\ud800-\udbff][\udc00-\udfff]|./gs) ?? [];
  return parts.map(uriPart).join("");
}

function uriPart(part: string): string {
  if (part === "/") return part;
  if (part.isWellFormed()) return encodeURIComponent(part);
  const code = part.charCodeAt(0);
  return code >= 0xdc80 && code <= 0xdcff ? `%${(code - 0xdc00).toString(16).toUpperCase()}` : "%EF%BF%BD";
}

/** The text as the message of a workflow command; the runner reads exactly it. */
export function commandData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** The text as a property of a workflow command. The runner drops an empty one, and spaces at the end of the last. */
export function commandProperty(text: string): string {
  return commandData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

type Template<Language extends string> = (
  constants: TemplateStringsArray,
  ...values: readonly (string | number | Escaped<Language>)[]
) => Escaped<Language>;

/** A tag whose constants and numbers stand as they are, and whose texts are escaped. */
function template<Language extends string>(
  toEscaped: (text: string) => Escaped<Language>,
): Template<Language> {
  const language = Escaped.languageOf(toEscaped(""));
  return (constants, ...values) => {
    const sources = values.map((value) => {
      if (typeof value === "number") return String(value);
      return (value instanceof Escaped ? value : toEscaped(value)).source;
    });
    return new Escaped(language, String.raw({ raw: constants }, ...sources));
  };
}

/** Tags for documents: md`**${title}**` */
export const md = template(markdown);
export const htm = template(html);
export const xm = template(xml);

/** The parts with the separator between them. */
export function join<Language extends string>(
  parts: readonly Escaped<Language>[],
  separator: Escaped<Language>,
): Escaped<Language> {
  return new Escaped(Escaped.languageOf(separator), parts.map(({ source }) => source).join(separator.source));
}

/** The lines of a table: head, delimiters, one for each row. Cells are one line each. */
export function tableLines(
  rows: readonly (readonly Markdown[])[],
  align: readonly ("left" | "right")[],
): readonly Markdown[] {
  const cells = rows.map((row) => row.map(({ source }) => source));
  const text = markdownTable(cells, { align: [...align], alignDelimiters: false });
  return text.split("\n").map((line) => new Escaped("markdown", line));
}
