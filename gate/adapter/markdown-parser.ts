import MarkdownIt from "markdown-it";

export type { Token } from "markdown-it";

/**
 * The parser of CommonMark with the tables of GFM, for blocks alone: inline markup costs most of the time and tells
 * nothing here. What stands deeper than `maxNesting` it leaves out. In the bundle it is a file of its own, which only
 * a model card loads.
 */
export function createParser(maxNesting: number) {
  const parser = new MarkdownIt("commonmark", { maxNesting }).enable("table");
  parser.core.ruler.enableOnly(["normalize", "block"]);
  return parser;
}
