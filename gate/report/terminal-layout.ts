import { terminal } from "./escape.ts";

export interface TextOptions {
  /** Columns of the terminal. */
  readonly width?: number;
  readonly color?: boolean;
}

export type Style = "plain" | "bold" | "dim" | "red" | "green" | "yellow";

/** ECMA-48 SGR parameters: the only escape sequences that we print. */
const SGR: Readonly<Record<Style, string>> = {
  plain: "",
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
};

/** A paragraph with its label in front, wrapped under the label's end. */
export interface Paragraph {
  readonly indent: number;
  readonly label?: string;
  readonly labelStyle?: Style;
  /** Foreign text is welcome: it is escaped here. */
  readonly text: string;
  readonly style?: Style;
  /** A line of source, which is not wrapped: a caret may stand under it. */
  readonly isSource?: boolean;
}

const WIDTH_DEFAULT = 100;
const WIDTH_MIN = 40;

export function widthOf({ width }: TextOptions): number {
  return Math.max(width ?? WIDTH_DEFAULT, WIDTH_MIN);
}

/** The paragraph's lines. A word longer than a line is never cut: a path is copied as a whole. */
export function layOut(paragraph: Paragraph, options: TextOptions): readonly string[] {
  const { indent, label = "", labelStyle = "plain", text, style = "plain", isSource = false } = paragraph;
  const lead = terminal(label);
  const hang = indent + columnsOf(lead);
  const lines = isSource ? [terminal(text)] : wrap(terminal(text), widthOf(options) - hang);
  return lines.map((line, index) => {
    const front = index === 0 ? " ".repeat(indent) + paint(lead, labelStyle, options) : " ".repeat(hang);
    return `${front}${paint(line, style, options)}`.trimEnd();
  });
}

export function paint(text: string, style: Style, { color }: TextOptions): string {
  if (color !== true || style === "plain" || text === "") return text;
  return `\u001b[${SGR[style]}m${text}\u001b[0m`;
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && columnsOf(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/** Two columns in a terminal: East Asian wide characters and most emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** Columns that the visible text takes in a terminal. */
export function columnsOf(text: string): number {
  // Most texts, which the tables of Unicode need not be built for.
  if (/^[\0-\x7f]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += /\p{Mark}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}

/** Rows with their cells in columns; undefined where they are wider than the terminal. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  options: TextOptions,
): readonly string[] | undefined {
  const cells = rows.map((row) => row.map(terminal));
  const widths = (cells[0] ?? []).map((_, column) =>
    cells.reduce((width, row) => Math.max(width, columnsOf(row[column] ?? "")), 0),
  );
  const total = widths.reduce((sum, width) => sum + width + 2, 0);
  if (total > widthOf(options)) return undefined;
  return cells.map((row) => {
    const padded = row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - columnsOf(cell)));
    return `  ${padded.join("  ")}`.trimEnd();
  });
}
