import { GateError } from "../model/error.ts";

const WORD = /[\w.+-]+/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const LITERALS: ReadonlySet<string> = new Set(["true", "false", "null"]);
const CONTROL = /[\u0000-\u001f]/;

/**
 * Walks over a JSON text (RFC 8259) for readers that know what has to stand there. It keeps nothing: a header of
 * 25 MB costs its text, where a tree of nodes would cost 300 bytes a value, and a duplicate key or a strange
 * number is the caller's finding and does not end the reading. Throws `MALFORMED` where the text is no JSON.
 */
export class JsonTokens {
  readonly #text: string;
  readonly #depthMax: number;
  readonly #keysMax: number;
  #offset = 0;

  constructor(text: string, limits: { depthMax: number; keysMax: number }) {
    this.#text = text;
    this.#depthMax = limits.depthMax;
    this.#keysMax = limits.keysMax;
  }

  /** First character of the next token; empty at the end. */
  peek(): string {
    let character = this.#text.charAt(this.#offset);
    while (character === " " || character === "\n" || character === "\r" || character === "\t") {
      character = this.#text.charAt(++this.#offset);
    }
    return character;
  }

  /** Visits each key of an object; the visitor reads or skips the value. Throws `COUNT_LIMIT` above `keysMax`. */
  object(onKey: (key: string) => void): void {
    let keys = 0;
    this.#collection("{", "}", () => {
      if (++keys > this.#keysMax) {
        throw new GateError("COUNT_LIMIT", `An object of the JSON has more than ${this.#keysMax} keys`);
      }
      const key = this.string();
      this.#expect(":");
      onKey(key);
    });
  }

  /** Visits each item of a list; the visitor reads or skips it. */
  list(onItem: () => void): void {
    this.#collection("[", "]", onItem);
  }

  #collection(open: string, close: string, onItem: () => void): void {
    this.#expect(open);
    if (this.peek() !== close) {
      onItem();
      while (this.peek() === ",") {
        this.#offset++;
        onItem();
      }
    }
    this.#expect(close);
  }

  string(): string {
    this.#expect('"');
    const start = this.#offset;
    const end = this.#closingQuote(start);
    this.#offset = end + 1;
    const raw = this.#text.slice(start, end);
    if (CONTROL.test(raw)) throw this.#malformed("a control character in a text", start);
    return raw.includes("\\") ? this.#unescape(raw, start) : raw;
  }

  /** The next quote that no odd number of backslashes stands before. */
  #closingQuote(start: number): number {
    for (let quote = this.#text.indexOf('"', start); quote >= 0; quote = this.#text.indexOf('"', quote + 1)) {
      let slash = quote;
      while (slash > start && this.#text.charCodeAt(slash - 1) === 0x5c) slash--;
      if ((quote - slash) % 2 === 0) return quote;
    }
    throw this.#malformed("a text without its closing quote", start);
  }

  #unescape(raw: string, start: number): string {
    try {
      return String(JSON.parse(`"${raw}"`));
    } catch (cause) {
      throw this.#malformed("an escape that JSON does not know", start, cause);
    }
  }

  /** A number as it is written. */
  number(): string {
    this.peek();
    const word = this.#word();
    if (!NUMBER.test(word)) throw this.#malformed("no number", this.#offset);
    this.#offset += word.length;
    return word;
  }

  /** Reads over one value of any kind. Throws `JSON_DEPTH` where it nests too deep. */
  skip(): void {
    this.#skip(0);
  }

  #skip(depth: number): void {
    // Checked before the recursion, which is bounded by it.
    if (depth > this.#depthMax) {
      throw new GateError(
        "JSON_DEPTH",
        `Values nest deeper than ${this.#depthMax} at offset ${this.#offset}`,
      );
    }
    const next = this.peek();
    if (next === "{") this.object(() => this.#skip(depth + 1));
    else if (next === "[") this.list(() => this.#skip(depth + 1));
    else if (next === '"') this.string();
    else if (LITERALS.has(this.#word())) this.#offset += this.#word().length;
    else this.number();
  }

  #word(): string {
    WORD.lastIndex = this.#offset;
    return WORD.exec(this.#text)?.[0] ?? "";
  }

  /** The document ends here but for spaces, which the writer of safetensors pads with. */
  end(): void {
    if (this.peek() !== "") throw this.#malformed("more than one value", this.#offset);
  }

  #expect(character: string): void {
    const found = this.peek();
    if (found !== character)
      throw this.#malformed(`${found === "" ? "the end" : "something else"}, not ${character}`, this.#offset);
    this.#offset++;
  }

  #malformed(state: string, offset: number, cause?: unknown): GateError {
    return new GateError("MALFORMED", `The JSON has ${state}, at character ${offset}`, { cause });
  }
}
