import type { ScanFinding } from "../model/evidence.ts";
import { quoted } from "./findings.ts";
import type { Tensor, ValueWatch } from "./reader.ts";

/**
 * Masks over 32 bits of a tensor. An exponent of all ones means NaN or infinity (IEEE 754, 3.4); adding one to its
 * lowest bit then carries into the bit above, the sign, which was masked off. Two halves fit into one word.
 */
interface FloatLayout {
  readonly exponent: number;
  readonly lowest: number;
  readonly carry: number;
  /** All but the sign: minus zero is zero. */
  readonly magnitude: number;
}

const F32: FloatLayout = {
  exponent: 0x7f800000,
  lowest: 0x00800000,
  carry: 0x80000000 | 0,
  magnitude: 0x7fffffff,
};
const F64_HIGH: FloatLayout = { ...F32, exponent: 0x7ff00000, lowest: 0x00100000 };
const F64_LOW: FloatLayout = { exponent: 0, lowest: 0, carry: 0, magnitude: -1 };
const HALVES = { carry: 0x80008000 | 0, magnitude: 0x7fff7fff };
const F16: FloatLayout = { ...HALVES, exponent: 0x7c007c00, lowest: 0x04000400 };
const BF16: FloatLayout = { ...HALVES, exponent: 0x7f807f80, lowest: 0x00800080 };

/** Of the even and of the odd words of a tensor, little-endian. */
type Layouts = readonly [even: FloatLayout, odd: FloatLayout];

const WORDS: ReadonlyMap<string, Layouts> = new Map([
  ["F16", [F16, F16]],
  ["BF16", [BF16, BF16]],
  ["F32", [F32, F32]],
  ["F64", [F64_LOW, F64_HIGH]],
]);

/** A group of two words: the largest element. */
const GROUP_BYTES = 8;
const NAMES_SHOWN_MAX = 5;

/**
 * Watches the values of floating-point tensors (F64, F32, F16, BF16), which must not overlap: any that is not
 * finite, and tensors of more than one element that are all zero.
 */
export function watchValues(tensors: readonly Tensor[]): ValueWatch {
  const watched = tensors.filter(({ dtype, bytes }) => WORDS.has(dtype) && bytes > 0);
  return new Watch(watched.toSorted((a, b) => a.offset - b.offset));
}

class Watch implements ValueWatch {
  readonly #tensors: readonly Tensor[];
  readonly #nonFinite: string[] = [];
  readonly #zero: string[] = [];
  #next = 0;
  // Of the tensor at `#next`, as far as it was seen.
  #carries = 0;
  #hasValue = false;
  /** Bytes of a group that the end of a chunk broke off. */
  readonly #rest = new Uint8Array(GROUP_BYTES);
  #restBytes = 0;

  constructor(tensors: readonly Tensor[]) {
    this.#tensors = tensors;
  }

  visit(chunk: Uint8Array, offset: number): void {
    const chunkEnd = offset + chunk.length;
    for (let tensor = this.#tensors[this.#next]; tensor !== undefined; tensor = this.#tensors[this.#next]) {
      const end = tensor.offset + tensor.bytes;
      if (tensor.offset >= chunkEnd) return;
      const from = Math.max(0, tensor.offset - offset);
      this.#lookAtPart(chunk.subarray(from, Math.min(chunk.length, end - offset)), WORDS.get(tensor.dtype)!);
      if (end > chunkEnd) return;
      this.#finishTensor(tensor);
      this.#next++;
    }
  }

  finish(): readonly ScanFinding[] {
    return [
      ...warning("TENSOR_NONFINITE", "NaN or infinity stands in", this.#nonFinite),
      ...warning("TENSOR_ALL_ZERO", "Nothing but zeros stands in", this.#zero),
    ];
  }

  #lookAtPart(part: Uint8Array, layouts: Layouts): void {
    const bytes = this.#restBytes > 0 ? this.#fillRest(part, layouts) : part;
    const whole = bytes.length - (bytes.length % GROUP_BYTES);
    this.#look(bytes.subarray(0, whole), layouts);
    this.#fillRest(bytes.subarray(whole), layouts);
  }

  /** Adds to the group that was broken off, looks at it once it is whole, and returns what is left over. */
  #fillRest(bytes: Uint8Array, layouts: Layouts): Uint8Array {
    const taken = bytes.subarray(0, GROUP_BYTES - this.#restBytes);
    this.#rest.set(taken, this.#restBytes);
    this.#restBytes += taken.length;
    if (this.#restBytes === GROUP_BYTES) {
      this.#look(this.#rest, layouts);
      this.#restBytes = 0;
    }
    return bytes.subarray(taken.length);
  }

  #look(bytes: Uint8Array, [even, odd]: Layouts): void {
    // A copy by the constructor: `slice` of a Buffer is a view and no better aligned.
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
    this.#hasValue ||= words.some((word, index) => (word & (index % 2 === 0 ? even : odd).magnitude) !== 0);
    // Copied out: a property read for each word would halve the speed.
    const { exponent: evenExponent, lowest: evenLowest } = even;
    const { exponent: oddExponent, lowest: oddLowest } = odd;
    let evenCarries = 0;
    let oddCarries = 0;
    for (let index = 0; index < words.length; index += 2) {
      evenCarries |= (words[index]! & evenExponent) + evenLowest;
      oddCarries |= (words[index + 1]! & oddExponent) + oddLowest;
    }
    this.#carries |= (evenCarries & even.carry) | (oddCarries & odd.carry);
  }

  #finishTensor({ name, dtype, shape }: Tensor): void {
    if (this.#restBytes > 0) {
      // Filled up with zeros, which are neither infinite nor anything but zero.
      this.#look(this.#rest.fill(0, this.#restBytes), WORDS.get(dtype)!);
    }
    if (this.#carries !== 0) this.#nonFinite.push(name);
    if (!this.#hasValue && shape.some((size) => size > 1)) this.#zero.push(name);
    this.#restBytes = 0;
    this.#carries = 0;
    this.#hasValue = false;
  }
}

function warning(code: string, state: string, names: readonly string[]): readonly ScanFinding[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, NAMES_SHOWN_MAX).map(quoted);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : "";
  return [{ code, severity: "warn", where: shown[0]!, message: `${state} ${shown.join(", ")}${more}` }];
}
