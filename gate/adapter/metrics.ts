import { GateError } from "../model/error.ts";
import type { Measure } from "../model/evidence.ts";
import { quote } from "../parse/excerpt.ts";
import { parseJson } from "../parse/json.ts";
import type { Node, ScalarNode } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseToml } from "../parse/toml.ts";
import { parseYaml } from "../parse/yaml.ts";
import type { Adapter, AdapterFile, RawMetric, RawProblem, Reading } from "./adapter.ts";
import { readMetricTable } from "./metric-table.ts";

export const METRIC_BYTES_MAX = 16 * 1024 * 1024;
export const METRIC_DEPTH_MAX = 64;
export const METRIC_LEAVES_MAX = 100_000;

const READERS: ReadonlyMap<string, (text: string, path: string) => Reading> = new Map([
  ["json", (text, path) => readMap(parseCarrying(text, path), path)],
  ["yaml", (text, path) => readMap(parseYaml(text, path), path)],
  ["yml", (text, path) => readMap(parseYaml(text, path), path)],
  ["toml", (text, path) => readMap(parseToml(text, path), path)],
  ["csv", readMetricTable],
]);

/**
 * Numbers in a map, nested as DVC, DVCLive and most training scripts write it, or in a table. Names are dotted
 * paths: `{"test": {"roc_auc": 0.87}}` is `test.roc_auc`. Only a number is a number: text that looks like one,
 * a flag and null are problems of their key.
 */
export const metrics: Adapter = {
  name: "metrics@1",
  keyed: true,
  recognises: (path) => READERS.has(extension(path)),
  read({ path, bytes }: AdapterFile): Reading {
    if (bytes.length > METRIC_BYTES_MAX) {
      const message = `Cannot read ${path}: ${bytes.length} bytes, limit for metrics is ${METRIC_BYTES_MAX}`;
      throw new GateError("METRIC_TOO_LARGE", message, { place: { path } });
    }
    const reader = READERS.get(extension(path));
    if (reader === undefined) {
      const message = `Cannot read ${path}: no reader for its name, expected .${[...READERS.keys()].join(", .")}`;
      throw new GateError("METRIC_FORMAT", message, { place: { path } });
    }
    return reader(decodeUtf8(bytes, path), path);
  },
};

function extension(path: string): string {
  return /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

/** Python's json module writes NaN and Infinity bare; they are carried, to be judged as what they are. */
function parseCarrying(text: string, path: string): Node {
  return parseJson(text, path, { nonFinite: "carry", depthMax: METRIC_DEPTH_MAX });
}

function readMap(root: Node, path: string): Reading {
  if (root.kind !== "map") {
    const found = root.kind === "list" ? "a list" : describe(root);
    const message = `Cannot read ${path}: it holds ${found}, expected a map from metric to number`;
    throw new GateError("METRIC_SHAPE", message, { place: { path, line: root.at.line } });
  }
  const items: RawMetric[] = [];
  const problems: RawProblem[] = [];
  for (const { name, leaf } of leaves(root, path)) {
    const read = leaf.kind === "scalar" ? measureOf(leaf) : `is an empty ${leaf.kind}`;
    if (typeof read === "object") items.push({ kind: "metric", name, ...read, line: leaf.at.line });
    else problems.push(notANumber(name, read, leaf));
  }
  return { items, problems };
}

interface Leaf {
  readonly name: string;
  readonly leaf: Node;
}

/** Scalars and empty containers with their dotted paths, in the file's order; list items by index. */
function leaves(root: Node, path: string): readonly Leaf[] {
  const found: Leaf[] = [];
  const visit = (node: Node, name: string, depth: number): void => {
    if (depth > METRIC_DEPTH_MAX) throw limit(path, node, `nested deeper than ${METRIC_DEPTH_MAX}`);
    const children = childrenOf(node, path);
    if (children.length === 0) found.push({ name, leaf: node });
    if (found.length > METRIC_LEAVES_MAX) throw limit(path, node, `more than ${METRIC_LEAVES_MAX} values`);
    for (const [key, child] of children) visit(child, name === "" ? key : `${name}.${key}`, depth + 1);
  };
  visit(root, "", 0);
  return found;
}

function childrenOf(node: Node, path: string): readonly (readonly [string, Node])[] {
  if (node.kind === "scalar") return [];
  if (node.kind === "list") return node.items.map((item, index) => [String(index), item]);
  const reserved = node.entries.get("__proto__");
  if (reserved !== undefined) {
    // No metric has this name, and a later reader may not keep its keys in a Map.
    const message = `Cannot read ${path}: the key "__proto__" is not the name of a metric`;
    throw new GateError("METRIC_KEY_RESERVED", message, { place: { path, ...reserved.at } });
  }
  return [...node.entries].map(([key, { value }]) => [key, value]);
}

function limit(path: string, node: Node, state: string): GateError {
  return new GateError("METRIC_LIMIT", `Cannot read ${path}: ${state}`, { place: { path, ...node.at } });
}

/** The number of a scalar, or what it is instead. */
function measureOf(scalar: ScalarNode): { readonly value: Measure } | string {
  const { value } = scalar;
  if (typeof value === "object" && value !== null) return { value: value.nonFinite };
  if (typeof value !== "number") return `is ${describe(scalar)}`;
  if (!Number.isFinite(value)) return `is ${quote(scalar.text)}, beyond the range of a double`;
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^[+-]?\d+$/.test(scalar.text)) {
    return `is ${quote(scalar.text)}, an integer beyond 2^53`;
  }
  // Minus zero equals zero but prints apart from it.
  return { value: value === 0 ? 0 : value };
}

function describe({ value, text }: ScalarNode): string {
  if (value === null) return "null";
  if (typeof value === "string") return `the text ${quote(value)}`;
  return quote(text);
}

function notANumber(name: string, state: string, leaf: Node): RawProblem {
  return {
    code: "METRIC_NOT_A_NUMBER",
    message: `Cannot read ${name}: it ${state}, expected a number`,
    at: leaf.at,
    metric: name,
    fix: "Write it as a number: no quotes, no spaces, no unit",
  };
}
