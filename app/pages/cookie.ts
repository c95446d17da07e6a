/** Cookies as RFC 6265 sends them: as few of its liberties as our own need. */

/** UTF-16 units of a `Cookie` header that is looked at; ours are below 2,000. */
export const COOKIE_HEADER_CHARS_MAX = 8_192;

const VALUE = /^[A-Za-z0-9._-]{0,4096}$/;

/** The cookie's value; undefined if it is absent, twice there, or of a form that we never give. */
export function findCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined || header.length > COOKIE_HEADER_CHARS_MAX) return undefined;
  const values = header.split(";").flatMap((pair) => {
    const [key = "", value = ""] = pair.trim().split(/=(.*)/s, 2);
    return key === name ? [value] : [];
  });
  // Two of one name: a neighbour of our host may have planted one, and nothing says which.
  return values.length === 1 && VALUE.test(values[0]!) ? values[0] : undefined;
}

/** A cookie that scripts cannot read, and that other sites' pages do not send along but for following a link. */
export interface CookieJar {
  readonly name: string;
  /** The `Set-Cookie` line that keeps a value for as many seconds. */
  set(value: string, seconds: number): string;
  /** The `Set-Cookie` line that removes it. */
  clear(): string;
}

/** A cookie of the host alone: with https its `__Host-` prefix has the browser hold to that. */
export function hostCookie(name: string, isHttps: boolean): CookieJar {
  const full = isHttps ? `__Host-${name}` : name;
  const flags = `Path=/; HttpOnly; SameSite=Lax${isHttps ? "; Secure" : ""}`;
  return {
    name: full,
    set: (value, seconds) => `${full}=${value}; Max-Age=${seconds}; ${flags}`,
    clear: () => `${full}=; Max-Age=0; ${flags}`,
  };
}
