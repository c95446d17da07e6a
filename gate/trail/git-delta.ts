/** Deltas of git's packs (gitformat-pack, section "Deltified representation"). */

const COPY = 0x80;
/** What a copy without a size copies. */
const COPY_BYTES = 0x10000;

/**
 * The bytes that a delta makes out of its base; undefined if it is not one of this base, or makes more than `bytesMax`.
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array, bytesMax: number): Uint8Array | undefined {
  const from = readSize(delta, 0);
  const to = readSize(delta, from.end);
  if (from.value !== base.length || !(to.value <= bytesMax)) return undefined;
  const made = Buffer.allocUnsafe(to.value);
  let written = 0;
  for (let at = to.end; at < delta.length; ) {
    const op = delta[at++]!;
    let piece: Uint8Array;
    if ((op & COPY) === 0) {
      piece = delta.subarray(at, at + op);
      if (op === 0 || piece.length !== op) return undefined;
      at += op;
    } else {
      let [offset, size] = [0, 0];
      for (let byte = 0; byte < 4; byte++) if (op & (1 << byte)) offset += delta[at++]! * 2 ** (8 * byte);
      for (let byte = 0; byte < 3; byte++) if (op & (0x10 << byte)) size += delta[at++]! * 2 ** (8 * byte);
      size ||= COPY_BYTES;
      piece = base.subarray(offset, offset + size);
      // Of a delta that is cut off, these are no numbers.
      if (piece.length !== size) return undefined;
    }
    if (written + piece.length > made.length) return undefined;
    made.set(piece, written);
    written += piece.length;
  }
  return written === made.length ? made : undefined;
}

/** Seven bits a byte, the lowest first; not a number where the bytes end before it does. */
export function readSize(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let [value, at] = [0, start];
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? Number.NaN;
    value += (byte & 0x7f) * 2 ** shift;
    if (Number.isNaN(byte)) return { value: Number.NaN, end: at };
    if (byte < 0x80) return { value, end: at };
  }
}
