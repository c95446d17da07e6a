import type { StageParams } from "../adapter/dvc-stages.ts";
import { GateError } from "../model/error.ts";
import type { LockEvidence } from "../model/evidence.ts";
import type { Place } from "../model/place.ts";
import { quote } from "../parse/excerpt.ts";
import { type Node, nodeAt, type Position, toValue } from "../parse/node.ts";
import { compareCommitted, compareContent, type LockContext } from "./lock-content.ts";
import { isSameValue } from "./parameters.ts";
import type { PathLink, Pipeline, PipelineStage } from "./pipeline.ts";

type Mismatch = LockEvidence["mismatches"][number];

/** How a stage of a lock stands to `dvc.yaml` and to the commit. */
export interface StageReport {
  readonly mismatches: readonly Mismatch[];
  /** What could not be compared: then nobody can say that the stage is in sync. */
  readonly errors: readonly GateError[];
  /** DVC's names of the hashes that agreed. */
  readonly hashes: readonly string[];
}

export interface StageContext extends LockContext {
  readonly pipeline: Pipeline;
}

/** Of one stage that are spelled out; a hostile file can cause a hundred thousand. */
const MISMATCHES_MAX = 50;

const SAME: StageReport = { mismatches: [], errors: [], hashes: [] };

/** Compares command, parameters, dependencies and outputs of a stage with what its lock holds. */
export async function compareStage(context: StageContext, stage: PipelineStage): Promise<StageReport> {
  const { yamlPath, lockPath } = context.pipeline;
  const { stage: declared, locked } = stage;
  if (declared === undefined) return mismatch("it is in dvc.lock, but not in dvc.yaml", lockPath, locked?.at);
  if (locked === undefined) return mismatch("it is in dvc.yaml, but not in dvc.lock", yamlPath, declared.at);
  const isSameCommand = isSameValue(declared.cmd, locked.cmd);
  const reports = [
    isSameCommand ? SAME : mismatch("its command is not the one that was run", yamlPath, declared.cmd.at),
  ];
  for (const params of declared.params)
    reports.push(await guarded(() => compareParams(context, stage, params)));
  for (const [file, { at }] of locked.params) {
    if (declared.params.some((params) => params.file === file)) continue;
    reports.push(
      mismatch(`it was run with parameters of ${file}, which dvc.yaml does not name`, lockPath, at),
    );
  }
  for (const link of stage.deps) reports.push(await guarded(() => compareLink(context, link, "dependency")));
  for (const link of stage.outs) reports.push(await guarded(() => compareLink(context, link, "output")));
  return {
    mismatches: cut(reports.flatMap(({ mismatches }) => mismatches)),
    errors: reports.flatMap(({ errors }) => errors),
    hashes: [...new Set(reports.flatMap(({ hashes }) => hashes))].sort(),
  };
}

function cut(mismatches: readonly Mismatch[]): readonly Mismatch[] {
  const [first] = mismatches;
  const more = mismatches.length - MISMATCHES_MAX;
  if (first === undefined || more <= 0) return mismatches;
  return [
    ...mismatches.slice(0, MISMATCHES_MAX),
    { message: `${more} more differences`, place: first.place },
  ];
}

function mismatch(message: string, path: string, at?: Position): StageReport {
  const place: Place = at === undefined ? { path } : { path, line: at.line };
  return { ...SAME, mismatches: [{ message, place }] };
}

/** A path or file that cannot be read leaves the rest of the stage to be compared. */
async function guarded(compare: () => Promise<StageReport>): Promise<StageReport> {
  try {
    return await compare();
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return { ...SAME, errors: [error] };
  }
}

async function compareParams(
  { pipeline }: StageContext,
  { resolve, stage, locked }: PipelineStage,
  { file, keys }: StageParams,
): Promise<StageReport> {
  const { yamlPath, lockPath } = pipeline;
  const path = resolve(file);
  const before = locked?.params.get(file);
  if (before === undefined) return mismatch(`dvc.lock holds no parameters of ${file}`, lockPath, locked?.at);
  const root = path === undefined ? undefined : await pipeline.parameters(path);
  if (root === undefined)
    return mismatch(`its parameters ${file} are not in the commit`, yamlPath, stage?.at);
  // Without keys the whole file counts, by its top keys, dots and all.
  const now = new Map(
    (keys ?? (root.kind === "map" ? [...root.entries.keys()] : [])).map((key) => {
      return [key, nodeAt(root, keys === undefined ? [key] : key.split("."))] as const;
    }),
  );
  const messages = [...new Set([...now.keys(), ...before.entries.keys()])].flatMap((key) => {
    if (!now.has(key)) return [`it was run with ${key} of ${file}, which is not named any more`];
    return compareValues(`${key} of ${file}`, now.get(key), before.entries.get(key)?.value);
  });
  const at = { path: lockPath, line: before.at.line };
  return { ...SAME, mismatches: messages.map((message) => ({ message, place: at })) };
}

function compareValues(name: string, now: Node | undefined, before: Node | undefined): readonly string[] {
  if (now === undefined) return [`${name} does not exist`];
  if (before === undefined) return [`dvc.lock does not hold ${name}`];
  return isSameValue(now, before) ? [] : [`${name} is ${show(now)}, and was ${show(before)} when it was run`];
}

function show(node: Node): string {
  return node.kind === "scalar" ? quote(node.text) : quote(JSON.stringify(toValue(node)));
}

async function compareLink(
  context: StageContext,
  { written, path, isDeclared, locked }: PathLink,
  kind: "dependency" | "output",
): Promise<StageReport> {
  const { yamlPath, lockPath } = context.pipeline;
  if (locked === undefined) return mismatch(`dvc.lock does not hold its ${kind} ${written}`, yamlPath);
  if (!isDeclared) return mismatch(`dvc.yaml does not name its ${kind} ${written}`, lockPath, locked.at);
  // What lives outside of the repository is bound by other means than MD5, which only DVC can ask for.
  if (path === undefined) return SAME;
  const { digest } = locked;
  if (digest === undefined) return mismatch(`dvc.lock binds no content of ${path}`, lockPath, locked.at);
  const bound = { path, digest, locked };
  const state =
    kind === "output" ? await compareCommitted(context, bound) : await compareContent(context, bound);
  if (state === undefined) return SAME;
  if (state.kind === "same") return { ...SAME, hashes: [state.by] };
  const message =
    state.kind === "nowhere"
      ? `its dependency ${path} is not in the commit, no .dvc file tracks it and no stage makes it`
      : `${path} is ${digest} in dvc.lock, in the commit ${state.found}`;
  return mismatch(message, lockPath, locked.at);
}
