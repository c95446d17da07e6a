import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { bufferSource, fileSource } from "../../gate/artifact/bytes.ts";
import { scanFile } from "../../gate/artifact/scan.ts";
import type { ByteSource } from "../../gate/model/bytes.ts";
import { corpusSource } from "./corpus.ts";
import { safetensorsFile, tensor } from "./safetensors-file.ts";

const GOOD = safetensorsFile({ w: tensor("F32", [2], 0, 8) }, 8);
const SHA256 = createHash("sha256").update(GOOD).digest("hex");

test("a scan states path, format, size and digest", async () => {
  assert.deepEqual(await scanFile(bufferSource("x", GOOD), "models/a.safetensors"), {
    path: "models/a.safetensors",
    format: "safetensors",
    size: GOOD.length,
    sha256: SHA256,
    findings: [],
    complete: true,
  });
});

test("a digest that the caller has computed is taken over, and values are looked at all the same", async () => {
  const zeros = safetensorsFile({ w: tensor("F32", [2], 0, 8) }, Buffer.alloc(8));
  const { sha256, findings } = await scanFile(bufferSource("x", zeros), "x", { sha256: "known" });
  assert.equal(sha256, "known");
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["TENSOR_ALL_ZERO"],
  );
});

test("progress is told to the end", async () => {
  const seen: number[] = [];
  await scanFile(bufferSource("x", GOOD), "x", { onProgress: (done) => seen.push(done) });
  assert.equal(seen.at(-1), GOOD.length);
});

describe("a name never takes a scan away", () => {
  const NAMES = [
    "x.safetensors",
    "x.onnx",
    "x.txt",
    "x.json",
    "x.png",
    "README.md",
    "x",
    ".gitignore",
    "x.gguf",
  ];
  for (const file of [
    "hostile/pickle.pkl",
    "hostile/pickle-bare.bin",
    "real/sklearn-protocol-4.pkl",
    "real/torch.pt",
    "real/sklearn.pkl.gz",
  ]) {
    test(file, async () => {
      for (const name of NAMES) {
        const { findings } = await scanFile(await corpusSource(file), name);
        assert.ok(
          findings.some(({ code }) => code === "PICKLE_NOT_SCANNED"),
          name,
        );
      }
    });
  }
});

describe("a name that promises another format is a finding", () => {
  const CASES: readonly [file: string, path: string, message: string][] = [
    ["real/model.safetensors", "a.onnx", "The content is safetensors, the name promises ONNX"],
    [
      "real/sklearn-protocol-4.pkl",
      "a.safetensors",
      "The content is a Python pickle, the name promises safetensors",
    ],
    ["real/add.onnx", "a.tflite", "The content is ONNX, the name promises TensorFlow Lite"],
    [
      "hostile/text.pkl",
      "a.pt",
      "The content is text, the name promises a PyTorch checkpoint, a PyTorch checkpoint (before 1.6), a PyTorch checkpoint (tar of 0.1) or the like",
    ],
    [
      "hostile/safetensors-and-zip.safetensors",
      "a.safetensors",
      "The file can be read as safetensors and as a zip archive: what it holds depends on who loads it",
    ],
  ];
  for (const [file, path, message] of CASES) {
    test(message, async () => {
      const { findings } = await scanFile(await corpusSource(file), path);
      assert.deepEqual(findings.find(({ code }) => code === "FORMAT_MISMATCH")?.message, message);
    });
  }

  test("but not where any model may stand", async () => {
    assert.deepEqual((await scanFile(bufferSource("x", GOOD), "model.bin")).findings, []);
    assert.deepEqual((await scanFile(bufferSource("x", GOOD), "no-extension")).findings, []);
  });
});

test("what has no reader says what to do about it", async () => {
  const { findings } = await scanFile(await corpusSource("real/tiny.gguf"), "tiny.gguf");
  assert.deepEqual(findings, [
    {
      code: "FORMAT_NOT_READ",
      severity: "fail",
      where: "",
      message:
        "No reader for GGUF: the content is not checked and nothing vouches for it; save the model as safetensors",
    },
  ]);
});

test("what nothing recognises is said to be of no known format", async () => {
  const { findings } = await scanFile(bufferSource("x", Buffer.from([0x9b, 1, 0xff, 0xfe, 3])), "model.bin");
  assert.match(findings[0]?.message ?? "", /^The file is of no known format: the content is not checked/);
});

describe("a scan never rejects", () => {
  const failing = (after: number, error: Error, onRead = () => {}): ByteSource => {
    const inner = bufferSource("x", GOOD);
    let reads = 0;
    return {
      ...inner,
      read: async (offset, length) => {
        onRead();
        if (reads++ >= after) throw error;
        return inner.read(offset, length);
      },
    };
  };

  test("whichever read fails", async () => {
    let reads = 0;
    const counted = failing(Number.POSITIVE_INFINITY, new Error("never"), () => reads++);
    await scanFile(counted, "x.safetensors");
    assert.ok(reads > 3);
    for (let after = 0; after < reads; after++) {
      const fault = Object.assign(new Error("EIO: i/o error, read"), { syscall: "read" });
      const { findings, complete } = await scanFile(failing(after, fault), "x.safetensors");
      assert.equal(complete, false);
      assert.ok(findings.some(({ code, severity }) => code === "FILE_UNREADABLE" && severity === "fail"));
    }
  });

  test("and tells a fault of ours from one of the disk", async () => {
    const { findings, sha256 } = await scanFile(failing(0, new TypeError("oops")), "x.safetensors");
    assert.equal(findings[0]?.code, "SCAN_FAILED");
    assert.equal(sha256, "");
  });

  test("when the file grows under it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weighbridge-scan-"));
    const path = join(folder, "x.safetensors");
    await writeFile(path, GOOD);
    const source = await fileSource(path, path);
    try {
      await appendFile(path, "more");
      const { findings, complete } = await scanFile(source, path);
      assert.deepEqual(
        findings.map(({ code }) => code),
        ["FILE_CHANGED"],
      );
      assert.equal(complete, false);
    } finally {
      await source.close();
      await rm(folder, { recursive: true });
    }
  });
});
