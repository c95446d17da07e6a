import { parseManifest } from "../change/manifest.ts";
import { nameOf } from "../change/path.ts";
import { type ChangeSet, type ModelChange, type ModelVersion, subjectAt } from "../model/change.ts";
import { groupBy } from "../model/group.ts";
import type { Manifest } from "../model/manifest.ts";
import { YAML_BYTES_MAX } from "../parse/yaml.ts";
import type { World } from "../world.ts";
import { collectArtifacts } from "./artifacts.ts";
import { championRequests, withChampions } from "./champion.ts";
import { type CommitFiles, commitFiles, readFile } from "./commit-files.ts";
import { collectData } from "./data.ts";
import { collectCard } from "./documents.ts";
import { collectLocks } from "./lock.ts";
import type { Md5 } from "./md5.ts";
import { collectMetrics } from "./metrics.ts";
import { sortEvidence, sortProblems } from "./order.ts";
import { type RunFiles, sortRunFiles } from "./run-files.ts";
import { attempt, type Collected, join, type ModelSide } from "./side.ts";
import { findUnused } from "./unused.ts";

/**
 * Everything that is known about the changed models at both sides, from the files that their manifests name and
 * from those that the run brings. Sorted; the order in which files are given makes no difference.
 */
export async function collectEvidence(change: ChangeSet, world: World): Promise<Collected> {
  if (change.models.length === 0) return { evidence: [], problems: [] };
  const { repository } = world;
  const md5s = new Map<string, Md5>();
  const base = await commitFiles(repository, change.base, md5s);
  const head = await commitFiles(repository, change.head, md5s);
  const run = sortRunFiles(world.evidence, {
    evaluations: new Set(change.models.flatMap(({ base, head }) => [...pathsOf(base), ...pathsOf(head)])),
    baseEvaluations: baseEvaluations(change),
    tree: head.tree.keys(),
    baseTree: base.tree.keys(),
  });
  const parts: Collected[] = [];
  for (const model of change.models) {
    parts.push(await collectBase(change, { model, files: base, run }));
    parts.push(await collectHead({ model, files: head, run }));
  }
  const collected = join(parts);
  const champions = await world.trail?.champions(championRequests(change), change.base);
  const unused = await findUnused(run, { change, head, evidence: collected.evidence });
  const { evidence, problems } = withChampions(
    join([collected, { evidence: [], problems: unused }]),
    champions ?? [],
  );
  return { evidence: sortEvidence(evidence), problems: sortProblems(problems) };
}

function pathsOf(version: ModelVersion | undefined): readonly string[] {
  return version?.manifest?.evaluation.map(({ path }) => path) ?? [];
}

/** The evaluation files of base, each with those of the same name that the same model has at head. */
function baseEvaluations({ models }: ChangeSet): ReadonlyMap<string, readonly string[]> {
  const heirs = new Map<string, string[]>();
  for (const { base, head } of models) {
    const byName = groupBy(pathsOf(head), nameOf);
    for (const path of new Set(pathsOf(base))) {
      heirs.set(path, [...(heirs.get(path) ?? []), ...(byName.get(nameOf(path)) ?? [])]);
    }
  }
  return heirs;
}

interface Collecting {
  readonly model: ModelChange;
  readonly files: CommitFiles;
  readonly run: RunFiles;
}

async function collectHead({ model, files, run }: Collecting): Promise<Collected> {
  const { id, head } = model;
  if (head === undefined) return { evidence: [], problems: [] };
  const on = { model: id, side: "head", version: head, files } as const;
  const scans = { evidence: await collectArtifacts(on), problems: [] };
  const manifest = head.manifest;
  return manifest === undefined ? scans : join([scans, await collectSide({ ...on, manifest }, model, run)]);
}

/**
 * The base's values are those of the commit that the change wants to enter. Where that has moved on from the merge
 * base, its own manifest says what they are, and its own artifacts what they are about.
 */
async function collectBase(change: ChangeSet, { model, files, run }: Collecting): Promise<Collected> {
  const { id, base, tip } = model;
  if (base?.manifest === undefined) return { evidence: [], problems: [] };
  const { manifest } = base;
  if (change.base === change.mergeBase) {
    return collectSide({ model: id, side: "base", version: base, manifest, files }, model, run);
  }
  const { path } = manifest;
  const read = await attempt({ on: { model: id, side: "base" }, path }, () => readManifest(files, path));
  if (read.value === undefined) return { evidence: [], problems: read.problems };
  const version: ModelVersion = { problems: [], artifacts: [], ...tip, manifest: read.value };
  return collectSide({ model: id, side: "base", version, manifest: read.value, files }, model, run);
}

async function readManifest(files: CommitFiles, path: string): Promise<Manifest | undefined> {
  const bytes = await readFile(files, path, YAML_BYTES_MAX);
  return bytes === undefined ? undefined : parseManifest(bytes, path);
}

/** All that a manifest's files say about one side. */
async function collectSide(on: ModelSide, model: ModelChange, run: RunFiles): Promise<Collected> {
  const locks = await collectLocks(on);
  const other = subjectAt(model, on.side === "head" ? "base" : "head");
  const data = await collectData(on, locks.pipelines);
  const context = {
    run,
    bound: locks.bound,
    datasets: data.evidence.filter((item) => item.kind === "dataset"),
    ...(other === undefined ? {} : { otherSubject: other }),
  };
  return join([locks, await collectMetrics(on, context), await collectCard(on), data]);
}
