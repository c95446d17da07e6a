import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { findTar } from "../../gate/artifact/tar-members.ts";

interface Stated {
  readonly name?: string;
  readonly type?: string;
  readonly size?: string;
  /** How the sum is written. */
  readonly checksum?: (sum: number) => string;
  readonly isSigned?: true;
}

const octal = (sum: number) => sum.toString(8);

/** A header of the time before `ustar`: only its checksum tells it. */
function header(stated: Stated = {}): Buffer {
  const { name = "n\xe9e", type = "0", size = "00000000000", checksum = octal, isSigned } = stated;
  const block = Buffer.alloc(512);
  block.write(name, 0, "latin1");
  block.write(size, 124, "latin1");
  block.write(`${" ".repeat(8)}${type}`, 148, "latin1");
  const bytes = [...(isSigned ? new Int8Array(block) : block)];
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  block.write(checksum(sum).padEnd(8, "\0"), 148, "latin1");
  return block;
}

async function namesIn(...blocks: readonly Buffer[]) {
  const members = await findTar(bufferSource("x", Buffer.concat(blocks)));
  return members?.map(({ name }) => name);
}

describe("the checksum of a header is read as Python's tarfile reads it", () => {
  const TAKEN: Readonly<Record<string, (sum: number) => string>> = {
    "with zeros": (sum) => octal(sum).padStart(7, "0"),
    "with a prefix": (sum) => `0o${octal(sum)}`,
    "with a prefix in capitals and an underscore": (sum) => `0O_${octal(sum)}`,
    "with a sign": (sum) => `+${octal(sum)} `,
    "with underscores": (sum) => octal(sum).split("").join("_"),
    "between white space": (sum) => `\x0b${octal(sum)}\n`,
    "between separators": (sum) => `\x1c${octal(sum)}\x1f`,
    "before a zero byte": (sum) => `${octal(sum)}\0zz`,
    "in binary": (sum) => `\x80\0\0\0\0\0${String.fromCharCode(sum >> 8, sum & 255)}`,
  };
  for (const [name, checksum] of Object.entries(TAKEN)) {
    test(name, async () => assert.equal((await namesIn(header({ checksum })))?.length, 1));
  }

  test("as the sum of bytes with a sign", async () => {
    assert.equal((await namesIn(header({ isSigned: true })))?.length, 1);
  });

  test("as nothing, where the bytes with a sign sum up to nothing", async () => {
    // Eight blanks and the type are 304, and each byte of the name is -8.
    const nothing = header({ name: "\xf8".repeat(38), size: "", checksum: () => "" });
    assert.equal((await namesIn(nothing))?.length, 1);
  });

  test("in a block that begins with a zero", async () => {
    assert.deepEqual(await namesIn(header({ name: "" })), [""]);
  });

  const REFUSED: Readonly<Record<string, (sum: number) => string>> = {
    "another number": (sum) => octal(sum + 1),
    "two underscores": (sum) => octal(sum).replace(/^./, "$&__"),
    "two prefixes": (sum) => `0o0o${octal(sum)}`,
    "something behind it": (sum) => `${octal(sum)} x`,
    "below zero": (sum) => `-${octal(sum)}`,
    nothing: () => "",
  };
  for (const [name, checksum] of Object.entries(REFUSED)) {
    test(`and not as ${name}`, async () => assert.equal(await namesIn(header({ checksum })), undefined));
  }

  test("and a block of zeros is no header", async () => {
    assert.equal(await namesIn(Buffer.alloc(1024)), undefined);
  });
});

describe("the next header stands where Python's tarfile looks for it", () => {
  const next = header({ name: "next" });

  test("behind the data of a file", async () => {
    assert.deepEqual(await namesIn(header({ name: "a", size: "1" }), Buffer.alloc(512), next), ["a", "next"]);
  });

  for (const type of ["1", "2", "3", "4", "5", "6"]) {
    test(`at once behind a header of type ${type}, whatever size it states`, async () => {
      assert.deepEqual(await namesIn(header({ name: "a", type, size: "77777777777" }), next), ["a", "next"]);
    });
  }

  test("at once behind a file whose name is a folder's", async () => {
    assert.deepEqual(await namesIn(header({ name: "a/", type: "\0", size: "7777" }), next), ["a/", "next"]);
  });

  const pax = (text: string, type = "x") => [
    header({ name: "pax", type, size: octal(text.length) }),
    Buffer.alloc(512, text.padEnd(512, "\0")),
  ];
  const sized = `18 path=sized.bin\n107 ${"k".repeat(100)}=v\n10 size=0\n`;

  test("where pax gives a size, behind that many bytes", async () => {
    assert.deepEqual(await namesIn(...pax(sized), header({ name: "a", size: "1000" }), next), [
      "pax",
      "a",
      "next",
    ]);
  });

  test("where pax gives a size, and a long name stands between", async () => {
    const long = [header({ name: "long", type: "L", size: "1" }), Buffer.alloc(512, "b")];
    const blocks = [...pax(sized), ...long, header({ name: "a", size: "1000" }), next];
    assert.deepEqual(await namesIn(...blocks), ["pax", "long", "a", "next"]);
  });

  const inner = header({ name: "inner" });
  const DOUBTFUL: Readonly<Record<string, readonly Buffer[]>> = {
    "a size of more digits than any": pax(`${29} size=${"1024".padStart(20, "0")}\n`),
    "a size that only a lenient reader takes": pax("14 size=1_024\n"),
    "a length with zeros before it": pax("0000000000000000013 size=1024\n"),
    "the size of a sparse file": pax("26 GNU.sparse.size=1024\n"),
    "a size for all members": pax("13 size=1024\n", "g"),
  };
  for (const [name, blocks] of Object.entries(DOUBTFUL)) {
    test(`wherever there is one, where pax gives ${name}`, async () => {
      const names = await namesIn(...blocks, header({ name: "a" }), inner, Buffer.alloc(512), next);
      assert.deepEqual(names?.toSorted(), ["a", "inner", "next", "pax"]);
    });
  }

  test("behind the data of a file whose name is a folder's by what stands before it", async () => {
    const folder = header({ name: "", type: "\0", size: "1000" });
    folder.write("ustar\0", 257, "latin1");
    folder.write("folder", 345, "latin1");
    assert.deepEqual(await namesIn(folder, inner, next), ["folder/", "next"]);
  });

  test("where pax gives none, behind the data of the file", async () => {
    const blocks = [...pax("14 mtime=1.25\n"), header({ name: "a", size: "1" }), Buffer.alloc(512), next];
    assert.deepEqual(await namesIn(...blocks), ["pax", "a", "next"]);
  });

  test("behind the blocks of a sparse file's map", async () => {
    const sparse = header({ name: "a", type: "S", size: "1" });
    sparse[482] = 1;
    // The flag is part of the sum.
    sparse.write(
      octal(Number.parseInt(sparse.toString("latin1", 148, 156), 8) + 1).padEnd(8, "\0"),
      148,
      "latin1",
    );
    const more = Buffer.alloc(1024);
    more[504] = 1;
    assert.deepEqual(await namesIn(sparse, more, Buffer.alloc(512), next), ["a", "next"]);
  });

  test("at once behind a size below zero", async () => {
    assert.deepEqual(await namesIn(header({ name: "a", size: "\xff".repeat(12) }), next), ["a", "next"]);
  });
});
