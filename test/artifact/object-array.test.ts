import assert from "node:assert/strict";
import { test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { findReadings } from "../../gate/artifact/identify.ts";
import { holdsObjects } from "../../gate/artifact/object-array.ts";
import { zipFile } from "../app/github/zip-file.ts";

function arrayOf(descr: string, version = 1): Buffer {
  const header = Buffer.from(`{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }\n`, "latin1");
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(header.length, 0, length.length);
  return Buffer.concat([Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, "latin1"), length, header]);
}

const PLAIN = [
  ...["'<f8'", "'|b1'", "'>i4'", "'<c16'", "'|S5'", "'<U10'", "'|V7'", "'<M8[ns]'", "'<m8[25s]'"],
  "[('Open', '<f8'), ('f8', '<i4'), ('v', '<f4', (2, 3))]",
  "[('p', [('x', '<f8'), ('y', '<f8')]), ('id', '<i4')]",
];

const OBJECTS = [
  ...["'|O'", "'O'", "'O8'", "'object'", "'\\x4f'", "'o' 'bject'", "'f8,O'", '"|O"'],
  "[('a', '|O')]",
  "[('p', [('x', '<f8'), ('y', '|O')]), ('id', '<i4')]",
];

for (const type of PLAIN) {
  test(`an array of ${type} holds no objects`, () => {
    assert.equal(holdsObjects(arrayOf(type)), false);
    assert.equal(holdsObjects(arrayOf(type, 2)), false);
  });
}

for (const type of OBJECTS) {
  test(`an array of ${type} may be a pickle`, async () => {
    assert.equal(holdsObjects(arrayOf(type)), true);
    assert.equal(holdsObjects(arrayOf(type, 3)), true);
    const { all } = await findReadings(bufferSource("a.npy", arrayOf(type)), "a.npy");
    assert.deepEqual(all, ["npy", "pickle"]);
  });
}

test("an archive of arrays is a pickle as soon as one of them is", async () => {
  const readingsOf = async (...types: readonly string[]) => {
    const members = types.map((type, index) => ({ name: `${index}.npy`, content: arrayOf(type) }));
    return (await findReadings(bufferSource("a.npz", zipFile(members)), "a.npz")).all;
  };
  assert.deepEqual(await readingsOf("'<f8'", "'<i4'"), ["npz"]);
  assert.deepEqual(await readingsOf("'<f8'", "'|O'"), ["npz", "pickle"]);
});

test("a header that goes on behind what was looked at may say anything", async () => {
  assert.equal(holdsObjects(arrayOf("'|O'").subarray(0, 20)), true);
  const content = arrayOf(`'|O'${" ".repeat(40_000)}`);
  const packed = bufferSource("a.npz", zipFile([{ name: "a.npy", content }]));
  assert.deepEqual((await findReadings(packed, "a.npz")).all, ["npz", "pickle"]);
});

test("what has no header at all is no array", () => {
  assert.equal(holdsObjects(Buffer.from("\x93NUMPY\x01\0", "latin1")), false);
});
