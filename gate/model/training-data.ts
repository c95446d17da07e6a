import type { Digest } from "./digest.ts";
import type { DatasetEvidence } from "./evidence.ts";

type Dataset = Pick<DatasetEvidence, "name" | "role" | "path" | "digest" | "declared">;

/**
 * The training data that a number was measured on, if the manifest's own list of datasets says so, by name or by
 * digest. Of two that are kept in one file the digest says nothing: which rows are whose cannot be seen from here.
 */
export function findTrainingData<T extends Dataset>(
  datasets: readonly T[],
  measured: { readonly dataset: string; readonly datasetDigest?: Digest },
): T | undefined {
  const own = datasets.find(({ name }) => name === measured.dataset);
  if (own?.role === "train") return own;
  const digests = new Set([measured.datasetDigest, own?.digest, own?.declared]);
  return datasets.find(
    ({ role, path, digest, declared }) =>
      role === "train" &&
      (path === undefined || path !== own?.path) &&
      [digest, declared].some((word) => word !== undefined && digests.has(word)),
  );
}
