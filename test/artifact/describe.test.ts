import assert from "node:assert/strict";
import { test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { describe } from "../../gate/artifact/describe.ts";
import { corpusSource } from "./corpus.ts";
import { safetensorsFile, tensor } from "./safetensors-file.ts";

test("a safetensors file tells its metadata, its tensors and how many numbers it has of each dtype", async () => {
  const { sha256, metadata, ...description } = await describe(
    await corpusSource("real/model.safetensors"),
    "m.safetensors",
  );
  assert.match(sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual({ ...metadata }, { format: "pt", license: "apache-2.0" });
  assert.deepEqual(description, {
    path: "m.safetensors",
    format: "safetensors",
    size: 536,
    findings: [],
    complete: true,
    family: "model",
    parameters: 38,
    dtypes: [
      { dtype: "F32", tensors: 2, parameters: 32, bytes: 128 },
      { dtype: "F16", tensors: 1, parameters: 4, bytes: 8 },
      { dtype: "F64", tensors: 1, parameters: 1, bytes: 8 },
      { dtype: "I64", tensors: 1, parameters: 1, bytes: 8 },
    ],
    tensors: [
      { name: "steps", dtype: "I64", shape: [1], bytes: 8 },
      { name: "norm.scale", dtype: "F64", shape: [], bytes: 8 },
      { name: "cache", dtype: "F32", shape: [0, 8], bytes: 0 },
      { name: "embed.weight", dtype: "F32", shape: [4, 8], bytes: 128 },
      { name: "head.bias", dtype: "F16", shape: [4], bytes: 8 },
    ],
  });
});

test("a key of the metadata is only a key", async () => {
  const content = safetensorsFile('{"__metadata__":{"__proto__":"x","constructor":"y"}}');
  const { metadata } = await describe(bufferSource("x", content), "x.safetensors");
  assert.deepEqual(Object.entries(metadata), [
    ["__proto__", "x"],
    ["constructor", "y"],
  ]);
});

test("a broken file tells what can be told", async () => {
  const content = safetensorsFile({ w: tensor("F32", [2], 0, 8), v: tensor("F99", [2], 8, 16) }, 20);
  const { findings, complete, tensors } = await describe(bufferSource("x", content), "x.safetensors");
  assert.equal(complete, false);
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["DTYPE_UNKNOWN", "TRAILING_DATA"],
  );
  assert.deepEqual(
    tensors.map(({ name }) => name),
    ["w"],
  );
});

test("a format without a reader is described by its scan alone", async () => {
  const { format, family, findings, tensors, dtypes, parameters } = await describe(
    await corpusSource("real/tiny.gguf"),
    "t.gguf",
  );
  assert.deepEqual(
    { format, family, codes: findings.map(({ code }) => code), tensors, dtypes, parameters },
    { format: "gguf", family: "model", codes: ["FORMAT_NOT_READ"], tensors: [], dtypes: [], parameters: 0 },
  );
});
