/** Longer words are never slips of the pen, and the comparison takes time by their product. */
const WORD_CHARS_MAX = 64;

/** The candidate that a slip of the pen would explain (one edit in three letters), if there is one. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_CHARS_MAX) return undefined;
  let best: string | undefined;
  let least = Math.floor(word.length / 3) + 1;
  for (const candidate of candidates) {
    if (candidate.length > WORD_CHARS_MAX) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/**
 * The candidate that says the same at another length, if there is only one: `credit` for `consumer-credit`,
 * `anti-money-laundering` for `aml`.
 */
export function nearestPart(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_CHARS_MAX) return undefined;
  const parts = partsOf(word);
  const found = [...candidates].filter((candidate) => {
    const others = partsOf(candidate);
    return (
      isRun(parts, others) || isRun(others, parts) || isInitials(parts, others) || isInitials(others, parts)
    );
  });
  return found.length === 1 ? found[0] : undefined;
}

function partsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== "");
}

function isRun(few: readonly string[], many: readonly string[]): boolean {
  return few.length > 0 && ` ${many.join(" ")} `.includes(` ${few.join(" ")} `);
}

function isInitials([word, ...rest]: readonly string[], parts: readonly string[]): boolean {
  return rest.length === 0 && parts.length > 1 && word === parts.map((part) => part.charAt(0)).join("");
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
