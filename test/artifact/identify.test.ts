import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { findReadings, identify } from "../../gate/artifact/identify.ts";
import { STREAM_BYTES } from "../../gate/artifact/limits.ts";
import { safetensorsFile, tensor } from "./safetensors-file.ts";

const ROOT = join(import.meta.dirname, "..", "..");

async function formatOf(content: string | Uint8Array, path = "file") {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return identify(bufferSource(path, bytes), path);
}

describe("a format is told by its first bytes, whatever the name", () => {
  const CASES: Readonly<Record<string, string>> = {
    "GGUF\x03\0\0\0": "gguf",
    "\x93NUMPY\x01\0": "npy",
    "\x89HDF\r\n\x1a\n": "hdf5",
    "\x1c\0\0\0TFL3": "tflite",
    "CBM1\x10\0\0\0": "catboost",
    "tree\nversion=v4\n": "lightgbm",
    '{"learner":{}}': "xgboost-json",
    '{"version":[3, 2, 0], "learner":{}}': "xgboost-json",
    '{"learner_model_param": {}, "kind": {"learner": "gradient_booster"}}': "text",
    "{L\0\0\0\0\0\0\0\x07learner": "xgboost-ubj",
    "{i\x07learner": "xgboost-ubj",
    "binf\0\0\0\0": "xgboost-binary",
    "X\n\0\0\0\x03": "rds",
    "A\n3\n262657\n197888\n": "rds",
    "RDX3\nX\n": "rdata",
    '<?xml version="1.0"?>\n<!-- x -->\n<PMML version="4.4">': "pmml",
    '{"metadata": {}, "weight_map": {"a": "b"}}': "shard-index",
    "\x1f\x8b\x08\0": "gzip",
    "BZh91AY&SY": "bz2",
    "\xfd7zXZ\0": "xz",
    "\x5d\0\0\x80\0": "lzma",
    "\x04\x22\x4d\x18": "lz4",
    "\x28\xb5\x2f\xfd": "zstd",
    "ZF0x1f4              ": "joblib-zfile",
    "7z\xbc\xaf\x27\x1c": "7z",
    "PAR1\0": "parquet",
    "PARE\0": "parquet-encrypted",
    "ARROW1\0\0": "arrow",
    "\x89PNG\r\n\x1a\n": "png",
    "\x80\x02}.": "pickle",
    "\x80\x05": "pickle",
    "PK\x05\x06": "zip",
    "\x80\x06": "unknown",
    "\0\x01\x02": "unknown",
    text: "text",
    "": "empty",
  };
  for (const [content, format] of Object.entries(CASES)) {
    test(format, async () => assert.equal((await formatOf(content)).format, format));
  }

  test("hdf5 after a user block of any length that is allowed", async () => {
    for (const block of [512, 1024, 2048, 65_536]) {
      const content = Buffer.concat([Buffer.alloc(block), Buffer.from("\x89HDF\r\n\x1a\n", "latin1")]);
      assert.equal((await formatOf(content)).format, "hdf5");
    }
  });
});

describe("a model that is text is told by its keys, however far from the front", () => {
  const booster = '"learner": {"learner_model_param" : {}, "gradient_booster":\n{"model": {}}}}';
  const trees = "version=v4\nnum_class=1\nmax_feature_idx=3\nfeature_names=a b\n\nTree=0\n";
  const far = "a".repeat(300_000);
  const CASES: Readonly<Record<string, readonly [content: string, format: string]>> = {
    "XGBoost, another key first": [`{"note": 1, ${booster}`, "xgboost-json"],
    "XGBoost, a long key first": [`{"note": "${far}", ${booster}`, "xgboost-json"],
    "XGBoost behind blanks": [`${" ".repeat(300_000)}{${booster}`, "xgboost-json"],
    "XGBoost, letters spelled otherwise": [`{${booster.replace("gr", "\\u0067r")}`, "xgboost-json"],
    "XGBoost in binary, another key first": [
      `{L\0\0\0\0\0\0\0\x01aSL\0\0\0\0\0\0\0\x01bL\0\0\0\0\0\0\0\x07learner{learner_model_param{gradient_booster{`,
      "xgboost-ubj",
    ],
    LightGBM: [`tree\n${trees}`, "lightgbm"],
    "LightGBM behind an empty line": [`tree\r\n\r\n${trees}`, "lightgbm"],
    "LightGBM behind a long line": [`tree\nnote=${far}\n${trees}`, "lightgbm"],
    "a list of trees": [`tree\noak\nbeech\n${far}`, "text"],
    "words about XGBoost": [`{"a": "gradient_booster", "b": "learner_model_param"}`, "text"],
    "a notebook about XGBoost": [`{"cells": [${JSON.stringify(booster)}]}`, "text"],
  };
  for (const [name, [content, format]] of Object.entries(CASES)) {
    test(name, async () => assert.equal((await formatOf(content)).format, format));
  }
});

