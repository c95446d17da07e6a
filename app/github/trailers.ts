/** Co-authors that one commit may name; more are an attack on whoever has to look them up. */
export const CO_AUTHORS_MAX = 100;

const TRAILER = /^[ \t]*co-authored-by:[^\n<]*<([^<>\n]{1,254})>[ \t]*$/gim;
/**
 * E-mail addresses, in lower case, of all whom a message names as co-authors, wherever in it: GitHub believes only its
 * last paragraph, but a person who is named is named.
 */
export function coAuthorsOf(message: string): readonly string[] {
  const addresses = Array.from(message.replaceAll("\r", "").matchAll(TRAILER), ([, email = ""]) =>
    email.trim().toLowerCase(),
  );
  return [...new Set(addresses)];
}
