import { createHash } from "node:crypto";
import type { Node, Position, Scalar } from "./node.ts";
import { TREES } from "./prebuilt.ts";
import { schemaKey } from "./quick-check.ts";

/** Of each known tree, the key of the schema that it was found to fit. */
const fitting = new WeakMap<Node, string>();

/**
 * The tree of a YAML text that was read when the bundle was built; undefined for any other text, which is always so
 * outside of the bundle. Reading the packs that come with it takes a third of a short run, and each run would read
 * the same.
 */
export function knownTree(text: string): Node | undefined {
  const known = TREES.get(textKey(text));
  if (known === undefined) return undefined;
  const root = unpackTree(JSON.parse(known.tree));
  fitting.set(root, known.fits);
  return root;
}

/** Whether a node is a known tree that was found to fit this very schema. */
export function isKnownToFit(schema: object, node: Node): boolean {
  const fits = fitting.get(node);
  return fits !== undefined && fits === schemaKey(schema);
}

/** A text is known by its bytes. */
export function textKey(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A node without the names of its members, which would be most of the text. */
export type PackedNode =
  | readonly ["map", line: number, column: number, entries: readonly PackedEntry[]]
  | readonly ["list", line: number, column: number, items: readonly PackedNode[]]
  | readonly ["scalar", line: number, column: number, value: Scalar, text: string];
type PackedEntry = readonly [key: string, line: number, column: number, value: PackedNode];

export function packTree(node: Node): PackedNode {
  const { line, column } = node.at;
  if (node.kind === "scalar") return ["scalar", line, column, node.value, node.text];
  if (node.kind === "list") return ["list", line, column, node.items.map(packTree)];
  const entries = [...node.entries].map(
    ([key, { at, value }]) => [key, at.line, at.column, packTree(value)] as const,
  );
  return ["map", line, column, entries];
}

export function unpackTree(packed: PackedNode): Node {
  const at: Position = { line: packed[1], column: packed[2] };
  if (packed[0] === "scalar") return { kind: "scalar", value: packed[3], text: packed[4], at };
  if (packed[0] === "list") return { kind: "list", items: packed[3].map(unpackTree), at };
  const entries = packed[3].map(
    ([key, line, column, value]) => [key, { at: { line, column }, value: unpackTree(value) }] as const,
  );
  return { kind: "map", entries: new Map(entries), at };
}