test("a key is found where two reads meet, also one that is spelled otherwise", async () => {
  const rest = '"gradient_booster":{}, "learner_model_param":{}}'.replace("b", "\\u0062");
  for (let before = 0; before < rest.length; before++) {
    const content = `{"a":"`.padEnd(STREAM_BYTES - before - 2, "a");
    assert.equal((await formatOf(`${content}",${rest}`)).format, "xgboost-json", `${before}`);
  }
});

describe("ONNX is told", () => {
  const onnx = readFileSync(join(ROOT, "test/corpus/artifacts/real/add.onnx"));
  const CASES: Readonly<Record<string, Buffer>> = {
    "as it is written": onnx,
    "with a field that no version has": Buffer.concat([onnx, Buffer.from("\xaa\x06\x01x", "latin1")]),
    "behind text": Buffer.concat([Buffer.from(`2~${"doc ".repeat(31)}do`.repeat(520)), onnx]),
  };
  for (const [name, content] of Object.entries(CASES)) {
    test(name, async () => assert.equal((await formatOf(content)).format, "onnx"));
  }

  test("and no other message is, whatever fields it has", async () => {
    // Field 7, in it field 1, in it field 4: a sentence, where an operator would be a word.
    const other = Buffer.from("\x3a\x0d\x0a\x0b\x22\x09two words\xaa\x06\x01x", "latin1");
    assert.equal((await formatOf(other)).format, "unknown");
  });
});

describe("the family is that of the content or of the name, whichever is the stricter", () => {
  const CASES: readonly [path: string, content: string | Uint8Array, family: string][] = [
    ["model.safetensors", "", "model"],
    ["model.onnx", "text", "model"],
    ["weights.bin", "\0\x01", "model"],
    ["MODEL.PKL", "text", "model"],
    ["notes.txt", "cos\nsystem\n(S'x'\ntR.", "model"],
    ["table.csv", "a,b\n1,2\n", "data"],
    ["table.parquet", "PAR1\0", "data"],
    ["README.md", "# Title\n", "other"],
    ["config.json", "{}", "other"],
    ["plot.png", "\x89PNG\r\n\x1a\n", "other"],
    ["archive.gz", gzipSync("text"), "other"],
    ["archive.gz", gzipSync("\x80\x02}."), "other"],
    ["archive.gz", gzipSync(Buffer.from("\x80\x02}.", "latin1")), "model"],
    ["model.pkl.gz", gzipSync("text"), "model"],
    ["model.pkl.xz", "\xfd7zXZ\0", "model"],
    ["table.csv.gz", gzipSync("a,b\n"), "data"],
    ["no-extension", safetensorsFile({ w: tensor("U8", [1], 0, 1) }, 1), "model"],
    ["folder.pkl/notes", "text", "other"],
  ];
  for (const [path, content, family] of CASES) {
    test(`${path} is ${family}`, async () => assert.equal((await formatOf(content, path)).family, family));
  }
});

