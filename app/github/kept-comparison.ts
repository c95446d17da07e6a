import type { ObjectCache } from "./cache.ts";
import type { Comparison, Range } from "./comparison.ts";

/** One of very long messages is asked for again. */
const COMPARISON_BYTES_MAX = 256 * 1024;

/** Commits that a head has and its base does not, which two ids fix for ever. */
export interface Stretch {
  readonly mergeBase: string;
  /** All of them; absent where they are too many for one answer. */
  readonly commits?: readonly string[];
}

/** A comparison that was kept; what its trees are is kept by commit. */
export async function findComparison(cache: ObjectCache, range: Range): Promise<Comparison | undefined> {
  const kept = await findKept<KeptComparison>(cache, nameOf("compared", range));
  return kept && { ...range, ...kept, trees: new Map() };
}

type KeptComparison = Pick<Comparison, "mergeBase" | "commits" | "total">;

/**
 * Keeps a comparison with the accounts that its addresses belong to. An address that belongs to nobody may belong to
 * somebody tomorrow, who would then be one who had a hand in the change: with such a one it is not kept.
 */
export async function keepComparison(cache: ObjectCache, comparison: Comparison): Promise<void> {
  const { mergeBase, commits, total } = comparison;
  const people = commits.flatMap(({ author, committer }) => [author, committer]);
  if (people.some(({ account }) => account === undefined)) return;
  await keep(cache, nameOf("compared", comparison), { mergeBase, commits, total } satisfies KeptComparison);
}

export function findStretch(cache: ObjectCache, range: Range): Promise<Stretch | undefined> {
  return findKept<Stretch>(cache, nameOf("stretch", range));
}

export async function keepStretch(cache: ObjectCache, range: Range, stretch: Stretch): Promise<void> {
  await keep(cache, nameOf("stretch", range), stretch);
}

export function toStretch({ mergeBase, commits, total }: Comparison): Stretch {
  const isWhole = commits.length === total;
  return { mergeBase, ...(isWhole && { commits: commits.map(({ sha }) => sha) }) };
}

/**
 * The comparison of the head with where its base has gone on to, told from `gone`, the stretch between the two bases.
 * While the base has gained no commit that the head had before it, the two have no more in common than they had, and
 * the head has what it had. Undefined where that cannot be told: the base was set to another line, or there are too
 * many commits.
 */
export function toAdvanced(known: Comparison, base: string, gone: Stretch): Comparison | undefined {
  if (gone.mergeBase !== known.base || known.commits.length !== known.total) return undefined;
  const own = new Set(known.commits.map(({ sha }) => sha));
  if (gone.commits === undefined || gone.commits.some((sha) => own.has(sha))) return undefined;
  return { ...known, base };
}

async function findKept<T>(cache: ObjectCache, name: string): Promise<T | undefined> {
  const bytes = await cache.find(name);
  return bytes && JSON.parse(Buffer.from(bytes).toString("utf8"));
}

async function keep(cache: ObjectCache, name: string, value: unknown): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(value), "utf8");
  if (bytes.length <= COMPARISON_BYTES_MAX) await cache.keep(name, bytes);
}

function nameOf(kind: string, { base, head }: Range): string {
  return `${kind}/${base}...${head}`;
}
