import { type Node, nodeAt, type ScalarNode } from "../gate/parse/node.ts";

/** The parts of a workflow's YAML; what is not there, or not of the expected kind, is empty. */

export function stepsOf(job: Node): readonly Node[] {
  const steps = nodeAt(job, ["steps"]);
  return steps?.kind === "list" ? steps.items : [];
}

export function entriesOf(node: Node | undefined): readonly (readonly [string, Node])[] {
  return node?.kind === "map" ? [...node.entries].map(([key, { value }]) => [key, value] as const) : [];
}

export function textAt(node: Node, path: readonly string[]): string {
  const found = nodeAt(node, path);
  return found?.kind === "scalar" ? textOf(found) : "";
}

/** As a runner reads it: without the quotes that a text may be written in. */
function textOf({ value, text }: ScalarNode): string {
  return typeof value === "string" ? value : text;
}

/** One word, a list of words or the keys of a map: GitHub takes all three where it asks for names. */
export function namesIn(node: Node | undefined): readonly string[] {
  if (node === undefined) return [];
  if (node.kind === "map") return [...node.entries.keys()];
  const items = node.kind === "list" ? node.items : [node];
  return items.flatMap((item) => (item.kind === "scalar" ? [textOf(item)] : []));
}
