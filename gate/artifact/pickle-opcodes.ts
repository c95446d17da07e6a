/** How an opcode's argument is written after it. Lengths are little-endian. */
export type Argument =
  | { readonly kind: "none" }
  | { readonly kind: "fixed"; readonly bytes: number }
  /** A length of `prefix` bytes, then that many bytes. */
  | { readonly kind: "counted"; readonly prefix: 1 | 4 | 8; readonly signed: boolean }
  /** Text up to a line feed; `module` and `name` are two such lines. */
  | { readonly kind: "line"; readonly text: "int" | "float" | "index" | "string" | "any" }
  | { readonly kind: "global" };

export interface Opcode {
  readonly name: string;
  readonly argument: Argument;
  /** Takes everything above the topmost mark, and the mark, before `pops`. */
  readonly toMark: boolean;
  /** Values taken and values put. */
  readonly pops: number;
  readonly pushes: number;
}

const NONE: Argument = { kind: "none" };
const GLOBAL: Argument = { kind: "global" };
const fixed = (bytes: number): Argument => ({ kind: "fixed", bytes });
const counted = (prefix: 1 | 4 | 8): Argument => ({ kind: "counted", prefix, signed: false });
const COUNTED_SIGNED: Argument = { kind: "counted", prefix: 4, signed: true };
const line = (text: "int" | "float" | "index" | "string" | "any"): Argument => ({ kind: "line", text });

type Row = readonly [code: number, name: string, argument: Argument, pops: number, pushes: number];

/** The 68 opcodes of protocols 0 to 5 (CPython, Lib/pickletools.py). */
const ROWS: readonly Row[] = [
  [0x49, "INT", line("int"), 0, 1],
  [0x4a, "BININT", fixed(4), 0, 1],
  [0x4b, "BININT1", fixed(1), 0, 1],
  [0x4d, "BININT2", fixed(2), 0, 1],
  [0x4c, "LONG", line("int"), 0, 1],
  [0x8a, "LONG1", counted(1), 0, 1],
  [0x8b, "LONG4", COUNTED_SIGNED, 0, 1],
  [0x53, "STRING", line("string"), 0, 1],
  [0x54, "BINSTRING", COUNTED_SIGNED, 0, 1],
  [0x55, "SHORT_BINSTRING", counted(1), 0, 1],
  [0x56, "UNICODE", line("any"), 0, 1],
  [0x58, "BINUNICODE", counted(4), 0, 1],
  [0x8c, "SHORT_BINUNICODE", counted(1), 0, 1],
  [0x8d, "BINUNICODE8", counted(8), 0, 1],
  [0x42, "BINBYTES", counted(4), 0, 1],
  [0x43, "SHORT_BINBYTES", counted(1), 0, 1],
  [0x8e, "BINBYTES8", counted(8), 0, 1],
  [0x96, "BYTEARRAY8", counted(8), 0, 1],
  [0x4e, "NONE", NONE, 0, 1],
  [0x88, "NEWTRUE", NONE, 0, 1],
  [0x89, "NEWFALSE", NONE, 0, 1],
  [0x46, "FLOAT", line("float"), 0, 1],
  [0x47, "BINFLOAT", fixed(8), 0, 1],
  [0x29, "EMPTY_TUPLE", NONE, 0, 1],
  [0x5d, "EMPTY_LIST", NONE, 0, 1],
  [0x7d, "EMPTY_DICT", NONE, 0, 1],
  [0x8f, "EMPTY_SET", NONE, 0, 1],
  [0x97, "NEXT_BUFFER", NONE, 0, 1],
  [0x98, "READONLY_BUFFER", NONE, 1, 1],
  [0x28, "MARK", NONE, 0, 0],
  [0x30, "POP", NONE, 1, 0],
  [0x32, "DUP", NONE, 1, 2],
  [0x85, "TUPLE1", NONE, 1, 1],
  [0x86, "TUPLE2", NONE, 2, 1],
  [0x87, "TUPLE3", NONE, 3, 1],
  [0x61, "APPEND", NONE, 2, 1],
  [0x73, "SETITEM", NONE, 3, 1],
  [0x70, "PUT", line("index"), 1, 1],
  [0x71, "BINPUT", fixed(1), 1, 1],
  [0x72, "LONG_BINPUT", fixed(4), 1, 1],
  [0x94, "MEMOIZE", NONE, 1, 1],
  [0x67, "GET", line("index"), 0, 1],
  [0x68, "BINGET", fixed(1), 0, 1],
  [0x6a, "LONG_BINGET", fixed(4), 0, 1],
  [0x63, "GLOBAL", GLOBAL, 0, 1],
  [0x93, "STACK_GLOBAL", NONE, 2, 1],
  [0x82, "EXT1", fixed(1), 0, 1],
  [0x83, "EXT2", fixed(2), 0, 1],
  [0x84, "EXT4", fixed(4), 0, 1],
  [0x52, "REDUCE", NONE, 2, 1],
  [0x81, "NEWOBJ", NONE, 2, 1],
  [0x92, "NEWOBJ_EX", NONE, 3, 1],
  [0x62, "BUILD", NONE, 2, 1],
  [0x50, "PERSID", line("any"), 0, 1],
  [0x51, "BINPERSID", NONE, 1, 1],
  [0x80, "PROTO", fixed(1), 0, 0],
  [0x95, "FRAME", fixed(8), 0, 0],
  [0x2e, "STOP", NONE, 1, 0],
];

const TO_MARK_ROWS: readonly Row[] = [
  [0x31, "POP_MARK", NONE, 0, 0],
  [0x74, "TUPLE", NONE, 0, 1],
  [0x6c, "LIST", NONE, 0, 1],
  [0x64, "DICT", NONE, 0, 1],
  [0x91, "FROZENSET", NONE, 0, 1],
  [0x65, "APPENDS", NONE, 1, 1],
  [0x75, "SETITEMS", NONE, 1, 1],
  [0x90, "ADDITEMS", NONE, 1, 1],
  [0x69, "INST", GLOBAL, 0, 1],
  [0x6f, "OBJ", NONE, 0, 1],
];

/** Opcodes by their byte. */
export const OPCODES: ReadonlyMap<number, Opcode> = new Map([
  ...ROWS.map((row) => toEntry(row, false)),
  ...TO_MARK_ROWS.map((row) => toEntry(row, true)),
]);

function toEntry([code, name, argument, pops, pushes]: Row, toMark: boolean): [number, Opcode] {
  return [code, { name, argument, toMark, pops, pushes }];
}
