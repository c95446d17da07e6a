import { createHash } from "node:crypto";
import { fits } from "./shape.ts";
import { TOKEN } from "./vocabulary.ts";

const ESCAPED = "escaped:";
const DIGEST = "sha256:";

/**
 * What an entry says for a name that somebody chose freely. One that is a token stays as it is. Any other becomes
 * `escaped:` and its UTF-8 with every byte but letters, digits, `.`, `_` and `-` as `+` and two hex digits (RFC 3986,
 * section 2.1, with `+` for `%`); where that is longer than a token may be, `sha256:` and the digest of its UTF-8. No
 * token of one kind can be taken for one of another, so no two names meet.
 */
export function toEntryToken(name: string): string {
  const isOurs = name.startsWith(ESCAPED) || name.startsWith(DIGEST);
  if (!isOurs && fits(name, TOKEN)) return name;
  const escaped = `${ESCAPED}${name.replace(/[^A-Za-z0-9._-]/gu, toHex)}`;
  return fits(escaped, TOKEN) ? escaped : `${DIGEST}${createHash("sha256").update(name).digest("hex")}`;
}

function toHex(character: string): string {
  return Buffer.from(character).toString("hex").toUpperCase().replace(/../g, "+$&");
}
