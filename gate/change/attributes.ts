import { GateError } from "../model/error.ts";
import type { Place } from "../model/place.ts";
import { type Budget, compileGlob, type Glob, matchesGlob } from "./glob.ts";
import { encodePath, foldersAbove } from "./path.ts";

/** A repository has a dozen; each is tried on each path whose filter is asked. */
export const ATTRIBUTE_RULES_MAX = 1000;

/** Steps of patterns tried on bytes of paths, for one commit: some four seconds. Usual patterns are told by their ends. */
const STEPS_MAX = 200_000_000;

/** Longer lines are ignored, as git does (attr.h, ATTR_MAX_LINE_LENGTH). */
const LINE_BYTES_MAX = 2047;
const MACRO = "[attr]";
const NAME = /^[A-Za-z0-9_.][-A-Za-z0-9_.]*$/;

/** `filter`, `-filter`, `!filter`, `filter=lfs`: in gitattributes(5) Set, Unset, Unspecified, or a value. */
interface State {
  readonly name: string;
  readonly value: true | false | "unspecified" | { readonly text: string };
}

interface Rule {
  readonly glob: Glob;
  readonly states: readonly State[];
  readonly line: number;
}

type Rules = ReadonlyMap<string, readonly Rule[]>;

/** The `.gitattributes` files of one commit: rules by folder, and what the root's `[attr]` lines stand for. */
export interface Attributes {
  /** Those that may decide the filter, the last line first. */
  readonly rules: Rules;
  /** Those that may decide what else a checkout does to a file; none where no rule makes it do anything. */
  readonly conversions: Rules;
  readonly macros: ReadonlyMap<string, readonly State[]>;
  /** What asking may still cost. */
  readonly budget: Budget;
}

/** What decides the bytes of a checkout besides Git LFS (convert.c, convert_attrs). */
const CONVERSIONS = ["text", "crlf", "eol", "ident", "filter", "working-tree-encoding"] as const;

/** Git's own: `*.bin binary` takes line ends off a file that `* text eol=crlf` put them on. */
const BINARY: readonly State[] = ["diff", "merge", "text"].map((name) => ({ name, value: false }));

/** The rules of all `.gitattributes` files of one commit, given by folder (empty for the root). */
export function parseAttributes(files: ReadonlyMap<string, Uint8Array>): Attributes {
  const lines = new Map([...files].map(([folder, bytes]) => [folder, parseLines(bytes)]));
  // Elsewhere than at the root git refuses a macro.
  const definitions = (lines.get("") ?? []).filter(({ pattern }) => isMacro(pattern));
  const macros = new Map([
    ["binary", BINARY],
    ...definitions.map(({ pattern, states }) => [pattern.slice(MACRO.length), states] as const),
  ]);
  const converts = [...lines.values()].flat().some(({ states }) => states.some(isConverting));
  return {
    rules: rulesFor(lines, ["filter"], macros),
    conversions: converts ? rulesFor(lines, CONVERSIONS, macros) : new Map(),
    macros,
    budget: { left: STEPS_MAX },
  };
}

/** The rules that may decide one of the attributes, by folder, the last line first. */
function rulesFor(
  lines: ReadonlyMap<string, readonly Line[]>,
  names: readonly string[],
  macros: Attributes["macros"],
): Rules {
  const wanted = new Set(names);
  for (let size = -1; size !== wanted.size; ) {
    size = wanted.size;
    for (const [macro, states] of macros) if (states.some(({ name }) => wanted.has(name))) wanted.add(macro);
  }
  const rules = new Map<string, readonly Rule[]>();
  for (const [folder, list] of lines) {
    const kept = list.filter(
      ({ pattern, states }) =>
        !isMacro(pattern) && !pattern.startsWith("!") && states.some(({ name }) => wanted.has(name)),
    );
    assertCount(kept.length, folder);
    const compiled = kept.map(({ pattern, states, line }) => ({ glob: compileGlob(pattern), states, line }));
    rules.set(folder, compiled.reverse());
  }
  return rules;
}

/** Whether a state alone makes a checkout on Linux change bytes: `text` alone, and `eol=lf`, never do. */
function isConverting({ name, value }: State): boolean {
  if (name === "ident") return value === true;
  if (typeof value !== "object") return false;
  if (name === "eol") return value.text === "crlf";
  return (name === "filter" && value.text !== "lfs") || name === "working-tree-encoding";
}

function assertCount(count: number, folder: string): void {
  if (count <= ATTRIBUTE_RULES_MAX) return;
  const path = attributesPath(folder);
  const message = `Cannot read ${path}: ${count} rules, limit is ${ATTRIBUTE_RULES_MAX}`;
  throw new GateError("ATTRIBUTES_TOO_MANY", message, { place: { path } });
}

/** Whether Git LFS tracks a file: whether the filter that the attributes of the commit give it is `lfs`. */
export function isLfsTracked(path: string, attributes: Attributes): boolean {
  const filter = resolve(path, ["filter"], { attributes, rules: attributes.rules }).get("filter")?.value;
  return typeof filter === "object" && filter.text === "lfs";
}

/** One thing that a checkout does to a file's bytes. */
export interface Conversion {
  /** `crlf` changes each line end, `crlf-auto` those of what git takes for text. */
  readonly kind: "encoding" | "crlf" | "crlf-auto" | "ident" | "filter";
  /** As `.gitattributes` has it: `eol=crlf`. */
  readonly state: string;
  /** The encoding, or the filter's name. */
  readonly value: string;
  readonly place: Place;
}

