import type { ManifestFile } from "./manifest-file.ts";
import { mayName, namesOf } from "./mentions.ts";
import type { ModelPair } from "./pair.ts";
import { foldersAbove, nameOf } from "./path.ts";
import type { Side, Sides } from "./side.ts";

/** The manifests that name each artifact in question, by path without `.dvc`. */
type Claimants = ReadonlyMap<string, readonly ManifestFile[]>;

/** Whose an artifact is besides the model that is looked at. */
export interface Rivals {
  /** Artifacts that the head of a model names, its base did not, and another manifest of either side names. */
  contested(pair: ModelPair): readonly { readonly path: string; readonly rival: ManifestFile }[];
  /** Artifacts of a model that is gone, as far as no manifest of the head names them. */
  abandoned(pair: ModelPair): readonly string[];
}

/** The rivals of all models of a change at once: every manifest of both sides is looked into for it. */
export function findRivals(pairs: readonly ModelPair[], { base, head }: Sides): Rivals {
  const sought = new Set(
    pairs.flatMap((pair) => (pair.head === undefined ? artifactsOf(pair.base) : added(pair))),
  );
  const [before, after] = [findClaimants(sought, base), findClaimants(sought, head)];
  return {
    contested: (pair) =>
      added(pair).flatMap((path) => {
        const others = [...(before.get(keyOf(path)) ?? []), ...(after.get(keyOf(path)) ?? [])];
        const rival = others.find(
          ({ path: other }) => other !== pair.base?.path && other !== pair.head?.path,
        );
        return rival === undefined ? [] : [{ path, rival }];
      }),
    abandoned: (pair) => artifactsOf(pair.base).filter((path) => !after.has(keyOf(path))),
  };
}

function added({ base, head }: ModelPair): string[] {
  const before = new Set(artifactsOf(base).map(keyOf));
  return artifactsOf(head).filter((path) => !before.has(keyOf(path)));
}

function findClaimants(paths: ReadonlySet<string>, { manifests }: Side): Claimants {
  const claimants = new Map<string, ManifestFile[]>();
  if (paths.size === 0) return claimants;
  const sought = new Set([...paths].map(keyOf));
  // A folder above a path writes it without a slash, and so its manifest has to be read in any case.
  const folders = new Set([...paths].flatMap((path) => [...foldersAbove(path)]));
  const names = namesOf([...sought].flatMap((path) => [nameOf(path), `${nameOf(path)}.dvc`]));
  for (const file of manifests.values()) {
    const mayClaim = folders.has(file.folder) || (file.bytes !== undefined && mayName(file.bytes, names));
    if (!mayClaim) continue;
    for (const path of new Set(artifactsOf(file).map(keyOf))) {
      if (sought.has(path)) claimants.set(path, [...(claimants.get(path) ?? []), file]);
    }
  }
  return claimants;
}

function artifactsOf(file: ManifestFile | undefined): string[] {
  const result = file?.read();
  return result?.kind === "manifest" ? result.manifest.artifacts.map(({ path }) => path) : [];
}

/** A `.dvc` file stands for the artifact beside it. */
function keyOf(path: string): string {
  return path.replace(/\.dvc$/, "");
}
