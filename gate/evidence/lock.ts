import { dvc } from "../adapter/dvc.ts";
import { folderOf, foldersAbove, nameOf } from "../change/path.ts";
import type { Artifact } from "../model/change.ts";
import type { EvidenceProblem, LockEvidence } from "../model/evidence.ts";
import { contentPath } from "./commit-files.ts";
import { lockedOuts } from "./lock-content.ts";
import { compareStage, type StageReport } from "./lock-stage.ts";
import { type PathLink, type Pipeline, type PipelineStage, readPipeline } from "./pipeline.ts";
import { attempt, errorProblem, type ModelSide, rawProblem } from "./side.ts";

/** What the pipelines of a model's side say. */
export interface LockReading {
  readonly evidence: readonly LockEvidence[];
  readonly problems: readonly EvidenceProblem[];
  /** Evaluation files that a stage in sync made from the model as it stands. */
  readonly bound: ReadonlySet<string>;
  /** The pipelines themselves, whose locks pin data too. */
  readonly pipelines: readonly Pipeline[];
}

/** The stages that make a model and its numbers, each compared with the commit. */
export async function collectLocks(on: ModelSide): Promise<LockReading> {
  const { files } = on;
  const { pipelines, problems } = await readPipelines(on, [...foldersAbove(on.manifest.path)]);
  const allOuts = once(async () => {
    const all = [...files.tree.keys()].filter((path) => nameOf(path) === "dvc.yaml").map(folderOf);
    return lockedOuts((await readPipelines(on, all)).pipelines);
  });
  const outs = lockedOuts(pipelines);
  const evidence: LockEvidence[] = [];
  const bound = new Set<string>();
  for (const pipeline of pipelines) {
    for (const stage of relevantStages(on, pipeline)) {
      const report = await compareStage({ files, outs, pipeline, allOuts }, stage);
      const unread = findProblems(on, { pipeline, stage, report });
      problems.push(...unread);
      if (unread.length > 0) continue;
      evidence.push(toEvidence(on, { pipeline, stage, report }));
      if (report.mismatches.length === 0) for (const path of boundEvaluations(on, stage)) bound.add(path);
    }
  }
  return { evidence, problems, bound, pipelines };
}

async function readPipelines(on: ModelSide, folders: readonly string[]) {
  const pipelines: Pipeline[] = [];
  const problems: EvidenceProblem[] = [];
  for (const folder of folders) {
    const prefix = folder === "" ? "" : `${folder}/`;
    const concern = { on, path: `${prefix}dvc.yaml`, also: `${prefix}dvc.lock`, metrics: [] };
    const read = await attempt(concern, () => readPipeline(on.files, folder));
    problems.push(...read.problems);
    if (read.value !== undefined) pipelines.push(read.value);
  }
  return { pipelines, problems };
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= read();
    return result;
  };
}

/**
 * The stages that the model's files come out of or go into, and those that these depend on; and every stage of
 * which nobody can say what it makes.
 */
function relevantStages(on: ModelSide, { stages }: Pipeline): readonly PipelineStage[] {
  const { artifacts, evaluation, data } = on.manifest;
  const results = [...artifacts, ...evaluation].map(({ path }) => contentPath(path));
  const inputs = data.flatMap(({ path }) => (path === undefined ? [] : contentPath(path)));
  const makers = overlaps(stages.flatMap((stage) => pathsOf(stage.outs).map((path) => [path, stage])));
  const readers = overlaps(stages.flatMap((stage) => pathsOf(stage.deps).map((path) => [path, stage])));
  const found = new Set([
    ...stages.filter(({ isPlaced }) => !isPlaced),
    ...results.flatMap((path) => [...makers(path), ...readers(path)]),
    ...inputs.flatMap(makers),
  ]);
  // A set's loop also visits what is added during it.
  for (const { deps } of found) {
    for (const stage of pathsOf(deps).flatMap(makers)) found.add(stage);
  }
  return stages.filter((stage) => found.has(stage));
}

function pathsOf(links: readonly PathLink[]): readonly string[] {
  return links.flatMap(({ path }) => path ?? []);
}

/** What stands at a path, above it or below it. */
function overlaps<T>(entries: readonly (readonly [string, T])[]): (path: string) => readonly T[] {
  const at = new Map<string, T[]>();
  const below = new Map<string, T[]>();
  for (const [path, value] of entries) {
    add(at, path, value);
    for (const folder of foldersAbove(path)) add(below, folder, value);
  }
  return (path) =>
    [path, ...foldersAbove(path)].flatMap((own) => at.get(own) ?? []).concat(below.get(path) ?? []);
}

function add<T>(index: Map<string, T[]>, key: string, value: T): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, [value]);
  else known.push(value);
}

interface Compared {
  readonly pipeline: Pipeline;
  readonly stage: PipelineStage;
  readonly report: StageReport;
}

/** Why nothing can be said of a stage: it stands for something unknown, or a file of it cannot be read. */
function findProblems(on: ModelSide, { pipeline, stage, report }: Compared): readonly EvidenceProblem[] {
  const concern = { on, metrics: [] };
  if (stage.problem !== undefined)
    return [rawProblem(stage.problem, { ...concern, path: pipeline.yamlPath })];
  return report.errors.map((error) => errorProblem(error, { ...concern, path: pipeline.lockPath }));
}

function toEvidence(on: ModelSide, { pipeline, stage, report }: Compared): LockEvidence {
  const { yamlPath, lockPath, digest, isLocked } = pipeline;
  return {
    kind: "lock",
    model: on.model,
    side: on.side,
    trust: "declared",
    path: lockPath,
    stage: stage.name,
    mismatches: report.mismatches,
    source: {
      adapter: dvc.name,
      path: isLocked ? lockPath : yamlPath,
      digest,
      ...(stage.locked === undefined ? {} : { line: stage.locked.at.line }),
      ...(report.hashes.length === 0 ? {} : { tool: `dvc (${report.hashes.join(", ")})` }),
    },
  };
}

/** Evaluation files that a stage made while every artifact of the model was among its files, as it stands now. */
function boundEvaluations(on: ModelSide, stage: PipelineStage): readonly string[] {
  const { artifacts } = on.version;
  const links = [...stage.deps, ...stage.outs];
  const isBound = artifacts.length > 0 && artifacts.every((artifact) => binds(on, links, artifact));
  if (!isBound) return [];
  const outs = new Set(stage.outs.map(({ path }) => path));
  return on.manifest.evaluation.map(({ path }) => path).filter((path) => outs.has(path));
}

/** A stage in sync has compared what is in the commit; what is not there has to have the pointer's own digest. */
function binds({ files }: ModelSide, links: readonly PathLink[], { path, pointer }: Artifact): boolean {
  const digest = links.find((link) => link.path === contentPath(path))?.locked?.digest;
  if (digest === undefined) return false;
  return pointer?.kind === "dvc" ? pointer.digest === digest : files.tree.has(path);
}
