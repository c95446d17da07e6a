import { gitOutput } from "../../checkout/git.ts";
import { GateError } from "../../model/error.ts";
import { CHECKPOINT_FILE, WITNESSED_FILE } from "../batch.ts";
import { bundlePath, hashesAt, parseSegmentPath, type Segment, storedTiles, tilePath } from "../tile.ts";
import type { Findings } from "./report.ts";

/** The files of one commit of the branch: object id by path. */
export type Listing = ReadonlyMap<string, string>;

const LINE = /^([0-7]{6}) ([a-z]+) ([0-9a-f]{40}|[0-9a-f]{64})\t(.+)$/s;
const EVIDENCE = /^evidence\/([0-9a-f]{2})\/([0-9a-f]{62})$/;
/** Full tiles, bundles, evidence and anchors; partial tiles and the tail come and go. */
const WRITTEN_ONCE = /^(?:evidence|anchor|tile\/entries|tile\/[0-6](?!.*\.p\/))\//;
const ANCHOR = /^anchor\/([1-9][0-9]{0,15})\.tsr$/;

/**
 * Every file of the commit; a mode that a trail does not use is a finding. So is a tree that git itself would not
 * write, with a name twice or out of order: who looks up a path finds another file there than who lists them all.
 */
export async function readListing(gitFolder: string, commit: string, findings: Findings): Promise<Listing> {
  const output = await gitOutput(gitFolder, ["ls-tree", "-r", "-t", "-z", "--full-tree", commit]);
  const listing = new Map<string, string>();
  const folders = new Set<string>();
  let last = "";
  for (const line of output.toString("latin1").split("\0").slice(0, -1)) {
    const [, mode, type, oid, path] = LINE.exec(line) ?? [];
    if (oid === undefined || path === undefined) {
      throw new GateError("GIT_FAILED", `Cannot read the tree of ${commit}: '${line.slice(0, 80)}'`);
    }
    // Git sorts a folder as if its name ended with a slash: then all paths are in order, whatever their depth.
    const place = type === "tree" ? `${path}/` : path;
    if (listing.has(path) || folders.has(path)) {
      findings.add("TRAIL_PATH_TWICE", `${path} is there more than once`, { path });
    } else if (place < last) {
      findings.add("TRAIL_TREE_UNSORTED", `${path} stands out of order in its folder`, { path });
    }
    last = place;
    if (type === "tree") {
      folders.add(path);
      continue;
    }
    if (mode !== "100644" || type !== "blob") {
      findings.add("TRAIL_MODE_WRONG", `${path} has mode ${mode}, expected 100644`, { path });
    }
    listing.set(path, oid);
  }
  return listing;
}

/** What the files of a tree of this size are; whatever is missing or should not be there is a finding. */
export interface Layout {
  readonly segments: readonly (Segment & { readonly path: string })[];
  /** Digest by path. */
  readonly evidence: ReadonlyMap<string, string>;
  /** Size by path. */
  readonly anchors: ReadonlyMap<string, number>;
}

/**
 * True of a size whose full tiles alone are more than all files. Whoever holds the key may sign any number, and
 * nothing is counted out up to it that is not there.
 */
export function isOverstated(size: number, listing: Listing): boolean {
  return hashesAt(1, size) > listing.size;
}

export function checkLayout(listing: Listing, size: number, findings: Findings): Layout {
  if (isOverstated(size, listing)) {
    const message = `the checkpoint is of ${size} entries, far more than ${listing.size} files hold`;
    findings.add("TRAIL_SIZE_WRONG", message, { path: CHECKPOINT_FILE });
    return { segments: [], evidence: new Map(), anchors: new Map() };
  }
  const expected = new Set<string>(["trail.json", "checkpoint"]);
  for (const tile of storedTiles(size)) {
    expected.add(tilePath(tile));
    if (tile.level === 0) expected.add(bundlePath(tile.index));
  }
  for (const path of expected) {
    if (!listing.has(path)) findings.add("TRAIL_FILE_MISSING", `${path} is not there`, { path });
  }
  const segments: (Segment & { path: string })[] = [];
  const evidence = new Map<string, string>();
  const anchors = new Map<string, number>();
  for (const path of listing.keys()) {
    if (expected.has(path) || path === WITNESSED_FILE) continue;
    const segment = parseSegmentPath(path);
    const digest = EVIDENCE.exec(path)?.slice(1).join("");
    const anchor = ANCHOR.exec(path)?.[1];
    if (segment?.tile === hashesAt(1, size)) segments.push({ ...segment, path });
    else if (digest !== undefined) evidence.set(path, digest);
    else if (anchor !== undefined) anchors.set(path, Number(anchor));
    else
      findings.add("TRAIL_PATH_UNKNOWN", `${path} does not belong to a trail of ${size} entries`, { path });
  }
  return { segments, evidence, anchors };
}

/** Whatever is written once in the earlier commit is the same object in the later one. */
export function checkUnchanged(earlier: Listing, later: Listing, findings: Findings): void {
  for (const [path, oid] of earlier) {
    if (!WRITTEN_ONCE.test(path) || later.get(path) === oid) continue;
    findings.add("TRAIL_FILE_CHANGED", `${path} is not what it was when it was verified before`, { path });
  }
}
