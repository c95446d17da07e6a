import { latin1 } from "./bytes.ts";

const MAGIC = "\x93NUMPY";
/** A number, a text of fixed length, a moment or plain bytes, as NumPy writes the type of an element. */
const SCALAR = /'[<>|=]?[biufcSUVmM]\d+(?:\[\w+\])?'/g;
/** Fields of a structure, its types already reduced. */
const STRUCTURE =
  /\[\((?:'[^'\\]*'|T), T(?:, \([\d, ]*\))?\)(?:, \((?:'[^'\\]*'|T), T(?:, \([\d, ]*\))?\))*\]/g;
const STRUCTURES_NESTED_MAX = 8;

/**
 * Whether what follows the header of a NumPy array is a pickle: its elements are objects. A type that is written in
 * any other way than NumPy does may be that too, for NumPy evaluates it.
 */
export function holdsObjects(head: Uint8Array): boolean {
  if (latin1(head.subarray(0, MAGIC.length)) !== MAGIC || head.length < 12) return false;
  const view = new DataView(head.buffer, head.byteOffset);
  const [start, length] = head[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  // NumPy reads a header of any length where it may unpickle; what it writes itself is short.
  if (start + length > head.length) return true;
  const header = latin1(head.subarray(start, start + length)).trim();
  const written = /^\{'descr': (.*), 'fortran_order': (?:True|False), 'shape': \([\dL, ]*\),? ?\}$/.exec(
    header,
  );
  return written === null || !isPlain(written[1] ?? "");
}

function isPlain(type: string): boolean {
  let reduced = type.replaceAll(SCALAR, "T");
  for (let depth = 0; depth < STRUCTURES_NESTED_MAX && reduced !== "T"; depth++) {
    reduced = reduced.replaceAll(STRUCTURE, "T");
  }
  return reduced === "T";
}
