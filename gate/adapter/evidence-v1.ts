import schema from "../../policies/schema/evidence.schema.json" with { type: "json" };
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import type { Measure } from "../model/evidence.ts";
import type { DatasetRole, Direction } from "../model/manifest.ts";
import { parseJson } from "../parse/json.ts";
import { type Node, nodeAt, type Position, toValue } from "../parse/node.ts";
import { checkSchema } from "../parse/schema.ts";
import { decodeUtf8 } from "../parse/text.ts";
import type { Adapter, AdapterFile, RawMetric, RawProblem, Reading } from "./adapter.ts";

export const EVIDENCE_BYTES_MAX = 16 * 1024 * 1024;
export const EVIDENCE_ITEMS_MAX = 100_000;
const DEPTH_MAX = 16;

/** A file of any version is ours: one that is too new has to be refused, not read as a map of numbers. */
const SCHEMA_MEMBER = /"schema"\s*:\s*"evidence\//;
const JSON_FILE = /\.(?:json|ndjson|jsonl)$/i;
const LINES_FILE = /\.(?:ndjson|jsonl)$/i;
const LEVEL_DEFAULT = 0.95;

/** `evidence/v1`, our own format: what a tool without an adapter can write in twenty lines. */
export const evidenceV1: Adapter = {
  name: "evidence@1",
  recognises: (path, bytes) =>
    JSON_FILE.test(path) &&
    SCHEMA_MEMBER.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")),
  read(file: AdapterFile): Reading {
    if (file.bytes.length > EVIDENCE_BYTES_MAX) {
      const message = `Cannot read ${file.path}: ${file.bytes.length} bytes, limit for evidence is ${EVIDENCE_BYTES_MAX}`;
      throw new GateError("EVIDENCE_TOO_LARGE", message, { place: { path: file.path } });
    }
    const items: RawMetric[] = [];
    const problems: RawProblem[] = [];
    for (const { node, at } of members(file)) {
      const read = readItem(node, { path: file.path, at });
      if (read === undefined) continue;
      if ("kind" in read) items.push(read);
      else problems.push(read);
    }
    return { items, problems };
  },
};

interface Member {
  readonly node: Node;
  readonly at: Position;
}

function members({ path, bytes }: AdapterFile): readonly Member[] {
  const text = decodeUtf8(bytes, path);
  const found = LINES_FILE.test(path) ? lines(text, path) : documentMembers(text, path);
  if (found.length === 0) throw refused(path, "it holds no item, expected one or more");
  if (found.length > EVIDENCE_ITEMS_MAX) {
    throw refused(path, `${found.length} items, limit is ${EVIDENCE_ITEMS_MAX}`);
  }
  return found;
}

function refused(path: string, state: string): GateError {
  return new GateError("EVIDENCE_LIMIT", `Cannot read ${path}: ${state}`, { place: { path } });
}

function documentMembers(text: string, path: string): readonly Member[] {
  const root = parse(text, path);
  return (root.kind === "list" ? root.items : [root]).map((node) => ({ node, at: node.at }));
}

function lines(text: string, path: string): readonly Member[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    return [{ node: parseLine(line, { path, line: index + 1 }), at: { line: index + 1, column: 1 } }];
  });
}

function parseLine(text: string, place: { readonly path: string; readonly line: number }): Node {
  try {
    return parse(text, place.path);
  } catch (cause) {
    // The parser counts from the line's own start.
    if (!(cause instanceof GateError)) throw cause;
    const message = `Cannot read line ${place.line} of ${place.path} as one JSON value: ${cause.message}`;
    throw new GateError(cause.code, message, { place, cause });
  }
}

function parse(text: string, path: string): Node {
  return parseJson(text, path, { nonFinite: "carry", depthMax: DEPTH_MAX });
}

/** A metric as the schema leaves it. */
interface Item {
  readonly kind: string;
  readonly name: string;
  readonly value: Measure;
  readonly direction?: Direction;
  readonly slice?: Readonly<Record<string, string>>;
  readonly n?: number;
  readonly positives?: number;
  readonly ci?: readonly [number, number];
  readonly ci_level?: number;
  readonly subject?: { readonly model?: string; readonly digest?: Digest };
  readonly dataset?: { readonly name?: string; readonly digest?: Digest; readonly role?: DatasetRole };
  readonly source?: { readonly tool?: string; readonly tool_version?: string; readonly produced_at?: string };
}

