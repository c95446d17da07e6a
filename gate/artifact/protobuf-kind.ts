import type { ByteSource } from "../model/bytes.ts";
import type { FormatName } from "../model/formats.ts";
import { ByteWindow } from "./byte-window.ts";
import { latin1 } from "./bytes.ts";
import { PROTOBUF_FIELDS_MAX } from "./limits.ts";

/** The fields of one message, without their values. */
interface Fields {
  /** Field number to wire type. */
  readonly wires: ReadonlyMap<number, number>;
  /** Where the first value of a length-delimited field stands. */
  readonly spans: ReadonlyMap<number, readonly [start: number, end: number]>;
}

interface Schema {
  readonly format: FormatName;
  wireOf(field: number): number | undefined;
  /** At least one of these is there and has only fields of the schema beside it. */
  readonly inner: readonly (readonly [field: number, wires: ReadonlyMap<number, number>])[];
  /** Fields in one another down to a word that only this schema has there; fields beside them may be unknown. */
  readonly word?: readonly number[];
}

const VARINT = 0;
const LENGTH = 2;

const wires = (lengths: readonly number[], varints: readonly number[]): ReadonlyMap<number, number> =>
  new Map([...lengths.map((n) => [n, LENGTH] as const), ...varints.map((n) => [n, VARINT] as const)]);

const ONNX_MODEL = wires([2, 3, 4, 6, 7, 8, 14, 20, 25, 26], [1, 5]);
const ONNX_GRAPH = wires([1, 2, 5, 10, 11, 12, 13, 14, 15, 16], []);
const ONNX_OPSET = wires([1], [2]);
const COREML_MODEL = wires([2], [1, 10]);
const COREML_DESCRIPTION = wires([1, 10, 11, 12, 13, 20, 50, 100], []);
const TF_SAVED_MODEL = wires([2], [1]);
const TF_META_GRAPH = wires([1, 2, 3, 4, 5, 6, 7], []);
const TF_GRAPH = wires([1, 2, 4], [3]);
const TF_NODE = wires([1, 2, 3, 4, 5, 6, 7], []);

/** Protobuf has no magic: a message is of the schema that explains all of its fields (onnx.proto3, Model.proto). */
const SCHEMAS: readonly Schema[] = [
  {
    format: "onnx",
    wireOf: (field) => ONNX_MODEL.get(field),
    inner: [
      [7, ONNX_GRAPH],
      [8, ONNX_OPSET],
    ],
    // The operator of a node of the graph.
    word: [7, 1, 4],
  },
  {
    format: "coreml",
    // 200 to 3000 is the kind of the model, one of many messages.
    wireOf: (field) => COREML_MODEL.get(field) ?? (field >= 200 && field <= 3000 ? LENGTH : undefined),
    inner: [[2, COREML_DESCRIPTION]],
  },
  { format: "tf-savedmodel", wireOf: (field) => TF_SAVED_MODEL.get(field), inner: [[2, TF_META_GRAPH]] },
  { format: "tf-graphdef", wireOf: (field) => TF_GRAPH.get(field), inner: [[1, TF_NODE]] },
];

/** The format of the message that a whole file is; undefined if it is none that is known. */
export async function findProtobuf(source: ByteSource): Promise<FormatName | undefined> {
  const window = new ByteWindow(source);
  const top = await readFields(window, 0, source.size);
  if (top === undefined) return undefined;
  for (const schema of SCHEMAS) {
    const isExplained = [...top.wires].every(([field, wire]) => schema.wireOf(field) === wire);
    if (isExplained && (await hasInner(window, top, schema))) return schema.format;
  }
  for (const { format, wireOf, word } of SCHEMAS) {
    const isFit = [...top.wires].every(([field, wire]) => (wireOf(field) ?? wire) === wire);
    if (word !== undefined && isFit && (await hasWord(window, [0, source.size], word))) return format;
  }
  return undefined;
}

const WORD = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

/** Whether a path of fields leads to a word, in whichever of the fields of one number. */
async function hasWord(
  window: ByteWindow,
  [start, end]: readonly [number, number],
  [field, ...path]: readonly number[],
): Promise<boolean> {
  if (field === undefined) {
    const length = end - start;
    return (
      length <= 256 && (await window.cover(start, length)) && WORD.test(latin1(window.bytes(start, length)))
    );
  }
  for await (const { number, wire, span } of fieldsOf(window, start, end)) {
    if (number === field && wire === LENGTH && (await hasWord(window, span, path))) return true;
  }
  return false;
}

async function hasInner(window: ByteWindow, top: Fields, schema: Schema): Promise<boolean> {
  for (const [field, allowed] of schema.inner) {
    const span = top.spans.get(field);
    if (span === undefined) continue;
    const inner = await readFields(window, ...span);
    return inner !== undefined && [...inner.wires].every(([number, wire]) => allowed.get(number) === wire);
  }
  return false;
}

/** The fields between two offsets; undefined unless they fill it exactly, each of one wire type. */
async function readFields(window: ByteWindow, start: number, end: number): Promise<Fields | undefined> {
  const found = { wires: new Map<number, number>(), spans: new Map<number, readonly [number, number]>() };
  let offset = start;
  for await (const { number, wire, span } of fieldsOf(window, start, end)) {
    if ((found.wires.get(number) ?? wire) !== wire) return undefined;
    found.wires.set(number, wire);
    if (wire === LENGTH && !found.spans.has(number)) found.spans.set(number, span);
    offset = span[1];
  }
  return offset === end ? found : undefined;
}

interface Field {
  readonly number: number;
  readonly wire: number;
  /** Of its value. */
  readonly span: readonly [start: number, end: number];
}

/** The fields between two offsets, as far as they can be read. */
async function* fieldsOf(window: ByteWindow, start: number, end: number): AsyncGenerator<Field> {
  let offset = start;
  for (let count = 0; offset < end && count < PROTOBUF_FIELDS_MAX; count++) {
    const tag = await varintAt(window, offset, end);
    if (tag === undefined || tag.value < 8) return;
    const wire = tag.value % 8;
    const span = await valueAt(window, tag.end, { end, wire });
    if (span === undefined || span[1] > end) return;
    yield { number: Math.floor(tag.value / 8), wire, span };
    offset = span[1];
  }
}

async function valueAt(
  window: ByteWindow,
  offset: number,
  { end, wire }: { end: number; wire: number },
): Promise<readonly [number, number] | undefined> {
  if (wire === 1) return [offset, offset + 8];
  if (wire === 5) return [offset, offset + 4];
  const varint = await varintAt(window, offset, end);
  if (varint === undefined) return undefined;
  if (wire === VARINT) return [offset, varint.end];
  return wire === LENGTH ? [varint.end, varint.end + varint.value] : undefined;
}

/** Up to ten bytes; beyond 2^53 the value is not exact, and then no length or tag of anything. */
async function varintAt(window: ByteWindow, offset: number, end: number) {
  const length = Math.min(10, end - offset);
  if (!(await window.cover(offset, length))) return undefined;
  let value = 0;
  for (let index = 0; index < length; index++) {
    const byte = window.u8(offset + index);
    value += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return { value, end: offset + index + 1 };
  }
  return undefined;
}
