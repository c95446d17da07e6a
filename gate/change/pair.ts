import type { FileChange } from "../model/change.ts";
import { byCodeUnits } from "../model/order.ts";
import { type Concern, type Concerned, idOf } from "./concern.ts";
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

/** A manifest and the id that it goes by. */
interface Named {
  readonly file: ManifestFile;
  readonly id: string;
}

/**
 * The models that the change concerns, each under an id of its own. An id is that of the model that had it at base;
 * every other manifest that states it goes by its path, so that nothing of one model is taken for the other's.
 */
export function pairModels({ base, head }: Concern): ModelPair[] {
  const bases = nameAll(base, head);
  const heads = nameAll(head, base);
  const idAtBase = new Map(bases.map(({ file, id }) => [file.folder, id]));
  const headOwners = findOwners(heads, ({ file, id }) => idAtBase.get(file.folder) === id);
  const baseOwners = findOwners(bases, ({ file, id }) => headOwners.get(id)?.file.folder === file.folder);
  const baseByName = new Map(bases.map((named) => [nameFor(named, baseOwners), named.file]));
  const headByName = new Map(heads.map((named) => [nameFor(named, headOwners), named.file]));
  const stated = groupByStatedId(heads);
  const names = [...new Set([...baseByName.keys(), ...headByName.keys()])].sort(byCodeUnits);
  return names.map((id) => {
    const files = { base: baseByName.get(id), head: headByName.get(id) };
    return {
      id,
      ...(files.base === undefined ? {} : { base: files.base }),
      ...(files.head === undefined ? {} : { head: files.head }),
      namesakes: (stated.get(idOf(files.head) ?? "") ?? []).filter((other) => other !== files.head),
      files: new Set([...causesOf(files.base, base), ...causesOf(files.head, head)]),
    };
  });
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

/** The one manifest that each id means: the first that is preferred, else that states it, else the first. */
function findOwners(
  list: readonly Named[],
  isPreferred: (named: Named) => boolean,
): ReadonlyMap<string, Named> {
  const owners = new Map<string, Named>();
  const stated = list.filter(({ file, id }) => idOf(file) === id);
  for (const named of [...list.filter(isPreferred), ...stated, ...list]) {
    if (!owners.has(named.id)) owners.set(named.id, named);
  }
  return owners;
}

/** The id for its owner; else the path, with a slash in it, for no id has one. */
function nameFor(named: Named, owners: ReadonlyMap<string, Named>): string {
  if (owners.get(named.id) === named) return named.id;
  return named.file.folder === "" ? `./${named.file.path}` : named.file.path;
}

function groupByStatedId(heads: readonly Named[]): ReadonlyMap<string, readonly ManifestFile[]> {
  const groups = new Map<string, ManifestFile[]>();
  for (const { file } of heads) {
    const id = idOf(file);
    if (id !== undefined) groups.set(id, [...(groups.get(id) ?? []), file]);
  }
  return groups;
}

function causesOf(file: ManifestFile | undefined, concerned: Concerned): ReadonlySet<FileChange> {
  return (file && concerned.get(file)) ?? new Set();
}
