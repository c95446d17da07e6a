import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  appendFile,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { bufferSource, Cursor, fileSource, sha256, streamBytes } from "../../gate/artifact/bytes.ts";
import { READ_BYTES_MAX, STREAM_BYTES } from "../../gate/artifact/limits.ts";
import type { ByteSource } from "../../gate/model/bytes.ts";
import { makeSpecialFile } from "../special-file.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "weighbridge-bytes-"));
});
after(() => rm(folder, { recursive: true }));

const CONTENT = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

async function file(name: string, content: Uint8Array | string = CONTENT): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function withSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const source = await fileSource(path, "named");
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

const SOURCES: readonly { name: string; open: () => Promise<ByteSource> }[] = [
  { name: "a buffer", open: async () => bufferSource("named", CONTENT) },
  { name: "a file", open: async () => fileSource(await file("content.bin"), "named") },
];

for (const { name, open } of SOURCES) {
  describe(`a source over ${name}`, () => {
    let source: ByteSource;
    before(async () => {
      source = await open();
    });
    after(() => source.close());

    test("knows its name and its size", () => {
      assert.equal(source.name, "named");
      assert.equal(source.size, CONTENT.length);
    });

    test("reads exactly the bytes that are asked for", async () => {
      for (const [offset, length] of [
        [0, 0],
        [0, 1000],
        [7, 13],
        [999, 1],
        [1000, 0],
      ] as const) {
        assert.deepEqual(
          Buffer.from(await source.read(offset, length)),
          CONTENT.subarray(offset, offset + length),
        );
      }
    });

    test("refuses what does not lie inside", async () => {
      for (const [offset, length] of [
        [0, 1001],
        [1000, 1],
        [-1, 1],
        [0, -1],
        [0, Number.NaN],
        [2 ** 53, 1],
      ] as const) {
        await assert.rejects(source.read(offset, length), { code: "TRUNCATED" });
      }
    });

    test("has the digest of its bytes and tells how far it is", async () => {
      const seen: number[] = [];
      const digest = await sha256(source, (done, total) => seen.push(done, total));
      assert.equal(digest, createHash("sha256").update(CONTENT).digest("hex"));
      assert.deepEqual(seen, [1000, 1000]);
    });
  });
}

test("a read that is too much for one allocation is refused before it is made", async () => {
  await assert.rejects(bufferSource("large", { length: 2 ** 40 } as Uint8Array).read(0, READ_BYTES_MAX + 1), {
    code: "READ_LIMIT",
    message: "Cannot read large: 67108865 bytes at once, limit is 67108864",
  });
});

test("a file above one chunk is streamed whole and in order", async () => {
  const content = Buffer.alloc(STREAM_BYTES * 2 + 5, 3);
  content[STREAM_BYTES] = 9;
  await withSource(await file("chunks.bin", content), async (source) => {
    const parts: Buffer[] = [];
    await streamBytes(source, (chunk, offset) => {
      assert.equal(offset, parts.length * STREAM_BYTES);
      parts.push(Buffer.from(chunk));
    });
    assert.deepEqual(Buffer.concat(parts), content);
  });
});

describe("a path that is no regular file is refused", () => {
  test("a symbolic link, even to a regular file", async () => {
    const link = join(folder, "link");
    await symlink(await file("target.bin"), link);
    await assert.rejects(fileSource(link, "models/link"), {
      code: "PATH_UNSAFE",
      message: "Cannot read models/link: a symbolic link, expected a regular file",
    });
  });

  test("a folder", async () => {
    const path = join(folder, "folder");
    await mkdir(path);
    await assert.rejects(fileSource(path, "folder"), { code: "PATH_UNSAFE" });
  });

  test("a pipe, without waiting for a writer", async (context) => {
    const path = join(folder, "pipe");
    context.after(await makeSpecialFile(path));
    await assert.rejects(fileSource(path, "pipe"), { code: "PATH_UNSAFE" });
  });

  test("a device", async () => {
    await assert.rejects(fileSource("/dev/zero", "zero"), { code: "PATH_UNSAFE" });
  });

  test("nothing at all", async () => {
    await assert.rejects(fileSource(join(folder, "missing"), "missing"), {
      code: "FILE_UNREADABLE",
      message: "Cannot read missing: there is no such file",
    });
  });
});

describe("a file that is altered while it is open", () => {
  test("says so when it grows, and when only its time moves", async () => {
    for (const alter of [
      (path: string) => appendFile(path, "more"),
      (path: string) => utimes(path, new Date(0), new Date(0)),
    ]) {
      const path = await file("altered.bin");
      await withSource(path, async (source) => {
        assert.equal(await source.changed?.(), false);
        await alter(path);
        assert.equal(await source.changed?.(), true);
      });
    }
  });

  test("is read as it was when another takes its name", async () => {
    const path = await file("replaced.bin");
    await withSource(path, async (source) => {
      await rename(await file("other.bin", "other"), path);
      assert.deepEqual(Buffer.from(await source.read(0, 1000)), CONTENT);
    });
  });

  test("rejects a read past its new end", async () => {
    const path = await file("shrunk.bin");
    await withSource(path, async (source) => {
      await truncate(path, 10);
      await assert.rejects(source.read(0, 1000), {
        code: "TRUNCATED",
        message: "Cannot read named: 1000 bytes at offset 0 are wanted, the data ends at 10",
      });
    });
  });
});

describe("a cursor", () => {
  test("reads little-endian numbers one after another", () => {
    const cursor = new Cursor(Buffer.from("01020304050607ffffffffffffffff08", "hex"), "named");
    assert.equal(cursor.u8(), 1);
    assert.equal(cursor.u16(), 0x0302);
    assert.equal(cursor.u32(), 0x07060504);
    assert.equal(cursor.u64(), 2n ** 64n - 1n);
    assert.deepEqual([cursor.offset, cursor.remaining], [15, 1]);
    assert.deepEqual([...cursor.bytes(1)], [8]);
  });

  test("never goes past its end, and stays where it was", () => {
    const cursor = new Cursor(new Uint8Array(3), "named");
    for (const read of [
      () => cursor.u32(),
      () => cursor.u64(),
      () => cursor.bytes(4),
      () => cursor.skip(2 ** 60),
      () => cursor.skip(-1),
      () => cursor.skip(Number.NaN),
    ]) {
      assert.throws(read, { code: "TRUNCATED" });
      assert.equal(cursor.offset, 0);
    }
  });

  test("sees only the part of a buffer that it was given", () => {
    const cursor = new Cursor(Buffer.from([9, 1, 2, 9]).subarray(1, 3), "named");
    assert.equal(cursor.u16(), 0x0201);
    assert.throws(() => cursor.u8(), { code: "TRUNCATED" });
  });
});