/** What a checkout on Linux does to a file besides Git LFS, as git's convert.c reads the attributes. */
export function conversionsOf(path: string, attributes: Attributes): readonly Conversion[] {
  if (attributes.conversions.size === 0) return [];
  const decided = resolve(path, CONVERSIONS, { attributes, rules: attributes.conversions });
  const textOf = (name: string) => {
    const value = decided.get(name)?.value;
    return typeof value === "object" ? value.text : undefined;
  };
  const found: Conversion[] = [];
  const add = (kind: Conversion["kind"], name: string, value = "") => {
    const { place } = decided.get(name)!;
    found.push({ kind, value, place, state: value === "" ? name : `${name}=${value}` });
  };
  const encoding = textOf("working-tree-encoding") ?? "";
  if (encoding !== "" && !/^utf-?8$/i.test(encoding)) add("encoding", "working-tree-encoding", encoding);
  const ends = lineEnds(decided);
  if (ends !== undefined) add(ends, "eol", "crlf");
  if (decided.get("ident")?.value === true) add("ident", "ident");
  const filter = textOf("filter") ?? "";
  if (filter !== "" && filter !== "lfs") add("filter", "filter", filter);
  return found;
}

function lineEnds(decided: ReadonlyMap<string, Decided>): "crlf" | "crlf-auto" | undefined {
  const eol = decided.get("eol")?.value;
  if (typeof eol !== "object" || eol.text !== "crlf") return undefined;
  const isKnown = (value: State["value"] | undefined) =>
    typeof value === "boolean" || (typeof value === "object" && /^(?:auto|input)$/.test(value.text));
  // `crlf` is the older name of `text`, and counts where that says nothing.
  const text = [decided.get("text")?.value, decided.get("crlf")?.value].find(isKnown);
  if (text === false) return undefined;
  return typeof text === "object" && text.text === "auto" ? "crlf-auto" : "crlf";
}

interface Decided {
  readonly value: State["value"];
  readonly place: Place;
}

/** What the rules make of the attributes of a path; others may be among them. */
function resolve(
  path: string,
  names: readonly string[],
  { attributes, rules: byFolder }: { readonly attributes: Attributes; readonly rules: Rules },
): ReadonlyMap<string, Decided> {
  // What is decided first stands: the nearest file, its last line, the line's last word (gitattributes(5)).
  const decided = new Map<string, Decided>();
  const decide = (states: readonly State[], place: Place) => {
    for (const { name, value } of states.toReversed()) {
      if (decided.has(name)) continue;
      decided.set(name, { value, place });
      if (value === true) decide(attributes.macros.get(name) ?? [], place);
    }
  };
  for (const folder of foldersAbove(path)) {
    const rules = byFolder.get(folder);
    if (rules === undefined) continue;
    const below = encodePath(folder === "" ? path : path.slice(folder.length + 1)).toString("latin1");
    for (const { glob, states, line } of rules) {
      if (matchesGlob(glob, below, attributes.budget)) decide(states, { path: attributesPath(folder), line });
      if (attributes.budget.left < 0) throw exhausted();
      if (names.every((name) => decided.has(name))) return decided;
    }
  }
  return decided;
}

function attributesPath(folder: string): string {
  return folder === "" ? ".gitattributes" : `${folder}/.gitattributes`;
}

function exhausted(): GateError {
  const message =
    "Cannot tell what a checkout makes of the files: the patterns of .gitattributes take too long to match";
  return new GateError("ATTRIBUTES_TOO_MANY", message, { fix: "Write patterns with fewer asterisks" });
}

function isMacro(pattern: string): boolean {
  return pattern.startsWith(MACRO) && pattern.length > MACRO.length;
}

interface Line {
  readonly pattern: string;
  readonly states: readonly State[];
  readonly line: number;
}

function parseLines(bytes: Uint8Array): Line[] {
  return Buffer.from(bytes)
    .toString("latin1")
    .split("\n")
    .flatMap((line, index) => parseLine(line, index + 1));
}

/** The pattern and states of one line; none for a comment and for what git ignores with a warning. */
function parseLine(line: string, number: number): Line[] {
  const text = line.replace(/^[ \t\r]+/, "");
  if (text === "" || text.startsWith("#") || line.length > LINE_BYTES_MAX) return [];
  const [pattern, rest] = splitPattern(text);
  const words = rest.split(/[ \t\r]+/).filter((word) => word !== "");
  const states = words.map(parseState);
  // One bad name makes git ignore the whole line.
  return states.includes(undefined)
    ? []
    : [{ pattern, states: states.filter((state) => state !== undefined), line: number }];
}

function parseState(word: string): State | undefined {
  const sign = word[0] === "-" || word[0] === "!" ? word[0] : "";
  const [, name = "", value] = /^([^=]*)(?:=(.*))?$/.exec(word.slice(sign.length)) ?? [];
  if (!NAME.test(name)) return undefined;
  if (sign !== "") return { name, value: sign === "-" ? false : "unspecified" };
  return { name, value: value === undefined ? true : { text: value } };
}

/** The pattern and what follows it; a pattern with spaces stands in double quotes, as in C. */
function splitPattern(text: string): [pattern: string, rest: string] {
  const quoted = /^"((?:[^"\\]|\\[abfnrtv\\"]|\\[0-3][0-7]{2})*)"(.*)$/s.exec(text);
  if (quoted !== null) return [unquote(quoted[1]!), quoted[2]!];
  const end = text.search(/[ \t\r]/);
  return end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end)];
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

function unquote(text: string): string {
  return text.replaceAll(/\\([abfnrtv\\"]|[0-3][0-7]{2})/g, (_, code: string) => {
    return ESCAPES[code] ?? String.fromCharCode(Number.parseInt(code, 8));
  });
}
