const ID_BYTES = 32;
const CAPACITY_MIN = 1_024;

/**
 * Ids of entries and where each came first. A million of them take 40 MB; as strings in a map they would take four
 * times that, and the verification is to run beside a build.
 */
export class IdIndex {
  #ids: Buffer = Buffer.alloc(CAPACITY_MIN * ID_BYTES);
  /** Open addressing: position + 1 of an id, 0 if free. At most half full. */
  #slots = new Uint32Array(2 * CAPACITY_MIN);
  #size = 0;

  /** The index of ids that `bytes` returned. */
  static from(bytes: Uint8Array): IdIndex {
    const index = new IdIndex();
    index.addAll(bytes);
    return index;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds an id of 64 hex digits; the position of the same id if there is one already, else undefined. */
  add(id: string): number | undefined {
    if (this.#size === this.#ids.length / ID_BYTES) this.#grow();
    this.#ids.write(id, this.#size * ID_BYTES, ID_BYTES, "hex");
    return this.#place();
  }

  /** Adds ids of 32 bytes each; for those that were there already, their number among these and the position. */
  addAll(bytes: Uint8Array): readonly (readonly [number, number])[] {
    const twice: (readonly [number, number])[] = [];
    for (let at = 0; at < bytes.length; at += ID_BYTES) {
      if (this.#size === this.#ids.length / ID_BYTES) this.#grow();
      this.#ids.set(bytes.subarray(at, at + ID_BYTES), this.#size * ID_BYTES);
      const first = this.#place();
      if (first !== undefined) twice.push([at / ID_BYTES, first]);
    }
    return twice;
  }

  /** Takes in the id that was written behind the others. */
  #place(): number | undefined {
    const slot = this.#slotOf(this.#size * ID_BYTES);
    const taken = this.#slots[slot]!;
    this.#size++;
    if (taken !== 0) return taken - 1;
    this.#slots[slot] = this.#size;
    return undefined;
  }

  /** All ids, 32 bytes each, in the order added. */
  bytes(): Buffer {
    return this.#ids.subarray(0, this.#size * ID_BYTES);
  }

  /** The slot of the id at this offset: where it stands already, or where it may. */
  #slotOf(offset: number): number {
    const mask = this.#slots.length - 1;
    // An id is a hash: any four of its bytes are as good as any hash of it.
    for (let slot = this.#ids.readUInt32LE(offset) & mask; ; slot = (slot + 1) & mask) {
      const other = this.#slots[slot]!;
      if (other === 0) return slot;
      const at = (other - 1) * ID_BYTES;
      if (this.#ids.compare(this.#ids, at, at + ID_BYTES, offset, offset + ID_BYTES) === 0) return slot;
    }
  }

  #grow(): void {
    this.#ids = Buffer.concat([this.#ids, Buffer.alloc(this.#ids.length)]);
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let at = 0; at < this.#size; at++) {
      const slot = this.#slotOf(at * ID_BYTES);
      if (this.#slots[slot] === 0) this.#slots[slot] = at + 1;
    }
  }
}
