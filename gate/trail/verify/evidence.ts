import { hash } from "node:crypto";
import type { ObjectReader } from "../../checkout/objects.ts";
import { evidencePathOf } from "../batch.ts";
import type { EvidenceClaim } from "./entries.ts";
import type { Listing } from "./listing.ts";
import type { Findings } from "./report.ts";
import { readFile } from "./tree.ts";

export interface EvidenceCheck {
  readonly objects: ObjectReader;
  readonly listing: Listing;
  /** Files of evidence to read: digest by path. */
  readonly files: ReadonlyMap<string, string>;
  /** What the entries name: claims by digest. */
  readonly claims: ReadonlyMap<string, EvidenceClaim>;
  readonly findings: Findings;
}

/** Every file of evidence is what its name says, named by an entry, and none that an entry names is missing. */
export async function checkEvidence({
  objects,
  listing,
  files,
  claims,
  findings,
}: EvidenceCheck): Promise<void> {
  for (const [path, digest] of files) {
    const bytes = (await readFile(objects, listing, path))!;
    const claim = claims.get(digest);
    if (hash("sha256", bytes) !== digest) {
      findings.add("TRAIL_EVIDENCE_ALTERED", `${path} is not what its name says`, { path });
    } else if (claim === undefined) {
      findings.add("TRAIL_EVIDENCE_UNNAMED", `${path} is named by no entry`, { path });
    } else {
      checkSize(path, bytes, claim, findings);
    }
  }
  for (const [digest, claim] of claims) {
    const path = evidencePathOf(digest);
    if (files.has(path)) continue;
    // Nothing vouches for a new claim on a file that was there before.
    const bytes = await readFile(objects, listing, path);
    if (bytes !== undefined) {
      checkSize(path, bytes, claim, findings);
    } else {
      const { seq } = claim;
      const message = `${path}, which entry ${seq} names, is not there`;
      findings.add("TRAIL_EVIDENCE_MISSING", message, { path, seq });
    }
  }
}

function checkSize(path: string, bytes: Uint8Array, { seq, size }: EvidenceClaim, findings: Findings): void {
  if (size === bytes.length) return;
  const message = `${path} has ${bytes.length} bytes, entry ${seq} says ${size}`;
  findings.add("TRAIL_EVIDENCE_SIZE", message, { path, seq });
}
