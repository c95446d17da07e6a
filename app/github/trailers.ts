/** Co-authors that one commit may name; more are an attack on whoever has to look them up. */
export const CO_AUTHORS_MAX = 100;

/** With a space before the colon, and over several lines, as git itself reads them. */
const TRAILER = /^[ \t]*co-authored-by[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)/gim;
const ADDRESS = /<([^<>\n]{1,254})>/g;

/**
 * E-mail addresses, in lower case, of all whom a message names as co-authors, wherever in it: GitHub believes only its
 * last paragraph, but a person who is named is named.
 */
export function coAuthorsOf(message: string): readonly string[] {
  const values = Array.from(message.replaceAll("\r", "").matchAll(TRAILER), ([, value = ""]) => value);
  const addresses = values.flatMap((value) =>
    Array.from(value.matchAll(ADDRESS), ([, email = ""]) => email.trim().toLowerCase()),
  );
  return [...new Set(addresses)];
}
