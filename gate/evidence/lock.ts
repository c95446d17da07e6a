import { dvc } from "../adapter/dvc.ts";
import { foldersAbove } from "../change/path.ts";
import type { Artifact } from "../model/change.ts";
import type { EvidenceProblem, LockEvidence } from "../model/evidence.ts";
import { contentPath } from "./commit-files.ts";
import { lockedOuts } from "./lock-content.ts";
import { compareStage, type StageReport } from "./lock-stage.ts";
import { type PathLink, type Pipeline, type PipelineStage, pipelinePaths } from "./pipeline.ts";
import { type PipelineFile, pipelinesOf } from "./pipelines.ts";
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
  const { pipelines, stages, problems } = await findStages(on);
  // Of two that pin the same path, the nearer one counts.
  const outs = lockedOuts(pipelines.toReversed());
  const evidence: LockEvidence[] = [];
  const bound = new Set<string>();
  for (const { pipeline, stage } of stages) {
    const report = await compareStage({ files, outs, pipeline }, stage);
    const unread = findProblems(on, { pipeline, stage, report });
    problems.push(...unread);
    if (unread.length > 0) continue;
    evidence.push(toEvidence(on, { pipeline, stage, report }));
    if (report.mismatches.length === 0) for (const path of boundEvaluations(on, stage)) bound.add(path);
  }
  return { evidence, problems, bound, pipelines };
}

/** A stage with the pipeline that has it. */
interface PlacedStage {
  readonly pipeline: Pipeline;
  readonly stage: PipelineStage;
}

/**
 * The stages of concern, wherever their pipelines stand. Those above the model are read in any case, others as soon as
 * they may name what the model is, or make what a stage of concern depends on.
 */
async function findStages(on: ModelSide) {
  const { results, inputs } = pathsOfModel(on);
  const files = await pipelinesOf(on.files);
  const above = [...foldersAbove(on.manifest.path)].flatMap((own) =>
    files.filter(({ folder }) => folder === own),
  );
  const { pipelines, problems } = await readAll(on, above);
  let left = files.filter((file) => !above.includes(file));
  const asked = new Set<string>();
  for (;;) {
    const stages = relevantStages(on, pipelines);
    const wanted = [...inputs, ...stages.flatMap(({ stage }) => pathsOf(stage.deps))];
    const fresh = [...new Set(wanted)].filter((path) => !asked.has(path));
    const named = new Set(
      left.filter(({ mayName, mayMake }) => results.some(mayName) || fresh.some(mayMake)),
    );
    if (named.size === 0) return { pipelines, stages, problems };
    const more = await readAll(on, named);
    pipelines.push(...more.pipelines);
    problems.push(...more.problems);
    left = left.filter((file) => !named.has(file));
    for (const path of fresh) asked.add(path);
  }
}

async function readAll(on: ModelSide, files: Iterable<PipelineFile>) {
  const pipelines: Pipeline[] = [];
  const problems: EvidenceProblem[] = [];
  for (const file of files) {
    const [path, also] = pipelinePaths(file.folder);
    const read = await attempt({ on, path, also, metrics: [] }, file.read);
    problems.push(...read.problems);
    if (read.value !== undefined) pipelines.push(read.value);
  }
  return { pipelines, problems };
}

/** What pipelines may make of the model or from it, and what they may make for it. */
function pathsOfModel({ manifest: { artifacts, evaluation, data } }: ModelSide) {
  return {
    results: [...artifacts, ...evaluation].map(({ path }) => contentPath(path)),
    inputs: data.flatMap(({ path }) => (path === undefined ? [] : contentPath(path))),
  };
}

/**
 * The stages that the model's files come out of or go into, and those that these depend on; and every stage of
 * which nobody can say what it makes.
 */
function relevantStages(on: ModelSide, pipelines: readonly Pipeline[]): readonly PlacedStage[] {
  const { results, inputs } = pathsOfModel(on);
  const all = pipelines.flatMap((pipeline) => pipeline.stages.map((stage) => ({ pipeline, stage })));
  const makers = overlaps(all.flatMap((placed) => pathsOf(placed.stage.outs).map((path) => [path, placed])));
  const readers = overlaps(all.flatMap((placed) => pathsOf(placed.stage.deps).map((path) => [path, placed])));
  const found = new Set([
    ...all.filter(({ stage }) => !stage.isPlaced),
    ...results.flatMap((path) => [...makers(path), ...readers(path)]),
    ...inputs.flatMap(makers),
  ]);
  // A set's loop also visits what is added during it.
  for (const { stage } of found) {
    for (const maker of pathsOf(stage.deps).flatMap(makers)) found.add(maker);
  }
  return all.filter((placed) => found.has(placed));
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

interface Compared extends PlacedStage {
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
  const makes = resultsOf(on, stage);
  return {
    kind: "lock",
    model: on.model,
    side: on.side,
    trust: "declared",
    path: lockPath,
    stage: stage.name,
    ...(makes.length === 0 ? {} : { makes }),
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

/** What the manifest names and a stage makes, be it with the folder around it or file by file. */
function resultsOf({ manifest: { artifacts, evaluation } }: ModelSide, { outs }: PipelineStage): string[] {
  const makers = overlaps(pathsOf(outs).map((path) => [path, true]));
  const results = new Set([...artifacts, ...evaluation].map(({ path }) => path));
  return [...results].filter((path) => makers(contentPath(path)).length > 0);
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
