import { GateError } from "../model/error.ts";
import { excerptAt, positionsIn, quote } from "./excerpt.ts";
import type { ListNode, MapNode, Node, Position, Scalar } from "./node.ts";

export const JSON_DEPTH_MAX = 64;
/** Two bytes of text may cost 350 of memory: this many values are at most 700 MB. */
export const JSON_VALUES_MAX = 2_000_000;

export interface JsonOptions {
  /** `carry` takes the bare `NaN`, `Infinity` and `-Infinity` that Python writes. Refused by default. */
  readonly nonFinite?: "refuse" | "carry";
  /** `carry` takes escaped lone surrogates: our own records hold paths whose bytes are not UTF-8. */
  readonly surrogates?: "refuse" | "carry";
  /** At most some hundreds: each level takes stack. */
  readonly depthMax?: number;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const INTEGER = /^-?[0-9]+$/;
/** All that could be meant as one number or one word, so that `01` and `nullify` are not half read. */
const WORD = /[\w.+-]+/y;

const NON_FINITE = ["NaN", "Infinity", "-Infinity"] as const;
const LITERALS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const CARRIED: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...LITERALS,
  ...NON_FINITE.map((nonFinite) => [nonFinite, { nonFinite }] as const),
]);
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/**
 * The one value of a JSON text (RFC 8259, and I-JSON's rules that make two readers agree: RFC 7493), with the
 * place of every key and value. Throws `JSON_SYNTAX`, `JSON_STRING` (escapes, lone surrogates),
 * `JSON_DUPLICATE_KEY`, `JSON_NUMBER_RANGE` (whole numbers beyond 2^53 - 1, overflow), `JSON_DEPTH`,
 * `JSON_TOO_LARGE`. The value of `-0` is 0; its text still says `-0`.
 */
