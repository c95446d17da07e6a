import type { FileChange, Tree, TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import { groupBy } from "../model/group.ts";
import { canonical } from "../parse/canonical.ts";
import { parseJson } from "../parse/json.ts";
import { type Node, nodeAt, toValue } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseToml } from "../parse/toml.ts";
import { parseYaml, YAML_BYTES_MAX } from "../parse/yaml.ts";
import type { Repository } from "../world.ts";
import { isElsewhere, LOCK_NAME, PIPELINE_NAME, readFolders, readYaml } from "./lock-outputs.ts";
import { PARAMETERS_NAME, stageAt, variableFiles } from "./lock-variables.ts";
import { folderOf, foldersAbove, nameOf, resolvePath } from "./path.ts";

/** One stage of a `dvc.lock`: how its outputs were made when it was last run. Paths are from the repository's root. */
export interface LockStage {
  readonly name: string;
  readonly lock: string;
  /** Command, in canonical form. */
  readonly cmd: string;
  /** What the lock says of each, in canonical form, by path; as it is written where it stands elsewhere. */
  readonly deps: ReadonlyMap<string, string>;
  readonly outs: ReadonlyMap<string, string>;
  /** Values in canonical form, by file and key. */
  readonly params: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** What `dvc.yaml` says of the stage, in canonical form; undefined where it cannot be read. */
  readonly definition: string | undefined;
  /** Files that fill its templates in `dvc.yaml`: whatever value they hold may be part of its command. */
  readonly variables: ReadonlySet<string>;
}

/** A file of parameters with more is compared as a whole. */
const PARAMETER_BYTES_MAX = YAML_BYTES_MAX;

/** Whether a tree has a lock: of most repositories, all that is ever asked here. */
export function locksOf(tree: Tree): readonly TreeEntry[] {
  return [...tree.values()].filter(({ path }) => path.endsWith(LOCK_NAME) && nameOf(path) === LOCK_NAME);
}

/** The stages of a tree's locks. A lock that cannot be read has none; that is said where its outputs are read. */
export async function readLockStages(tree: Tree, repository: Repository): Promise<readonly LockStage[]> {
  const stages: LockStage[] = [];
  for (const lock of locksOf(tree)) {
    const root = await attempt(() => readYaml(lock, repository));
    if (root !== undefined) stages.push(...(await readStages(root, lock, { tree, repository })));
  }
  return stages;
}

interface Source {
  readonly tree: Tree;
  readonly repository: Repository;
}

async function readStages(root: Node, lock: TreeEntry, source: Source): Promise<readonly LockStage[]> {
  const list = nodeAt(root, ["stages"]) ?? root;
  if (list.kind !== "map") return [];
  const folders = await readFolders(lock, source.tree, source.repository);
  const prefix = lock.path.slice(0, -LOCK_NAME.length);
  const entry = source.tree.get(prefix + PIPELINE_NAME);
  const pipeline = entry && (await attempt(() => readYaml(entry, source.repository)));
  return [...list.entries].map(([name, { value: stage }]) => {
    const paths = (key: string) => new Map(linksAt(stage, key, folders(name)));
    const params = paramsAt(stage, folders(name));
    const places = { pipeline: folderOf(lock.path), stage: folders(name) };
    // What cannot be read may have any template.
    const unread = entry === undefined ? [] : [...params.keys(), `${prefix}${PARAMETERS_NAME}`];
    return {
      ...{ name, lock: lock.path, params },
      cmd: textOf(nodeAt(stage, ["cmd"])),
      deps: paths("deps"),
      outs: paths("outs"),
      definition: pipeline && definitionOf(pipeline, name),
      variables: new Set(pipeline === undefined ? unread : variableFiles(pipeline, name, places)),
    };
  });
}

function definitionOf(pipeline: Node, name: string): string {
  return `${textOf(stageAt(pipeline, name))} ${textOf(nodeAt(pipeline, ["vars"]))}`;
}

function linksAt(stage: Node, key: string, folder: string): [path: string, stated: string][] {
  const links = nodeAt(stage, [key]);
  if (links?.kind !== "list") return [];
  return links.items.flatMap((item): [string, string][] => {
    const path = nodeAt(item, ["path"]);
    if (path?.kind !== "scalar" || typeof path.value !== "string") return [];
    const digest = nodeAt(item, ["md5"]);
    const stated = digest === undefined ? textOf(item) : `md5:${digest.kind === "scalar" ? digest.text : ""}`;
    const resolved = isElsewhere(path.value) ? undefined : resolvePath(folder, path.value);
    return [[resolved ?? path.value, stated]];
  });
}

