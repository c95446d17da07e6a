import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Node, Position } from "../gate/parse/node.ts";
import { parseYaml } from "../gate/parse/yaml.ts";

const FOLDER = fileURLToPath(new URL("../policies/packs/", import.meta.url));

/** The texts of the packs that come with Weighbridge. */
export function packTexts(): readonly string[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yml"));
  return files.sort().map((name) => readFileSync(`${FOLDER}${name}`, "utf8"));
}

/** The module that stands in the bundle for `gate/parse/known-tree.ts`. A text is known by its digest: one that differs is read. */
export function knownTreeModule(texts: readonly string[]): string {
  const trees = texts.map((text) => [keyOf(text), JSON.stringify(pack(parseYaml(text, "a pack")))]);
  return `const { createHash } = require("node:crypto");
const trees = new Map(${JSON.stringify(trees)});
exports.knownTree = (text) => {
  const tree = trees.get(createHash("sha256").update(text).digest("hex"));
  return tree === undefined ? undefined : unpack(JSON.parse(tree));
};
${unpack}
`;
}

function keyOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A node without the names of its members, which would be most of the text. */
type Packed = readonly [kind: Node["kind"], line: number, column: number, ...content: unknown[]];

function pack(node: Node): Packed {
  const { kind, at } = node;
  const start = [kind, at.line, at.column] as const;
  if (kind === "scalar") return [...start, node.value, node.text];
  if (kind === "list") return [...start, ...node.items.map(pack)];
  return [...start, ...[...node.entries].map(([key, entry]) => [key, entry.at.line, entry.at.column, pack(entry.value)])];
}
