import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { tryHdf5Texts } from "../../gate/artifact/hdf5-texts.ts";
import { findReadings } from "../../gate/artifact/identify.ts";

const CORPUS = "test/corpus/artifacts";
const MIB = 1024 * 1024;

function textsIn(bytes: Uint8Array) {
  return tryHdf5Texts(bufferSource("a.h5", bytes), { opcodes: 1_000_000 });
}

describe("a pickle in an attribute is found", () => {
  for (const file of [
    "attribute",
    "attribute-latest",
    "attribute-type-elsewhere",
    "attribute-variable-length",
    "attribute-dense",
  ]) {
    const bytes = readFileSync(`${CORPUS}/hostile/${file}.h5`);
    test(file, async () => assert.equal(await textsIn(bytes), "pickle"));

    test(`${file}, unless it is broken`, async () => {
      const broken = Buffer.from(bytes);
      broken.write("?", broken.indexOf("cposix"), "latin1");
      assert.equal(await textsIn(broken), "seen");
    });
  }
});

for (const file of ["attribute-list", "weights", "text-rows", "keras", "keras-dense", "user-block"]) {
  test(`what ${file} holds runs nothing`, async () => {
    assert.equal(await textsIn(readFileSync(`${CORPUS}/real/${file}.h5`)), "seen");
  });
}

test("an attribute is found wherever it stands, also where two reads meet", async () => {
  const name = "n".repeat(5000);
  const message = Buffer.concat([
    Buffer.from([3, 0, (name.length + 1) & 255, (name.length + 1) >> 8, 8, 0, 4, 0, 0]),
    Buffer.from(`${name}\0`),
    Buffer.from([0x13, 0, 0, 0, 26, 0, 0, 0, 2, 0, 0, 0]),
    Buffer.from("cposix\nsystem\n(S'true'\ntR."),
  ]);
  for (let at = MIB - message.length - 3; at < MIB + 3; at += 101) {
    const bytes = Buffer.alloc(MIB + 70_000);
    bytes.set(message, at);
    assert.equal(await textsIn(bytes), "pickle", `${at}`);
  }
});

test("more texts than are looked at are not seen", async () => {
  // The text of each object is the header of a heap that holds all the objects behind it.
  const bytes = Buffer.alloc(32 * 5000);
  for (let at = 0; at < bytes.length; at += 32) {
    bytes.write("GCOL\x01", at, "latin1");
    bytes.writeUInt32LE(bytes.length - at, at + 8);
    bytes[at + 16] = 1;
    bytes[at + 24] = 16;
  }
  assert.equal(await textsIn(bytes.subarray(-32 * 20)), "seen");
  assert.equal(await textsIn(bytes), "unseen");
});

test("a file whose offsets have another length is not seen", async () => {
  const bytes = readFileSync(`${CORPUS}/real/weights.h5`);
  const isSeen = async () => (await findReadings(bufferSource("a.h5", bytes), "a.h5")).isSeen;
  assert.equal(await isSeen(), true);
  bytes[9] = 4;
  assert.equal(await isSeen(), false);
});