function paramsAt(stage: Node, folder: string): LockStage["params"] {
  const files = nodeAt(stage, ["params"]);
  if (files?.kind !== "map") return new Map();
  return new Map(
    [...files.entries].map(([file, { value }]) => {
      const values = value.kind === "map" ? [...value.entries] : [];
      return [
        resolvePath(folder, file) ?? file,
        new Map(values.map(([key, node]) => [key, textOf(node.value)])),
      ];
    }),
  );
}

function textOf(node: Node | undefined): string {
  return node === undefined ? "" : canonical(toValue(node));
}

/** The result; undefined if the file's content is at fault. */
async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof GateError && cause.place !== undefined) return undefined;
    throw cause;
  }
}

/** The stages that make the paths, and those that make what these depend on. */
export function findMakers(stages: readonly LockStage[], paths: Iterable<string>): ReadonlySet<LockStage> {
  const makers = groupByPath(stages, ({ outs }) => outs.keys());
  const at = (path: string) => [path, ...foldersAbove(path)].flatMap((own) => makers.get(own) ?? []);
  const found = new Set([...paths].flatMap(at));
  // A set's loop also visits what is added during it.
  for (const { deps } of found)
    for (const path of deps.keys()) for (const stage of at(path)) found.add(stage);
  return found;
}

function groupByPath(
  stages: readonly LockStage[],
  pathsOf: (stage: LockStage) => Iterable<string>,
): ReadonlyMap<string, readonly LockStage[]> {
  const pairs = stages.flatMap((stage) => [...pathsOf(stage)].map((path) => ({ path, stage })));
  const groups = groupBy(pairs, ({ path }) => path);
  return new Map([...groups].map(([path, list]) => [path, list.map(({ stage }) => stage)]));
}

/** What the locks of both sides say, and what of it the change touches. */
export interface Recipes {
  readonly base: readonly LockStage[];
  readonly head: readonly LockStage[];
  /** Outputs whose making the change touches, each with the changes that do. */
  readonly touched: ReadonlyMap<string, ReadonlySet<FileChange>>;
}

export const NO_RECIPES: Recipes = { base: [], head: [], touched: new Map() };

/**
 * The recipes of a change that touches one: a dependency, a value of the parameters, the stage itself. Nothing is read
 * where no lock names a changed file.
 */
export async function readRecipes(
  files: readonly FileChange[],
  trees: { readonly base: Tree; readonly head: Tree },
  repository: Repository,
): Promise<Recipes> {
  const locks = { base: locksOf(trees.base), head: locksOf(trees.head) };
  if (locks.base.length + locks.head.length === 0) return NO_RECIPES;
  const texts = [...withPipelines(locks.base, trees.base), ...withPipelines(locks.head, trees.head)];
  if (!(await mayTouch(files, texts, repository))) return NO_RECIPES;
  const base = await readLockStages(trees.base, repository);
  const head = await readLockStages(trees.head, repository);
  const touched = new Map<string, Set<FileChange>>();
  for (const [stages, others, side] of [
    [base, head, "base"],
    [head, base, "head"],
  ] as const) {
    const causes = await causesOf(stages, { files, side, others, repository });
    const readers = groupByPath(stages, ({ deps }) => deps.keys());
    for (const [stage, changes] of causes) addOutputs(touched, findReaders(stage, readers), changes);
  }
  return { base, head, touched };
}

/** What stands beside a lock and is part of its pipeline without being named. */
const OWN_NAMES: ReadonlySet<string> = new Set([LOCK_NAME, PIPELINE_NAME, PARAMETERS_NAME]);

/** The locks, and the `dvc.yaml` beside each, which alone names the files of its variables. */
function withPipelines(locks: readonly TreeEntry[], tree: Tree): readonly TreeEntry[] {
  const pipelines = locks.flatMap(({ path }) => {
    return tree.get(path.slice(0, -LOCK_NAME.length) + PIPELINE_NAME) ?? [];
  });
  return [...locks, ...pipelines];
}

/**
 * Whether a pipeline is changed or its parameters are, or it holds the name of what is: parsing all of them takes a
 * thousand times longer.
 */
async function mayTouch(
  files: readonly FileChange[],
  pipelines: readonly TreeEntry[],
  repository: Repository,
): Promise<boolean> {
  const entries = files.flatMap(({ base, head }) => [base, head].flatMap((entry) => entry ?? []));
  const folders = new Set(pipelines.map(({ path }) => folderOf(path)));
  const isOwn = ({ path }: TreeEntry) => OWN_NAMES.has(nameOf(path)) && folders.has(folderOf(path));
  if (entries.some(isOwn)) return true;
  const names = new Set(
    entries.flatMap(({ path }) => [path.replace(/\.dvc$/, ""), ...foldersAbove(path)].map(nameOf)),
  );
  names.delete("");
  const unique = new Map(pipelines.map((entry) => [entry.oid, entry]));
  for (const entry of unique.values()) {
    const bytes = await attempt(async () => (await repository.read([entry], YAML_BYTES_MAX))[0]);
    const text = bytes === undefined ? "" : Buffer.from(bytes).toString("utf8");
    // Only a backslash in double quotes hides a name.
    if (text.includes("\\") || [...names].some((name) => text.includes(name))) return true;
  }
  return false;
}

