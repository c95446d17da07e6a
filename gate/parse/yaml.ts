import {
  Composer,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  Lexer,
  type ParsedNode,
  Parser,
  type YAMLMap,
  type Scalar as YamlScalar,
} from "yaml";
import { GateError } from "../model/error.ts";
import { excerptAt, positionsIn, quote, visible } from "./excerpt.ts";
import { knownTree } from "./known-tree.ts";
import type { Node, Position, Scalar } from "./node.ts";

export const YAML_BYTES_MAX = 1024 * 1024;
export const YAML_DEPTH_MAX = 64;
/** A megabyte of ordinary YAML has fewer; a megabyte of signs would take the parser most of a minute. */
export const YAML_TOKENS_MAX = 300_000;

/** What YAML 1.2 (5.1) does not allow, and the lone carriage return: editors end the line there, the parser does not. */
const UNPRINTABLE = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|\r(?!\n)/;
const INTEGER = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const NON_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const STATE_CHARS_MAX = 200;

const FIXES: ReadonlyMap<string, string> = new Map([
  ["YAML_ALIAS", "Write the value out where it is used"],
  ["YAML_DEPTH", "Nest less"],
  ["YAML_DIRECTIVE", "Remove the line"],
  ["YAML_DOCUMENTS", "Move it to a file of its own"],
  ["YAML_DUPLICATE_KEY", "Keep one of the two"],
  ["YAML_KEY", "Put the key in quotes"],
  ["YAML_MERGE_KEY", "Write the merged keys out where they are used"],
  ["YAML_NUMBER_RANGE", "Quote it if it is an identifier"],
  ["YAML_TAG", "Remove the tag; quote the value if it has to be text"],
  ["TAB_AS_INDENT", "Indent with spaces"],
]);

interface Source {
  readonly text: string;
  readonly path: string;
  readonly positionAt: (offset: number) => Position;
}

/**
 * The one document of a YAML 1.2 text (core schema), with the place of every key and value; an empty text is
 * the value null. Refuses, with a code `YAML_*`, whatever two readers could take for two things: duplicate
 * keys, keys that are not text, anchors, aliases, merge keys, tags, directives, several documents.
 */
export function parseYaml(text: string, path: string): Node {
  const size = Buffer.byteLength(text);
  if (size > YAML_BYTES_MAX) {
    const message = `Cannot read ${path}: ${size} bytes, limit for YAML is ${YAML_BYTES_MAX}`;
    throw new GateError("YAML_TOO_LARGE", message, { place: { path } });
  }
  const known = knownTree(text);
  if (known !== undefined) return known;
  const source = { text, path, positionAt: positionsIn(text) };
  assertPrintable(source);
  const tokens = readTokens(source);
  assertOneDocument(tokens, source);
  const { contents } = composeDocument(tokens, source);
  return contents === null ? emptyAt({ line: 1, column: 1 }) : toNode(contents, source);
}

function assertPrintable(source: Source): void {
  const found = UNPRINTABLE.exec(source.text);
  if (found === null) return;
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  const detail = { code: "YAML_SYNTAX", state: `control character U+${code}`, fix: "Remove it" };
  throw refusal(source, { ...detail, offset: found.index });
}

/**
 * The concrete syntax, before anything recurses over it. Depth is checked here and not by catching the
 * RangeError: near the end of the stack V8 may fail to compile a pattern, which ends the process.
 */
function readTokens(source: Source): CST.Token[] {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  let previous = "";
  for (const lexeme of new Lexer().lex(source.text)) {
    // After this mark comes the text of a scalar, which may begin with anything.
    if (previous !== CST.SCALAR) assertAllowed(lexeme, parser.offset, source);
    previous = lexeme;
    for (const token of parser.next(lexeme)) {
      // At once: a megabyte of brackets that close nothing is a million errors.
      if (token.type === "error") throw misplaced(token, source);
      tokens.push(token);
    }
    const top = parser.stack.at(-1);
    // The document is on the stack, too.
    if (CST.isCollection(top) && parser.stack.length > YAML_DEPTH_MAX + 1) {
      const state = `nested deeper than the limit of ${YAML_DEPTH_MAX}`;
      throw refusal(source, { code: "YAML_DEPTH", offset: top.offset, state });
    }
    if (++count > YAML_TOKENS_MAX) {
      const state = `more than ${YAML_TOKENS_MAX} words and signs, the limit for YAML`;
      throw refusal(source, { code: "YAML_TOO_LARGE", offset: parser.offset, state });
    }
  }
  tokens.push(...parser.end());
  return tokens;
}

function misplaced({ offset, source, message }: CST.ErrorToken, from: Source): GateError {
  return refusal(from, {
    code: "YAML_SYNTAX",
    offset,
    state: source === "" ? message : `unexpected ${quote(source)}`,
  });
}

/** No alias, no anchor, no tag: a policy needs none, and a bomb is made of the first two. */
function assertAllowed(lexeme: string, offset: number, source: Source): void {
  const type = CST.tokenType(lexeme);
  const code = type === "tag" ? "YAML_TAG" : type === "alias" || type === "anchor" ? "YAML_ALIAS" : undefined;
  if (code !== undefined)
    throw refusal(source, { code, offset, state: `${type} ${quote(lexeme)}, expected none` });
}

