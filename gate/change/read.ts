import type { Outline } from "../artifact/layout.ts";
import type {
  Artifact,
  ChangeSet,
  FileChange,
  ModelChange,
  ModelVersion,
  TreeEntry,
} from "../model/change.ts";
import type { Finding } from "../model/finding.ts";
import type { Manifest } from "../model/manifest.ts";
import { once } from "../model/once.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Repository } from "../world.ts";
import {
  type ArtifactSource,
  type Content,
  findDetour,
  indexTree,
  outlineEntry,
  readArtifact,
  subjectOf,
} from "./artifacts.ts";
import { findRivals } from "./claimants.ts";
import { type Comparison, classify, pairArtifacts } from "./classify.ts";
import { findConcern } from "./concern.ts";
import { findReencoding } from "./conversion.ts";
import { diffTrees } from "./diff.ts";
import { identityFindings, type Surroundings } from "./identity.ts";
import { findLateClaims, findLatePairs, withLateClaims } from "./late-claims.ts";
import { LOCK_NAME } from "./lock-outputs.ts";
import type { Recipes } from "./lock-stages.ts";
import type { ManifestFile } from "./manifest-file.ts";
import { type ModelPair, pairModels } from "./pair.ts";
import { folderOf, nameOf } from "./path.ts";
import { compareRecipes, type RecipeComparison } from "./recipe.ts";
import { readSides, type Side, type Sides } from "./side.ts";
import { withTips } from "./tip.ts";
import { findUnclaimed, type PackedWhere, type UnclaimedFile } from "./unclaimed.ts";

/**
 * What differs between the merge base and the head, and which models that concerns. Base and head are revisions; the
 * head may be `worktree`. Rejects what the repository rejects; what is wrong with a model is among its problems.
 */
export async function readChangeSet(
  request: { readonly base: string; readonly head: string },
  repository: Repository,
): Promise<ChangeSet> {
  const base = await repository.commit(request.base);
  const head = await repository.commit(request.head);
  const mergeBase = await repository.mergeBase(base, head);
  const [before, after] = await Promise.all([repository.tree(mergeBase), repository.tree(head)]);
  const files = diffTrees(before, after);
  if (files.length === 0) return { base, mergeBase, head, files, models: [] };
  const sides = await readSides({ base: before, head: after }, files, repository);
  const concern = findConcern(sides);
  const pairs = pairModels(concern, { base: before, head: after });
  const reading = {
    ...toReading(sides, repository),
    rivals: findRivals(pairs, sides),
    collisions: sides.collisions,
  };
  const models: ModelChange[] = [];
  for (const pair of pairs) models.push(await readModel(pair, reading));
  const taken = new Set(models.map(({ id }) => id));
  for (const file of await findUnclaimed({ files, ...sides }, concern, repository)) {
    models.push(await readUnclaimed(file, { ...reading, taken }));
  }
  models.sort((a, b) => byCodeUnits(a.id, b.id));
  if (base === mergeBase) return { base, mergeBase, head, files, models };
  const tip = await repository.tree(base);
  const late = await findLateClaims(files, { tip, sides }, repository);
  for (const pair of findLatePairs(late, { pairs, sides })) models.push(await readModel(pair, reading));
  const weighed = withLateClaims(await withTips(models, tip, repository), late);
  return { base, mergeBase, head, files, models: weighed };
}

interface Reading {
  readonly repository: Repository;
  readonly base: ArtifactSource;
  readonly head: ArtifactSource;
  readonly recipes: Recipes;
}

function toReading(sides: Sides, repository: Repository): Reading {
  const known = new Map<string, Promise<Content>>();
  const source = (side: Side): ArtifactSource => {
    const index = once(() => indexTree(side.tree));
    return { tree: side.tree, repository, index, known, attributes: side.attributes, outputs: side.outputs };
  };
  return { repository, base: source(sides.base), head: source(sides.head), recipes: sides.recipes };
}

