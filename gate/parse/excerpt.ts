import type { Position } from "./node.ts";

const EXCERPT_CHARS_MAX = 100;
const QUOTE_CHARS_MAX = 60;

/**
 * What a terminal would obey rather than show: controls, zero-width marks and the bidirectional overrides,
 * which let a line read as something that it is not (CVE-2021-42574).
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Offset to line and column of one text; columns count UTF-16 code units, as editors and annotations do. */
export function positionsIn(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  };
}

/**
 * The line at an offset with a caret under the column, safe to print.
 *
 *       12 | severity: blok
 *          |           ^
 */
export function excerptAt(text: string, offset: number): string {
  const { line, column } = positionsIn(text)(offset);
  const start = offset - column + 1;
  const end = text.indexOf("\n", start);
  const stop = end < 0 ? text.length : end;
  // A line may be a megabyte: show what lies around the caret.
  const from = Math.max(start, offset - EXCERPT_CHARS_MAX / 2);
  const shown = visible(text.slice(from, Math.min(stop, from + EXCERPT_CHARS_MAX)).trimEnd());
  const gutter = String(line).padStart(4);
  return `${gutter} | ${shown}\n${" ".repeat(gutter.length)} | ${" ".repeat(offset - from)}^`;
}

/** A text in double quotes, short and safe to print on one line. */
export function quote(text: string): string {
  const short = text.length > QUOTE_CHARS_MAX ? `${text.slice(0, QUOTE_CHARS_MAX - 1)}…` : text;
  return `"${visible(short).replaceAll('"', '\\"')}"`;
}

/** The same text with every character that does not show replaced by `�`, and a tab by `→`: as long as before. */
export function visible(text: string): string {
  return text.replaceAll("\t", "→").replace(UNSEEN, (unseen) => "\ufffd".repeat(unseen.length));
}
