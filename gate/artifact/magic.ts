import type { FormatName } from "../model/formats.ts";
import { latin1 } from "./bytes.ts";
import { isText } from "./plain-text.ts";

interface Magic {
  readonly format: FormatName;
  /** Of the first bytes, each character one byte. */
  readonly pattern: RegExp;
  /** For marks that a text could begin with too. */
  readonly binary?: true;
}

/** Formats that the first bytes tell. Several may apply: then the file is read as each of them. */
const MAGICS: readonly Magic[] = [
  { format: "gguf", pattern: /^GGUF/, binary: true },
  { format: "npy", pattern: /^\x93NUMPY/ },
  { format: "tflite", pattern: /^.{4}TFL3/s, binary: true },
  { format: "catboost", pattern: /^CBM1/, binary: true },
  { format: "lightgbm", pattern: /^tree\r?\nversion=/ },
  { format: "xgboost-json", pattern: /^\s*\{\s*(?:"version"\s*:\s*\[[\d,\s]*\]\s*,\s*)?"learner"\s*:/ },
  { format: "xgboost-ubj", pattern: /^\{(?:L\0{7}|i)[\x07](?:learner|version)/ },
  { format: "xgboost-binary", pattern: /^binf/, binary: true },
  { format: "rds", pattern: /^(?:X\n\0{3}[\x02\x03]|B\n[\x02\x03]\0{3}|A\n[23]\n\d+\n\d+\n)/ },
  { format: "rdata", pattern: /^RD[ABX][123]\n[ABX]\n/ },
  { format: "shard-index", pattern: /^\s*\{(?:.{0,4096}[,{])?\s*"weight_map"\s*:\s*\{/s },
  { format: "joblib-zfile", pattern: /^ZF0x[0-9a-f]{1,16}/ },

  { format: "gzip", pattern: /^\x1f\x8b\x08/ },
  { format: "bz2", pattern: /^BZh[1-9](?:1AY&SY|\x17rE8P\x90)/ },
  { format: "xz", pattern: /^\xfd7zXZ\0/ },
  { format: "lzma", pattern: /^\x5d\0\0/ },
  { format: "lz4", pattern: /^\x04\x22\x4d\x18/ },
  { format: "zstd", pattern: /^\x28\xb5\x2f\xfd/ },
  { format: "7z", pattern: /^7z\xbc\xaf\x27\x1c/ },
  { format: "rar", pattern: /^Rar!\x1a\x07/ },

  { format: "parquet", pattern: /^PAR1/, binary: true },
  { format: "parquet-encrypted", pattern: /^PARE/, binary: true },
  { format: "arrow", pattern: /^(?:ARROW1|FEA1)/, binary: true },
  { format: "avro", pattern: /^Obj\x01/ },
  { format: "orc", pattern: /^ORC/, binary: true },

  { format: "png", pattern: /^\x89PNG\r\n\x1a\n/ },
  { format: "jpeg", pattern: /^\xff\xd8\xff/ },
  { format: "gif", pattern: /^GIF8[79]a/, binary: true },
  { format: "webp", pattern: /^RIFF.{4}WEBP/s },
  { format: "pdf", pattern: /^%PDF-/ },
  { format: "elf", pattern: /^\x7fELF/ },
  { format: "sqlite", pattern: /^SQLite format 3\0/ },
];

/** The formats whose mark stands at the front. */
export function findMagic(head: Uint8Array): readonly FormatName[] {
  const text = latin1(head);
  const isBinary = !isText(head);
  const found = MAGICS.filter(({ pattern, binary }) => (isBinary || !binary) && pattern.test(text));
  return [...new Set(found.map(({ format }) => format))];
}

/** PyTorch wrote this number first, as a literal: a number that is computed is not it (GHSA-97f8). */
const TORCH_LEGACY = /^\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19/;

/** Which kind of pickle the front of one shows. */
export function pickleKind(head: Uint8Array): FormatName {
  const text = latin1(head);
  if (TORCH_LEGACY.test(text)) return "torch-legacy";
  return text.includes("joblib.numpy_pickle") ? "joblib" : "pickle";
}
