/** A content digest with its algorithm, as `sha256:<64 hex>`, `md5:<32 hex>[.dir]` or `git:<40 or 64 hex>`. */
export type Digest = `${"sha256" | "md5" | "git"}:${string}`;

const DIGEST = /^(?:sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}(?:\.dir)?|git:(?:[0-9a-f]{40}|[0-9a-f]{64}))$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}
