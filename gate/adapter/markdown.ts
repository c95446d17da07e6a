import { GateError } from "../model/error.ts";
import { once } from "../model/once.ts";
import { createParser, type Token } from "./markdown-parser.ts";

/**
 * The blocks of a Markdown text that a model card is judged by: headings, lines of prose and tables. Which lines are
 * text at all CommonMark 0.31 and GFM decide; code is no block. Inline markup is only stripped.
 */
export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly title: string; readonly line: number }
  | { readonly kind: "text"; readonly text: string; readonly line: number }
  | { readonly kind: "table"; readonly header: readonly string[]; readonly rows: readonly TableRow[] };

export interface TableRow {
  readonly cells: readonly string[];
  readonly line: number;
}

const HTML_HEADING = /^ {0,3}<h([1-6])\b[^>]*>([^<]*)<\/h\1>\s*$/i;

/**
 * Blocks in order; `firstLine` is the file's line number of the text's first line. Throws `CARD_TOO_DEEP` where there
 * is more than a hundred blocks within one another.
 */
export function parseBlocks(text: string, firstLine: number): readonly Block[] {
  const tokens = markdown().parse(text, {});
  if (tokens.some(({ level }) => level >= NESTING_MAX - 1)) {
    const message = `Cannot read the card: lists and quotes within one another, limit is ${NESTING_MAX}`;
    throw new GateError("CARD_TOO_DEEP", message, { fix: "Write it with fewer levels" });
  }
  return new BlockReader(tokens, firstLine).blocks;
}

/** Lists and quotes within one another, and what is in them; what stands deeper the parser would leave out. */
const NESTING_MAX = 100;

const markdown = once(() => createParser(NESTING_MAX));

/** One walk over a text's tokens. */
class BlockReader {
  readonly blocks: Block[] = [];
  readonly #tokens: readonly Token[];
  readonly #firstLine: number;
  /** In a comment of raw HTML, which goes on where the block of HTML has ended. */
  #isHidden = false;

  constructor(tokens: readonly Token[], firstLine: number) {
    this.#tokens = tokens;
    this.#firstLine = firstLine;
    for (const [index, token] of tokens.entries()) this.#take(token, index);
  }

  #take(token: Token, index: number): void {
    const { type, content } = token;
    const line = this.#lineOf(token);
    if (type === "html_block") this.#addHtml(content, line);
    else if (type === "table_open") this.blocks.push(this.#tableAt(index));
    // The text of a footnote is written so, and is seen.
    else if (type === "code_block") this.#addTables(content.replace(/^[ \t]+/gm, ""), line);
    else if (this.#isHidden) return;
    else if (type === "heading_open")
      this.#addHeading(Number(token.tag.slice(1)), this.#inlineAt(index), line);
    else if (type === "paragraph_open") this.#addLines(this.#inlineAt(index).split("\n"), line);
  }

  #addLines(texts: readonly string[], line: number): void {
    for (const [at, text] of texts.entries()) this.blocks.push({ kind: "text", text, line: line + at });
  }

  #addHeading(level: number, text: string, line: number): void {
    const title = plainText(text.replaceAll("\n", " ")).trim();
    this.blocks.push({ kind: "heading", level, title, line });
  }

  #addHtml(content: string, firstLine: number): void {
    for (const [at, source] of content.replace(/\n$/, "").split("\n").entries()) {
      const { text, isOpen } = cutRawComments(source, this.#isHidden);
      this.#isHidden = isOpen;
      const [, level, title] = HTML_HEADING.exec(text) ?? [];
      if (level === undefined) this.#addLines([text], firstLine + at);
      else this.#addHeading(Number(level), title ?? "", firstLine + at);
    }
  }

  #addTables(text: string, line: number): void {
    for (const block of parseBlocks(text, line)) if (block.kind === "table") this.blocks.push(block);
  }

  /** The table that begins at a token: the row of its header, then the others, each a run of cells. */
  #tableAt(start: number): Block {
    const rows: { cells: string[]; line: number }[] = [];
    for (let index = start; this.#tokens[index]!.type !== "table_close"; index++) {
      const token = this.#tokens[index]!;
      if (token.type === "tr_open") rows.push({ cells: [], line: this.#lineOf(token) });
      if (token.type === "inline") rows.at(-1)?.cells.push(plainText(withoutComments(token.content)).trim());
    }
    return { kind: "table", header: rows[0]?.cells ?? [], rows: rows.slice(1) };
  }

  #inlineAt(opening: number): string {
    return withoutComments(this.#tokens[opening + 1]?.content ?? "");
  }

  #lineOf({ map }: Token): number {
    return this.#firstLine + (map?.[0] ?? 0);
  }
}

