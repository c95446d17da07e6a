import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { scanFile } from "../../gate/artifact/scan.ts";
import { findZip } from "../../gate/artifact/zip-directory.ts";
import { corpusSource } from "./corpus.ts";

const u16 = (value: number) => Buffer.from([value & 255, value >>> 8]);
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** An archive of one stored member whose sizes and offset stand in zip64 fields. */
function zip64(): Buffer {
  const wide = u32(0xffffffff);
  const local = Buffer.concat([
    Buffer.from("PK\x03\x04"),
    u16(45),
    Buffer.alloc(12),
    u32(4),
    u32(4),
    u16(1),
    u16(0),
    Buffer.from("adata"),
  ]);
  const extra = Buffer.concat([u16(1), u16(24), u64(4), u64(4), u64(0)]);
  const head = [
    Buffer.from("PK\x01\x02"),
    u16(45),
    u16(45),
    Buffer.alloc(12),
    wide,
    wide,
    u16(1),
    u16(extra.length),
  ];
  const entry = Buffer.concat([...head, Buffer.alloc(10), wide, Buffer.from("a"), extra]);
  const end64 = Buffer.concat([
    Buffer.from("PK\x06\x06"),
    u64(44),
    u16(45),
    u16(45),
    Buffer.alloc(8),
    u64(1),
    u64(1),
    u64(entry.length),
    u64(local.length),
  ]);
  const locator = Buffer.concat([
    Buffer.from("PK\x06\x07"),
    u32(0),
    u64(local.length + entry.length),
    u32(1),
  ]);
  const end = Buffer.concat([
    Buffer.from("PK\x05\x06"),
    Buffer.alloc(4),
    u16(0xffff),
    u16(0xffff),
    wide,
    wide,
    u16(0),
  ]);
  return Buffer.concat([local, entry, end64, locator, end]);
}

const scan = (content: Uint8Array, path = "a.zip") => scanFile(bufferSource(path, content), path);

describe("the directory of a zip", () => {
  test("is read through the zip64 fields", async () => {
    const directory = await findZip(bufferSource("a.zip", zip64()));
    assert.deepEqual(directory, {
      entries: [
        { name: "a", flags: 0, method: 0, externalAttributes: 0, bytes: 4, compressedBytes: 4, offset: 0 },
      ],
      findings: [],
    });
  });

  test("keeps names apart that are not UTF-8", async () => {
    const content = zip64();
    content[content.indexOf("PK\x01\x02") + 46] = 0xff;
    const directory = await findZip(bufferSource("a.zip", content));
    assert.equal(directory?.entries[0]?.name, "\xff");
  });

  test("is not believed where its sizes point out of the file", async () => {
    for (const at of [8, 16, 24, 32, 40, 48]) {
      const content = zip64();
      content.writeBigUInt64LE(2n ** 63n, content.indexOf("PK\x06\x06") + at);
      const { findings, complete } = await scan(content);
      assert.equal(complete, false);
      assert.ok(findings.some(({ severity }) => severity === "fail"));
    }
  });

  test("has a limit to its members", async () => {
    const content = zip64();
    content.writeBigUInt64LE(1_000_000n, content.indexOf("PK\x06\x06") + 32);
    const { findings } = await scan(content);
    assert.equal(findings[0]?.code, "COUNT_LIMIT");
  });
});