/** One document and no directive: `%YAML 1.1` would make `no` false and `010` eight. */
function assertOneDocument(tokens: readonly CST.Token[], source: Source): void {
  const directive = tokens.find((token) => token.type === "directive");
  if (directive !== undefined) {
    const state = `directive ${quote(directive.source)}, expected none`;
    throw refusal(source, { code: "YAML_DIRECTIVE", offset: directive.offset, state });
  }
  const [, second] = tokens.filter((token) => token.type === "document");
  if (second !== undefined) {
    const state = "a second document, expected one";
    throw refusal(source, { code: "YAML_DOCUMENTS", offset: second.offset, state });
  }
}

function composeDocument(tokens: readonly CST.Token[], source: Source): Document.Parsed {
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    // Checked in toMap, for the library compares each key with each.
    uniqueKeys: false,
    logLevel: "silent",
  });
  const [document] = composer.compose(tokens, true, source.text.length);
  const [error] = document!.errors;
  if (error === undefined) return document as Document.Parsed;
  const state = visible(error.message.slice(0, STATE_CHARS_MAX));
  const fix = FIXES.get(error.code);
  throw refusal(source, { code: "YAML_SYNTAX", offset: error.pos[0], state, fix });
}

function toNode(node: ParsedNode, source: Source): Node {
  if (isMap(node)) return toMap(node, source);
  if (isScalar(node)) return toScalar(node, source);
  if (isAlias(node)) throw new TypeError("unreachable: readTokens refuses every alias");
  const at = source.positionAt(node.range[0]);
  return { kind: "list", items: node.items.map((item) => toNode(item, source)), at };
}

function toMap(map: YAMLMap.Parsed, source: Source): Node {
  const entries = new Map<string, { at: Position; value: Node }>();
  for (const pair of map.items) {
    const key = toKey(pair.key, source);
    const at = source.positionAt(pair.key.range[0]);
    const earlier = entries.get(key);
    if (earlier !== undefined) {
      const state = `duplicate key ${quote(key)}, first at line ${earlier.at.line}`;
      throw refusal(source, { code: "YAML_DUPLICATE_KEY", offset: pair.key.range[0], state });
    }
    // `? key` without a value has no node.
    entries.set(key, { at, value: pair.value === null ? emptyAt(at) : toNode(pair.value, source) });
  }
  return { kind: "map", entries, at: source.positionAt(map.range[0]) };
}

function toKey(node: ParsedNode, source: Source): string {
  const [offset, end] = node.range;
  const text = source.text.slice(offset, end);
  if (!isScalar(node) || typeof node.value !== "string") {
    throw refusal(source, { code: "YAML_KEY", offset, state: `the key ${quote(text)} is not text` });
  }
  assertWellFormed(node.value, offset, source);
  if (text === "<<") throw refusal(source, { code: "YAML_MERGE_KEY", offset, state: `merge key "<<"` });
  return node.value;
}

function toScalar(node: YamlScalar.Parsed, source: Source): Node {
  const [offset, end] = node.range;
  const text = source.text.slice(offset, end);
  if (typeof node.value === "string") assertWellFormed(node.value, offset, source);
  const value = typeof node.value === "number" ? toNumber(node.value, text) : toPlain(node.value);
  if (value === undefined) {
    const state = `number ${quote(text)} is out of range, limit for whole numbers is 2^53 - 1`;
    throw refusal(source, { code: "YAML_NUMBER_RANGE", offset, state });
  }
  return { kind: "scalar", value, text, at: source.positionAt(offset) };
}

function assertWellFormed(text: string, offset: number, source: Source): void {
  if (text.isWellFormed()) return;
  throw refusal(source, { code: "YAML_SYNTAX", offset, state: "an escaped lone surrogate, expected a pair" });
}

/** The core schema has no other scalars than these and numbers. */
function toPlain(value: unknown): string | boolean | null {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  throw new TypeError(`Cannot convert a YAML scalar: ${typeof value}`);
}

/** Undefined for a whole number beyond 2^53 - 1 and for digits that overflow to infinity, as `1e999`. */
function toNumber(value: number, text: string): Scalar | undefined {
  if (Number.isFinite(value)) {
    if (INTEGER.test(text) && !Number.isSafeInteger(value)) return undefined;
    return value === 0 ? 0 : value;
  }
  if (!NON_FINITE.test(text)) return undefined;
  return { nonFinite: Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity" };
}

function emptyAt(at: Position): Node {
  return { kind: "scalar", value: null, text: "", at };
}

function refusal(
  source: Source,
  detail: { code: string; offset: number; state: string; fix?: string | undefined },
): GateError {
  const message = `Cannot read ${source.path}: ${detail.state}\n${excerptAt(source.text, detail.offset)}`;
  const fix = detail.fix ?? FIXES.get(detail.code);
  const place = { path: source.path, ...source.positionAt(detail.offset) };
  return new GateError(detail.code, message, { place, ...(fix === undefined ? {} : { fix }) });
}
