import { markdownTable } from "markdown-table";

export function code(text: string): string {
  return `\`${text}\``;
}

/** A table of cells that are Markdown already. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")));
  return markdownTable([[...header], ...cells], { alignDelimiters: false });
}

/** YAML in flow style, for readers: nothing is quoted. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const members = Object.entries(value).map(([key, member]) => `${key}: ${flow(member)}`);
  return `{ ${members.join(", ")} }`;
}
