import { isUtf8 } from "node:buffer";

/** What text files hold of the controls: tab, line feed, form feed, carriage return, escape (terminal colours). */
const TEXT_CONTROLS = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b]);
/** Of one character in UTF-8, less one: as much as a cut can leave over. */
const CUT_BYTES_MAX = 3;

/** Whether bytes from the front of a file are UTF-8 text, the last character of it perhaps cut off. */
export function isText(head: Uint8Array): boolean {
  if (hasControls(head)) return false;
  for (let cut = 0; cut <= Math.min(CUT_BYTES_MAX, head.length); cut++) {
    if (isUtf8(head.subarray(0, head.length - cut))) return true;
  }
  return false;
}

/** Whether bytes hold what no text does, in whatever encoding of one byte for a letter. */
export function hasControls(head: Uint8Array): boolean {
  // A loop, for `some` was most of the time of a large archive.
  for (let index = 0; index < head.length; index++) {
    const byte = head[index]!;
    if ((byte < 0x20 && !TEXT_CONTROLS.has(byte)) || byte === 0x7f) return true;
  }
  return false;
}
