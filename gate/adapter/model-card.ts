import { GateError } from "../model/error.ts";
import type { CardClaim, CardSection, Measure } from "../model/evidence.ts";
import { unitOf } from "../parse/decimal-unit.ts";
import { splitFrontMatter } from "../parse/front-matter.ts";
import { type Node, nodeAt, type Position } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import type { Adapter, AdapterFile, RawCell, RawProblem, Reading } from "./adapter.ts";
import { type Block, parseBlocks, plainText, type TableRow } from "./markdown.ts";

export const CARD_BYTES_MAX = 1024 * 1024;

/** A model card as Hugging Face reads it: Markdown with YAML front matter, which may hold a `model-index`. */
export const modelCard: Adapter = {
  name: "model-card@1",
  recognises: (path) => /\.(?:md|markdown)$/i.test(path),
  read({ path, bytes }: AdapterFile): Reading {
    if (bytes.length > CARD_BYTES_MAX) {
      const message = `Cannot read ${path}: ${bytes.length} bytes, limit for a model card is ${CARD_BYTES_MAX}`;
      throw new GateError("CARD_TOO_LARGE", message, { place: { path } });
    }
    const { frontMatter, body, bodyLine } = splitFrontMatter(decodeUtf8(bytes, path), path);
    const blocks = parseBlocks(body, bodyLine);
    const stated = frontMatter === undefined ? [] : readModelIndex(frontMatter);
    const claims = stated.filter((item) => "value" in item);
    const tables = readTables(blocks);
    const card = {
      kind: "card",
      frontMatter: frontMatter?.kind === "map" ? [...frontMatter.entries.keys()] : [],
      sections: readSections(blocks),
      claims: [...claims, ...tables.filter((item) => "value" in item)],
      cells: tables.filter((item) => "titled" in item),
    } as const;
    return { items: [card], problems: stated.filter((item) => "code" in item) };
  },
};

/** Each section with the words below its heading, those of its subsections among them. */
function readSections(blocks: readonly Block[]): readonly CardSection[] {
  const sections: SectionDraft[] = [];
  let open: readonly SectionDraft[] = [];
  for (const block of blocks) {
    if (block.kind === "heading") {
      const { title, line, level } = block;
      const section: SectionDraft = { title, line, level, words: 0, times: new Map() };
      sections.push(section);
      open = [...open.filter(({ level }) => level < block.level), section];
    }
    for (const line of proseOf(block)) {
      const words = block.kind === "heading" ? [] : wordsOf(line);
      const placeholder = findPlaceholder(line);
      const nothing = block.kind === "heading" ? undefined : NOTHING.exec(line)?.[0].trim();
      for (const section of open) {
        for (const word of words) countWord(section, word);
        if (placeholder !== undefined) section.placeholder ??= placeholder;
        if (nothing !== undefined) section.nothing ??= nothing;
      }
    }
  }
  return sections.map(toSection);
}

/** That there is nothing to say is an answer beside others, and none by itself. */
function toSection({ title, line, words, placeholder, nothing }: SectionDraft): CardSection {
  const left = placeholder ?? (words === 0 ? nothing : undefined);
  return { title, line, words, ...(left === undefined ? {} : { placeholder: left }) };
}

/** Short sentences repeat their articles; who repeats a word more often fills a section without saying anything. */
const WORD_TIMES_MAX = 3;

function countWord(section: SectionDraft, word: string): void {
  const times = section.times.get(word) ?? 0;
  if (times === WORD_TIMES_MAX) return;
  section.times.set(word, times + 1);
  section.words += 1;
}

/** A section while its text is still to come. */
interface SectionDraft {
  readonly title: string;
  readonly line: number;
  readonly level: number;
  words: number;
  /** How often each word was counted. */
  readonly times: Map<string, number>;
  placeholder?: string;
  /** A line that says that there is nothing to say. */
  nothing?: string;
}

function proseOf(block: Block): readonly string[] {
  if (block.kind === "table") return block.rows.flatMap(({ cells }) => cells);
  return [block.kind === "heading" ? block.title : block.text];
}

/** What templates leave to be filled in. Capitals count where the small word means something (Spanish "todo"). */
const PLACEHOLDERS: readonly RegExp[] = [
  /\[?more information (?:is )?needed\]?/i,
  /\b(?:TODO|TBD|TBA|FIXME)\b/,
  /^\W*(?:(?:todo|tbd|tba|fixme)\b\W{0,10}){1,100}$/i,
  /\blorem ipsum\b/i,
  /^\W{0,10}(?:[^:]{1,60}:\W{0,10})?to be (?:added|announced|completed|decided|defined|determined|done|filled in|provided|written)\b/i,
  /\{\{[^{}]*\}\}/,
  /^[-*+\s]*(?:\.{3,}|…)\s*$/,
];