/** One model that manifests claim. */
async function readModel(pair: ModelPair, reading: Reading & Surroundings): Promise<ModelChange> {
  const base = pair.base && (await readVersion(pair.base, reading.base));
  const head =
    pair.head === undefined
      ? pair.base && (await readEnded(pair.base, reading.rivals.abandoned(pair), reading.head))
      : await readVersion(pair.head, reading.head, identityFindings(pair, reading));
  return toModelChange({ id: pair.id, base, head, files: [...pair.files] }, reading);
}

interface Draft {
  readonly id: string;
  readonly base: ModelVersion | undefined;
  readonly head: ModelVersion | undefined;
  readonly files: readonly FileChange[];
}

async function toModelChange({ id, base, head, files }: Draft, reading: Reading): Promise<ModelChange> {
  const versions = { ...(base === undefined ? {} : { base }), ...(head === undefined ? {} : { head }) };
  const outlines = base && head ? await readOutlines(base, head, reading) : new Map();
  const recipe = base && head && recipeOf({ base, head }, files, reading);
  const { changeClass, reasons } = classify({
    ...versions,
    ...{ files, outlines },
    ...(recipe === undefined ? {} : { recipe }),
  });
  const paths = [...new Set(files.map(({ path }) => path))].sort(byCodeUnits);
  return { id, ...versions, changeClass, classReasons: reasons, paths };
}

async function readVersion(
  file: ManifestFile,
  source: ArtifactSource,
  findings: readonly Finding[] = [],
): Promise<ModelVersion> {
  const result = file.read();
  if (result.kind === "broken") return { problems: [result.problem], artifacts: [] };
  const { manifest } = result;
  const artifacts: Artifact[] = [];
  for (const declared of manifest.artifacts) artifacts.push(await readArtifact(declared, source));
  const problems = [...findings, ...(await findReencodings(manifest, source))];
  return { manifest, problems, artifacts, ...withSubject(artifacts, file.folder) };
}

/** Files of the manifest's that are other text in a checkout than here, itself among them. */
async function findReencodings(
  { path, data, evaluation, card }: Manifest,
  source: ArtifactSource,
): Promise<readonly Finding[]> {
  const attributes = await source.attributes();
  const paths = [path, ...[...data, ...evaluation].map((named) => named.path), card];
  return [...new Set(paths)].flatMap((named) => {
    if (named === undefined || !source.tree.has(named)) return [];
    return findReencoding(named, attributes) ?? [];
  });
}

/**
 * A model whose manifest the head does not have, and that is there nevertheless: a link or a submodule is in its
 * folder's place, where nobody can look, or its artifacts are where they were. Undefined for one that is gone.
 */
async function readEnded(
  { path, read }: ManifestFile,
  abandoned: readonly string[],
  source: ArtifactSource,
): Promise<ModelVersion | undefined> {
  const result = read();
  const declared =
    result.kind === "manifest" ? result.manifest.artifacts.map((artifact) => artifact.path) : [];
  const detour = findDetour(path, source.tree);
  if (detour !== undefined) {
    const problem: Finding = { ...detour, place: { path }, fix: "Keep the model itself in this repository" };
    return { problems: [problem], artifacts: await readAll(declared, source) };
  }
  const left = abandoned.length === 0 ? [] : await findLeft(abandoned, source);
  if (left.length === 0) return undefined;
  return { problems: [abandonedFinding(path, left)], artifacts: await readAll(left, source) };
}

/** What git, DVC or a pipeline still keeps. */
async function findLeft(paths: readonly string[], { tree, outputs }: ArtifactSource): Promise<string[]> {
  const elsewhere = paths.filter((path) => !tree.has(path) && !tree.has(`${path}.dvc`));
  const made = elsewhere.length === 0 ? undefined : (await outputs()).outputs;
  return paths.filter((path) => !elsewhere.includes(path) || made?.has(path));
}

function abandonedFinding(path: string, [first, ...others]: readonly string[]): Finding {
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return {
    code: "MODEL_ABANDONED",
    message: `Cannot take the model of ${path} for removed: the commit still has ${first}${more}`,
    place: { path },
    fix: "Remove the artifacts too, or keep the model.yml with status: retired",
  };
}

async function readAll(paths: readonly string[], source: ArtifactSource): Promise<Artifact[]> {
  const artifacts: Artifact[] = [];
  for (const path of paths) artifacts.push(await readArtifact({ path }, source));
  return artifacts;
}

