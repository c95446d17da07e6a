/** What a scan says when it cannot take what stands at the cursor. */
export const MISFIT = Symbol("misfit");

/** Characters that JSON has one spelling for: printable ASCII but quote and backslash. */
const PLAIN = tableOf(/^[ !#-[\]-~]$/);

const QUOTE = 0x22;
const ZERO = 0x30;
const NINE = 0x39;
/** 2^53 has 16 digits; a longer number is not read on. */
const DIGITS_MAX = 16;

/**
 * A place in canonical JSON. Verifying a million entries is mostly reading JSON, and walking over the bytes along the
 * shape that they must have takes a fifth of the time that parsing, printing and comparing does. Only strings of
 * plain characters are taken; everything else is left to who can parse.
 */
export class Cursor {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  /** Steps over `literal` if it stands here. */
  take(literal: Uint8Array): boolean {
    const bytes = this.#bytes;
    const { at } = this;
    const { length } = literal;
    for (let n = 0; n < length; n++) if (bytes[at + n] !== literal[n]) return false;
    this.at = at + length;
    return true;
  }

  /** Steps over one character if it stands here. */
  takeCode(code: number): boolean {
    if (this.#bytes[this.at] !== code) return false;
    this.at++;
    return true;
  }

  /** The plain string that stands here, without its quotes. */
  string(): string | typeof MISFIT {
    const length = this.stringLength(PLAIN);
    return length === undefined ? MISFIT : this.text(length);
  }

  /** Steps over a string made of the characters in `table`; its length without quotes. */
  stringLength(table: Uint8Array): number | undefined {
    const bytes = this.#bytes;
    if (bytes[this.at] !== QUOTE) return undefined;
    const start = this.at + 1;
    const { length } = bytes;
    let end = start;
    while (end < length && table[bytes[end]!] === 1) end++;
    if (bytes[end] !== QUOTE) return undefined;
    this.at = end + 1;
    return end - start;
  }

  /** The string that was just stepped over. */
  text(length: number): string {
    return this.#bytes.toString("latin1", this.at - 1 - length, this.at - 1);
  }

  /** The first character of the string that was just stepped over. */
  firstCode(length: number): number {
    return this.#bytes[this.at - 1 - length]!;
  }

  /** The integer that stands here, in its one spelling; it may be beyond 2^53. */
  integer(): number | typeof MISFIT {
    const start = this.at;
    let value = 0;
    while (this.at - start <= DIGITS_MAX) {
      const code = this.#bytes[this.at]!;
      if (!(code >= ZERO && code <= NINE)) break;
      value = value * 10 + (code - ZERO);
      this.at++;
    }
    const digits = this.at - start;
    if (digits === 0 || digits > DIGITS_MAX) return MISFIT;
    return digits > 1 && this.#bytes[start] === ZERO ? MISFIT : value;
  }
}

/** Which plain characters a pattern of one character matches: 1 at their codes. */
export function tableOf(pattern: RegExp): Uint8Array {
  const table = new Uint8Array(256);
  for (let code = 0x20; code < 0x7f; code++) {
    const character = String.fromCharCode(code);
    if (character !== '"' && character !== "\\" && pattern.test(character)) table[code] = 1;
  }
  return table;
}
