import type { LockedPath, LockedStage, RawPipeline, RawProblem } from "../adapter/adapter.ts";
import { dvc } from "../adapter/dvc.ts";
import { resolveStages, type Stage } from "../adapter/dvc-stages.ts";
import { isElsewhere, LOCK_NAME, PIPELINE_NAME } from "../change/lock-outputs.ts";
import { resolvePath } from "../change/path.ts";
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import { sha256Of } from "../parse/canonical.ts";
import { quote } from "../parse/excerpt.ts";
import { type MapNode, type Node, nodeAt } from "../parse/node.ts";
import { type CommitFiles, readFile } from "./commit-files.ts";
import { readParameters } from "./parameters.ts";

export const PIPELINE_BYTES_MAX = 1024 * 1024;
/** Dependencies and outputs of all stages: each is compared. */
export const LINKS_MAX = 10_000;

/** A `dvc.yaml` and the `dvc.lock` beside it, their paths from the repository's root. */
export interface Pipeline {
  readonly yamlPath: string;
  readonly lockPath: string;
  /** Whether there is a lock: there is none before the first run. */
  readonly isLocked: boolean;
  /** Of the lock, or of the `dvc.yaml` without one. */
  readonly digest: Digest;
  /** Sorted by name: what is in either file. */
  readonly stages: readonly PipelineStage[];
  /** A file of parameters, parsed once; undefined where there is none. Rejects what cannot be read. */
  parameters(path: string): Promise<Node | undefined>;
}

export interface PipelineStage {
  readonly name: string;
  /** As `dvc.yaml` has it; undefined where only the lock does, or where its templates cannot be filled in. */
  readonly stage: Stage | undefined;
  readonly locked: LockedStage | undefined;
  /** Why the stage of `dvc.yaml` cannot be read. */
  readonly problem: RawProblem | undefined;
  /** Whether it is known what it makes. */
  readonly isPlaced: boolean;
  readonly deps: readonly PathLink[];
  readonly outs: readonly PathLink[];
  /** The path of what is written in this stage; undefined outside of the repository. */
  resolve(written: string): string | undefined;
}

/** A path that a stage depends on or makes, as `dvc.yaml` and as the lock have it. */
export interface PathLink {
  readonly written: string;
  /** Undefined for what is not in the repository: a URL, an absolute path. */
  readonly path?: string;
  readonly isDeclared: boolean;
  readonly locked?: LockedPath;
}

/** The pipeline of a folder; undefined without a `dvc.yaml`. Throws a GateError for one that cannot be read. */
export async function readPipeline(files: CommitFiles, folder: string): Promise<Pipeline | undefined> {
  const [yamlPath, lockPath] = pipelinePaths(folder);
  const yaml = await readFile(files, yamlPath, PIPELINE_BYTES_MAX);
  if (yaml === undefined) return undefined;
  const lock = await readFile(files, lockPath, PIPELINE_BYTES_MAX);
  const written = dvc.read({ path: yamlPath, bytes: yaml }).items.find((item) => item.kind === "pipeline");
  const locked =
    lock && dvc.read({ path: lockPath, bytes: lock }).items.find((item) => item.kind === "lock")?.stages;
  const raw: RawPipeline = written ?? { kind: "pipeline", vars: [], stages: new Map() };
  const parameters = readParametersOnce(files);
  const stages = await linkStages({ folder, raw, locked: locked ?? new Map(), parameters });
  const links = stages.reduce((sum, { deps, outs }) => sum + deps.length + outs.length, 0);
  if (links > LINKS_MAX) {
    const message = `Cannot compare ${yamlPath}: ${links} dependencies and outputs, limit is ${LINKS_MAX}`;
    throw new GateError("DVC_LIMIT", message, { place: { path: yamlPath } });
  }
  const isLocked = lock !== undefined;
  return { yamlPath, lockPath, isLocked, digest: sha256Of(lock ?? yaml), stages, parameters };
}

/** Where the two files of a folder's pipeline stand. */
export function pipelinePaths(folder: string): readonly [yaml: string, lock: string] {
  const prefix = folder === "" ? "" : `${folder}/`;
  return [`${prefix}${PIPELINE_NAME}`, `${prefix}${LOCK_NAME}`];
}

/** Each file once: many stages may name the same. */
function readParametersOnce(files: CommitFiles): Pipeline["parameters"] {
  const known = new Map<string, Promise<Node | undefined>>();
  return (path) => {
    const read = known.get(path) ?? readParameters(files, path);
    known.set(path, read);
    return read;
  };
}

interface Linking extends Pick<Pipeline, "parameters"> {
  readonly folder: string;
  readonly raw: RawPipeline;
  readonly locked: ReadonlyMap<string, LockedStage>;
}

