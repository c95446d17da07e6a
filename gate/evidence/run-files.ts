import type { Adapter, RawMetric, RawProblem } from "../adapter/adapter.ts";
import { evidenceV1 } from "../adapter/evidence-v1.ts";
import { findAdapter } from "../adapter/index.ts";
import { nameOf } from "../change/path.ts";
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import type { Trust } from "../model/evidence.ts";
import { groupBy } from "../model/group.ts";
import { sha256Of } from "../parse/canonical.ts";
import type { EvidenceFile } from "../world.ts";

/** A file that the run brings, as far as it could be read. */
export interface RunFile {
  readonly path: string;
  readonly digest: Digest;
  readonly trust: Trust;
  readonly adapter: Adapter;
  readonly items: readonly RawMetric[];
  readonly problems: readonly RawProblem[];
  /** Why nothing of it could be read. */
  readonly error?: GateError;
}

/** The files of the run and what each one is about. */
export interface RunFiles {
  /** By path of the evaluation file that they stand for. */
  readonly byEvaluation: ReadonlyMap<string, readonly RunFile[]>;
  /** Wherever they stand, by the id of the model that their items name; each with what it says about that model. */
  readonly byModel: ReadonlyMap<string, readonly RunFile[]>;
  /** Files of our own format that may be about any model, for they cannot be read, in whole or in part. */
  readonly unreadable: readonly RunFile[];
  /** Files that may stand for several evaluation files, with the paths that they may stand for. */
  readonly ambiguous: readonly { readonly file: RunFile; readonly paths: readonly string[] }[];
  /** Files of our own format, which name what they are about. */
  readonly own: readonly RunFile[];
  /** The paths of those that stand for nothing that a changed model evaluates, with what they come nearest to. */
  readonly unplaced: ReadonlyMap<string, readonly string[]>;
  /** The paths of those that no adapter knows. */
  readonly unknown: ReadonlySet<string>;
}

/** What a run's files may stand for: at head, and as it would be if the change had added no path. */
export interface Places {
  /** Evaluation files of the changed models at base and at head. */
  readonly evaluations: ReadonlySet<string>;
  /** Those of base, each with where the same model has it at head, for a model may move with its files. */
  readonly baseEvaluations: ReadonlyMap<string, readonly string[]>;
  readonly tree: Iterable<string>;
  readonly baseTree: Iterable<string>;
}

const NONE: RunFiles = {
  ...{ byEvaluation: new Map(), byModel: new Map(), unplaced: new Map(), unknown: new Set() },
  ...{ unreadable: [], ambiguous: [], own: [] },
};

/**
 * Reads what the run brings and finds what each file is about. A file stands for the evaluation file that shares
 * the longest end of its path. Every path of the commit takes part, or a file about a model that does not change
 * would be taken for the nearest one that does. A path that the change adds may come nearer, and draw a bad number
 * away from its evaluation: where that is left without any file, it cannot be told what the file stands for.
 */
export function sortRunFiles(files: readonly EvidenceFile[], places: Places): RunFiles {
  if (files.length === 0) return NONE;
  const read = files.flatMap(readRunFile);
  const { evaluations, baseEvaluations } = places;
  const before = indexPaths(places.baseTree, baseEvaluations.keys());
  const after = indexPaths([...places.baseTree, ...places.tree], evaluations);
  const byEvaluation = new Map<string, RunFile[]>();
  const ambiguous: { file: RunFile; paths: readonly string[] }[] = [];
  const drawn: { file: RunFile; paths: readonly string[] }[] = [];
  for (const file of read) {
    const nearest = findNearest(file.path, after);
    const planned = nearest.filter((path) => evaluations.has(path)).sort();
    const [only] = planned;
    if (only !== undefined && nearest.length === 1) append(byEvaluation, only, file);
    if (namesItsModels(file)) continue;
    if (only !== undefined && nearest.length > 1) ambiguous.push({ file, paths: planned });
    const lost = findNearest(file.path, before).filter((path) => baseEvaluations.has(path));
    const paths = lost.filter((path) => !planned.includes(path)).sort();
    if (paths.length > 0) drawn.push({ file, paths });
  }
  for (const { file, paths } of drawn) {
    const homes = paths.map((path) => [path, ...(baseEvaluations.get(path) ?? [])]);
    const bare = homes.filter((home) => !home.some((path) => byEvaluation.has(path))).flat();
    if (bare.length > 0) ambiguous.push({ file, paths: [...new Set(bare)] });
  }
  const own = read.filter(({ adapter }) => adapter === evidenceV1);
  const inPlace = new Set([...byEvaluation.values()].flat());
  const unreadable = own.flatMap((file) => {
    if (file.error !== undefined) return [file];
    const problems = inPlace.has(file) ? [] : file.problems.filter(({ model }) => model === undefined);
    return problems.length === 0 ? [] : [{ ...file, items: [], problems }];
  });
  const placed = new Set([...inPlace, ...ambiguous.map(({ file }) => file)].map(({ path }) => path));
  const unplaced = files.filter(({ path }) => !placed.has(path));
  const known = new Set(read.map(({ path }) => path));
  return {
    ...{ byEvaluation, byModel: splitByModel(own), unreadable, ambiguous, own },
    unplaced: new Map(unplaced.map(({ path }) => [path, findNearest(path, after)])),
    unknown: new Set(files.flatMap(({ path }) => (known.has(path) ? [] : [path]))),
  };
}

