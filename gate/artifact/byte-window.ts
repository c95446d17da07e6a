import type { ByteSource } from "../model/bytes.ts";

const WINDOW_BYTES = 64 * 1024;

/**
 * A window that moves over a source, for formats that are read a few bytes at a time. `cover` first; between two
 * calls of it the bytes at hand are read without a promise each.
 */
export class ByteWindow {
  readonly size: number;
  readonly #source: ByteSource;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(source: ByteSource) {
    this.#source = source;
    this.size = source.size;
  }

  /** True once `length` bytes at `offset` are at hand; false if the source ends before. */
  async cover(offset: number, length: number): Promise<boolean> {
    if (this.covers(offset, length)) return true;
    if (offset + length > this.size) return false;
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.size - offset);
    this.#bytes = await this.#source.read(offset, wanted);
    this.#start = offset;
    return true;
  }

  covers(offset: number, length: number): boolean {
    return offset >= this.#start && offset + length <= this.#start + this.#bytes.length;
  }

  u8(offset: number): number {
    return this.#bytes[offset - this.#start]!;
  }

  /** Bytes at hand, as a view. */
  bytes(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + length);
  }

  /** Little-endian number of up to 8 bytes; above 2^53 it is not exact, and still too large for any file. */
  number(offset: number, length: number): number {
    let value = 0;
    for (let index = length - 1; index >= 0; index--) value = value * 256 + this.u8(offset + index);
    return value;
  }

  /** Offset of the next line feed at or after `offset`, before `end`; -1 if there is none. */
  async lineFeed(offset: number, end: number): Promise<number> {
    for (let from = offset; from < end; ) {
      if (!(await this.cover(from, 1))) return -1;
      const found = this.#bytes.indexOf(0x0a, from - this.#start);
      if (found >= 0) return this.#start + found < end ? this.#start + found : -1;
      from = this.#start + this.#bytes.length;
    }
    return -1;
  }
}
