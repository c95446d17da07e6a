import type { ByteSource } from "../model/bytes.ts";
import type { FormatName } from "../model/formats.ts";
import { PEEK_INPUT_BYTES, PEEK_OUTPUT_BYTES } from "./limits.ts";

type Codec = "gzip" | "zlib" | "deflate";

const DECODERS = { gzip: "createGunzip", zlib: "createInflate", deflate: "createInflateRaw" } as const;

/** The first bytes that come out of compressed ones: up to a limit, or to where the data is cut off or broken. */
export async function inflateHead(
  codec: Codec,
  input: Uint8Array,
  bytesMax = PEEK_OUTPUT_BYTES,
): Promise<Uint8Array> {
  const zlib = await import("node:zlib");
  return new Promise((resolve) => {
    const stream = zlib[DECODERS[codec]]({ finishFlush: zlib.constants.Z_SYNC_FLUSH });
    const chunks: Uint8Array[] = [];
    let length = 0;
    const finish = () => {
      stream.destroy();
      resolve(Buffer.concat(chunks).subarray(0, bytesMax));
    };
    stream.on("data", (chunk: Uint8Array) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= bytesMax) finish();
    });
    // What came out before the fault is what a loader would have run.
    stream.on("error", finish);
    stream.on("end", finish);
    stream.end(input);
  });
}

/** Where the compressed bytes of a wrapper begin, of those that Node can open on every supported version. */
const WRAPPERS: ReadonlyMap<FormatName, { readonly codec: Codec; readonly offset: number }> = new Map([
  ["gzip", { codec: "gzip", offset: 0 }],
  ["zlib", { codec: "zlib", offset: 0 }],
  // `ZF` and the length in 19 characters; one more blank in some versions of joblib (numpy_pickle_compat.py).
  ["joblib-zfile", { codec: "zlib", offset: 21 }],
]);

/** The first bytes inside a compressed file; undefined for a format that cannot be looked into. */
export async function peekInside(format: FormatName, source: ByteSource): Promise<Uint8Array | undefined> {
  const wrapper = WRAPPERS.get(format);
  if (wrapper === undefined || source.size <= wrapper.offset) return undefined;
  const { codec, offset } = wrapper;
  return inflateHead(codec, await source.read(offset, Math.min(PEEK_INPUT_BYTES, source.size - offset)));
}

/** What comes out of a compressed file, all of it unless more would have to be read or made than the limit allows. */
export async function unpackInside(
  format: FormatName,
  source: ByteSource,
  bytesMax: number,
): Promise<Unpacked | undefined> {
  const wrapper = WRAPPERS.get(format);
  if (wrapper === undefined || source.size <= wrapper.offset) return undefined;
  const { codec, offset } = wrapper;
  const length = Math.min(bytesMax, source.size - offset);
  const bytes = await inflateHead(codec, await source.read(offset, length), bytesMax);
  return { bytes, isWhole: offset + length === source.size && bytes.length < bytesMax };
}

/** What was unpacked, to its end or to a limit. */
export interface Unpacked {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
}
