import type { FileChange, Tree } from "../model/change.ts";
import { byCodeUnits } from "../model/order.ts";
import { type Concern, type Concerned, idOf } from "./concern.ts";
import { EMPTY_BLOBS } from "./diff.ts";
import type { ManifestFile } from "./manifest-file.ts";
import { nameOf } from "./path.ts";

/** One model of the change, as far as its manifests tell. */
export interface ModelPair {
  readonly id: string;
  readonly base?: ManifestFile;
  readonly head?: ManifestFile;
  /** Other manifests of the head that state the same id. */
  readonly namesakes: readonly ManifestFile[];
  readonly files: ReadonlySet<FileChange>;
}

interface Trees {
  readonly base: Tree;
  readonly head: Tree;
}

/** A manifest and the id that it goes by. */
interface Named {
  readonly file: ManifestFile;
  readonly id: string;
}

/** What is one model: the same folder, or the same model that moved. At least one side is there. */
interface Couple {
  readonly base?: Named;
  readonly head?: Named;
}

/**
 * The models that the change concerns, each under an id of its own: the one that it had at base. The head's word for
 * it is not enough, or a model could shed its tier and its past with its name. Every other manifest that states an
 * id goes by its path, so that nothing of one model is taken for the other's.
 */
export function pairModels({ base, head }: Concern, trees: Trees): ModelPair[] {
  const bases = nameAll(base, head);
  const heads = nameAll(head, base);
  const couples = couple(bases, heads, trees);
  const owners = findOwners(couples);
  const stated = groupByStatedId(heads);
  const pairs = couples.map((each): ModelPair => {
    const files = { base: each.base?.file, head: each.head?.file };
    return {
      id: nameFor(each, owners),
      ...(files.base === undefined ? {} : { base: files.base }),
      ...(files.head === undefined ? {} : { head: files.head }),
      namesakes: (stated.get(idOf(files.head) ?? "") ?? []).filter((other) => other !== files.head),
      files: new Set([...causesOf(files.base, base), ...causesOf(files.head, head)]),
    };
  });
  return pairs.sort((a, b) => byCodeUnits(a.id, b.id));
}

/** By path. A manifest that cannot be read goes by the id that it has on the other side, or by its folder's name. */
function nameAll(concerned: Concerned, others: Concerned): Named[] {
  const ids = new Map([...others.keys()].map((file) => [file.folder, idOf(file)]));
  const files = [...concerned.keys()].sort((a, b) => byCodeUnits(a.path, b.path));
  return files.map((file) => ({
    file,
    id: idOf(file) ?? ids.get(file.folder) ?? (nameOf(file.folder) || "model"),
  }));
}

/**
 * Which manifest of the head is which of the base: that of the same folder, else the one with the same artifact,
 * else the one with the same id, else the one with the same results. What is left is new, or gone.
 */
function couple(bases: readonly Named[], heads: readonly Named[], trees: Trees): Couple[] {
  const baseOf = new Map<Named, Named>();
  const gone = new Set(bases);
  const join = (keysOf: (named: Named, tree: Tree) => readonly string[]) => {
    const index = groupBy([...gone], (named) => keysOf(named, trees.base));
    for (const named of heads.filter((each) => !baseOf.has(each))) {
      const base = keysOf(named, trees.head)
        .flatMap((key) => index.get(key) ?? [])
        .find((candidate) => gone.has(candidate));
      if (base === undefined) continue;
      baseOf.set(named, base);
      gone.delete(base);
    }
  };
  join(({ file }) => [file.folder]);
  // A copy of the artifact may have come too: the model that keeps its id is the model.
  join(({ file, id }, tree) => artifactKeys(file, tree).map((key) => `${id} ${key}`));
  join(({ file }, tree) => artifactKeys(file, tree));
  join(({ id }) => [id]);
  join(({ file }, tree) => resultKeys(file, tree));
  return [
    ...heads.map((head) => ({ head, ...(baseOf.has(head) ? { base: baseOf.get(head)! } : {}) })),
    ...[...gone].map((base) => ({ base })),
  ];
}

/** By its content, wherever that stands, and by its place, whatever stands there. */
function artifactKeys(file: ManifestFile, tree: Tree): string[] {
  const result = file.read();
  const paths = result.kind === "manifest" ? result.manifest.artifacts.map(({ path }) => path) : [];
  return [...contentKeys(paths, tree), ...paths.map((path) => `path ${path}`)];
}

function resultKeys(file: ManifestFile, tree: Tree): string[] {
  const result = file.read();
  const paths = result.kind === "manifest" ? result.manifest.evaluation.map(({ path }) => path) : [];
  return contentKeys(paths, tree);
}

function contentKeys(paths: readonly string[], tree: Tree): string[] {
  const entries = paths.flatMap((path) => [tree.get(path) ?? [], tree.get(`${path}.dvc`) ?? []].flat());
  return entries.filter(({ oid }) => !EMPTY_BLOBS.has(oid)).map(({ oid }) => `content ${oid}`);
}

/** The one model that each id means: that which keeps it, else that which had it, else that which states it. */
function findOwners(couples: readonly Couple[]): ReadonlyMap<string, Couple> {
  const owners = new Map<string, Couple>();
  const hadId = couples.filter(({ base }) => base !== undefined && idOf(base.file) === base.id);
  const statesId = couples.filter(({ head }) => head !== undefined && idOf(head.file) === head.id);
  const keepsId = couples.filter(({ base, head }) => head !== undefined && base?.id === head.id);
  for (const each of [
    ...keepsId.filter(({ base, head }) => base?.file.folder === head?.file.folder),
    ...keepsId,
    ...hadId,
    ...couples.filter(({ base }) => base !== undefined),
    ...statesId,
    ...couples,
  ]) {
    if (!owners.has(idFor(each))) owners.set(idFor(each), each);
  }
  return owners;
}

function idFor({ base, head }: Couple): string {
  const named = base ?? head;
  if (named === undefined) throw new TypeError("A model has a base or a head");
  return named.id;
}

/** The id for its owner; else the path, with a slash in it, for no id has one. */
function nameFor(each: Couple, owners: ReadonlyMap<string, Couple>): string {
  const id = idFor(each);
  const file = (each.head ?? each.base)?.file;
  if (file === undefined || owners.get(id) === each) return id;
  return file.folder === "" ? `./${file.path}` : file.path;
}

function groupByStatedId(heads: readonly Named[]): ReadonlyMap<string, readonly ManifestFile[]> {
  const groups = groupBy(heads, ({ file }) => [idOf(file) ?? []].flat());
  return new Map([...groups].map(([id, list]) => [id, list.map(({ file }) => file)]));
}

function groupBy(list: readonly Named[], keysOf: (named: Named) => readonly string[]): Map<string, Named[]> {
  const groups = new Map<string, Named[]>();
  for (const named of list) {
    for (const key of keysOf(named)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [named]);
      else group.push(named);
    }
  }
  return groups;
}

function causesOf(file: ManifestFile | undefined, concerned: Concerned): ReadonlySet<FileChange> {
  return (file && concerned.get(file)) ?? new Set();
}