describe("a file that is no model is none as far as it could be seen", () => {
  const corpus = (path: string) => readFileSync(join(ROOT, "test", "corpus", "artifacts", path));
  const bytes = (text: string) => Buffer.from(text, "latin1");
  const wrapped = (content: Buffer, times: number): Buffer =>
    times === 0 ? content : wrapped(gzipSync(content), times - 1);
  const many = (count: number) => zipOf(Array.from({ length: count }, (_, index) => `m${index}`));
  const CASES: Readonly<Record<string, readonly [content: Buffer, isSeen: boolean]>> = {
    text: [bytes("text"), true],
    "a picture": [bytes("\x89PNG\r\n\x1a\n"), true],
    "text in gzip": [wrapped(bytes("text"), 1), true],
    "text in three gzips": [wrapped(bytes("text"), 3), true],
    "text in four gzips": [wrapped(bytes("text"), 4), false],
    "a gzip of which nothing comes out": [bytes("\x1f\x8b\x08\0"), false],
    "an archive in gzip": [wrapped(zipOf(["README"]), 1), true],
    "an archive in four gzips": [wrapped(zipOf(["README"]), 4), false],
    bzip2: [corpus("real/sklearn-bz2.joblib"), false],
    xz: [corpus("real/sklearn-xz.joblib"), false],
    lzma: [corpus("real/sklearn-lzma.joblib"), false],
    LZ4: [corpus("hostile/joblib-in-lz4.joblib"), false],
    Zstandard: [corpus("hostile/joblib-in-zstd.joblib"), false],
    "7z": [corpus("hostile/torch.7z"), false],
    "bzip2 in gzip": [wrapped(corpus("real/sklearn-bz2.joblib"), 1), false],
    "a zip": [many(3), true],
    "a zip of as many members as are opened": [many(1024), true],
    "a zip of one more": [many(1025), false],
    "a zip with a member that is encrypted": [
      bytes(many(1).toString("latin1").replace("PK\x01\x02\0\0\0\0\0", "PK\x01\x02\0\0\0\0\x01")),
      false,
    ],
    "a zip with a member of another compression": [corpus("hostile/method-99.zip"), false],
    "a zip with a zip": [corpus("hostile/nested.zip"), true],
    "a zip in gzip that is cut off": [wrapped(zipOf(["README"]).subarray(0, 60), 1), false],
    "a zip of which two readers see two": [corpus("hostile/two-end-records.zip"), false],
    "a zip without a directory": [corpus("hostile/directory-cut-off.zip"), false],
  };
  for (const [name, [content, isSeen]] of Object.entries(CASES)) {
    test(`${name}: ${isSeen ? "all" : "not all"} of it`, async () => {
      const readings = await findReadings(bufferSource("x.dat", content), "x.dat");
      assert.deepEqual({ family: readings.family, isSeen: readings.isSeen }, { family: "other", isSeen });
    });
  }
});

test("arrays of which two readers see two are not seen", async () => {
  const bytes = readFileSync(join(ROOT, "test/corpus/artifacts/hostile/two-directories.npz"));
  const { all, isSeen } = await findReadings(bufferSource("x.npz", bytes), "x.npz");
  assert.deepEqual({ all, isSeen }, { all: ["npz"], isSeen: false });
});

/** An archive of stored members of one letter. */
function zipOf(names: readonly string[]): Buffer {
  const u16 = (value: number) => Buffer.from([value & 255, value >>> 8]);
  const u32 = (value: number) => Buffer.concat([u16(value & 0xffff), u16(value >>> 16)]);
  const fixed = (name: string) => [Buffer.alloc(12), u32(1), u32(1), u16(name.length), u16(0)];
  const bodies: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const name of names) {
    const body = [Buffer.from("PK\x03\x04"), u16(0), ...fixed(name), Buffer.from(`${name}x`)];
    const entry = [Buffer.from("PK\x01\x02"), u32(0), ...fixed(name), Buffer.alloc(10), u32(offset)];
    bodies.push(Buffer.concat(body));
    entries.push(Buffer.concat([...entry, Buffer.from(name)]));
    offset += bodies.at(-1)?.length ?? 0;
  }
  const directory = Buffer.concat(entries);
  const counts = [u16(names.length), u16(names.length), u32(directory.length), u32(offset), u16(0)];
  return Buffer.concat([...bodies, directory, Buffer.from("PK\x05\x06"), u32(0), ...counts]);
}

/** Text that reads as opcodes for a while, and is none the less text. */
const TEXTS: Readonly<Record<string, string>> = {
  "a .gitignore that imports and stops": "coverage\ndist\n.env\nnode_modules\n",
  "a .gitignore with a proper name": "config\nbuild\n.DS_Store\n",
  "a column of numbers without their zero": "cost\n12\n.5\n.75\n",
  "a listing": "Package.json\n.gitignore\n",
  "Lisp that imports": "(import\n  (rnrs base))\n",
  "Lisp with a package": "(in-package\n:user)\n",
  "Lisp with short lines": "(if\nfoo\nbar)\n",
  "a sequence of bases": `${"GATTACANNNN".repeat(100)}\n`,
  "a base that is not known": "N".repeat(1000),
  brackets: "(((((((((()\n",
  "a formula": "x^2 + y^2 = z^2\n",
  "a list of words": "cat\ndog\nbird\nfish\n",
  "a vocabulary": "[PAD]\n[UNK]\n!\n(\n)\n.\n0\n1\n2\n",
  verse: "Vita brevis\nVia longa\n.\n",
  numbers: "I1\nI2\n.\n",
  JSON: '{"a": [1, 2, null]}\n',
  YAML: "---\nname: x\nlist: [1, 2]\n",
  CSV: "id,score\n1,0.5\n",
  INI: "[section]\nkey = value\n",
  "a licence": "Permission is hereby granted\n",
  "a prompt": "SELECT 'x'\nFROM y;\n",
  "a column with gaps": "class\nnone\nNaN\n",
  "two lines that begin a pickle": "cbuiltins\nprint\nThe rest is text.\n",
};