function findPlaceholder(line: string): string | undefined {
  for (const pattern of PLACEHOLDERS) {
    const found = pattern.exec(line);
    if (found !== null) return found[0].trim();
  }
  return undefined;
}

const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’_.%-]*/gu;
/** What `WORD` finds where there is nothing else; the tables of Unicode take longer to build than a card to read. */
const ASCII_WORD = /[A-Za-z0-9][\w'.%-]*/g;

/** `n/a`, `None.`, `- none`, also over and over; long lines say more. */
const NOTHING = /^\W{0,10}(?:(?:n\/?a|none|nil|nothing|not applicable)\b\W{0,10}){1,100}$/i;

/** Words of prose in a line, in lower case; none where a placeholder stands, or where all is a link, a badge or a rule. */
function wordsOf(line: string): readonly string[] {
  if (findPlaceholder(line) !== undefined || NOTHING.test(line) || isLinksOnly(line)) return [];
  const text = plainText(line);
  return text.toLowerCase().match(/^[\0-\x7f]*$/.test(text) ? ASCII_WORD : WORD) ?? [];
}

/** `- [Paper](https://…)`, `[![badge](…)](…)`, `[paper]: https://…`, `https://…` */
function isLinksOnly(line: string): boolean {
  if (/^ {0,3}\[[^[\]]+\]:\s/.test(line)) return true;
  const rest = line
    .replace(/!\[[^[\]]*\]\([^()]*\)/g, "")
    .replace(/\[[^[\]]*\]\([^()]*\)/g, "")
    .replace(/<?https?:\/\/\S+/g, "");
  return rest !== line && !/[\p{L}\p{N}]/u.test(rest);
}

/** Numbers of `model-index`: what the card says to the hub. One that cannot be read cannot be checked: a problem. */
function readModelIndex(frontMatter: Node): readonly (CardClaim | RawProblem)[] {
  const index = nodeAt(frontMatter, ["model-index"]);
  if (index === undefined) return [];
  const read = itemsAt(frontMatter, "model-index").flatMap((model) =>
    itemsAt(model, "results").flatMap((result) => {
      const dataset = textAt(result, "dataset", "name") ?? textAt(result, "dataset", "type");
      return itemsAt(result, "metrics").map((metric) => readResult(metric, dataset));
    }),
  );
  return read.length === 0 ? [unreadable("it holds no metric where the hub looks for it", index.at)] : read;
}

function readResult(metric: Node, dataset: string | undefined): CardClaim | RawProblem {
  const name = textAt(metric, "type") ?? textAt(metric, "name");
  const value = nodeAt(metric, ["value"]);
  const stated = value?.kind === "scalar" ? statedBy(value.value, value.text) : undefined;
  const at = value?.at ?? metric.at;
  if (name !== undefined && stated !== undefined) {
    return { metric: name, ...(dataset === undefined ? {} : { dataset }), ...stated, line: at.line };
  }
  if (name === undefined) return unreadable("a result names no metric", at);
  const problem = unreadable(`the value of ${name} is not a number`, at);
  return value !== undefined && hasDigit(value) ? { ...problem, code: CARD_CLAIM } : problem;
}

function hasDigit(node: Node): boolean {
  if (node.kind === "scalar") return /\d/.test(node.text);
  const inside = node.kind === "list" ? node.items : [...node.entries.values()].map(({ value }) => value);
  return inside.some(hasDigit);
}

/** Code of a number that the card states and nobody can check. */
export const CARD_CLAIM = "CARD_CLAIM";

/** What states no number at all: the hub's own tools write an index without results. */
function unreadable(state: string, at: Position): RawProblem {
  const fix = "Write results: [{ dataset: { name: … }, metrics: [{ type: …, value: … }] }]";
  return { code: "CARD_INDEX", message: `Cannot read model-index: ${state}`, at, fix };
}

function statedBy(value: unknown, text: string): StatedNumber | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? { value, ...withUnit(text) } : undefined;
  if (typeof value === "object" && value !== null && "nonFinite" in value) return parseClaim(text);
  return typeof value === "string" ? parseClaim(value) : undefined;
}

/** One that stands where a list of them should is read as the only one: it is stated all the same. */
function itemsAt(node: Node, key: string): readonly Node[] {
  const found = nodeAt(node, [key]);
  if (found?.kind === "list") return found.items;
  return found?.kind === "map" ? [found] : [];
}

function textAt(node: Node, ...path: string[]): string | undefined {
  const found = nodeAt(node, path);
  return found?.kind === "scalar" && typeof found.value === "string" ? found.value : undefined;
}