function withSubject(artifacts: readonly Artifact[], folder: string): Pick<ModelVersion, "subject"> {
  const subject = subjectOf(artifacts, folder);
  return subject === undefined ? {} : { subject };
}

/** Of the pipelines that make the model, where a lock of theirs has changed. */
function recipeOf(
  versions: { readonly base: ModelVersion; readonly head: ModelVersion },
  files: readonly FileChange[],
  { base, head, recipes }: Reading,
): RecipeComparison | undefined {
  if (!files.some(({ path }) => nameOf(path) === LOCK_NAME)) return undefined;
  return compareRecipes(versions, { base: base.tree, head: head.tree }, recipes);
}

/** Of the artifacts whose bytes differ; where a pointer stands, other machines may not have the bytes. */
async function readOutlines(
  base: ModelVersion,
  head: ModelVersion,
  reading: Reading,
): Promise<Comparison["outlines"]> {
  const outlines = new Map<string, { base: Outline; head: Outline }>();
  const isBlob = ({ digest, pointer }: Artifact) => digest !== undefined && pointer === undefined;
  for (const pair of pairArtifacts(base, head)) {
    if (!isBlob(pair.base) || !isBlob(pair.head) || pair.base.digest === pair.head.digest) continue;
    outlines.set(pair.head.path, {
      base: await outlineOf(pair.base, reading.base),
      head: await outlineOf(pair.head, reading.head),
    });
  }
  return outlines;
}

async function outlineOf({ path }: Artifact, { tree, repository }: ArtifactSource): Promise<Outline> {
  const entry = tree.get(path);
  if (entry === undefined) throw new TypeError(`${path} has a digest of its own, and so an entry`);
  return outlineEntry(entry, repository);
}

/** A model file that no manifest claims: a model by itself, with its path as id. */
async function readUnclaimed(
  file: UnclaimedFile,
  reading: Reading & { readonly taken: ReadonlySet<string> },
): Promise<ModelChange> {
  const { path, change } = file;
  const base = file.base && (await readUnclaimedVersion(file.base, reading.base));
  const head = file.head && (await readUnclaimedVersion(file.head, reading.head, file.packed));
  // A file at the root may have the name that another model has as its id.
  const id = reading.taken.has(path) ? `./${path}` : path;
  return toModelChange({ id, base, head, files: [change] }, reading);
}

async function readUnclaimedVersion(
  { path }: Pick<TreeEntry, "path">,
  source: ArtifactSource,
  packed?: PackedWhere,
): Promise<ModelVersion> {
  const artifacts = [await readArtifact({ path }, source)];
  const problem: Finding = {
    code: "MODEL_UNCLAIMED",
    message:
      packed === undefined
        ? `No model.yml names ${path} among its artifacts`
        : `Nobody can look into ${path}, which ${PACKED[packed].state}, and no model.yml names it`,
    place: { path },
    fix: packed === undefined ? fixOf(artifacts[0]!) : PACKED[packed].fix,
  };
  return { problems: [problem], artifacts, ...withSubject(artifacts, folderOf(path)) };
}

const PACKED = {
  "among models": {
    state: "stands among models",
    fix: "Commit what is packed in it, or name it under data in the model.yml beside it if it is data",
  },
  "under another name": {
    state: "is packed under a name that says otherwise",
    fix: "Commit what is packed in it, or give it the name of what it is",
  },
  "as a model": {
    state: "is called a model",
    fix: "Commit what is packed in it, or rename it if it is no model",
  },
} as const satisfies Record<PackedWhere, { readonly state: string; readonly fix: string }>;

function fixOf({ pointer, problem }: Artifact): string {
  if (problem?.code === "PATH_UNSAFE" || problem?.code === "SUBMODULE_UNVERIFIABLE") {
    return "Commit the files themselves, or keep it away from the folders of models";
  }
  const name = "Name the file under artifacts in the model.yml beside it";
  return pointer === undefined
    ? `${name}, or let weighbridge init write one`
    : `${name}, or under data if it is data, or fetch its content so that it can be looked at`;
}