/** Of a line of raw HTML; `<!-->` is a whole comment (HTML 13.6), and one that never ends hides all that follows. */
function cutRawComments(
  line: string,
  isHidden: boolean,
): { readonly text: string; readonly isOpen: boolean } {
  let text = "";
  let rest = line;
  let isOpen = isHidden;
  while (rest !== "") {
    const mark = rest.indexOf(isOpen ? "-->" : "<!--");
    if (mark < 0) return { text: isOpen ? text : text + rest, isOpen };
    if (!isOpen) text += rest.slice(0, mark);
    rest = rest.slice(isOpen ? mark + 3 : mark + 2);
    isOpen = !isOpen;
  }
  return { text, isOpen };
}

const MARK = /\\[\s\S]|`+|<!--/g;

/** Inline text without its comments (CommonMark 6.6), line ends kept. One without an end is text, as one in code is. */
function withoutComments(text: string): string {
  if (!text.includes("<!--")) return text;
  const endOfCode = codeEnds(text);
  let kept = "";
  let from = 0;
  MARK.lastIndex = 0;
  for (let found = MARK.exec(text); found !== null; found = MARK.exec(text)) {
    const { 0: mark, index } = found;
    if (mark.startsWith("`")) MARK.lastIndex = endOfCode(index, mark.length);
    if (mark !== "<!--") continue;
    // `<!-->` and `<!--->` are whole ones.
    const end = text.indexOf("-->", index + 2);
    if (end < 0) break;
    kept += text.slice(from, index) + text.slice(index, end).replace(/[^\n]+/g, "");
    from = end + 3;
    MARK.lastIndex = from;
  }
  return kept + text.slice(from);
}

/**
 * Where inline code ends that begins with ticks: behind the next run of as many (CommonMark 6.1), or behind its own
 * ticks where there is none. To be asked from left to right.
 */
function codeEnds(text: string): (start: number, length: number) => number {
  const runs = new Map<number, number[]>();
  for (const { 0: run, index } of [...text.matchAll(/`+/g)].reverse()) {
    const starts = runs.get(run.length);
    if (starts === undefined) runs.set(run.length, [index]);
    else starts.push(index);
  }
  return (start, length) => {
    const starts = runs.get(length) ?? [];
    while (starts.length > 0 && starts.at(-1)! <= start) starts.pop();
    return (starts.at(-1) ?? start) + length;
  };
}

/** An underscore inside a word is part of it; to know what a word is takes the tables of Unicode. */
const EMPHASIS = /(?<!\\)(?:\*+|`+|~~)|(?<![\p{L}\p{N}\\])_+|(?<!\\)_+(?![\p{L}\p{N}])/gu;
const ASCII_EMPHASIS = /(?<!\\)(?:\*+|`+|~~)/g;

/**
 * The words of a line without its markup: images and HTML tags are gone, links leave their text, emphasis and
 * code leave what they enclose, and `&#46;` and `\_` are what they mean.
 */
export function plainText(text: string): string {
  const words = text
    .replace(/!\[[^[\]]*\]\([^()]*\)/g, "")
    .replace(/<\/?[a-zA-Z][^<>]*>/g, "")
    .replace(/\[([^[\]]*)\]\([^()]*\)/g, "$1")
    .replace(text.includes("_") ? EMPHASIS : ASCII_EMPHASIS, "");
  return /[\\&]/.test(words) ? markdown().utils.unescapeAll(words) : words;
}