describe("ordinary text is never a pickle", () => {
  for (const [name, content] of Object.entries(TEXTS)) {
    test(name, async () => assert.deepEqual((await readings(content)).all, ["text"]));
  }

  test("nor is a file of this repository", async () => {
    const files = ["gate", "test", "scripts", "bench", "docs", "policies", "cli", "action"].flatMap(
      textFiles,
    );
    assert.ok(files.length > 100);
    for (const file of files) {
      const { all } = await findReadings(bufferSource(file, readFileSync(join(ROOT, file))), file);
      assert.ok(["text", "json", "yaml", "csv", "jsonl", "xml"].includes(all.join("+")), `${file} is ${all}`);
    }
  });

  test("but bytes that are no text have to make no more than a bare call", async () => {
    assert.deepEqual((await readings("(ios\nsystem\n\0")).all, ["pickle"]);
    assert.deepEqual((await readings("cos\nsystem\n.\0")).all, ["pickle"]);
  });

  test("but bytes that are no text have to do no more than import", async () => {
    for (const content of ["cmy-mod\nname\n\0", "(imy-mod\nname\n\0", "\x8c\x01x\x8c\x01y\x93\xff\0"]) {
      assert.deepEqual((await readings(content)).all, ["pickle"]);
    }
  });

  test("nor is text of another encoding that begins as an import", async () => {
    assert.deepEqual((await readings("client;ville\nDup\xe9;Paris\nDuval;Orl\xe9ans\n")).all, ["unknown"]);
    assert.deepEqual((await readings("client\nville\nOrl\xe9ans\n")).all, ["unknown"]);
  });

  test("but a text that is a pickle to its last byte is one", async () => {
    for (const content of ["N.", "I1\n.", "(lp0\n.", "cos\nsystem\n."]) {
      assert.deepEqual((await readings(content)).all, ["pickle"]);
    }
  });
});

async function readings(content: string) {
  return findReadings(bufferSource("file", Buffer.from(content, "latin1")), "file");
}

/** The sources and documents below a folder: what people wrote, not the corpora. */
function textFiles(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => /\.(?:ts|md|ya?ml|json|csv|py|cjs)$/.test(path) && !path.includes("corpus"))
    .filter((path) => statSync(join(ROOT, path)).size > 0);
}

describe("a file of several formats is all of them", () => {
  test("a zip that stands behind a text", async () => {
    const empty = `PK\x05\x06${"\0".repeat(18)}`;
    assert.deepEqual((await readings(`text${empty}`)).all, ["zip"]);
    // The signature alone is four bytes that any file may hold; a directory has to stand where the record says.
    assert.deepEqual((await readings("text\0PK\x05\x06")).all, ["unknown"]);
    const oneMember = `PK\x05\x06${"\0".repeat(6)}\x01${"\0".repeat(11)}`;
    assert.deepEqual((await readings(`text${oneMember}`)).all, ["unknown"]);
  });

  test("a pickle in the user block of an HDF5 file", async () => {
    const block = "cbuiltins\nprint\n(S'x'\ntR.".padEnd(512, "\0");
    const { all, format, family } = await readings(`${block}\x89HDF\r\n\x1a\n`);
    assert.deepEqual({ all, format, family }, { all: ["hdf5", "pickle"], format: "hdf5", family: "model" });
  });
});

test("identification of a large file reads little of it", async () => {
  const content = safetensorsFile({ w: tensor("U8", [8_000_000], 0, 8_000_000) }, 8_000_000);
  const inner = bufferSource("large", content);
  let bytes = 0;
  const counting = {
    ...inner,
    read: (offset: number, length: number) => {
      bytes += length;
      return inner.read(offset, length);
    },
  };
  assert.equal((await identify(counting, "large")).format, "safetensors");
  assert.ok(bytes < 400_000, `${bytes} bytes were read`);
});
