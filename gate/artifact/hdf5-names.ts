import type { ByteSource } from "../model/bytes.ts";
import { latin1, streamBytes } from "./bytes.ts";

/** What the names of attributes tell of an HDF5 file, which says of itself only that it holds arrays. */
export interface Hdf5Names {
  /** Whether Keras loads a model from it, the code of its layers with it. */
  readonly isKeras: boolean;
  /** Whether PyTables loads pickles from it. */
  readonly holdsPickles: boolean;
  /** False where names may be packed. */
  readonly isSeen: boolean;
}

/** Without this attribute Keras does not load a model (keras/src/legacy/saving/legacy_h5_format.py). */
const KERAS = "model_config";
/** PyTables' word for what the rows of an array are: texts, or pickles that it loads (tables/atom.py). */
const ROWS = "PSEUDOATOM";
const TEXT_ROWS = /vlstring|vlunicode/;
/** From the name to the end of a value beside it: the type and the shape of a text stand between (HDF5 1.8 and 2.0). */
const VALUE_WITHIN = 96;
/** A heap of names: signature, version, length of an id, and then the length of what describes its filters. */
const HEAP = "FRHP";
const HEAP_BYTES = 9;

const LOOKED_FOR = [KERAS, ROWS, HEAP];
const KEPT = ROWS.length + VALUE_WITHIN;

/**
 * Looks for the names of attributes in all of the file: HDF5 never divides one, and packs none but in a heap with
 * filters. Numbers that happen to read like one are taken for it.
 */
export async function findHdf5Names(source: ByteSource): Promise<Hdf5Names> {
  const found = { isKeras: false, holdsPickles: false, isSeen: true };
  const look = (window: Buffer, end: number) => {
    for (const name of LOOKED_FOR) {
      for (let at = window.indexOf(name); at >= 0 && at < end; at = window.indexOf(name, at + 1)) {
        found.isKeras ||= name === KERAS;
        found.holdsPickles ||= name === ROWS && !TEXT_ROWS.test(latin1(window.subarray(at, at + KEPT)));
        found.isSeen &&= name !== HEAP || !isFiltered(window.subarray(at, at + HEAP_BYTES));
      }
    }
  };
  let kept = Buffer.alloc(0);
  await streamBytes(source, (chunk) => {
    const window = Buffer.concat([kept, chunk]);
    const end = Math.max(0, window.length - KEPT);
    look(window, end);
    kept = window.subarray(end);
  });
  look(kept, kept.length);
  return found;
}

function isFiltered(heap: Buffer): boolean {
  return heap.length === HEAP_BYTES && heap[4] === 0 && heap.readUInt16LE(7) !== 0;
}