describe("an archive is found behind other bytes", () => {
  const behind = (content: Uint8Array, after = 0) =>
    findZip(bufferSource("x", Buffer.concat([Buffer.alloc(100), content, Buffer.alloc(after)])));
  const names = async (directory: ReturnType<typeof behind>) =>
    (await directory)?.entries.map(({ name }) => name);
  const at = (content: Buffer, signature: string, offset: number) => content.indexOf(signature) + offset;

  test("by the zip64 record that touches the locator, though the locator points elsewhere", async () => {
    assert.deepEqual(await names(behind(zip64())), ["a"]);
  });

  test("by the zip64 record behind more fields, to which the locator points once the bytes are counted", async () => {
    const content = zip64();
    const locator = at(content, "PK\x06\x07", 0);
    const extended = [content.subarray(0, locator), Buffer.alloc(10), content.subarray(locator)];
    assert.deepEqual(await names(behind(Buffer.concat(extended))), ["a"]);
  });

  test("by a zip64 record of which the end record knows nothing", async () => {
    const content = zip64();
    content.fill(1, at(content, "PK\x05\x06", 8), at(content, "PK\x05\x06", 20));
    assert.deepEqual(await names(behind(content)), ["a"]);
  });

  test("by a directory of which the count is none, or the size beyond the end of the file", async () => {
    for (const field of [32, 40]) {
      const content = zip64();
      content.writeBigUInt64LE(field === 32 ? 0n : 1000n, at(content, "PK\x06\x06", field));
      const directory = await findZip(bufferSource("x", content));
      assert.deepEqual(
        directory?.entries.map(({ name }) => name),
        ["a"],
      );
      assert.equal(directory?.findings[0]?.code, "ZIP_MISMATCH");
    }
  });

  test("by an end record as far from the end as any reader looks", async () => {
    assert.deepEqual(await names(behind(zip64(), 65 * 1024 - 22)), ["a"]);
    assert.equal(await behind(zip64(), 65 * 1024), undefined);
  });

  test("twice, where the end record leads one reader to one directory and another to another", async () => {
    const content = zip64();
    const [entry, end64] = [at(content, "PK\x01\x02", 0), at(content, "PK\x06\x06", 0)];
    const other = Buffer.concat([content.subarray(0, end64), content.subarray(entry)]);
    other.writeBigUInt64LE(BigInt(end64), at(other, "PK\x06\x06", 48));
    other.writeUInt32LE(end64 - entry, at(other, "PK\x05\x06", 12));
    other.writeUInt32LE(entry, at(other, "PK\x05\x06", 16));
    const { findings } = await scan(other);
    assert.ok(findings.some(({ message }) => message.startsWith("More than one end record")));
  });
});

test("a file full of end records is looked through in bounded time", async () => {
  const content = Buffer.concat([zip64(), Buffer.from("PK\x05\x06".repeat(16_000), "latin1")]);
  const { findings } = await scan(content);
  assert.ok(findings.some(({ code }) => code === "ZIP_AMBIGUOUS"));
});

test("members that read as opcodes to their ends are tried for a million opcodes in all", async () => {
  const local = Buffer.concat([
    Buffer.from("PK\x03\x04"),
    Buffer.alloc(22),
    u16(1),
    u16(0),
    Buffer.from("a"),
  ]);
  const data = Buffer.from(`${"N0".repeat(30_000)}\xff`, "latin1");
  const sizes = [u32(data.length), u32(data.length), u16(1), Buffer.alloc(16)];
  const head = [Buffer.from("PK\x01\x02"), Buffer.alloc(16), ...sizes, Buffer.from("a")];
  const entry = Buffer.concat(head);
  const directory = Buffer.concat(Array(40).fill(entry));
  const counts = [u16(40), u16(40), u32(directory.length), u32(local.length + data.length), u16(0)];
  const end = Buffer.concat([Buffer.from("PK\x05\x06"), Buffer.alloc(4), ...counts]);
  const { findings } = await scan(Buffer.concat([local, data, directory, end]));
  // 16 members of 60,000 opcodes end by themselves; the 17th and those after it are stopped.
  const taken = findings.filter(({ code }) => code === "PICKLE_NOT_SCANNED");
  assert.ok(taken.length > 0, JSON.stringify(findings.map(({ code }) => code)));
});

test("names that are made to be slow to compare are compared in bounded time", async () => {
  const name = `${".".repeat(65_534)}x`;
  const local = Buffer.from("PK\x03\x04");
  const head = [
    Buffer.from("PK\x01\x02"),
    Buffer.alloc(24),
    u16(name.length),
    Buffer.alloc(16),
    Buffer.from(name),
  ];
  const entry = Buffer.concat(head);
  const directory = Buffer.concat(Array(100).fill(entry));
  const counts = [u16(100), u16(100), u32(directory.length), u32(local.length), u16(0)];
  const end = Buffer.concat([Buffer.from("PK\x05\x06"), Buffer.alloc(4), ...counts]);
  const { findings } = await scan(Buffer.concat([local, directory, end]));
  assert.ok(findings.some(({ code }) => code === "ZIP_DUPLICATE"));
});

test("a pickle is found in a member of any name, deflated or stored", async () => {
  const { findings } = await scanFile(await corpusSource("hostile/pickle-by-another-name.zip"), "a.zip");
  assert.deepEqual(findings, [
    {
      code: "PICKLE_NOT_SCANNED",
      severity: "fail",
      where: '"notes"',
      message:
        "This is a Python pickle, and loading one can run any code that its author likes; save the model as safetensors or ONNX",
    },
  ]);
});

test("raw tensors of a PyTorch checkpoint are numbers and not taken for a pickle", async () => {
  const { findings } = await scanFile(await corpusSource("real/torch.pt"), "torch.pt");
  assert.deepEqual(
    findings.map(({ where }) => where),
    ['"archive/data.pkl"'],
  );
});
