/**
 * The blocks of a Markdown text that a model card is judged by: headings, lines of prose and tables. Follows
 * CommonMark 0.31 and GFM for what decides whether a line is text at all (code fences, HTML comments, setext
 * headings); inline markup is only stripped.
 */
export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly title: string; readonly line: number }
  | { readonly kind: "text"; readonly text: string; readonly line: number }
  | { readonly kind: "table"; readonly header: readonly string[]; readonly rows: readonly TableRow[] };

export interface TableRow {
  readonly cells: readonly string[];
  readonly line: number;
}

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const HTML_HEADING = /^ {0,3}<h([1-6])\b[^>]*>([^<]*)<\/h\1>\s*$/i;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;
const DELIMITER_CELL = /^:?-+:?$/;
/** A line that begins a block of its own cannot be the text of a setext heading. */
const NOT_A_PARAGRAPH = /^ {0,3}(?:[-*+>|]|\d{1,9}[.)])(?:\s|$)|^\s*$|^ {4}|^\t/;

interface Line {
  readonly text: string;
  readonly number: number;
  /** Begins in a comment, so that what is left of it is no block of its own (CommonMark 4.6). */
  readonly isHtml: boolean;
}

/** Blocks in order; `firstLine` is the file's line number of the text's first line. */
export function parseBlocks(text: string, firstLine: number): readonly Block[] {
  const lines = visibleLines(text, firstLine);
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index]!;
    const table = tableAt(lines, index);
    if (table !== undefined) {
      blocks.push(table.block);
      index = table.next;
      continue;
    }
    const heading = headingAt(line, lines[index + 1]);
    blocks.push(heading?.block ?? { kind: "text", text: line.text, line: line.number });
    index += heading?.lines ?? 1;
  }
  return blocks;
}

/** The lines that a reader sees as text: without code, and with comments cut out. */
function visibleLines(text: string, firstLine: number): readonly Line[] {
  const seen: Line[] = [];
  let fence: string | undefined;
  let inComment = false;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (fence !== undefined) {
      if (closesFence(line, fence)) fence = undefined;
      continue;
    }
    const opening = inComment ? undefined : FENCE.exec(line)?.[1];
    if (opening !== undefined) {
      fence = opening;
      continue;
    }
    const isHtml = inComment || /^ {0,3}<!--/.test(line);
    const cut = cutComments(line, inComment);
    inComment = cut.open;
    seen.push({ text: cut.text, number: firstLine + index, isHtml });
  }
  return seen;
}

/** A fence is closed by as many of the same marks or more, and nothing behind them. */
function closesFence(line: string, fence: string): boolean {
  const closing = FENCE.exec(line)?.[1];
  return (
    closing !== undefined &&
    closing[0] === fence[0] &&
    closing.length >= fence.length &&
    line.trim() === closing
  );
}

/** `<!-->` is a whole comment (HTML 13.6), and one that never ends hides all that follows. */
function cutComments(line: string, inComment: boolean): { readonly text: string; readonly open: boolean } {
  let text = "";
  let rest = line;
  let open = inComment;
  while (rest !== "") {
    const mark = open ? rest.indexOf("-->") : commentStart(rest);
    if (mark < 0) return { text: open ? text : text + rest, open };
    if (!open) text += rest.slice(0, mark);
    rest = rest.slice(open ? mark + 3 : mark + 2);
    open = !open;
  }
  return { text, open };
}

/** Where a comment starts that is not the text of inline code, between one tick and the next. */
function commentStart(text: string): number {
  let isCode = false;
  for (const { 0: mark, index } of text.matchAll(/`|<!--/g)) {
    if (mark === "`") isCode = !isCode;
    else if (!isCode || text.lastIndexOf("`") < index) return index;
  }
  return -1;
}

interface Heading {
  readonly block: Block;
  readonly lines: number;
}

function headingAt(line: Line, next: Line | undefined): Heading | undefined {
  if (line.isHtml) return undefined;
  const atx = ATX.exec(line.text);
  if (atx !== null)
    return heading(atx[1]!.length, (atx[2] ?? "").replace(/(?:^|[ \t])#+[ \t]*$/, ""), line, 1);
  const html = HTML_HEADING.exec(line.text);
  if (html !== null) return heading(Number(html[1]), html[2]!, line, 1);
  const underline = next?.number !== line.number + 1 ? null : SETEXT.exec(next.text);
  if (underline === null || NOT_A_PARAGRAPH.test(line.text)) return undefined;
  return heading(underline[1]!.startsWith("=") ? 1 : 2, line.text, line, 2);
}

function heading(level: number, title: string, line: Line, lines: number): Heading {
  return { block: { kind: "heading", level, title: plainText(title).trim(), line: line.number }, lines };
}

function tableAt(lines: readonly Line[], index: number): { block: Block; next: number } | undefined {
  const headerLine = lines[index]!;
  const delimiter = lines[index + 1];
  if (!headerLine.text.includes("|") || delimiter?.number !== headerLine.number + 1) return undefined;
  const header = cellsOf(headerLine.text);
  const marks = cellsOf(delimiter.text);
  if (marks.length !== header.length || !marks.every((cell) => DELIMITER_CELL.test(cell))) return undefined;
  const rows: TableRow[] = [];
  let next = index + 2;
  for (; next < lines.length; next++) {
    const { text, number } = lines[next]!;
    if (text.trim() === "" || ATX.test(text) || number !== lines[next - 1]!.number + 1) break;
    rows.push({ cells: cellsOf(text), line: number });
  }
  return { block: { kind: "table", header, rows }, next };
}

/** Cells of a row; a pipe after a backslash is text. */
function cellsOf(row: string): readonly string[] {
  const inner = row
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => plainText(cell.replaceAll("\\|", "|")).trim());
}

/** An underscore inside a word is part of it; to know what a word is takes the tables of Unicode. */
const EMPHASIS = /\*+|`+|~~|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu;

/**
 * The words of a line without its markup: images and HTML tags are gone, links leave their text, emphasis and
 * code leave what they enclose.
 */
export function plainText(text: string): string {
  return text
    .replace(/!\[[^[\]]*\]\([^()]*\)/g, "")
    .replace(/<\/?[a-zA-Z][^<>]*>/g, "")
    .replace(/\[([^[\]]*)\]\([^()]*\)/g, "$1")
    .replace(text.includes("_") ? EMPHASIS : /\*+|`+|~~/g, "");
}
