import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { watchValues } from "../../gate/artifact/tensor-values.ts";

/** Bits of one element, by dtype; little-endian. */
const BITS: Readonly<
  Record<
    string,
    { bytes: number; one: bigint; infinity: bigint; nan: bigint; largest: bigint; minusZero: bigint }
  >
> = {
  F16: { bytes: 2, one: 0x3c00n, infinity: 0x7c00n, nan: 0x7e01n, largest: 0x7bffn, minusZero: 0x8000n },
  BF16: { bytes: 2, one: 0x3f80n, infinity: 0xff80n, nan: 0x7fc0n, largest: 0x7f7fn, minusZero: 0x8000n },
  F32: {
    bytes: 4,
    one: 0x3f800000n,
    infinity: 0x7f800000n,
    nan: 0xffc00001n,
    largest: 0xff7fffffn,
    minusZero: 0x80000000n,
  },
  F64: {
    bytes: 8,
    one: 0x3ff0000000000000n,
    infinity: 0xfff0000000000000n,
    nan: 0x7ff8000000000000n,
    largest: 0x7fefffffffffffffn,
    minusZero: 0x8000000000000000n,
  },
};

function encode(bytes: number, values: readonly bigint[]): Buffer {
  const encoded = Buffer.alloc(bytes * values.length);
  for (const [index, value] of values.entries()) {
    for (let byte = 0; byte < bytes; byte++)
      encoded[index * bytes + byte] = Number((value >> BigInt(8 * byte)) & 255n);
  }
  return encoded;
}

/** Codes found in one tensor that starts at an offset, streamed in chunks of one size. */
function watch(dtype: string, values: readonly bigint[], { offset = 0, chunk = 64 } = {}): readonly string[] {
  const { bytes } = BITS[dtype]!;
  const data = encode(bytes, values);
  const tensor = { name: "w", dtype, shape: [values.length], offset, bytes: data.length };
  const watched = watchValues([tensor]);
  // What stands around the tensor must not count.
  const file = Buffer.concat([Buffer.alloc(offset, 0xff), data, Buffer.alloc(16, 0xff)]);
  for (let start = 0; start < file.length; start += chunk)
    watched.visit(file.subarray(start, start + chunk), start);
  return watched.finish().map(({ code, severity }) => `${severity} ${code}`);
}

for (const [dtype, bits] of Object.entries(BITS)) {
  describe(`in ${dtype}`, () => {
    test("ordinary numbers are passed over", () => {
      assert.deepEqual(watch(dtype, [bits.one, 0n, bits.largest, bits.minusZero]), []);
    });

    test("NaN and infinity are seen at every place, wherever the tensor starts and chunks end", () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 20 }),
          fc.nat(19),
          fc.constantFrom(bits.nan, bits.infinity),
          fc.nat(9),
          fc.integer({ min: 1, max: 40 }),
          (length, place, value, offset, chunk) => {
            const values = Array<bigint>(length).fill(bits.largest);
            assert.deepEqual(watch(dtype, values, { offset, chunk }), []);
            values[place % length] = value;
            assert.deepEqual(watch(dtype, values, { offset, chunk }), ["warn TENSOR_NONFINITE"]);
          },
        ),
        { numRuns: 200 },
      );
    });

    test("nothing but zeros, of either sign, is seen", () => {
      for (const length of [2, 3, 17]) {
        const zeros = Array<bigint>(length).fill(bits.minusZero);
        assert.deepEqual(watch(dtype, zeros, { offset: 3, chunk: 5 }), ["warn TENSOR_ALL_ZERO"]);
        zeros[length - 1] = bits.one;
        assert.deepEqual(watch(dtype, zeros, { offset: 3, chunk: 5 }), []);
      }
    });

    test("one zero is a number like any other", () => assert.deepEqual(watch(dtype, [0n]), []));
  });
}

test("tensors that follow one another are told apart and named", () => {
  const tensors = Array.from({ length: 7 }, (_, index) => ({
    name: `t${index}`,
    dtype: "F32",
    shape: [2],
    offset: index * 8,
    bytes: 8,
  }));
  const watched = watchValues(tensors.toReversed());
  const data = Buffer.alloc(56);
  data.writeFloatLE(Number.NaN, 8);
  data.writeFloatLE(1, 52);
  watched.visit(data, 0);
  assert.deepEqual(watched.finish(), [
    {
      code: "TENSOR_NONFINITE",
      severity: "warn",
      where: '"t1"',
      message: 'NaN or infinity stands in "t1"',
    },
    {
      code: "TENSOR_ALL_ZERO",
      severity: "warn",
      where: '"t0"',
      message: 'Nothing but zeros stands in "t0", "t2", "t3", "t4", "t5"',
    },
  ]);
});

test("a dtype whose values are not looked at is passed over", () => {
  const watched = watchValues([{ name: "w", dtype: "I64", shape: [2], offset: 0, bytes: 16 }]);
  watched.visit(Buffer.alloc(16), 0);
  assert.deepEqual(watched.finish(), []);
});
