import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { findHdf5Names } from "../../gate/artifact/hdf5-names.ts";
import { findReadings } from "../../gate/artifact/identify.ts";
import { STREAM_BYTES } from "../../gate/artifact/limits.ts";

const REAL = "test/corpus/artifacts/real";

function namesIn(bytes: Uint8Array) {
  return findHdf5Names(bufferSource("a.h5", bytes));
}

for (const [file, isKeras, holdsPickles] of [
  ["weights.h5", false, false],
  ["text-rows.h5", false, false],
  ["object-rows.h5", false, true],
  ["keras.h5", true, false],
  ["keras-dense.h5", true, false],
] as const) {
  test(`${file} is ${isKeras ? "a model of Keras" : "none of Keras"}, ${holdsPickles ? "with" : "without"} pickles`, async () => {
    const bytes = readFileSync(`${REAL}/${file}`);
    assert.deepEqual(await namesIn(bytes), { isKeras, holdsPickles, isSeen: true });
  });
}

test("a name is found wherever it stands, also where two reads meet", async () => {
  const rows = Buffer.from(`PSEUDOATOM${"\0".repeat(24)}vlunicode`, "latin1");
  for (let before = 0; before < 140; before++) {
    const at = STREAM_BYTES - before;
    const bytes = Buffer.alloc(2 * STREAM_BYTES + 17);
    bytes.write("model_config", at - 200, "latin1");
    bytes.set(rows, at);
    const expected = { isKeras: true, holdsPickles: false, isSeen: true };
    assert.deepEqual(await namesIn(bytes), expected, `${before}`);
  }
  for (let left = 12; left < 130; left++) {
    const bytes = Buffer.alloc(STREAM_BYTES + 5);
    bytes.write("model_config", bytes.length - left, "latin1");
    assert.equal((await namesIn(bytes)).isKeras, true, `${left}`);
  }
});

test("a heap with filters may hold any name, so that what it holds is not seen", async () => {
  const bytes = readFileSync(`${REAL}/keras-dense.h5`);
  const heap = bytes.indexOf("FRHP");
  bytes.write("x", bytes.indexOf("model_config"), "latin1");
  assert.equal((await findReadings(bufferSource("a.h5", bytes), "a.h5")).isSeen, true);
  bytes[heap + 7] = 12;
  assert.equal((await findReadings(bufferSource("a.h5", bytes), "a.h5")).isSeen, false);
});
