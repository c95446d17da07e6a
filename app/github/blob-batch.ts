import type { ObjectSource } from "./cache.ts";
import { blobHash } from "./git-object.ts";
import { at } from "./shape.ts";

/** A blob that is asked for together with others: manifests, cards, results. */
export const BATCH_BLOB_BYTES_MAX = 256 * 1024;
const BATCH_COUNT_MAX = 50;
const BATCH_BYTES_MAX = 1024 * 1024;

export interface SizedBlob {
  readonly oid: string;
  readonly size: number;
}

/**
 * The content of blobs by id, many in one question. GraphQL tells text alone, and of that not all: what is binary, cut
 * off, or does not hash to its id is left out, to be read by itself.
 */
export async function readBatch(
  blobs: readonly SizedBlob[],
  source: ObjectSource,
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const part of batchesOf(blobs)) {
    const { client, owner, repo } = source;
    const data = await client.graphql(documentOf(part), { owner, repo });
    for (const [index, { oid, size }] of part.entries()) {
      const text = at(data, "repository", `b${index}`, "text");
      const bytes = typeof text === "string" ? Buffer.from(text) : undefined;
      if (bytes !== undefined && blobHash(oid, size).update(bytes).digest("hex") === oid)
        found.set(oid, bytes);
    }
  }
  return found;
}

function batchesOf(blobs: readonly SizedBlob[]): readonly (readonly SizedBlob[])[] {
  const batches: SizedBlob[][] = [];
  let bytes = 0;
  for (const blob of blobs) {
    const last = batches.at(-1);
    bytes += blob.size;
    if (last !== undefined && last.length < BATCH_COUNT_MAX && bytes <= BATCH_BYTES_MAX) last.push(blob);
    else {
      batches.push([blob]);
      bytes = blob.size;
    }
  }
  return batches;
}

/** Ids are hexadecimal, as `tree.ts` has checked, so that they may stand in a document. */
function documentOf(blobs: readonly SizedBlob[]): string {
  const fields = blobs.map(({ oid }, index) => `b${index}: object(oid: "${oid}") { ... on Blob { text } }`);
  return `query ($owner: String!, $repo: String!) { repository(owner: $owner, name: $repo) { ${fields.join(" ")} } }`;
}
