import type { ModelChange, Tree } from "../model/change.ts";
import type { Finding } from "../model/finding.ts";
import type { Manifest } from "../model/manifest.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Repository } from "../world.ts";
import { namedPaths } from "./concern.ts";
import { type ManifestFile, readManifestFiles } from "./manifest-file.ts";
import { foldersAbove } from "./path.ts";
import type { Sides } from "./side.ts";

/** A manifest where the change wants to enter, and the touched paths that it names and neither side of the change did. */
export interface LateClaim {
  readonly manifest: Manifest;
  /** Sorted; at least one. */
  readonly paths: readonly string[];
}

/**
 * What the base has come to claim since the branch left. The merge would put such a file under a model that the change
 * was never weighed as: whoever leaves from an old enough commit could change any result that was registered later.
 */
export async function findLateClaims(
  tip: Tree,
  sides: Sides,
  repository: Repository,
): Promise<readonly LateClaim[]> {
  const isKnown = (path: string, oid: string) =>
    sides.base.tree.get(path)?.oid === oid || sides.head.tree.get(path)?.oid === oid;
  // Thousands of manifests stand as they stood.
  const moved = new Map([...tip].filter(([path, { oid }]) => !isKnown(path, oid)));
  const { head: files } = await readManifestFiles({ base: new Map(), head: moved }, repository);
  if (files.size === 0) return [];
  const isReached = reachOf(tip, sides);
  return [...files.values()].flatMap((file) => {
    const result = file.read();
    if (result.kind === "broken") return [];
    const before = [sides.base, sides.head].flatMap(({ manifests }) => namedIn(manifests.get(file.folder)));
    const known = new Set(before);
    const isNew = (path: string) => [path, ...foldersAbove(path)].every((name) => !known.has(name));
    const late = namedPaths(result.manifest).filter((path) => isNew(path) && isReached(path));
    const paths = [...new Set(late)].sort(byCodeUnits);
    return paths.length === 0 ? [] : [{ manifest: result.manifest, paths }];
  });
}

/** Whether the merge may bring something of the change to a path: it was touched, or git may follow a move to it. */
function reachOf(tip: Tree, { base, head }: Sides): (path: string) => boolean {
  const touched = [...base.touched.keys(), ...head.touched.keys()];
  const reached = touched.flatMap((path) => [path, path.replace(/\.dvc$/, ""), ...foldersAbove(path)]);
  const direct = new Set(reached);
  const moved = [...base.touched.keys()].filter((path) => head.tree.has(path) && !tip.has(path));
  const endings = new Set(moved.map(endingOf));
  return (path) => direct.has(path) || (!base.tree.has(path) && endings.has(endingOf(path)));
}

/** What a file keeps when it moves. */
function endingOf(path: string): string {
  return /\.[^./]*$/.exec(path)?.[0] ?? "";
}

function namedIn(file: ManifestFile | undefined): string[] {
  const result = file?.read();
  return result?.kind === "manifest" ? namedPaths(result.manifest) : [];
}

/** The models, and those that only the base's manifests make a matter of the change, each with what was not weighed. */
export function withLateClaims(models: readonly ModelChange[], claims: readonly LateClaim[]): ModelChange[] {
  const result = [...models];
  for (const claim of claims) {
    const { manifest } = claim;
    const problem = staleBranch(claim);
    const index = result.findIndex(({ base, head }) =>
      [base, head].some((side) => side?.manifest?.path === manifest.path),
    );
    const known = result[index];
    if (known?.head !== undefined) {
      const head = { ...known.head, problems: [...known.head.problems, problem] };
      const paths = [...new Set([...known.paths, ...claim.paths])].sort(byCodeUnits);
      result[index] = { ...known, head, paths };
    } else if (known === undefined) {
      const isTaken = result.some(({ id }) => id === manifest.id);
      result.push({
        id: isTaken ? manifest.path : manifest.id,
        head: { problems: [problem], artifacts: [] },
        tip: { manifest, artifacts: [] },
        changeClass: "C",
        classReasons: [problem.message],
        paths: claim.paths,
      });
    }
  }
  return result.sort((a, b) => byCodeUnits(a.id, b.id));
}

function staleBranch({ manifest, paths: [path, ...others] }: LateClaim): Finding {
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return {
    code: "BRANCH_STALE",
    message: `${manifest.path} has come to name ${path}${more} since this branch left its base: what the change makes of that was not weighed`,
    place: { path: path ?? manifest.path },
    fix: "Merge the base branch into this one, or rebase it, so that it is weighed as it will be",
  };
}
