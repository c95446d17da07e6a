/** A safetensors file of a header and data, right or wrong; the length may lie. */
export function safetensorsFile(
  header: object | string,
  data: Uint8Array | number = 0,
  length?: bigint,
): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([prefix, text, typeof data === "number" ? Buffer.alloc(data, 1) : data]);
}

/** The entry of one tensor. */
export function tensor(dtype: string, shape: readonly number[], ...data_offsets: readonly number[]): object {
  return { dtype, shape, data_offsets };
}
