import type { ByteSource } from "../model/bytes.ts";
import type { FormatName } from "../model/formats.ts";
import { PEEK_BYTES } from "./limits.ts";

/** Blocked gzip makes a stream of as much (SAM specification, section 4.1): shorter ones are counted as that. */
const STREAM_BYTES = 64 * 1024;
/** What a fault loses is less: Python's readers have handed out 8 KiB by then. */
const CHUNK_BYTES = 4096;

type Codec = "gzip" | "zlib" | "deflate";

export interface Unpacked {
  readonly bytes: Uint8Array;
  /** At its `end` nothing follows that a reader may unpack as well. */
  readonly ended: "end" | "limit" | "fault";
  /** What it took, in bytes read or made, and in streams. */
  readonly cost: number;
}

/**
 * What comes out of compressed bytes: up to a limit, or to where the data is cut off or broken. One stream behind
 * another goes on with it, zeros between them or not, as Python has it for gzip (gzip.py, _read_eof) and joblib for zlib.
 */
export async function inflate(codec: Codec, input: Uint8Array, bytesMax: number): Promise<Unpacked> {
  const chunks: Uint8Array[] = [];
  let made = 0;
  let rest = input;
  const result = (ended: Unpacked["ended"]) => ({
    bytes: Buffer.concat(chunks),
    ended,
    cost: Math.max(input.length, made, (chunks.length - 1) * STREAM_BYTES),
  });
  while (made < bytesMax && chunks.length <= bytesMax / STREAM_BYTES) {
    const header = codec === "gzip" ? gzipHeaderBytes(rest) : 0;
    if (header === undefined) return result("fault");
    const stream = await inflateStream(codec, rest.subarray(header), bytesMax - made);
    chunks.push(stream.bytes);
    made += stream.bytes.length;
    if (!stream.hasEnded) return result(made < bytesMax ? "fault" : "limit");
    rest = withoutZeros(rest.subarray(header + stream.read + (codec === "gzip" ? GZIP_TRAILER_BYTES : 0)));
    if (rest.length === 0) return result(made < bytesMax ? "end" : "limit");
    if (codec === "deflate") return result("fault");
  }
  return result("limit");
}

interface Stream {
  readonly bytes: Uint8Array;
  /** Bytes of the input that it took. */
  readonly read: number;
  /** By itself or with its input, and neither by a fault nor at the limit. */
  readonly hasEnded: boolean;
}

async function inflateStream(codec: Codec, input: Uint8Array, bytesMax: number): Promise<Stream> {
  const zlib = await import("node:zlib");
  const options = { chunkSize: CHUNK_BYTES, finishFlush: zlib.constants.Z_SYNC_FLUSH };
  return new Promise((resolve) => {
    const stream = codec === "zlib" ? zlib.createInflate(options) : zlib.createInflateRaw(options);
    const chunks: Uint8Array[] = [];
    let length = 0;
    const finish = (hasEnded: boolean) => {
      stream.destroy();
      resolve({ bytes: Buffer.concat(chunks).subarray(0, bytesMax), read: stream.bytesWritten, hasEnded });
    };
    stream.on("data", (chunk: Uint8Array) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= bytesMax) finish(false);
    });
    // What came out before the fault is what a loader would have run.
    stream.on("error", () => finish(false));
    stream.on("end", () => finish(true));
    stream.end(input);
  });
}

const GZIP_TRAILER_BYTES = 8;
const GZIP_HEADER_BYTES = 10;
/** Flags of a gzip header that bring a field with them (RFC 1952, section 2.3.1). */
const GZIP_FLAGS = { headerCrc: 2, extra: 4, name: 8, comment: 16 } as const;

/** Length of a gzip header, of which Python checks no more than the magic and the method; undefined if it is none. */
function gzipHeaderBytes(bytes: Uint8Array): number | undefined {
  const [first, second, method, flags = 0] = bytes;
  if (first !== 0x1f || second !== 0x8b || method !== 8) return undefined;
  let end = GZIP_HEADER_BYTES;
  if (flags & GZIP_FLAGS.extra) end += 2 + (bytes[end] ?? 0) + (bytes[end + 1] ?? 0) * 256;
  for (const text of [GZIP_FLAGS.name, GZIP_FLAGS.comment]) {
    if ((flags & text) === 0) continue;
    const zero = bytes.indexOf(0, end);
    if (zero < 0) return bytes.length;
    end = zero + 1;
  }
  return Math.min(bytes.length, flags & GZIP_FLAGS.headerCrc ? end + 2 : end);
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (bytes[start] === 0) start++;
  return bytes.subarray(start);
}

/** Where the compressed bytes of a wrapper begin, of those that Node can open on every supported version. */
const WRAPPERS: ReadonlyMap<FormatName, { readonly codec: Codec; readonly offset: number }> = new Map([
  ["gzip", { codec: "gzip", offset: 0 }],
  ["zlib", { codec: "zlib", offset: 0 }],
  // `ZF` and the length in 19 characters; one more blank in some versions of joblib (numpy_pickle_compat.py).
  ["joblib-zfile", { codec: "zlib", offset: 21 }],
]);

/**
 * What comes out of a compressed file: its first bytes, or all of it unless more would have to be read or made than a
 * limit allows. Undefined for a format that cannot be looked into.
 */
export async function unpackInside(
  format: FormatName,
  source: ByteSource,
  bytesMax = PEEK_BYTES,
): Promise<Unpacked | undefined> {
  const wrapper = WRAPPERS.get(format);
  if (wrapper === undefined || source.size <= wrapper.offset) return undefined;
  const { codec, offset } = wrapper;
  const length = Math.min(bytesMax, source.size - offset);
  const unpacked = await inflate(codec, await source.read(offset, length), bytesMax);
  return offset + length < source.size ? cutOff(unpacked) : unpacked;
}

/** What was unpacked, where there was more to unpack than was given. */
export function cutOff(unpacked: Unpacked): Unpacked {
  return unpacked.ended === "end" ? { ...unpacked, ended: "limit" } : unpacked;
}
