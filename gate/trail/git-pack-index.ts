/** The index of a pack, version 2 (gitformat-pack, section "Version 2 pack-*.idx files"): where each object begins. */

const MAGIC = 0xff744f63;
const VERSION = 2;
const FAN_OUT = 8;
const NAMES = FAN_OUT + 256 * 4;
/** Bit of an offset that stands in the table of the large ones. */
const LARGE = 0x80000000;

export class PackIndex {
  readonly #bytes: Buffer;
  readonly #idBytes: number;
  readonly #count: number;

  private constructor(bytes: Buffer, idBytes: number, count: number) {
    this.#bytes = bytes;
    this.#idBytes = idBytes;
    this.#count = count;
  }

  /** Undefined if it is none of this version, with ids of that length. */
  static parse(bytes: Buffer, idBytes: number): PackIndex | undefined {
    if (bytes.length < NAMES + 2 * idBytes) return undefined;
    if (bytes.readUInt32BE(0) !== MAGIC || bytes.readUInt32BE(4) !== VERSION) return undefined;
    const count = bytes.readUInt32BE(NAMES - 4);
    const large = bytes.length - NAMES - count * (idBytes + 8) - 2 * idBytes;
    return large < 0 || large % 8 !== 0 ? undefined : new PackIndex(bytes, idBytes, count);
  }

  /** Where the object begins in the pack; undefined if the pack does not have it. */
  offsetOf(id: Buffer): number | undefined {
    if (id.length !== this.#idBytes) return undefined;
    let low = id[0] === 0 ? 0 : this.#fanOut(id[0]! - 1);
    let high = this.#fanOut(id[0]!);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = NAMES + middle * this.#idBytes;
      const order = id.compare(this.#bytes, start, start + this.#idBytes);
      if (order === 0) return this.#offset(middle);
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    return undefined;
  }

  #fanOut(byte: number): number {
    return Math.min(this.#bytes.readUInt32BE(FAN_OUT + byte * 4), this.#count);
  }

  #offset(at: number): number | undefined {
    const offsets = NAMES + this.#count * (this.#idBytes + 4);
    const offset = this.#bytes.readUInt32BE(offsets + at * 4);
    if (offset < LARGE) return offset;
    const start = offsets + this.#count * 4 + (offset - LARGE) * 8;
    if (start + 8 > this.#bytes.length - 2 * this.#idBytes) return undefined;
    return Number(this.#bytes.readBigUInt64BE(start));
  }
}
