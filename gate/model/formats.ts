export type Family = "model" | "data" | "other";

export interface Format {
  /** As a message names it after `The content is`. */
  readonly title: string;
  readonly family: Family;
}

const model = (title: string): Format => ({ title, family: "model" });
const data = (title: string): Format => ({ title, family: "data" });
const other = (title: string): Format => ({ title, family: "other" });

/** Every format that identification can name. A new format is a row here, a detector and, later, a reader. */
export const FORMATS = {
  catboost: model("CatBoost binary"),
  coreml: model("CoreML"),
  gguf: model("GGUF"),
  hdf5: model("HDF5"),
  joblib: model("a joblib pickle"),
  "joblib-zfile": model("a joblib z-file"),
  "keras-hdf5": model("a Keras model in HDF5"),
  "keras-zip": model("a Keras v3 archive"),
  lightgbm: model("LightGBM text"),
  npy: model("a NumPy array"),
  npz: model("a NumPy archive"),
  onnx: model("ONNX"),
  pickle: model("a Python pickle"),
  pmml: model("PMML"),
  rdata: model("an R workspace"),
  rds: model("an R object"),
  safetensors: model("safetensors"),
  "shard-index": model("an index of shards"),
  skops: model("a skops archive"),
  "tf-graphdef": model("TensorFlow GraphDef"),
  "tf-savedmodel": model("TensorFlow SavedModel"),
  tflite: model("TensorFlow Lite"),
  "torch-legacy": model("a PyTorch checkpoint (before 1.6)"),
  "torch-tar": model("a PyTorch checkpoint (tar of 0.1)"),
  "torch-zip": model("a PyTorch checkpoint"),
  torchscript: model("TorchScript"),
  "xgboost-binary": model("XGBoost binary (deprecated)"),
  "xgboost-json": model("XGBoost JSON"),
  "xgboost-ubj": model("XGBoost UBJSON"),

  arrow: data("an Arrow IPC file"),
  avro: data("Avro"),
  csv: data("CSV"),
  jsonl: data("JSON lines"),
  orc: data("ORC"),
  parquet: data("Parquet"),
  "parquet-encrypted": data("encrypted Parquet"),

  "7z": other("a 7z archive"),
  bz2: other("bzip2"),
  gzip: other("gzip"),
  lz4: other("LZ4"),
  lzma: other("LZMA"),
  rar: other("a RAR archive"),
  tar: other("a tar archive"),
  xz: other("xz"),
  zip: other("a zip archive"),
  zlib: other("a zlib stream"),
  zstd: other("Zstandard"),

  elf: other("an ELF program"),
  empty: other("empty"),
  gif: other("a GIF image"),
  jpeg: other("a JPEG image"),
  json: other("JSON"),
  "lfs-pointer": other("a Git LFS pointer"),
  pdf: other("PDF"),
  png: other("a PNG image"),
  sqlite: other("an SQLite database"),
  text: other("text"),
  webp: other("a WebP image"),
  xml: other("XML"),
  yaml: other("YAML"),

  unknown: other("of no known format"),
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof FORMATS;

/** Formats that hold another, whether they can be opened or not; of zip and tar the members are looked at. */
export const WRAPPER_FORMATS: ReadonlySet<FormatName> = new Set([
  "7z",
  "bz2",
  "gzip",
  "joblib-zfile",
  "lz4",
  "lzma",
  "rar",
  "xz",
  "zlib",
  "zstd",
]);

/** Formats whose whole content is one or more pickles, or that hold one that every loader runs. */
export const PICKLE_FORMATS: ReadonlySet<FormatName> = new Set([
  "joblib",
  "joblib-zfile",
  "pickle",
  "torch-legacy",
  "torch-tar",
  "torch-zip",
  "torchscript",
]);
