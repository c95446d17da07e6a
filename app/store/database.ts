/** What a column can hold. Whole numbers come back as `number` from SQLite and as digits from PostgreSQL. */
export type Value = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, unknown>>;

/** One statement, with `$1`, `$2`, … for its values; in the dialect that SQLite and PostgreSQL share. */
export interface Sql {
  query(text: string, values?: readonly Value[]): Promise<readonly Row[]>;
}

/** A database that both stores speak to in the same words, so that the archive and the journal exist once. */
export interface Database extends Sql {
  /**
   * Runs `body` in a transaction, durable when it resolves; nothing of it has happened if it rejects. `body` waits
   * for nothing but its own statements: SQLite has one connection, and everybody waits for it.
   */
  transaction<T>(body: (sql: Sql) => Promise<T>): Promise<T>;
}

/** Types that the two call differently. */
export interface Dialect {
  readonly bytes: "BLOB" | "BYTEA";
  /** A primary key that grows with each row. */
  readonly serial: "INTEGER PRIMARY KEY AUTOINCREMENT" | "BIGSERIAL PRIMARY KEY";
}

/** Rows of one statement: both databases take more, and a statement is prepared for each count. */
const ROWS_MAX = 100;

/** The list, cut to lengths that fit into one statement. */
export function inChunks<T>(values: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(values.length / ROWS_MAX);
  return Array.from({ length: count }, (_, at) => values.slice(at * ROWS_MAX, (at + 1) * ROWS_MAX));
}

/** `$from, …` for as many values. */
export function places(count: number, from: number): string {
  return Array.from({ length: count }, (_, at) => `$${from + at}`).join(", ");
}

/** The text in a column. Throws a TypeError: the schema is ours. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new TypeError(`Column ${column} holds ${typeof value}, expected a text`);
}

export function findText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column);
}

/** The whole number in a column. Throws a TypeError. */
export function integerOf(row: Row, column: string): number {
  const value = row[column];
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number)) return number;
  throw new TypeError(`Column ${column} holds ${typeof value}, expected a whole number`);
}

export function findInteger(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : integerOf(row, column);
}

/** The bytes in a column. Throws a TypeError. */
export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`Column ${column} holds ${typeof value}, expected bytes`);
}