interface Asking {
  readonly files: readonly FileChange[];
  readonly side: "base" | "head";
  /** The stages of the other side. */
  readonly others: readonly LockStage[];
  readonly repository: Repository;
}

async function causesOf(
  stages: readonly LockStage[],
  { files, side, others, repository }: Asking,
): Promise<ReadonlyMap<LockStage, ReadonlySet<FileChange>>> {
  const causes = new Map<LockStage, Set<FileChange>>();
  const add = (stage: LockStage, file: FileChange) => {
    const known = causes.get(stage);
    if (known === undefined) causes.set(stage, new Set([file]));
    else known.add(file);
  };
  const byDependency = groupByPath(stages, ({ deps, variables }) => new Set([...deps.keys(), ...variables]));
  const byParameters = groupByPath(stages, ({ params }) => params.keys());
  const byFolder = groupByPath(stages, ({ lock }) => [folderOf(lock)]);
  const twins = new Map(others.map((stage) => [`${stage.lock} ${stage.name}`, stage]));
  for (const file of files) {
    const path = (side === "base" ? file.base : file.head)?.path ?? file.path;
    const named = [path, path.replace(/\.dvc$/, ""), ...foldersAbove(path)];
    for (const stage of named.flatMap((name) => byDependency.get(name) ?? [])) add(stage, file);
    const keyed = byParameters.get(path) ?? [];
    const values = keyed.length === 0 ? undefined : await readBoth(file, repository);
    for (const stage of keyed) if (isTouched(stage, path, values)) add(stage, file);
    if (nameOf(path) !== LOCK_NAME && nameOf(path) !== PIPELINE_NAME) continue;
    for (const stage of byFolder.get(folderOf(path)) ?? []) {
      const twin = twins.get(`${stage.lock} ${stage.name}`);
      if (twin === undefined || !isSame(stage, twin, nameOf(path))) add(stage, file);
    }
  }
  return causes;
}

function isSame(a: LockStage, b: LockStage, name: string): boolean {
  if (name === PIPELINE_NAME) return a.definition !== undefined && a.definition === b.definition;
  const facts = ({ cmd, deps, outs, params }: LockStage) =>
    canonical([cmd, [...deps], [...outs], [...params].map(([file, values]) => [file, [...values]])]);
  return facts(a) === facts(b);
}

type Both = readonly [base: Node, head: Node];

/** Both sides of a file of parameters; undefined where it cannot be told what it says. */
async function readBoth({ base, head }: FileChange, repository: Repository): Promise<Both | undefined> {
  if (base === undefined || head === undefined) return undefined;
  const [before, after] = [await readParameters(base, repository), await readParameters(head, repository)];
  return before === undefined || after === undefined ? undefined : [before, after];
}

async function readParameters(entry: TreeEntry, repository: Repository): Promise<Node | undefined> {
  const { path, kind } = entry;
  if (path.endsWith(".py") || kind === "symlink" || kind === "submodule") return undefined;
  return attempt(async () => {
    const [bytes] = await repository.read([entry], PARAMETER_BYTES_MAX);
    const text = decodeUtf8(bytes!, path);
    if (path.endsWith(".json")) return parseJson(text, path, { nonFinite: "carry" });
    return path.endsWith(".toml") ? parseToml(text, path) : parseYaml(text, path);
  });
}

/** Whether a value that the stage was run with is another one. */
function isTouched({ params }: LockStage, path: string, both: Both | undefined): boolean {
  if (both === undefined) return true;
  return [...(params.get(path)?.keys() ?? [])].some((key) => {
    const [before, after] = both.map((root) => textOf(nodeAt(root, [key]) ?? nodeAt(root, key.split("."))));
    return before !== after;
  });
}

/** A stage, and all that use what it makes. */
function findReaders(
  stage: LockStage,
  readers: ReadonlyMap<string, readonly LockStage[]>,
): ReadonlySet<LockStage> {
  const found = new Set([stage]);
  for (const { outs } of found) {
    for (const path of outs.keys()) {
      for (const name of [path, ...foldersAbove(path)]) {
        for (const reader of readers.get(name) ?? []) found.add(reader);
      }
    }
  }
  return found;
}

function addOutputs(
  touched: Map<string, Set<FileChange>>,
  stages: ReadonlySet<LockStage>,
  changes: ReadonlySet<FileChange>,
): void {
  for (const { outs } of stages) {
    for (const path of outs.keys()) {
      const known = touched.get(path) ?? new Set();
      for (const change of changes) known.add(change);
      touched.set(path, known);
    }
  }
}
