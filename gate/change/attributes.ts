import { GateError } from "../model/error.ts";
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
}

/** The `.gitattributes` files of one commit: rules by folder, and what the root's `[attr]` lines stand for. */
export interface Attributes {
  /** Those that may decide the filter, the last line first. */
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
  readonly macros: ReadonlyMap<string, readonly State[]>;
  /** What asking may still cost. */
  readonly budget: Budget;
}

/** The rules of all `.gitattributes` files of one commit, given by folder (empty for the root). */
export function parseAttributes(files: ReadonlyMap<string, Uint8Array>): Attributes {
  const lines = new Map([...files].map(([folder, bytes]) => [folder, parseLines(bytes)]));
  // Elsewhere than at the root git refuses a macro.
  const definitions = (lines.get("") ?? []).filter(({ pattern }) => isMacro(pattern));
  const macros = new Map(definitions.map(({ pattern, states }) => [pattern.slice(MACRO.length), states]));
  const rules = new Map<string, readonly Rule[]>();
  for (const [folder, list] of lines) {
    const isOfUse = ({ pattern, states }: Line) =>
      !isMacro(pattern) &&
      !pattern.startsWith("!") &&
      states.some(({ name }) => name === "filter" || macros.has(name));
    const kept = list.filter(isOfUse);
    assertCount(kept.length, folder);
    rules.set(folder, kept.map(({ pattern, states }) => ({ glob: compileGlob(pattern), states })).reverse());
  }
  return { rules, macros, budget: { left: STEPS_MAX } };
}

function assertCount(count: number, folder: string): void {
  if (count <= ATTRIBUTE_RULES_MAX) return;
  const path = folder === "" ? ".gitattributes" : `${folder}/.gitattributes`;
  const message = `Cannot read ${path}: ${count} rules, limit is ${ATTRIBUTE_RULES_MAX}`;
  throw new GateError("ATTRIBUTES_TOO_MANY", message, { place: { path } });
}

/** Whether Git LFS tracks a file: whether the filter that the attributes of the commit give it is `lfs`. */
export function isLfsTracked(path: string, attributes: Attributes): boolean {
  // What is decided first stands: the nearest file, its last line, the line's last word (gitattributes(5)).
  const decided = new Map<string, State["value"]>();
  const decide = (states: readonly State[]) => {
    for (const { name, value } of states.toReversed()) {
      if (decided.has(name)) continue;
      decided.set(name, value);
      if (value === true) decide(attributes.macros.get(name) ?? []);
    }
  };
  for (const folder of foldersAbove(path)) {
    const rules = attributes.rules.get(folder);
    if (rules === undefined) continue;
    const below = encodePath(folder === "" ? path : path.slice(folder.length + 1)).toString("latin1");
    for (const { glob, states } of rules) {
      if (matchesGlob(glob, below, attributes.budget)) decide(states);
      if (attributes.budget.left < 0) throw exhausted();
      const filter = decided.get("filter");
      if (filter !== undefined) return typeof filter === "object" && filter.text === "lfs";
    }
  }
  return false;
}

function exhausted(): GateError {
  const message =
    "Cannot tell which files Git LFS tracks: the patterns of .gitattributes take too long to match";
  return new GateError("ATTRIBUTES_TOO_MANY", message, { fix: "Write patterns with fewer asterisks" });
}

function isMacro(pattern: string): boolean {
  return pattern.startsWith(MACRO) && pattern.length > MACRO.length;
}

interface Line {
  readonly pattern: string;
  readonly states: readonly State[];
}

function parseLines(bytes: Uint8Array): Line[] {
  return Buffer.from(bytes).toString("latin1").split("\n").flatMap(parseLine);
}

/** The pattern and states of one line; none for a comment and for what git ignores with a warning. */
function parseLine(line: string): Line[] {
  const text = line.replace(/^[ \t\r]+/, "");
  if (text === "" || text.startsWith("#") || line.length > LINE_BYTES_MAX) return [];
  const [pattern, rest] = splitPattern(text);
  const words = rest.split(/[ \t\r]+/).filter((word) => word !== "");
  const states = words.map(parseState);
  // One bad name makes git ignore the whole line.
  return states.includes(undefined)
    ? []
    : [{ pattern, states: states.filter((state) => state !== undefined) }];
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
