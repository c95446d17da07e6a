import { hash } from "node:crypto";
import type { ObjectReader } from "../../checkout/objects.ts";
import type { Entry } from "../entry.ts";
import type { Listing } from "./listing.ts";
import type { Findings } from "./report.ts";
import { readFile } from "./tree.ts";

export interface AnchorCheck {
  readonly objects: ObjectReader;
  readonly listing: Listing;
  /** Time stamps that nobody verified before: size by path. */
  readonly files: ReadonlyMap<string, number>;
  readonly entries: ReadonlyMap<number, Entry>;
  readonly findings: Findings;
}

/**
 * Every time stamp is recorded by an entry with its digest, every such entry has its file, and what was stamped was a
 * tree that the entry stands above. Whether the stamp is one, openssl says.
 */
export async function checkAnchors({
  objects,
  listing,
  files,
  entries,
  findings,
}: AnchorCheck): Promise<void> {
  const recorded = [...entries].flatMap(([seq, { predicate }]) => {
    const { anchor } = predicate;
    return anchor === undefined ? [] : [{ seq, anchor, path: `anchor/${anchor.size}.tsr` }];
  });
  const named = new Set(recorded.map(({ path }) => path));
  for (const path of files.keys()) {
    if (!named.has(path)) findings.add("TRAIL_ANCHOR_UNNAMED", `${path} is named by no entry`, { path });
  }
  for (const { seq, anchor, path } of recorded) {
    if (anchor.size > seq) {
      const message = `entry ${seq} anchors a tree of ${anchor.size} entries, which was not there yet`;
      findings.add("TRAIL_ANCHOR_WRONG", message, { seq });
    }
    const bytes = await readFile(objects, listing, path);
    if (bytes === undefined) {
      const message = `${path}, which entry ${seq} names, is not there`;
      findings.add("TRAIL_ANCHOR_MISSING", message, { path, seq });
    } else if (hash("sha256", bytes) !== anchor.digest) {
      findings.add("TRAIL_ANCHOR_ALTERED", `${path} is not what entry ${seq} says`, { path, seq });
    }
  }
}
