import { isUtf8 } from "node:buffer";
import type { ByteSource } from "../model/bytes.ts";
import { Cursor, utf8 } from "./bytes.ts";
import { Findings, quoted } from "./findings.ts";
import { SAFETENSORS_HEADER_BYTES_FORMAT_MAX, SAFETENSORS_HEADER_BYTES_MAX } from "./limits.ts";
import type { Contents, Examination, Reader, Tensor } from "./reader.ts";
import { parseHeader, type SafetensorsHeader, type StatedTensor } from "./safetensors-header.ts";
import { watchValues } from "./tensor-values.ts";

const LENGTH_BYTES = 8;
const OPEN_BRACE = 0x7b;

/** Bits of one element (safetensors/src/tensor.rs, Dtype). */
const DTYPE_BITS: ReadonlyMap<string, number> = new Map([
  ["BOOL", 8],
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ["U8", 8],
  ["I8", 8],
  ["F8_E5M2", 8],
  ["F8_E4M3", 8],
  ["F8_E8M0", 8],
  ["F8_E4M3FNUZ", 8],
  ["F8_E5M2FNUZ", 8],
  ["I16", 16],
  ["U16", 16],
  ["F16", 16],
  ["BF16", 16],
  ["I32", 32],
  ["U32", 32],
  ["F32", 32],
  ["C64", 64],
  ["F64", 64],
  ["I64", 64],
  ["U64", 64],
]);

/**
 * Examines a safetensors file: 8 bytes of length, a JSON header of that length, and the tensors one after another
 * without a byte between, before or after them. Only then is the file complete.
 */
export const readSafetensors: Reader = async ({ source }) => {
  const findings = new Findings();
  const text = await readHeaderText(source, findings);
  if (text === undefined) return { findings: findings.list(), complete: false };
  const header = parseHeader(text.header, findings);
  const contents = checkTensors(header, text.dataOffset, findings);
  checkLayout(header, source.size - text.dataOffset, findings);
  return examined(contents, findings);
};

function examined(contents: Contents, findings: Findings): Examination {
  // Which bytes are a tensor's is certain only when nothing is wrong.
  if (!findings.empty) return { findings: findings.list(), complete: false, contents };
  return { findings: [], complete: true, contents, values: watchValues(contents.tensors) };
}

/** The header as text and where the data begins; undefined, with the finding, if there is no such text. */
async function readHeaderText(source: ByteSource, findings: Findings) {
  const length = await readHeaderLength(source, findings);
  if (length === undefined) return undefined;
  const bytes = await source.read(LENGTH_BYTES, length);
  if (bytes[0] !== OPEN_BRACE) {
    findings.fail("HEADER_NONCANONICAL", "offset 8", "The header does not begin with {");
  }
  if (!isUtf8(bytes)) {
    findings.fail("HEADER_ENCODING", "header", "The header is not UTF-8");
    return undefined;
  }
  const header = utf8(bytes);
  // The writer pads with spaces; other white space here is nobody's.
  if (/[\t\n\r] *$/.test(header)) {
    findings.fail("HEADER_NONCANONICAL", "header", "The header ends with white space other than spaces");
  }
  return { header, dataOffset: LENGTH_BYTES + length };
}

async function readHeaderLength(source: ByteSource, findings: Findings): Promise<number | undefined> {
  if (source.size < LENGTH_BYTES) {
    findings.fail(
      "HEADER_TOO_SMALL",
      "",
      `${source.size} bytes, expected ${LENGTH_BYTES} for the length of the header`,
    );
    return undefined;
  }
  const length = new Cursor(await source.read(0, LENGTH_BYTES), source.name).u64();
  const left = source.size - LENGTH_BYTES;
  if (length > SAFETENSORS_HEADER_BYTES_FORMAT_MAX) {
    const limit = SAFETENSORS_HEADER_BYTES_FORMAT_MAX;
    findings.fail(
      "HEADER_TOO_LARGE",
      "offset 0",
      `The header says it has ${length} bytes, limit of the format is ${limit}`,
    );
  } else if (length > left) {
    findings.fail(
      "HEADER_LENGTH",
      "offset 0",
      `The header says it has ${length} bytes, ${left} are left in the file`,
    );
  } else if (length > SAFETENSORS_HEADER_BYTES_MAX) {
    findings.fail(
      "HEADER_TOO_LARGE",
      "offset 0",
      `The header has ${length} bytes, limit is ${SAFETENSORS_HEADER_BYTES_MAX}`,
    );
  } else if (length < 2n) {
    findings.fail("HEADER_TOO_SMALL", "offset 0", `The header has ${length} bytes, expected 2 for {}`);
  } else {
    return Number(length);
  }
  return undefined;
}