/** The stages of both files, those among them that cannot be read. */
async function linkStages(linking: Linking): Promise<readonly PipelineStage[]> {
  const { folder, raw, locked, parameters } = linking;
  const { stages, problems } = await resolveStages(raw, async (wdir, written) => {
    const path = resolveFrom(folder, wdir, written);
    return path === undefined ? undefined : parameters(path);
  });
  const declared = new Map(stages.map((stage) => [stage.name, stage]));
  const groups = new Set([...locked.keys()].flatMap((name) => [name, groupOf(name)]));
  // One that was never run is still a stage: it may make what nothing else does.
  const unread = [...problems.keys()].filter((name) => !groups.has(name));
  return [...new Set([...declared.keys(), ...locked.keys(), ...unread])].sort().map((name) => {
    const group = raw.stages.get(name) ?? raw.stages.get(groupOf(name));
    const stage = declared.get(name);
    const problem = stage === undefined ? (problems.get(name) ?? problems.get(groupOf(name))) : undefined;
    const plain = stage ?? (problem === undefined ? { wdir: ".", outs: [] } : plainStage(group));
    const lock = locked.get(name);
    const resolve = (written: string) => resolveFrom(folder, plain.wdir ?? ".", written);
    return {
      name,
      stage,
      locked: lock,
      problem,
      isPlaced: plain.wdir !== undefined && (plain.outs ?? lock) !== undefined,
      deps: linkPaths(stage?.deps ?? [], lock?.deps ?? [], resolve),
      outs: linkPaths(plain.outs ?? [], lock?.outs ?? [], resolve),
      resolve,
    };
  });
}

/** `train` of `train@uk`. */
function groupOf(name: string): string {
  const at = name.lastIndexOf("@");
  return at < 0 ? name : name.slice(0, at);
}

/** What a stage that cannot be read says plainly: its working folder and outputs, unless a template stands there. */
function plainStage(definition: MapNode | undefined): {
  readonly wdir: string | undefined;
  readonly outs: readonly string[] | undefined;
} {
  const template = definition?.entries.get("do")?.value ?? definition;
  if (template === undefined) return { wdir: undefined, outs: undefined };
  const wdir = plainTexts(nodeAt(template, ["wdir"]));
  const outs = ["outs", "metrics", "plots"].map((key) => plainTexts(nodeAt(template, [key])));
  const known = outs.filter((texts) => texts !== undefined);
  return { wdir: wdir && (wdir[0] ?? "."), outs: known.length === outs.length ? known.flat() : undefined };
}

/** A text, those of a list, or the keys of a map; undefined if one is a template. */
function plainTexts(node: Node | undefined): readonly string[] | undefined {
  if (node === undefined) return [];
  const items = node.kind === "list" ? node.items : [node];
  const texts = items.flatMap((item) => (item.kind === "map" ? [...item.entries.keys()] : toTexts(item)));
  return texts.some((text) => text.includes("${")) ? undefined : texts;
}

function toTexts(node: Node): readonly string[] {
  return node.kind === "scalar" ? [String(node.value)] : [];
}

/** What `dvc.yaml` names and what the lock holds, put together by path. */
function linkPaths(
  declared: readonly string[],
  locked: readonly LockedPath[],
  resolve: PipelineStage["resolve"],
): readonly PathLink[] {
  const key = (written: string) => resolve(written) ?? written;
  const locks = new Map(locked.map((entry) => [key(entry.path), entry]));
  const twice = locked.find((entry) => locks.get(key(entry.path)) !== entry);
  if (twice !== undefined) {
    // DVC would take one of the two, and which one depends on how its path is written.
    const message = `Cannot compare ${quote(twice.path)} with its lock: dvc.lock holds it twice`;
    throw new GateError("DVC_INVALID", message, { fix: "Let DVC write the file: dvc commit --force" });
  }
  const names = new Map(
    [...locked.map(({ path }) => path), ...declared].map((written) => [key(written), written]),
  );
  const declaredKeys = new Set(declared.map(key));
  return [...names].map(([name, written]) => {
    const path = resolve(written);
    const lock = locks.get(name);
    return {
      written,
      ...(path === undefined ? {} : { path }),
      isDeclared: declaredKeys.has(name),
      ...(lock === undefined ? {} : { locked: lock }),
    };
  });
}

/** The path from the repository's root of what is written in a folder below a pipeline's. */
function resolveFrom(folder: string, wdir: string, written: string): string | undefined {
  return isElsewhere(written) || isElsewhere(wdir) ? undefined : resolvePath(folder, `${wdir}/${written}`);
}
