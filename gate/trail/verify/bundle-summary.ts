import { equalHashes, leafHash, rootOf } from "../merkle.ts";
import { bundlePath, parseEntries, TILE_WIDTH } from "../tile.ts";
import { type BundleSummary, EntryRules, findPrev } from "./entries.ts";
import { Findings } from "./report.ts";

/** A bundle and its tile of level 0, as they are stored. */
export interface StoredBundle {
  readonly index: number;
  readonly bundle: Uint8Array;
  readonly tile: Uint8Array;
}

/**
 * What a bundle comes to, read by itself; undefined if anything about it wants a second look: damage, a kind that is
 * not known, an entry about the trail itself. Whoever gets nothing reads the bundle in its place and says what it is.
 */
export function summarize({ index, bundle, tile }: StoredBundle): BundleSummary | undefined {
  const entries = parseEntries(bundle, bundlePath(index));
  const prev = findPrev(entries[0]);
  if (entries.length !== TILE_WIDTH || prev === undefined) return undefined;
  const hashes = entries.map(leafHash);
  if (!equalHashes(Buffer.concat(hashes), tile)) return undefined;
  const findings = new Findings();
  const rules = new EntryRules(findings);
  for (const [at, bytes] of entries.entries()) {
    rules.check(bytes, { seq: index * TILE_WIDTH + at, prev: hashes[at - 1] ?? prev, path: "" });
  }
  if (findings.findings.length + findings.undecided.length + rules.integrity.size > 0) return undefined;
  const { earliest, latest, evidence } = rules;
  // Copies: what is sent to another thread takes along all of the memory that it is a part of.
  return {
    prev: Uint8Array.from(prev),
    leaves: Uint8Array.from(tile),
    root: Uint8Array.from(rootOf(hashes)),
    ids: Uint8Array.from(rules.ids.bytes()),
    ...{ earliest, latest, evidence },
  };
}