export function parseJson(text: string, path: string, options: JsonOptions = {}): Node {
  return new JsonReader(text, path, options).document();
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_MAP = 0x7b;
const CLOSE_MAP = 0x7d;

/** A cursor over the text. Strings hold no line break, so lines are counted between the tokens only. */
class JsonReader {
  readonly #text: string;
  readonly #path: string;
  readonly #words: ReadonlyMap<string, Scalar>;
  readonly #depthMax: number;
  readonly #carriesSurrogates: boolean;
  #offset = 0;
  #line = 1;
  #lineStart = 0;
  #depth = 0;
  #values = 0;

  constructor(text: string, path: string, options: JsonOptions) {
    this.#text = text;
    this.#path = path;
    this.#words = options.nonFinite === "carry" ? CARRIED : LITERALS;
    this.#depthMax = options.depthMax ?? JSON_DEPTH_MAX;
    this.#carriesSurrogates = options.surrogates === "carry";
  }

  document(): Node {
    const lone = this.#text.isWellFormed() ? undefined : this.#text.search(/\p{Surrogate}/u);
    if (lone !== undefined)
      throw this.#refusal("JSON_STRING", "a lone surrogate, expected Unicode text", lone);
    const node = this.#value();
    if (!Number.isNaN(this.#next())) throw this.#unexpected("the end of the file");
    return node;
  }

  #value(): Node {
    const code = this.#next();
    if (++this.#values > JSON_VALUES_MAX) {
      throw this.#refusal("JSON_TOO_LARGE", `more values than the limit of ${JSON_VALUES_MAX}`);
    }
    if (code === OPEN_MAP || code === OPEN_LIST) return this.#collection(code);
    const at = this.#position();
    const start = this.#offset;
    const value = code === QUOTE ? this.#string() : this.#scalar(code);
    return { kind: "scalar", value, text: this.#text.slice(start, this.#offset), at };
  }

  /** Depth meets its limit before anything recurses. */
  #collection(code: number): Node {
    if (++this.#depth > this.#depthMax) {
      throw this.#refusal("JSON_DEPTH", `nested deeper than the limit of ${this.#depthMax}`);
    }
    const at = this.#position();
    this.#offset++;
    const node = code === OPEN_MAP ? this.#map(at) : this.#list(at);
    this.#depth--;
    return node;
  }

  #map(at: Position): MapNode {
    const entries = new Map<string, { at: Position; value: Node }>();
    for (let more = this.#next() !== CLOSE_MAP; more; more = this.#hasMore(CLOSE_MAP)) {
      if (this.#next() !== QUOTE) throw this.#unexpected("a key in double quotes");
      const keyAt = this.#position();
      const start = this.#offset;
      const key = this.#string();
      const earlier = entries.get(key);
      if (earlier !== undefined) {
        const state = `duplicate key ${quote(key)}, first at line ${earlier.at.line}`;
        throw this.#refusal("JSON_DUPLICATE_KEY", state, start);
      }
      if (this.#next() !== COLON) throw this.#unexpected("a colon");
      this.#offset++;
      entries.set(key, { at: keyAt, value: this.#value() });
    }
    this.#offset++;
    return { kind: "map", entries, at };
  }

  #list(at: Position): ListNode {
    const items: Node[] = [];
    for (let more = this.#next() !== CLOSE_LIST; more; more = this.#hasMore(CLOSE_LIST))
      items.push(this.#value());
    this.#offset++;
    return { kind: "list", items, at };
  }

  /** True after a comma, false at the closing bracket. */
  #hasMore(close: number): boolean {
    const code = this.#next();
    if (code === close) return false;
    if (code !== COMMA) throw this.#unexpected(`a comma or ${quote(String.fromCharCode(close))}`);
    this.#offset++;
    return true;
  }

  #scalar(code: number): Scalar {
    if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const number = this.#number();
      if (number !== undefined) return number;
    }
    const word = this.#word();
    const value = this.#words.get(word);
    if (value === undefined) throw this.#unexpected("a value");
    this.#offset += word.length;
    return value;
  }

  /** Undefined if what stands here is no number, as `01`, `1.` or `-Infinity`. */
  #number(): number | undefined {
    NUMBER.lastIndex = this.#offset;
    const digits = NUMBER.exec(this.#text)?.[0];
    if (digits === undefined || this.#word().length > digits.length) return undefined;
    const number = Number(digits);
    if (!Number.isFinite(number) || (!Number.isSafeInteger(number) && INTEGER.test(digits))) {
      const state = `number ${quote(digits)} is out of range, limit for whole numbers is 2^53 - 1`;
      throw this.#refusal("JSON_NUMBER_RANGE", state);
    }
    this.#offset += digits.length;
    return number === 0 ? 0 : number;
  }

  /** Leaves the cursor after the closing quote. */
  #string(): string {
    const text = this.#text;
    let plain = this.#offset + 1;
    let value = "";
    for (let offset = plain; ; ) {
      const code = text.charCodeAt(offset);
      if (code === QUOTE) {
        value += text.slice(plain, offset);
        if (!this.#carriesSurrogates && !value.isWellFormed())
          throw this.#refusal("JSON_STRING", "an escaped lone surrogate, expected a pair");
        this.#offset = offset + 1;
        return value;
      }
      if (code === BACKSLASH) {
        const { escaped, length } = this.#escape(offset);
        value += text.slice(plain, offset) + escaped;
        offset += length;
        plain = offset;
      } else if (code >= SPACE) {
        offset++;
      } else if (offset < text.length) {
        throw this.#refusal("JSON_STRING", "a control character in a text, expected an escape", offset);
      } else {
        throw this.#refusal("JSON_SYNTAX", "a text without its closing quote");
      }
    }
  }

  #escape(offset: number): { escaped: string; length: number } {
    const letter = this.#text.charAt(offset + 1);
    const escaped = ESCAPES.get(letter);
    if (escaped !== undefined) return { escaped, length: 2 };
    const digits = this.#text.slice(offset + 2, offset + 6);
    if (letter !== "u" || !/^[0-9a-fA-F]{4}$/.test(digits)) {
      throw this.#refusal("JSON_STRING", `unknown escape ${quote(`\\${letter}`)}`, offset);
    }
    return { escaped: String.fromCharCode(Number.parseInt(digits, 16)), length: 6 };
  }

  /** Moves to the next token and returns its first code unit; NaN at the end. */
  #next(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#offset);
      if (code === LINE_FEED) {
        this.#line++;
        this.#lineStart = this.#offset + 1;
      } else if (code !== SPACE && code !== TAB && code !== CARRIAGE_RETURN) {
        return code;
      }
      this.#offset++;
    }
  }

  #position(): Position {
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }

  #word(): string {
    WORD.lastIndex = this.#offset;
    return WORD.exec(this.#text)?.[0] ?? "";
  }

  #unexpected(expected: string): GateError {
    const word = this.#word() || this.#text.slice(this.#offset, this.#offset + 1);
    const state = word === "" ? "the text ends" : `unexpected ${quote(word)}`;
    return this.#refusal("JSON_SYNTAX", `${state}, expected ${expected}`);
  }

  #refusal(code: string, state: string, offset = this.#offset): GateError {
    const message = `Cannot read ${this.#path}: ${state}\n${excerptAt(this.#text, offset)}`;
    const place = { path: this.#path, ...positionsIn(this.#text)(offset) };
    const isNonFinite = NON_FINITE.some((word) => word === this.#word());
    return new GateError(code, message, {
      place,
      ...(isNonFinite ? { fix: "Write null: JSON has no such number" } : {}),
    });
  }
}