function readRunFile({ path, bytes, attested }: EvidenceFile): readonly RunFile[] {
  const adapter = findAdapter(path, bytes);
  if (adapter === undefined) return [];
  const trust: Trust = attested === true ? "attested" : "ci";
  const file = { path, digest: sha256Of(bytes), trust, adapter, items: [], problems: [] };
  try {
    const { items, problems } = adapter.read({ path, bytes });
    return [{ ...file, items: items.filter((item) => item.kind === "metric"), problems }];
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return [{ ...file, error }];
  }
}

/** Where such a file stands does not matter. */
function namesItsModels({ items }: RunFile): boolean {
  return items.length > 0 && items.every(({ model }) => model !== undefined);
}

function splitByModel(files: readonly RunFile[]): ReadonlyMap<string, readonly RunFile[]> {
  const byModel = new Map<string, RunFile[]>();
  for (const file of files) {
    const items = groupBy(file.items, ({ model }) => model);
    const problems = groupBy(file.problems, ({ model }) => model);
    for (const model of new Set([...items.keys(), ...problems.keys()])) {
      if (model === undefined) continue;
      append(byModel, model, {
        ...file,
        items: items.get(model) ?? [],
        problems: problems.get(model) ?? [],
      });
    }
  }
  return byModel;
}

function append<T>(index: Map<string, T[]>, key: string, value: T): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, [value]);
  else known.push(value);
}

interface PathIndex {
  /** Paths by name. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Folders by name, for files that only a run writes. */
  readonly folders: ReadonlyMap<string, readonly string[]>;
}

function indexPaths(tree: Iterable<string>, evaluations: Iterable<string>): PathIndex {
  const paths = new Set([...tree, ...evaluations]);
  const folders = new Set<string>();
  for (const path of paths) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return { files: byName(paths), folders: byName(folders) };
}

function byName(paths: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const index = new Map<string, string[]>();
  for (const path of paths) append(index, nameOf(path), path);
  return index;
}

/** The paths that share the longest end with the given one, a file of the same name in a known folder among them. */
function findNearest(path: string, index: PathIndex): readonly string[] {
  const steps = path.split("/");
  const name = nameOf(path);
  const folder = steps.at(-2) ?? "";
  const inFolders = (index.folders.get(folder) ?? []).map((known) => `${known}/${name}`);
  const candidates = new Set([...(index.files.get(name) ?? []), ...inFolders]);
  if (candidates.has(path)) return [path];
  const scored = [...candidates].map((known) => ({ known, shared: sharedEnd(steps, known.split("/")) }));
  const longest = scored.reduce((most, { shared }) => Math.max(most, shared), 0);
  return scored.filter(({ shared }) => shared === longest).map(({ known }) => known);
}

function sharedEnd(a: readonly string[], b: readonly string[]): number {
  let shared = 0;
  while (shared < Math.min(a.length, b.length) && a.at(-1 - shared) === b.at(-1 - shared)) shared++;
  return shared;
}
