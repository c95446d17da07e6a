/**
 * Whether no item stands there twice, in the place of the library's own `uniqueItems`: that one calls `valueOf` of the objects that it compares, which a document
 * may bring as a key, and misses a repeated text `__proto__`.
 */
export function areUnique(items: readonly unknown[]): boolean {
  return new Set(items.map((item) => JSON.stringify(item, inOrder))).size === items.length;
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