/** The tensors whose statements agree with themselves, with a finding for every other. */
function checkTensors(header: SafetensorsHeader, dataOffset: number, findings: Findings): Contents {
  const tensors = header.tensors.flatMap((stated) => checkTensor(stated, dataOffset, findings) ?? []);
  return { metadata: header.metadata, tensors };
}

function checkTensor(
  { name, dtype, shape, span }: StatedTensor,
  dataOffset: number,
  findings: Findings,
): Tensor | undefined {
  if (dtype === undefined || shape === undefined) return undefined;
  const bits = DTYPE_BITS.get(dtype);
  if (bits === undefined) {
    findings.failNamed("DTYPE_UNKNOWN", name, `The dtype is ${quoted(dtype)}`);
    return undefined;
  }
  const size = multiply(bits, shape);
  if (size === undefined) {
    findings.failNamed(
      "SHAPE_OVERFLOW",
      name,
      `The shape [${shape.join(", ")}] has more elements than can be counted`,
    );
    return undefined;
  }
  if (size % 8 !== 0) {
    findings.failNamed("TENSOR_MISALIGNED", name, `${size} bits are no whole number of bytes`);
    return undefined;
  }
  if (span === undefined) return undefined;
  const [start, end] = span;
  if (end - start !== size / 8) {
    const stated = `${dtype} [${shape.join(", ")}] takes ${size / 8} bytes`;
    findings.failNamed("TENSOR_SIZE", name, `${stated}, the offsets ${start} to ${end} leave ${end - start}`);
  }
  return { name, dtype, shape, offset: dataOffset + start, bytes: size / 8 };
}

/** Bits of all elements, undefined beyond 2^53. As readers multiply: a zero does not undo an overflow before it. */
function multiply(bits: number, shape: readonly number[]): number | undefined {
  let product = bits;
  for (const dimension of shape) {
    product *= dimension;
    if (!Number.isSafeInteger(product)) return undefined;
  }
  return product;
}

interface Span {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Tensors follow one another from the first byte of the data to the last (safetensors/src/tensor.rs, validate). */
function checkLayout(header: SafetensorsHeader, dataBytes: number, findings: Findings): void {
  const spans = header.tensors.flatMap(({ name, span }): readonly Span[] =>
    span === undefined ? [] : [{ name, start: span[0], end: span[1] }],
  );
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  let expected = 0;
  for (const span of spans) {
    checkSpan(span, expected, findings);
    expected = Math.max(expected, span.end);
  }
  const isAllKnown = header.isWhole && spans.length === header.tensors.length;
  if (expected > dataBytes) {
    findings.fail("TRUNCATED", "", `The tensors take ${expected} bytes, the file holds ${dataBytes} of them`);
  } else if (expected < dataBytes && isAllKnown) {
    findings.fail("TRAILING_DATA", "", `${dataBytes - expected} bytes follow the last tensor`);
  }
}

function checkSpan({ name, start, end }: Span, expected: number, findings: Findings): void {
  if (end < start) {
    findings.failNamed("TENSOR_RANGE", name, `It ends at ${end}, before it starts at ${start}`);
  } else if (start > expected) {
    findings.failNamed("TENSOR_GAP", name, `Nothing explains the bytes from ${expected} to ${start}`);
  } else if (start < expected) {
    const state = `It starts at ${start}, inside another that ends at ${expected}`;
    findings.failNamed("TENSOR_OVERLAP", name, state);
  }
}
