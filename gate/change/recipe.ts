import type { ModelVersion, Tree } from "../model/change.ts";
import type { Manifest } from "../model/manifest.ts";
import { sha256Of } from "../parse/canonical.ts";
import { quote } from "../parse/excerpt.ts";
import { isElsewhere } from "./lock-outputs.ts";
import { findMakers, type LockStage, type Recipes } from "./lock-stages.ts";
import { foldersAbove } from "./path.ts";

/** How the pipelines of both sides make one model, against each other. */
export interface RecipeComparison {
  /** Each a sentence. Other data is no difference: that is what a refresh is made of. */
  readonly differences: readonly string[];
  /** Outputs that one and the same recipe made of other data. */
  readonly refreshed: ReadonlySet<string>;
  /** What the stages depend on that is data. */
  readonly data: ReadonlySet<string>;
}

const NO_RECIPE: RecipeComparison = { differences: [], refreshed: new Set(), data: new Set() };

/** One side of the comparison. */
interface RecipeSide {
  readonly manifest: Manifest;
  readonly tree: Tree;
  readonly stages: ReadonlyMap<string, LockStage>;
}

/** Compares command, parameters and code of the stages that make what the manifests name. */
export function compareRecipes(
  versions: { readonly base: ModelVersion; readonly head: ModelVersion },
  trees: { readonly base: Tree; readonly head: Tree },
  recipes: Recipes,
): RecipeComparison {
  const base = toSide(versions.base, trees.base, recipes.base);
  const head = toSide(versions.head, trees.head, recipes.head);
  if (base === undefined || head === undefined) return NO_RECIPE;
  const keys = [...new Set([...base.stages.keys(), ...head.stages.keys()])].sort();
  const differences = keys.flatMap((key) => compareStages(key, base, head));
  const made = outputsOf(base);
  const again = [...outputsOf(head)].filter(([path, stated]) => {
    const before = made.get(path);
    return before !== undefined && before !== stated;
  });
  // Stages that depend on nothing are the same whatever was done.
  const isTelling = differences.length === 0 && [...head.stages.values()].some(({ deps }) => deps.size > 0);
  return {
    differences,
    refreshed: new Set(isTelling ? again.map(([path]) => path) : []),
    data: new Set([...dataOf(base), ...dataOf(head)]),
  };
}

function toSide(
  { manifest }: ModelVersion,
  tree: Tree,
  stages: readonly LockStage[],
): RecipeSide | undefined {
  if (manifest === undefined) return undefined;
  const { artifacts, evaluation, data } = manifest;
  const paths = [...artifacts, ...evaluation, ...data].flatMap(({ path }) => path ?? []);
  const makers = findMakers(
    stages,
    paths.map((path) => path.replace(/\.dvc$/, "")),
  );
  return {
    ...{ manifest, tree },
    stages: new Map([...makers].map((stage) => [`${stage.name} of ${stage.lock}`, stage])),
  };
}

function outputsOf({ stages }: RecipeSide): ReadonlyMap<string, string> {
  return new Map([...stages.values()].flatMap(({ outs }) => [...outs]));
}

function compareStages(key: string, base: RecipeSide, head: RecipeSide): readonly string[] {
  const [before, after] = [base.stages.get(key), head.stages.get(key)];
  if (before === undefined) return [`Stage ${key}: the merge base does not have it`];
  if (after === undefined) return [`Stage ${key}: the head does not have it any more`];
  const command =
    before.cmd === after.cmd ? [] : [`its command ${sha256Of(before.cmd)} -> ${sha256Of(after.cmd)}`];
  const found = [
    ...command,
    ...changes(paramsOf(before), paramsOf(after)),
    ...changes(codeOf(before, base), codeOf(after, head)).map(
      (what) => `${what}, which model.yml does not name as data`,
    ),
  ];
  return found.map((what) => `Stage ${key}: ${what}`);
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} ${before.get(name) ?? "absent"} -> ${after.get(name) ?? "absent"}`);
}

function paramsOf({ params }: LockStage): ReadonlyMap<string, string> {
  const values = [...params].flatMap(([file, keys]) =>
    [...keys].map(([key, value]): [string, string] => [`${key} in ${file}`, quote(value)]),
  );
  return new Map(values);
}

/** What a stage depends on that is no data: no manifest names it so, no stage makes it, and git keeps it itself. */
function codeOf({ deps }: LockStage, side: RecipeSide): ReadonlyMap<string, string> {
  return new Map([...deps].filter(([path]) => !isData(path, side)));
}

function dataOf(side: RecipeSide): readonly string[] {
  const deps = [...side.stages.values()].flatMap((stage) => [...stage.deps.keys()]);
  return deps.filter((path) => isData(path, side));
}

function isData(path: string, { manifest, tree, stages }: RecipeSide): boolean {
  const upwards = [path, ...foldersAbove(path)];
  const named = new Set(
    [...manifest.artifacts, ...manifest.evaluation, ...manifest.data].flatMap(({ path: own }) =>
      own === undefined ? [] : own.replace(/\.dvc$/, ""),
    ),
  );
  const isMade = [...stages.values()].some(({ outs }) => upwards.some((name) => outs.has(name)));
  return (
    isMade ||
    upwards.some((name) => named.has(name) || (name !== "" && tree.has(`${name}.dvc`))) ||
    isElsewhere(path)
  );
}
