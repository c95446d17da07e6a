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
 * A Markdown file's YAML front matter (from a first line `---` to the next such line) and its body. Throws what
 * `parseYaml` throws, and `FRONT_MATTER_OPEN` where the second `---` is missing.
 */
export function splitFrontMatter(text: string, path: string): FrontMatter {
  const lines = text.split("\n");
  if (!FENCE.test(lines[0]!)) return { body: text, bodyLine: 1 };
  const end = lines.findIndex((line, index) => index > 0 && FENCE.test(line));
  if (end < 0) {
    const message = `Cannot read ${path}: front matter without an end, expected a second line ---`;
    throw new GateError("FRONT_MATTER_OPEN", message, {
      place: { path, line: 1 },
      fix: "Close it with a line ---",
    });
  }
  // An empty line in the place of the fence keeps the line numbers of the file.
  const yaml = ["", ...lines.slice(1, end), ""].join("\n");
  return { frontMatter: parseYaml(yaml, path), body: lines.slice(end + 1).join("\n"), bodyLine: end + 2 };
}