/** The number of one item, what is wrong with it, or nothing for a kind that no gate reads. */
function readItem(
  node: Node,
  { path, at }: { path: string; at: Position },
): RawMetric | RawProblem | undefined {
  const [first, ...more] = checkSchema(schema, spellNonFinite(node), path);
  if (first !== undefined) {
    const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
    return malformed(node, at, `${first.message}${others}`);
  }
  const item = toValue(node) as Item;
  if (item.kind !== "metric" && item.kind !== "slice_metric") return undefined;
  const contradiction = findContradiction(item);
  if (contradiction !== undefined) return malformed(node, at, contradiction);
  return toMetric(item, at.line);
}

/** The same item with a bare NaN or Infinity as text: JSON Schema knows no such number. */
function spellNonFinite(node: Node): Node {
  const value = nodeAt(node, ["value"]);
  if (node.kind !== "map" || value?.kind !== "scalar" || typeof value.value !== "object") return node;
  if (value.value === null) return node;
  const spelled = { ...value, value: value.value.nonFinite };
  return { ...node, entries: new Map(node.entries).set("value", { at: value.at, value: spelled }) };
}

function malformed(node: Node, at: Position, state: string): RawProblem {
  // In a version that is not known the same words may mean something else.
  const isKnown = textAt(node, ["schema"]) === schema.properties.schema.const;
  const metric = isKnown ? textAt(node, ["name"]) : undefined;
  const model = isKnown ? textAt(node, ["subject", "model"]) : undefined;
  return {
    code: "EVIDENCE_MALFORMED",
    message: `Cannot read the evidence${metric === undefined ? "" : ` for ${metric}`}: ${state}`,
    at,
    ...(metric === undefined ? {} : { metric }),
    ...(model === undefined ? {} : { model }),
    fix: "Write it as policies/schema/evidence.schema.json says",
  };
}

function textAt(node: Node, path: readonly string[]): string | undefined {
  const found = nodeAt(node, path);
  return found?.kind === "scalar" && typeof found.value === "string" ? found.value : undefined;
}

/** What a schema cannot say. */
function findContradiction({ n, positives, ci, slice, source }: Item): string | undefined {
  if (n === 0 && slice === undefined) return "it was measured on 0 rows";
  if (n !== undefined && positives !== undefined && positives > n)
    return `${positives} positives among ${n} rows`;
  if (ci?.some((end) => !Number.isFinite(end))) return "an end of the interval is not finite";
  if (ci !== undefined && ci[0] > ci[1]) return `the interval runs from ${ci[0]} down to ${ci[1]}`;
  const produced = source?.produced_at;
  if (produced !== undefined && Number.isNaN(Date.parse(produced))) return `${produced} is not a time`;
  return undefined;
}

function toMetric(item: Item, line: number): RawMetric {
  const { subject, dataset, source } = item;
  return {
    kind: "metric",
    name: item.name,
    // Minus zero equals zero but prints apart from it.
    value: item.value === 0 ? 0 : item.value,
    line,
    ...(subject?.model === undefined ? {} : { model: subject.model }),
    ...(subject?.digest === undefined ? {} : { subject: subject.digest }),
    ...(dataset?.name === undefined ? {} : { dataset: dataset.name }),
    ...(dataset?.digest === undefined ? {} : { datasetDigest: dataset.digest }),
    ...(dataset?.role === undefined ? {} : { role: dataset.role }),
    ...(item.direction === undefined ? {} : { direction: item.direction }),
    ...(item.slice === undefined ? {} : { slice: { ...item.slice } }),
    ...(item.n === undefined ? {} : { n: item.n }),
    ...(item.positives === undefined ? {} : { positives: item.positives }),
    ...(item.ci === undefined ? {} : { ci: interval(item.ci, item.ci_level ?? LEVEL_DEFAULT) }),
    ...(source?.tool === undefined ? {} : { tool: [source.tool, source.tool_version].join(" ").trim() }),
    ...(source?.produced_at === undefined ? {} : { producedAt: wholeSeconds(source.produced_at) }),
  };
}

function wholeSeconds(moment: string): string {
  return new Date(moment).toISOString().replace(/\.\d{3}Z$/, "Z");
}

function interval([low, high]: readonly [number, number], level: number): NonNullable<RawMetric["ci"]> {
  return { low, high, level };
}
