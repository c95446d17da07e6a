import type { NonFinite } from "../model/evidence.ts";

/** Line and column from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * A parsed document that remembers where everything stood: what YAML, JSON, TOML and CSV have in common.
 * Maps are `Map`s, so that a key named `__proto__` is only a key.
 */
export type Node = MapNode | ListNode | ScalarNode;

export interface MapNode {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, { readonly at: Position; readonly value: Node }>;
  readonly at: Position;
}

export interface ListNode {
  readonly kind: "list";
  readonly items: readonly Node[];
  readonly at: Position;
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: Scalar;
  /** As it was written. */
  readonly text: string;
  readonly at: Position;
}

/** A number that is not finite is an object, so that no comparison takes it for a number or a text. */
export type Scalar = string | number | boolean | null | { readonly nonFinite: NonFinite };

/** The node at a path of keys and indices; undefined if there is none. */
export function nodeAt(root: Node, path: readonly (string | number)[]): Node | undefined {
  let node: Node | undefined = root;
  for (const step of path) {
    if (node === undefined || node.kind === "scalar") return undefined;
    node = node.kind === "map" ? node.entries.get(String(step))?.value : node.items[Number(step)];
  }
  return node;
}

/** The plain value: objects without a prototype, and a non-finite number as the text `NaN`, `Infinity`, `-Infinity`. */
export function toValue(node: Node): unknown {
  switch (node.kind) {
    case "map": {
      const object: Record<string, unknown> = Object.create(null);
      for (const [key, { value }] of node.entries) object[key] = toValue(value);
      return object;
    }
    case "list":
      return node.items.map(toValue);
    case "scalar":
      return typeof node.value === "object" && node.value !== null ? node.value.nonFinite : node.value;
  }
}
