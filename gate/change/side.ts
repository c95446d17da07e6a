import type { FileChange, Tree, TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import { once } from "../model/once.ts";
import type { Repository } from "../world.ts";
import { type Attributes, conversionsOf, isLfsTracked, parseAttributes } from "./attributes.ts";
import { type Collision, findCollisions } from "./collisions.ts";
import { findOutputChanges, type LockOutputs, type OutputChange, readLockOutputs } from "./lock-outputs.ts";
import { type Recipes, readRecipes } from "./lock-stages.ts";
import { type ManifestFile, readManifestFiles } from "./manifest-file.ts";
import { folderOf, nameOf } from "./path.ts";

const ATTRIBUTES_NAME = ".gitattributes";
const ATTRIBUTES_BYTES_MAX = 1024 * 1024;
/** Rules of both sides times files: a hundred thousand files and a thousand rules, some seconds. */
const ATTRIBUTE_MATCHES_MAX = 100_000_000;

/** Merge base or head, as far as models are found in it. */
export interface Side {
  readonly tree: Tree;
  /** Manifests by folder. */
  readonly manifests: ReadonlyMap<string, ManifestFile>;
  /** Paths that are not as on the other side, each with the change that is the cause. */
  readonly touched: ReadonlyMap<string, FileChange>;
  /** Read when first asked. */
  attributes(): Promise<Attributes>;
  /** Read when first asked. */
  outputs(): Promise<LockOutputs>;
}

export type SideName = "base" | "head";

export interface Sides {
  readonly base: Side;
  readonly head: Side;
  /** Files that no tree has and that are not as on the other side. */
  readonly outputs: readonly OutputChange[];
  /** Unchanged files of which a checkout makes something else, each with the `.gitattributes` that is the cause. */
  readonly converted: ReadonlyMap<string, FileChange>;
  readonly collisions: readonly Collision[];
  /** What the change does to the making of what pipelines make. */
  readonly recipes: Recipes;
}

/** Both sides of a change, with all that `diffTrees` found between their trees. */
export async function readSides(
  trees: { readonly base: Tree; readonly head: Tree },
  files: readonly FileChange[],
  repository: Repository,
): Promise<Sides> {
  const manifests = await readManifestFiles(trees, repository);
  const side = (name: SideName, touched: Map<string, FileChange>) => ({
    tree: trees[name],
    manifests: manifests[name],
    touched,
    attributes: once(() => readAttributes(trees[name], repository)),
    outputs: once(() => readLockOutputs(trees[name], repository)),
  });
  const base = side("base", new Map(files.flatMap(atBase)));
  const head = side("head", new Map(files.flatMap(atHead)));
  const converted = await findConverted({ base, head }, files);
  for (const [path, cause] of converted) {
    base.touched.set(path, cause);
    head.touched.set(path, cause);
  }
  const outputs = await findOutputChanges(files, { base: base.outputs, head: head.outputs });
  for (const { path, cause, ...change } of outputs) {
    if (change.base !== undefined) base.touched.set(path, cause);
    if (change.head !== undefined) head.touched.set(path, cause);
  }
  const collisions = findCollisions(files, trees.head, manifests.head);
  for (const { other, cause } of collisions) if (!head.touched.has(other)) head.touched.set(other, cause);
  const recipes = await readRecipes(files, trees, repository);
  return { base, head, outputs, converted, collisions, recipes };
}

function atBase(change: FileChange): [string, FileChange][] {
  return change.base === undefined || change.status === "copied" ? [] : [[change.base.path, change]];
}

function atHead(change: FileChange): [string, FileChange][] {
  return change.head === undefined ? [] : [[change.head.path, change]];
}

/**
 * Unchanged files of which a checkout makes something else, each with the `.gitattributes` that is the cause: Git LFS
 * tracks them at one side only, or git converts them otherwise.
 */
async function findConverted(
  { base, head }: Pick<Sides, SideName>,
  files: readonly FileChange[],
): Promise<Map<string, FileChange>> {
  const causes = files.filter((file) => nameOf(file.path) === ATTRIBUTES_NAME);
  const found = new Map<string, FileChange>();
  if (causes.length === 0) return found;
  const [before, after] = await Promise.all([base.attributes(), head.attributes()]);
  assertWork(head.tree.size, [before, after]);
  for (const path of head.tree.keys()) {
    if (head.touched.has(path)) continue;
    const cause = causes.find((file) => isBelow(path, folderOf(file.path)));
    if (cause !== undefined && handlingOf(path, before) !== handlingOf(path, after)) found.set(path, cause);
  }
  return found;
}

function handlingOf(path: string, attributes: Attributes): string {
  const conversions = conversionsOf(path, attributes).map(({ kind, value }) => `${kind} ${value}`);
  return [isLfsTracked(path, attributes) ? "lfs" : "", ...conversions].join("\n");
}

function assertWork(paths: number, sides: readonly Attributes[]): void {
  const rules = sides
    .flatMap(({ rules, conversions }) => [...rules.values(), ...conversions.values()])
    .reduce((sum, list) => sum + list.length, 0);
  if (paths * rules <= ATTRIBUTE_MATCHES_MAX) return;
  const message = `Cannot tell what a checkout makes of ${paths} files: ${rules} rules in .gitattributes are too many`;
  const fix = "Replace rules for single files by patterns";
  throw new GateError("ATTRIBUTES_TOO_MANY", message, { fix });
}

function isBelow(path: string, folder: string): boolean {
  return folder === "" || path.startsWith(`${folder}/`);
}

/** The rules of a tree's `.gitattributes`. */
export async function readAttributes(tree: Tree, repository: Repository): Promise<Attributes> {
  // Git does not follow a .gitattributes that is a link, either (since 2.32).
  const isAttributes = ({ path, kind }: TreeEntry) =>
    path.endsWith(ATTRIBUTES_NAME) &&
    nameOf(path) === ATTRIBUTES_NAME &&
    kind !== "symlink" &&
    kind !== "submodule";
  const entries = [...tree.values()].filter(isAttributes);
  const contents = await repository.read(entries, ATTRIBUTES_BYTES_MAX);
  return parseAttributes(new Map(entries.map(({ path }, index) => [folderOf(path), contents[index]!])));
}
