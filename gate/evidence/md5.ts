import { createHash } from "node:crypto";
import { streamBytes } from "../artifact/bytes.ts";
import type { ByteSource } from "../model/bytes.ts";

/** MD5 of a file as DVC takes it, 32 lower-case hex digits each. */
export interface Md5 {
  readonly plain: string;
  /** DVC 2: with the line ends of text made LF. */
  readonly normalized: string;
}

/** DVC reads and judges a file in pieces of this size. Source: dvc_data/hashfile/hash.py, fobj_md5. */
const CHUNK_BYTES = 1024 * 1024;
const SNIFF_BYTES = 512;
const TEXT_SHARE = 0.3;

/** Both MD5s of a source, in one pass. */
export async function md5Of(source: ByteSource): Promise<Md5> {
  const plain = createHash("md5");
  const normalized = createHash("md5");
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, source.size));
  let filled = 0;
  const flush = () => {
    normalized.update(normalizeText(chunk.subarray(0, filled)));
    filled = 0;
  };
  await streamBytes(source, (bytes) => {
    plain.update(bytes);
    for (let offset = 0; offset < bytes.length; ) {
      const part = bytes.subarray(offset, offset + chunk.length - filled);
      chunk.set(part, filled);
      filled += part.length;
      offset += part.length;
      if (filled === chunk.length) flush();
    }
  });
  flush();
  return { plain: plain.digest("hex"), normalized: normalized.digest("hex") };
}

/** CRLF made LF where the chunk begins as text. Source: `dos2unix` and `istextblock` there. */
function normalizeText(chunk: Buffer): Uint8Array {
  const head = chunk.subarray(0, SNIFF_BYTES);
  const isText = !head.includes(0) && head.filter(isNotText).length / head.length <= TEXT_SHARE;
  if (!isText || !chunk.includes("\r\n")) return chunk;
  return Buffer.from(chunk.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
}

function isNotText(byte: number): boolean {
  const isControl = byte < 32 && byte !== 8 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13;
  return isControl || byte > 126;
}
