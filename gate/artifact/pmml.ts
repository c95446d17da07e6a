import type { ByteSource } from "../model/bytes.ts";
import { latin1, streamBytes } from "./bytes.ts";

/** The root element of a model, under whatever prefix (PMML 4.4, General Structure). */
const ROOT = /<(?:[^\s<>/:]{1,256}:)?PMML[\s>]/;
const ROOT_CHARS_MAX = 256 + "<:PMML>".length;

/** What may stand in front of the root element of an XML document (XML 1.0, section 2.8). */
const PROLOG = /\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^[>]*(?:\[.*?\]\s*)?>/sy;
const XML = /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*</;

/** Whether an XML document is a model in PMML; where its front shows no element, all of it is looked through. */
export async function isPmml(source: ByteSource, head: Uint8Array): Promise<boolean> {
  const text = plain(head);
  if (!XML.test(text)) return false;
  if (ROOT.test(text)) return true;
  if (source.size <= head.length || hasElement(text)) return false;
  let found = false;
  let kept = "";
  await streamBytes(source, (chunk) => {
    const window = kept + plain(chunk);
    found ||= ROOT.test(window);
    kept = window.slice(-ROOT_CHARS_MAX);
  });
  return found;
}

/** Each byte a character, and of the characters of UTF-16 and UTF-32 that are ASCII this one alone. */
function plain(bytes: Uint8Array): string {
  return latin1(bytes).replaceAll("\0", "");
}

/** Whether the front of a document reaches beyond its prolog. */
function hasElement(text: string): boolean {
  let at = text.indexOf("<");
  do {
    PROLOG.lastIndex = at;
    const item = PROLOG.exec(text);
    if (item === null) break;
    at = PROLOG.lastIndex;
  } while (at < text.length);
  return /^<[^!?]/.test(text.slice(at, at + 2));
}
