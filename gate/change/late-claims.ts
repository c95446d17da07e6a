import { BRANCH_STALE, type FileChange, type ModelChange, type Tree } from "../model/change.ts";
import type { Finding } from "../model/finding.ts";
import type { Manifest } from "../model/manifest.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Repository } from "../world.ts";
import { idOf, namedPaths } from "./concern.ts";
import { LOCK_NAME, PIPELINE_NAME } from "./lock-outputs.ts";
import { readRecipes } from "./lock-stages.ts";
import { type ManifestFile, readManifestFiles } from "./manifest-file.ts";
import type { ModelPair } from "./pair.ts";
import { folderOf, foldersAbove, nameOf } from "./path.ts";
import type { Sides } from "./side.ts";

/** A manifest where the change wants to enter, and what the change does to files of it that neither side could tell. */
export interface LateClaim {
  readonly manifest: Manifest;
  /** Touched, and not named by either side's manifest. Sorted. */
  readonly named: readonly string[];
  /** Made by a pipeline of the base out of what is touched, and of neither side's. Sorted. */
  readonly made: readonly string[];
}

/**
 * What the base has come to claim since the branch left. The merge would put such a file under a model that the change
 * was never weighed as: whoever leaves from an old enough commit could change any result that was registered later.
 */
export async function findLateClaims(
  files: readonly FileChange[],
  { tip, sides }: Merging,
  repository: Repository,
): Promise<readonly LateClaim[]> {
  const isKnown = (path: string, oid: string) =>
    sides.base.tree.get(path)?.oid === oid || sides.head.tree.get(path)?.oid === oid;
  // Thousands of manifests stand as they stood.
  const moved = new Map([...tip].filter(([path, { oid }]) => !isKnown(path, oid)));
  const { head: manifests } = await readManifestFiles({ base: new Map(), head: moved }, repository);
  const made = await findLateOutputs(files, { tip, sides, moved }, repository);
  const stayed =
    made.size === 0 ? [] : [...sides.base.manifests.values()].filter(({ path }) => tip.has(path));
  const asked = [...manifests.values(), ...stayed.filter(({ path }) => !moved.has(path))];
  if (asked.length === 0) return [];
  const isReached = reachOf(tip, sides);
  return asked.flatMap((file) => {
    const result = file.read();
    if (result.kind === "broken") return [];
    const paths = [...new Set(namedPaths(result.manifest))].sort(byCodeUnits);
    const before = [sides.base, sides.head].flatMap((side) => namedIn(side.manifests.get(file.folder)));
    const known = new Set(before);
    const isNew = (path: string) => [path, ...foldersAbove(path)].every((name) => !known.has(name));
    const claim = {
      manifest: result.manifest,
      named: paths.filter((path) => isNew(path) && isReached(path)),
      made: paths.filter((path) => made.has(path)),
    };
    return claim.named.length + claim.made.length === 0 ? [] : [claim];
  });
}

interface Merging {
  readonly tip: Tree;
  readonly sides: Sides;
}

/** What pipelines of the base make out of touched files, and those of neither side, and the folders above it. */
async function findLateOutputs(
  files: readonly FileChange[],
  { tip, sides, moved }: Merging & { readonly moved: Tree },
  repository: Repository,
): Promise<ReadonlySet<string>> {
  const isRecipe = (path: string) => [LOCK_NAME, PIPELINE_NAME].includes(nameOf(path));
  if (![...moved.keys()].some(isRecipe)) return new Set();
  const { touched } = await readRecipes(files, { base: tip, head: tip }, repository);
  const late = [...touched.keys()].filter((path) => !sides.recipes.touched.has(path));
  return new Set(late.flatMap((path) => [path, ...foldersAbove(path)]));
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

/** The models that stand at both sides and that nothing but the claims makes a matter of the change. */
export function findLatePairs(
  claims: readonly LateClaim[],
  { pairs, sides }: { readonly pairs: readonly ModelPair[]; readonly sides: Sides },
): readonly ModelPair[] {
  const concerned = new Set(pairs.flatMap(({ base, head }) => [base?.path, head?.path]));
  const ids = new Set(pairs.map(({ id }) => id));
  return claims.flatMap(({ manifest }): ModelPair[] => {
    const [base, head] = [sides.base, sides.head].map((side) => side.manifests.get(folderOf(manifest.path)));
    if (base === undefined || head === undefined || concerned.has(manifest.path)) return [];
    const id = idOf(base) ?? manifest.path;
    return [{ id: ids.has(id) ? manifest.path : id, base, head, namesakes: [], files: new Set() }];
  });
}

/** The models, and those that only the base's manifests make a matter of the change, each with what was not weighed. */
export function withLateClaims(models: readonly ModelChange[], claims: readonly LateClaim[]): ModelChange[] {
  const result = [...models];
  for (const claim of claims) {
    const { manifest } = claim;
    const late = [...new Set([...claim.named, ...claim.made])];
    const problems = staleBranch(claim);
    const index = result.findIndex(({ base, head }) =>
      [base, head].some((side) => side?.manifest?.path === manifest.path),
    );
    const known = result[index];
    if (known?.head !== undefined) {
      const head = { ...known.head, problems: [...known.head.problems, ...problems] };
      const paths = [...new Set([...known.paths, ...late])].sort(byCodeUnits);
      result[index] = { ...known, ...classOf(known, problems), head, paths };
    } else if (known === undefined) {
      const isTaken = result.some(({ id }) => id === manifest.id);
      result.push({
        id: isTaken ? manifest.path : manifest.id,
        head: { problems, artifacts: [] },
        tip: { manifest, artifacts: [] },
        ...classOf(undefined, problems),
        paths: late.sort(byCodeUnits),
      });
    }
  }
  return result.sort((a, b) => byCodeUnits(a.id, b.id));
}

/** Material, for all that is known of it; a new model stays one. */
function classOf(
  known: ModelChange | undefined,
  problems: readonly Finding[],
): Pick<ModelChange, "changeClass" | "classReasons"> {
  if (known?.changeClass === "D") return { changeClass: "D", classReasons: known.classReasons };
  return { changeClass: "C", classReasons: problems.map(({ message }) => message) };
}

function staleBranch({ manifest, named, made }: LateClaim): readonly Finding[] {
  return [
    ...stale(named, (paths) => `${manifest.path} has come to name ${paths}`),
    ...stale(made, (paths) => `A pipeline has come to make ${paths}`),
  ];
}

function stale(paths: readonly string[], state: (paths: string) => string): readonly Finding[] {
  const [path, ...others] = paths;
  if (path === undefined) return [];
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return [
    {
      code: BRANCH_STALE,
      message: `${state(`${path}${more}`)} since this branch left its base: what the change makes of that was not weighed`,
      place: { path },
      fix: "Merge the base branch into this one, or rebase it, so that it is weighed as it will be",
    },
  ];
}
