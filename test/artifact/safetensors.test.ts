import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { scanFile } from "../../gate/artifact/scan.ts";
import { corpusSource } from "./corpus.ts";
import { safetensorsFile, tensor } from "./safetensors-file.ts";

const PATH = "model.safetensors";

async function scan(content: Uint8Array) {
  return scanFile(bufferSource(PATH, content), PATH);
}

async function codes(content: Uint8Array): Promise<readonly string[]> {
  return (await scan(content)).findings.map(({ code }) => code);
}

const w = tensor("F32", [2], 0, 8);

const ON_ONE_SPAN = safetensorsFile(
  Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`t${index}`, w] as const)),
  8,
);

/** Numbers are those of the list of cases that a scanner of models has to hold. */
const CASES: readonly { name: string; content: Uint8Array; code: string }[] = [
  { name: "1: 0 bytes", content: Buffer.alloc(0), code: "EMPTY" },
  ...[1, 2, 3, 4, 5, 6, 7].map((size) => ({
    name: `1: ${size} bytes`,
    content: Buffer.alloc(size, 0x61),
    code: "HEADER_TOO_SMALL",
  })),
  {
    name: "2: a header of 2^63 bytes",
    content: safetensorsFile({ w }, 8, 2n ** 63n),
    code: "HEADER_TOO_LARGE",
  },
  {
    name: "2: a header of 2^64 - 1 bytes",
    content: safetensorsFile({ w }, 8, 2n ** 64n - 1n),
    code: "HEADER_TOO_LARGE",
  },
  {
    name: "3: a header of 100,000,001 bytes",
    content: safetensorsFile({ w }, 8, 100_000_001n),
    code: "HEADER_TOO_LARGE",
  },
  {
    name: "4: a header longer than the file",
    content: safetensorsFile({ w }, 8, 100_000_000n),
    code: "HEADER_LENGTH",
  },
  {
    name: "5: a header that is not UTF-8",
    content: Buffer.concat([safetensorsFile("", 0, 4n), Buffer.from('{"\xff"', "latin1")]),
    code: "HEADER_ENCODING",
  },
  { name: "6: a leading space", content: safetensorsFile(" {}"), code: "HEADER_NONCANONICAL" },
  { name: "6: a byte order mark", content: safetensorsFile("\ufeff{}"), code: "HEADER_NONCANONICAL" },
  {
    name: "7: a tensor twice",
    content: safetensorsFile(`{"w":${JSON.stringify(w)},"w":${JSON.stringify(w)}}`, 8),
    code: "DUPLICATE_KEY",
  },
  {
    name: "8: a key of the metadata twice",
    content: safetensorsFile('{"__metadata__":{"a":"","a":""}}'),
    code: "DUPLICATE_KEY",
  },
  {
    name: "8: the metadata twice",
    content: safetensorsFile('{"__metadata__":{},"__metadata__":{}}'),
    code: "DUPLICATE_KEY",
  },
  { name: "9: 100,000 tensors on one span", content: ON_ONE_SPAN, code: "TENSOR_OVERLAP" },
  {
    name: "10: a hole between tensors",
    content: safetensorsFile({ w, v: tensor("U8", [1], 9, 10) }, 10),
    code: "TENSOR_GAP",
  },
  { name: "11: bytes after the last tensor", content: safetensorsFile({ w }, 9), code: "TRAILING_DATA" },
  { name: "11: bytes after no tensor", content: safetensorsFile({}, 1), code: "TRAILING_DATA" },
  {
    name: "12: a shape that overflows",
    content: safetensorsFile({ w: tensor("F32", [2 ** 52, 2], 0, 8) }, 8),
    code: "SHAPE_OVERFLOW",
  },
  {
    name: "13: a span of another size",
    content: safetensorsFile({ w: tensor("F32", [3], 0, 8) }, 8),
    code: "TENSOR_SIZE",
  },
  {
    name: "14: an unknown dtype",
    content: safetensorsFile({ w: tensor("F33", [2], 0, 8) }, 8),
    code: "DTYPE_UNKNOWN",
  },
  {
    name: "14: a dtype in lower case",
    content: safetensorsFile({ w: tensor("f32", [2], 0, 8) }, 8),
    code: "DTYPE_UNKNOWN",
  },
  {
    name: "15: F4 with an odd number of elements",
    content: safetensorsFile({ w: tensor("F4", [3], 0, 2) }, 2),
    code: "TENSOR_MISALIGNED",
  },
  {
    name: "15: F6 that ends within a byte",
    content: safetensorsFile({ w: tensor("F6_E2M3", [3], 0, 3) }, 3),
    code: "TENSOR_MISALIGNED",
  },
  {
    name: "16: a number in the metadata",
    content: safetensorsFile({ __metadata__: { epoch: 3 } }),
    code: "METADATA_TYPE",
  },
  {
    name: "16: an object in the metadata",
    content: safetensorsFile({ __metadata__: { config: {} } }),
    code: "METADATA_TYPE",
  },
  {
    name: "16: metadata that is a text",
    content: safetensorsFile({ __metadata__: "pt" }),
    code: "METADATA_TYPE",
  },
  {
    name: "17: the name __proto__",
    content: safetensorsFile(`{"__proto__":${JSON.stringify(w)}}`, 8),
    code: "NAME_UNSAFE",
  },
  {
    name: "17: __proto__ in the metadata",
    content: safetensorsFile('{"__metadata__":{"__proto__":"x"}}'),
    code: "NAME_UNSAFE",
  },
  {
    name: "17: a name that turns right to left",
    content: safetensorsFile({ "a\u202eb": w }, 8),
    code: "NAME_UNSAFE",
  },
  {
    name: "17: a name with an escaped control",
    content: safetensorsFile('{"a\\u0007":{}}'),
    code: "NAME_UNSAFE",
  },
  {
    name: "17: a name with half a character",
    content: safetensorsFile('{"a\\ud800":{}}'),
    code: "NAME_UNSAFE",
  },
  {
    name: "17: a name of 70,000 bytes",
    content: safetensorsFile({ ["x".repeat(70_000)]: w }, 8),
    code: "NAME_UNSAFE",
  },
  ...["8.0", "8e0", "0.8e1", "-8", "-0", "9007199254740993", "1e400"].map((number) => ({
    name: `18: an offset of ${number}`,
    content: safetensorsFile(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,${number}]}}`, 8),
    code: "NUMBER_NONCANONICAL",
  })),
  {
    name: "18: a dimension of 2.0",
    content: safetensorsFile('{"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', 8),
    code: "NUMBER_NONCANONICAL",
  },
  {
    name: "19: lists nested 100,000 deep",
    content: safetensorsFile(`{"w":${"[".repeat(100_000)}`),
    code: "JSON_DEPTH",
  },
  {
    name: "19: objects nested 100,000 deep",
    content: safetensorsFile('{"w":'.repeat(100_000)),
    code: "JSON_DEPTH",
  },
  { name: "a file that was cut off", content: safetensorsFile({ w }, 7), code: "TRUNCATED" },
  { name: "no header", content: safetensorsFile(""), code: "HEADER_TOO_SMALL" },
  { name: "more than one JSON value", content: safetensorsFile("{}{}"), code: "MALFORMED" },
  { name: "NULs for padding", content: safetensorsFile("{}\0\0"), code: "MALFORMED" },
  { name: "a trailing comma", content: safetensorsFile('{"__metadata__":{},}'), code: "MALFORMED" },
  {
    name: "a number with a leading zero",
    content: safetensorsFile('{"w":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}', 8),
    code: "MALFORMED",
  },
  { name: "a line feed in a name", content: safetensorsFile('{"a\nb":{}}'), code: "MALFORMED" },
  { name: "a bad escape", content: safetensorsFile('{"a\\x":{}}'), code: "MALFORMED" },
  {
    name: "a tensor without offsets",
    content: safetensorsFile({ w: { dtype: "F32", shape: [2] } }, 8),
    code: "MALFORMED",
  },
  {
    name: "offsets of one number",
    content: safetensorsFile({ w: tensor("F32", [2], 8) }, 8),
    code: "MALFORMED",
  },
  {
    name: "a key that no tensor has",
    content: safetensorsFile({ w: { ...w, scale: 1 } }, 8),
    code: "HEADER_NONCANONICAL",
  },
  { name: "a line feed after the header", content: safetensorsFile("{}\n"), code: "HEADER_NONCANONICAL" },
  {
    name: "an end before its start",
    content: safetensorsFile({ w: tensor("F32", [2], 8, 0) }, 8),
    code: "TENSOR_RANGE",
  },
  {
    name: "a dimension too many",
    content: safetensorsFile({ w: tensor("F32", Array(65).fill(1), 0, 4) }, 4),
    code: "COUNT_LIMIT",
  },
];

describe("a safetensors file is refused for", () => {
  for (const { name, content, code } of CASES) {
    test(name, async () => {
      const { findings, complete } = await scan(content);
      assert.equal(complete, false);
      const found = findings.filter((finding) => finding.severity === "fail").map((finding) => finding.code);
      assert.ok(found.includes(code), `expected ${code}, found ${found.join(", ")}`);
    });
  }
});

describe("a safetensors file is complete and without a finding with", () => {
  const GOOD: readonly { name: string; content: Uint8Array }[] = [
    { name: "22: an empty tensor", content: safetensorsFile({ e: tensor("F32", [0, 3], 0, 0), w }, 8) },
    { name: "22: a tensor of rank 0", content: safetensorsFile({ s: tensor("F64", [], 0, 8) }, 8) },
    {
      name: "22: a tensor of rank 0 that is zero",
      content: safetensorsFile({ s: tensor("F32", [], 0, 4) }, Buffer.alloc(4)),
    },
    { name: "no tensor", content: safetensorsFile({}) },
    { name: "spaces after the header", content: safetensorsFile("{}      ") },
    { name: "white space between the tokens", content: safetensorsFile(JSON.stringify({ w }, null, 2), 8) },
    {
      name: "tensors in another order than their data",
      content: safetensorsFile({ b: tensor("U8", [1], 1, 2), a: tensor("U8", [1], 0, 1) }, 2),
    },
    {
      name: "data that is not aligned",
      content: safetensorsFile({ a: tensor("U8", [3], 0, 3), b: tensor("F64", [1], 3, 11) }, 11),
    },
    { name: "names in any script", content: safetensorsFile({ "слой.权重": w }, 8) },
    {
      name: "metadata with line feeds and NULs",
      content: safetensorsFile({ __metadata__: { note: "a\nb\0" }, w }, 8),
    },
    {
      name: "zeros that are no floats",
      content: safetensorsFile({ w: tensor("I64", [2], 0, 16) }, Buffer.alloc(16)),
    },
  ];
  for (const { name, content } of GOOD) {
    test(name, async () => {
      const { findings, complete } = await scan(content);
      assert.deepEqual(findings, []);
      assert.equal(complete, true);
    });
  }
});

test("an error does not hide what else is wrong", async () => {
  const header = `{"__metadata__":{"a":1,"b":"x","b":"y"},"w":${JSON.stringify(w)},"w":{"dtype":"F31","shape":[1],"data_offsets":[4,8]},"v":{"shape":[1e0]`;
  assert.deepEqual(await codes(safetensorsFile(header, 9)), [
    "METADATA_TYPE",
    "DUPLICATE_KEY",
    "DUPLICATE_KEY",
    "NUMBER_NONCANONICAL",
    "MALFORMED",
    "DTYPE_UNKNOWN",
    "TENSOR_OVERLAP",
  ]);
});

test("what is wrong a hundred thousand times is told twenty times and counted", async () => {
  const { findings } = await scan(ON_ONE_SPAN);
  assert.equal(findings.length, 21);
  assert.deepEqual(findings.at(-1), {
    code: "TENSOR_OVERLAP",
    severity: "fail",
    where: "",
    message: "99979 more of the same",
  });
});

test("a finding says where, what stands there and what was expected", async () => {
  const sized = await scan(safetensorsFile({ "layer\u202e.0": tensor("F16", [2, 3], 0, 8) }, 8));
  assert.deepEqual(
    sized.findings.map(({ where, message }) => `${where}: ${message}`),
    [
      '"layer\\u202e.0": The name has characters that do not show, is a trap or is too long',
      '"layer\\u202e.0": F16 [2, 3] takes 12 bytes, the offsets 0 to 8 leave 8',
    ],
  );
  const long = await scan(safetensorsFile({ w }, 8, 200_000_000n));
  assert.equal(
    long.findings[0]?.message,
    "The header says it has 200000000 bytes, limit of the format is 100000000",
  );
  const json = await scan(safetensorsFile("{oops}"));
  assert.equal(json.findings[0]?.message, 'The JSON has something else, not ", at character 1');
});

test("a safetensors file whose length looks like the start of a pickle is no pickle", async () => {
  const { format, findings } = await scanFile(
    await corpusSource("real/header-640-bytes.safetensors"),
    "x.bin",
  );
  assert.deepEqual({ format, findings }, { format: "safetensors", findings: [] });
});
