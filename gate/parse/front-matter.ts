import { GateError } from "../model/error.ts";
import type { Node } from "./node.ts";
import { parseYaml } from "./yaml.ts";

const FENCE = /^---[ \t]*\r?$/;

export interface FrontMatter {
  /** Absent where the file does not begin with `---`. Lines are those of the file. */
  readonly frontMatter?: Node;
  /** What follows, and the line of the file that it begins at. */
  readonly body: string;
  readonly bodyLine: number;
}

/**
 * A Markdown file's YAML front matter (from a first line `---` to the next such line) and its body. The Hub reads it
 * behind empty lines, too, if it has an end. Throws what `parseYaml` throws, and `FRONT_MATTER_OPEN` where a first
 * line `---` has no second.
 */
export function splitFrontMatter(text: string, path: string): FrontMatter {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.trim() !== "");
  const end = lines.findIndex((line, index) => index > start && FENCE.test(line));
  if (start < 0 || !FENCE.test(lines[start]!) || (start > 0 && end < 0)) return { body: text, bodyLine: 1 };
  if (end < 0) {
    const message = `Cannot read ${path}: front matter without an end, expected a second line ---`;
    throw new GateError("FRONT_MATTER_OPEN", message, {
      place: { path, line: 1 },
      fix: "Close it with a line ---",
    });
  }
  // Empty lines before it and in the place of the fence keep the line numbers of the file.
  const yaml = [...lines.slice(0, start), "", ...lines.slice(start + 1, end), ""].join("\n");
  return { frontMatter: parseYaml(yaml, path), body: lines.slice(end + 1).join("\n"), bodyLine: end + 2 };
}
