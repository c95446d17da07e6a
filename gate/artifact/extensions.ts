import { type Family, FORMATS, type FormatName } from "../model/formats.ts";

/** What a file's name leads one to expect. It can add a finding or a family, and never takes a scan away. */
export interface Expectation {
  readonly family: Family;
  /** Formats that may stand under this extension; absent where tools put nearly anything. */
  readonly formats?: readonly FormatName[];
}

const COMPRESSED = ["bz2", "gzip", "lz4", "lzma", "xz", "zlib", "zstd"] as const;
const TORCH = ["torch-zip", "torch-legacy", "torch-tar", "torchscript"] as const;
const PICKLES = ["pickle", "joblib", "joblib-zfile", ...TORCH, ...COMPRESSED] as const;
const ZIPS = ["zip", "keras-zip", "npz", "skops", "torch-zip", "torchscript"] as const;
const TEXTS = ["text", "csv", "json", "jsonl", "xml", "yaml"] as const;

type Row = readonly [suffixes: string, family: Family, formats?: readonly FormatName[]];

/** The longest suffix decides. */
const ROWS: readonly Row[] = [
  [".safetensors", "model", ["safetensors"]],
  [".safetensors.index.json .bin.index.json", "model", ["shard-index"]],
  [".pkl .pickle .dill .cloudpickle .joblib", "model", PICKLES],
  [".pt .pth .ckpt .ptl .torchscript .jit", "model", [...TORCH, "pickle"]],
  [".bin .model .weights .params .bst .xgb .sav", "model"],
  [".pdparams .pdopt .pdmodel .pdiparams .caffemodel .mar .nemo .ort .pte .engine .trt", "model"],
  [".msgpack .ggml .llamafile", "model"],
  [".gguf", "model", ["gguf"]],
  [".onnx", "model", ["onnx"]],
  [".pb", "model", ["tf-savedmodel", "tf-graphdef", "onnx"]],
  [".tflite", "model", ["tflite"]],
  [".h5 .hdf5 .hdf .he5", "model", ["hdf5", "keras-hdf5"]],
  [".keras", "model", ["keras-zip", "keras-hdf5"]],
  [".mlmodel", "model", ["coreml"]],
  [".skops", "model", ["skops"]],
  [".npy", "model", ["npy"]],
  [".npz", "model", ["npz"]],
  [".cbm", "model", ["catboost"]],
  [".ubj", "model", ["xgboost-ubj"]],
  [".lgb .lgbm", "model", ["lightgbm"]],
  [".rds", "model", ["rds", ...COMPRESSED]],
  [".rda .rdata", "model", ["rdata", ...COMPRESSED]],
  [".pmml", "model", ["pmml"]],

  [".parquet", "data", ["parquet", "parquet-encrypted"]],
  [".arrow .feather .ipc", "data", ["arrow"]],
  [".avro", "data", ["avro"]],
  [".orc", "data", ["orc"]],
  [".csv .tsv", "data", ["csv"]],
  [".jsonl .ndjson", "data", ["jsonl"]],

  [".json", "other", ["json", "xgboost-json", "shard-index"]],
  [".yaml .yml", "other", ["yaml"]],
  [".xml", "other", ["xml", "pmml"]],
  [".txt", "other", [...TEXTS, "lightgbm"]],
  [".md .rst .html .css .py .r .js .ts .sh .toml .cfg .ini .ipynb .gitignore", "other", TEXTS],
  [".zip", "other", ZIPS],
  [".whl .jar .docx .xlsx", "other", ["zip"]],
  [".tar", "other", ["tar", "torch-tar"]],
  [".7z", "other", ["7z"]],
  [".rar", "other", ["rar"]],
  [".pdf", "other", ["pdf"]],
  [".png", "other", ["png"]],
  [".jpg .jpeg", "other", ["jpeg"]],
  [".gif", "other", ["gif"]],
  [".webp", "other", ["webp"]],
];

/** Suffixes that tools add to the name of what they compress: `model.pkl.gz` is still expected to be a model. */
const COMPRESSIONS: readonly (readonly [suffix: string, format: FormatName])[] = [
  [".gz", "gzip"],
  [".bz2", "bz2"],
  [".xz", "xz"],
  [".lzma", "lzma"],
  [".lz4", "lz4"],
  [".zst", "zstd"],
  [".z", "zlib"],
  [".tgz", "gzip"],
];

const EXPECTATIONS: ReadonlyMap<string, Expectation> = new Map(
  ROWS.flatMap(([suffixes, family, formats]) =>
    suffixes
      .split(" ")
      .map((suffix) => [suffix, formats === undefined ? { family } : { family, formats }] as const),
  ),
);

/** Longer than the longest suffix with that of a compression. */
const SUFFIX_CHARACTERS_MAX = 40;

/** What the name leads one to expect; undefined for an extension that the table does not hold. */
export function expectationOf(path: string): Expectation | undefined {
  // The tail alone: a name of 65,535 dots would have as many suffixes.
  const name = path
    .slice(path.lastIndexOf("/") + 1)
    .slice(-SUFFIX_CHARACTERS_MAX)
    .toLowerCase();
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    const known = EXPECTATIONS.get(name.slice(dot));
    if (known !== undefined) return known;
  }
  const compression = COMPRESSIONS.find(([suffix]) => name.endsWith(suffix));
  if (compression === undefined) return undefined;
  const [suffix, format] = compression;
  return { family: expectationOf(name.slice(0, -suffix.length))?.family ?? "other", formats: [format] };
}

/** The formats that a name leads one to expect, as a message lists them. */
export function titlesOf(formats: readonly FormatName[]): string {
  const titles = formats.map((format) => FORMATS[format].title);
  return titles.length <= 3 ? titles.join(" or ") : `${titles.slice(0, 3).join(", ")} or the like`;
}
