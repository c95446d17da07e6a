import { isUtf8 } from "node:buffer";
import { GateError } from "../model/error.ts";

/** Half of what V8 can hold in one string; no text that a gate reads comes near. */
export const TEXT_BYTES_MAX = 256 * 1024 * 1024;

const FIX = "Save the file as UTF-8 without a byte order mark";

/** Longest first: UTF-32LE begins with the mark of UTF-16LE. */
const MARKS: readonly { readonly name: string; readonly bytes: readonly number[] }[] = [
  { name: "UTF-32LE", bytes: [0xff, 0xfe, 0, 0] },
  { name: "UTF-32BE", bytes: [0, 0, 0xfe, 0xff] },
  { name: "UTF-8 with a byte order mark", bytes: [0xef, 0xbb, 0xbf] },
  { name: "UTF-16LE", bytes: [0xff, 0xfe] },
  { name: "UTF-16BE", bytes: [0xfe, 0xff] },
];

/**
 * The text of a file that has to be UTF-8 (RFC 3629). Throws `TEXT_ENCODING` for a byte order mark, a NUL and
 * every invalid byte, with its offset and line; `TEXT_TOO_LARGE` above `TEXT_BYTES_MAX`.
 */
export function decodeUtf8(bytes: Uint8Array, path: string): string {
  if (bytes.length > TEXT_BYTES_MAX) {
    const message = `Cannot read ${path}: ${bytes.length} bytes, limit for a text is ${TEXT_BYTES_MAX}`;
    throw new GateError("TEXT_TOO_LARGE", message, { place: { path } });
  }
  const mark = MARKS.find((candidate) => candidate.bytes.every((byte, index) => bytes[index] === byte));
  if (mark !== undefined) {
    throw encodingError(path, 1, `the file is ${mark.name}, expected UTF-8 without a byte order mark`);
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) {
    throw encodingError(path, lineOf(bytes, nul), `NUL at byte ${nul}, expected text in UTF-8`);
  }
  if (!isUtf8(bytes)) {
    const offset = invalidOffset(bytes);
    const byte = bytes[offset]!.toString(16).padStart(2, "0");
    throw encodingError(path, lineOf(bytes, offset), `byte 0x${byte} at ${offset} is not UTF-8`);
  }
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function encodingError(path: string, line: number, state: string): GateError {
  return new GateError("TEXT_ENCODING", `Cannot read ${path}: ${state}`, { place: { path, line }, fix: FIX });
}

function lineOf(bytes: Uint8Array, offset: number): number {
  let line = 1;
  for (let at = bytes.indexOf(0x0a); at >= 0 && at < offset; at = bytes.indexOf(0x0a, at + 1)) line++;
  return line;
}

/** Offset of the first byte that begins no well-formed sequence (Unicode 16, table 3-7). */
function invalidOffset(bytes: Uint8Array): number {
  let offset = 0;
  while (offset < bytes.length) {
    const length = sequenceLength(bytes, offset);
    if (length === 0) return offset;
    offset += length;
  }
  return offset;
}

/** Bytes of the well-formed sequence at an offset; 0 if there is none. */
function sequenceLength(bytes: Uint8Array, offset: number): number {
  const lead = bytes[offset]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[offset + 1] ?? 0;
  if (second < low || second > high) return 0;
  for (let index = 2; index < length; index++) {
    if (((bytes[offset + index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}
