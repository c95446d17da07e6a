import type { FormatName } from "../model/formats.ts";
import { readCompressed } from "./compressed.ts";
import { notRead, readEmpty, readPickle, readPointer, readUnsupportedArchive } from "./not-scanned.ts";
import type { Reader } from "./reader.ts";
import { readSafetensors } from "./safetensors.ts";
import { readShardIndex } from "./shard-index.ts";
import { readTar } from "./tar.ts";
import { readZip } from "./zip.ts";

/** The reader of each format that has one. A new reader is a file beside these and a row here. */
const READERS: ReadonlyMap<FormatName, Reader> = new Map<FormatName, Reader>([
  ["safetensors", readSafetensors],
  ["shard-index", readShardIndex],
  ["empty", readEmpty],
  ["lfs-pointer", readPointer],

  ["pickle", readPickle],
  ["joblib", readPickle],
  ["torch-legacy", readPickle],

  ["zip", readZip],
  ["torch-zip", readZip],
  ["torchscript", readZip],
  ["keras-zip", readZip],
  ["npz", readZip],
  ["skops", readZip],
  ["tar", readTar],
  ["torch-tar", readTar],

  ["gzip", readCompressed],
  ["zlib", readCompressed],
  ["joblib-zfile", readCompressed],

  ["7z", readUnsupportedArchive],
  ["rar", readUnsupportedArchive],
]);

const readNothing: Reader = async ({ format }) => notRead(format, []);

/** The reader of a format; one that refuses to vouch for anything where there is none. */
export function readerOf(format: FormatName): Reader {
  return READERS.get(format) ?? readNothing;
}
