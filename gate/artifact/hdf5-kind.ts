import type { ByteSource } from "../model/bytes.ts";
import { latin1 } from "./bytes.ts";
import { findHdf5Names } from "./hdf5-names.ts";
import { tryHdf5Texts } from "./hdf5-texts.ts";

const SIGNATURE = "\x89HDF\r\n\x1a\n";

export interface Hdf5 {
  readonly format: "hdf5" | "keras-hdf5";
  /** Whether PyTables loads pickles from it. */
  readonly holdsPickles: boolean;
  readonly isSeen: boolean;
}

/** What an HDF5 file holds (HDF5 File Format Specification 3.0, section II.A); undefined if it is none. */
export async function findHdf5(source: ByteSource, budget: { opcodes: number }): Promise<Hdf5 | undefined> {
  const superblock = await findSuperblock(source);
  if (superblock === undefined) return undefined;
  const names = await findHdf5Names(source);
  const texts = names.holdsPickles ? "pickle" : await tryHdf5Texts(source, budget);
  return {
    format: names.isKeras ? "keras-hdf5" : "hdf5",
    holdsPickles: texts === "pickle",
    isSeen: names.isSeen && texts !== "unseen" && (await hasUsualSizes(source, superblock)),
  };
}

/** The signature stands at 0, or after a user block of 512 bytes or of a power of two above. */
async function findSuperblock(source: ByteSource): Promise<number | undefined> {
  const length = SIGNATURE.length;
  for (let offset = 0; offset + length <= source.size; offset = offset === 0 ? 512 : offset * 2) {
    if (latin1(await source.read(offset, length)) === SIGNATURE) return offset;
  }
  return undefined;
}

/** Whether offsets and lengths have eight bytes, as in all that HDF5 writes unless it is told otherwise. */
async function hasUsualSizes(source: ByteSource, superblock: number): Promise<boolean> {
  const length = Math.min(15, source.size - superblock);
  const block = await source.read(superblock, length);
  const sizes = (block[8] ?? 0) < 2 ? 13 : 9;
  return block[sizes] === 8 && block[sizes + 1] === 8;
}
