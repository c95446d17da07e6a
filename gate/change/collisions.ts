import type { FileChange, Tree } from "../model/change.ts";
import { groupBy } from "../model/group.ts";
import type { ManifestFile } from "./manifest-file.ts";
import { foldersAbove, foldPath } from "./path.ts";

/** A changed path of the head that is another path of it on a disk that does not tell case. */
export interface Collision {
  readonly path: string;
  readonly other: string;
  readonly cause: FileChange;
}

/**
 * The changed paths that macOS or Windows take for another file, or put into another model's folder: which of the two
 * a checkout there has is chance, and what was judged of one is said of the other.
 */
export function findCollisions(
  files: readonly FileChange[],
  tree: Tree,
  manifests: ReadonlyMap<string, ManifestFile>,
): Collision[] {
  const changed = files.filter(({ head }) => head !== undefined);
  const sought = new Set(changed.map(({ path }) => foldPath(path)));
  const paths = groupBy(
    [...tree.keys()].filter((path) => sought.has(foldPath(path))),
    foldPath,
  );
  const folders = groupBy([...manifests.keys()], foldPath);
  const hostsOf = (path: string) =>
    [...foldersAbove(path)].flatMap((folder) =>
      (folders.get(foldPath(folder)) ?? [])
        .filter((other) => other !== folder)
        .map((other) => manifests.get(other)!.path),
    );
  return changed.flatMap((cause) => {
    const { path } = cause;
    const twins = (paths.get(foldPath(path)) ?? []).filter((other) => other !== path);
    const others = twins.length > 0 ? twins : hostsOf(path);
    return others.map((other) => ({ path, other, cause }));
  });
}
