/**
 * Paths as git means them: bytes. Inside the engine a path is a string in which every byte that is not UTF-8 is
 * the lone surrogate U+DC80..U+DCFF (as in Python's PEP 383), so that two paths are never the same string.
 */

const REPLACEMENT = "\ufffd";

/** The string of a path's bytes. */
export function decodePath(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  // Only a path that holds the replacement character, honestly or not, needs the slow way.
  return text.includes(REPLACEMENT) ? decodeEscaping(bytes) : text;
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + bytes[at]!);
      at += 1;
    } else {
      text += Buffer.from(bytes.subarray(at, at + length)).toString("utf8");
      at += length;
    }
  }
  return text;
}

/** Bytes of the well-formed UTF-8 sequence at an offset (Unicode 16, table 3-7); 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.length) return 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1]!;
  if (second < low || second > high) return 0;
  for (let next = at + 2; next < at + length; next++) if ((bytes[next]! & 0xc0) !== 0x80) return 0;
  return length;
}

/** The bytes of a path; undoes `decodePath`. */
export function encodePath(path: string): Buffer {
  if (path.isWellFormed()) return Buffer.from(path, "utf8");
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.codePointAt(0)!;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(character, "utf8"));
  }
  return Buffer.concat(parts);
}

/** The folder that a path stands in; empty for the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folders above a path, nearest first, the root (empty) last. */
export function* foldersAbove(path: string): Generator<string> {
  for (let folder = folderOf(path); folder !== ""; folder = folderOf(folder)) yield folder;
  yield "";
}

/** The same for paths that are one file where names are told apart by neither case nor Unicode normalization. */
export function foldPath(path: string): string {
  // By way of the capitals: the long s and the Kelvin sign have small letters that are not theirs alone.
  return path.normalize("NFC").toUpperCase().toLowerCase();
}

/** The path from the root of what is written in a folder's file; a leading `/` is the root. Undefined if it leaves the repository. */
export function resolvePath(folder: string, written: string): string | undefined {
  const parts = written.startsWith("/") || folder === "" ? [] : folder.split("/");
  for (const part of written.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join("/");
}

/** How a path is written from a folder: with `../` where it stands outside. */
export function relativePath(folder: string, path: string): string {
  const from = folder === "" ? [] : folder.split("/");
  const to = path.split("/");
  let shared = 0;
  while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared++;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/");
}
