import { join, type Markdown, md } from "./escape.ts";

/** How long a document may be; both limits hold. */
export interface Budget {
  /** UTF-16 units, which are never fewer than the characters that GitHub counts. */
  readonly charactersMax: number;
  /** UTF-8. */
  readonly bytesMax: number;
}

/** A comment ends at 65,536 characters or 262,144 bytes; what is left free covers what GitHub may add. */
export const COMMENT_BUDGET: Budget = { charactersMax: 65_000, bytesMax: 260_000 };

/** A step's summary above 1 MiB is dropped whole. */
export const SUMMARY_BUDGET: Budget = { charactersMax: 1_000_000, bytesMax: 1_000_000 };

/** A part of a document that can be shortened by whole rows; its frame stands whole or not at all. */
export interface Section {
  /** Sections of a lower rank are given space first, wherever they stand. */
  readonly rank: number;
  readonly open: Markdown;
  /** Each ends its own line. */
  readonly rows: readonly Markdown[];
  readonly close: Markdown;
  /** What its rows are, to count those left out: `gates`. */
  readonly rowsName: string;
}

/** The sections in their order, as much of them as fits, and a last line that says what was left out. */
export function fit(sections: readonly Section[], budget: Budget, fullReport: Markdown): Markdown {
  // The longest that the last line can become.
  const space = new Space(budget, leftOutLine(sections.map(leftOut), fullReport));
  const shown = new Map<Section, number>();
  for (const section of [...sections].sort((a, b) => a.rank - b.rank)) {
    const rows = rowsThatFit(section, space);
    if (rows !== undefined) shown.set(section, rows);
  }
  const parts = sections.flatMap((section) => {
    const rows = shown.get(section);
    return rows === undefined ? [] : [compose(section, rows)];
  });
  const left = sections
    .map((section) => leftOut(section, shown.get(section)))
    .filter(({ number }) => number > 0);
  return join(left.length === 0 ? parts : [...parts, leftOutLine(left, fullReport)], md`\n`);
}

/** How many rows there is space for, and takes it; undefined where there is none for the frame. */
function rowsThatFit(section: Section, space: Space): number | undefined {
  const { open, close, rows } = section;
  if (!space.take(join([open, moreLine(section, rows.length), close], md`\n`))) return undefined;
  let number = 0;
  for (const row of rows) {
    if (!space.take(row)) break;
    number += 1;
  }
  return number;
}

function compose(section: Section, number: number): Markdown {
  const { open, close, rows } = section;
  const hidden = rows.length - number;
  const more = hidden === 0 ? [] : [moreLine(section, hidden)];
  return join([open, ...rows.slice(0, number), ...more, close], md``);
}

function moreLine({ rowsName }: Section, number: number): Markdown {
  return md`\n…and ${number} more ${rowsName}\n`;
}

interface LeftOut {
  readonly rowsName: string;
  readonly number: number;
}

/** A frame without rows that is not shown counts as one. */
function leftOut({ rowsName, rows }: Section, shown?: number): LeftOut {
  return { rowsName, number: shown === undefined ? Math.max(rows.length, 1) : rows.length - shown };
}

function leftOutLine(left: readonly LeftOut[], fullReport: Markdown): Markdown {
  const numbers = new Map<string, number>();
  for (const { rowsName, number } of left) numbers.set(rowsName, (numbers.get(rowsName) ?? 0) + number);
  const parts = [...numbers].map(([rowsName, number]) => md`${number} ${rowsName}`);
  return md`**Left out for length:** ${join(parts, md`, `)}. ${fullReport}\n`;
}

class Space {
  #characters: number;
  #bytes: number;

  constructor({ charactersMax, bytesMax }: Budget, reserved: Markdown) {
    this.#characters = charactersMax - reserved.source.length;
    this.#bytes = bytesMax - Buffer.byteLength(reserved.source);
  }

  /** Takes the space of a text with its line break, or nothing where it does not fit. */
  take({ source }: Markdown): boolean {
    const [characters, bytes] = [source.length + 1, Buffer.byteLength(source) + 1];
    if (characters > this.#characters || bytes > this.#bytes) return false;
    this.#characters -= characters;
    this.#bytes -= bytes;
    return true;
  }
}
