import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { scanFile } from "../../gate/artifact/scan.ts";
import type { FileScan } from "../../gate/model/evidence.ts";
import { corpusFiles } from "./corpus.ts";

const FILES = await Promise.all(
  (await corpusFiles()).map(async (file) => ({ name: basename(file), content: await readFile(file) })),
);

/** One change of a few bytes, a cut, or bytes put in. */
type Mutation =
  | { readonly kind: "set"; readonly at: number; readonly value: number }
  | { readonly kind: "cut"; readonly at: number; readonly length: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array };

const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("set" as const), at: fc.nat(), value: fc.nat(255) }),
    // Lengths and counts are where the damage is.
    fc.record({
      kind: fc.constant("set" as const),
      at: fc.nat(40),
      value: fc.constantFrom(0, 1, 127, 128, 255),
    }),
    fc.record({ kind: fc.constant("cut" as const), at: fc.nat(), length: fc.integer({ min: 1, max: 600 }) }),
    fc.record({
      kind: fc.constant("insert" as const),
      at: fc.nat(),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
    }),
  ),
  { minLength: 1, maxLength: 4 },
);

function mutate(content: Uint8Array, list: readonly Mutation[]): Buffer {
  return list.reduce((bytes, mutation) => {
    const at = bytes.length === 0 ? 0 : mutation.at % bytes.length;
    if (mutation.kind === "cut")
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + mutation.length)]);
    if (mutation.kind === "insert")
      return Buffer.concat([bytes.subarray(0, at), mutation.bytes, bytes.subarray(at)]);
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at] = mutation.value;
    return copy;
  }, Buffer.from(content));
}

/** What holds of every scan of anything. */
function assertLawful(scan: FileScan, content: Uint8Array): void {
  assert.equal(scan.size, content.length);
  assert.match(scan.sha256, /^[0-9a-f]{64}$/);
  assert.ok(!scan.findings.some(({ code }) => code === "SCAN_FAILED"), JSON.stringify(scan));
  // What is not explained is never passed over in silence.
  if (!scan.complete) assert.ok(scan.findings.some(({ severity }) => severity === "fail"));
  for (const { code, message } of scan.findings) {
    assert.match(code, /^[A-Z0-9_]+$/);
    assert.ok(message.length > 0 && message.length < 2000);
  }
}

test("no mutation of any file of the corpus stops a scan, or makes it silent about what it cannot explain", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...FILES), mutations, async ({ name, content }, list) => {
      const mutated = mutate(content, list);
      assertLawful(await scanFile(bufferSource(name, mutated), name), mutated);
    }),
    { numRuns: 1000 },
  );
});

test("no bytes at all stop a scan", async () => {
  const names = fc.constantFrom(
    "x",
    "x.safetensors",
    "x.pkl",
    "x.pt",
    "x.onnx",
    "x.safetensors.index.json",
    "x.zip",
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), names, async (content, name) => {
      assertLawful(await scanFile(bufferSource(name, content), name), content);
    }),
    { numRuns: 800 },
  );
});

describe("a safetensors file that is changed before its data", () => {
  const valid = FILES.filter(
    ({ name }) => /^(?:dtype-|model\.safe|header-640)/.test(name) && name.endsWith(".safetensors"),
  );

  test("passes only with a header that says the same of every byte of the data", async () => {
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...valid),
        fc.nat(),
        fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from(' 0123456789"{}[],:FIU'))),
        async ({ name, content }, place, value) => {
          const dataOffset = 8 + content.readUInt32LE(0);
          const mutated = Buffer.from(content);
          mutated[place % dataOffset] = value;
          if (mutated.equals(content)) return;
          const { complete, findings } = await scanFile(bufferSource(name, mutated), name);
          if (!complete || findings.length > 0) return;
          passed++;
          assertTiles(mutated);
        },
      ),
      { numRuns: 1200 },
    );
    // A changed letter of a name is a valid header: without such cases the law would say nothing.
    assert.ok(passed > 0);
  });
});

/** By a reader that is not ours: the header is JSON, and its tensors fill the data from end to end. */
function assertTiles(content: Buffer): void {
  const length = Number(content.readBigUInt64LE(0));
  const header = JSON.parse(content.toString("utf8", 8, 8 + length)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const spans = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([, { data_offsets }]) => data_offsets)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let end = 0;
  for (const [start, stop] of spans) {
    assert.equal(start, end);
    end = stop;
  }
  assert.equal(8 + length + end, content.length);
}