const METRIC_COLUMNS: ReadonlySet<string> = new Set(["metric", "metrics", "measure"]);
const VALUE_COLUMNS: ReadonlySet<string> = new Set(["value", "values", "score", "result"]);
const DATASET_COLUMNS: ReadonlySet<string> = new Set(["dataset", "data", "split"]);

const MODEL_COLUMNS: ReadonlySet<string> = new Set(["", "model", "this model"]);

/** Numbers of tables that say of themselves which column is the metric and which the value, and what may be others. */
function readTables(blocks: readonly Block[]): readonly (CardClaim | RawCell)[] {
  return blocks.flatMap((block): readonly (CardClaim | RawCell)[] => {
    if (block.kind !== "table") return [];
    const { header, rows } = block;
    const metric = findColumn(header, METRIC_COLUMNS);
    const value = findColumn(header, VALUE_COLUMNS);
    const dataset = findColumn(header, DATASET_COLUMNS);
    if (metric >= 0 && value >= 0) return rows.flatMap((row) => readRow(row, { metric, value, dataset }));
    if (metric >= 0) return readCells(block, metric, (label, title) => ({ metric: label, dataset: title }));
    if (dataset >= 0) return readCells(block, dataset, (label, title) => ({ metric: title, dataset: label }));
    // Of several rows one is this model, and the others are those that it is compared with.
    const isOne = rows.length === 1 && MODEL_COLUMNS.has(header[0]?.toLowerCase() ?? "");
    return isOne ? readCells(block, 0, (_, title) => ({ metric: title })) : [];
  });
}

function readRow(
  { cells, line }: TableRow,
  { metric, value, dataset }: Readonly<Record<"metric" | "value" | "dataset", number>>,
): readonly (CardClaim | RawCell)[] {
  const name = cells[metric] ?? "";
  const text = cells[value] ?? "";
  const on = cells[dataset] ?? "";
  if (name === "") return [];
  const named = { metric: name, ...(on === "" ? {} : { dataset: on }), line };
  const stated = parseClaim(text);
  if (stated !== undefined) return [{ ...named, ...stated }];
  return /\d/.test(text) ? [{ ...named, text, titled: "value" }] : [];
}

/** Cells with a digit beside a column of labels, named by their row and their column's title. */
function readCells(
  { header, rows }: Extract<Block, { kind: "table" }>,
  labels: number,
  nameOf: (label: string, title: string) => Pick<RawCell, "metric" | "dataset">,
): readonly RawCell[] {
  return rows.flatMap(({ cells, line }) =>
    header.flatMap((title, column): RawCell[] => {
      const text = cells[column] ?? "";
      if (column === labels || title === "" || !/\d/.test(text)) return [];
      const named = nameOf(cells[labels] ?? "", title);
      return [{ ...named, text, line, titled: named.metric === title ? "metric" : "dataset" }];
    }),
  );
}

function findColumn(header: readonly string[], names: ReadonlySet<string>): number {
  return header.findIndex((title) => names.has(title.toLowerCase()));
}

/** What people write before a number that they do not want to be held to. */
const ABOUT = /^(?:[~≈≃≅]|(?:about|approx(?:imately)?|around|ca|circa)\b\.?)\s*/i;
/** `0.87`, `87.1%`, `0.871 ± 0.004`, `0.871 (0.861–0.880)` */
const CLAIM = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eE]([+-]?\d{1,3}))?(?:\s*(%))?(?:\s*(?:±|\+\/-|\(|\[).*)?$/;

/**
 * A number as people write it into prose. More lenient than for evidence on purpose: a claim is what gets
 * checked, so that reading one more can only close a gate.
 */
export function parseClaim(text: string): StatedNumber | undefined {
  const [, digits, exponent, percent] = CLAIM.exec(text.trim().replace(ABOUT, "")) ?? [];
  if (digits === undefined)
    return /^[-+.]*(?:nan|inf(?:inity)?)$/i.test(text.trim()) ? { value: nonFinite(text) } : undefined;
  // By its digits: 87.1 divided by 100 is not the number that 0.871 is.
  const written = `${digits}e${Number(exponent ?? 0) - (percent === "%" ? 2 : 0)}`;
  const value = Number(written);
  return Number.isFinite(value) ? { value, ...withUnit(written) } : undefined;
}

type StatedNumber = Pick<CardClaim, "value" | "unit">;

function withUnit(text: string): Pick<CardClaim, "unit"> {
  const unit = unitOf(text);
  return unit === undefined ? {} : { unit };
}

function nonFinite(text: string): Measure {
  if (/nan/i.test(text)) return "NaN";
  return text.trim().startsWith("-") ? "-Infinity" : "Infinity";
}
