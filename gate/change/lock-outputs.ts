import type { Artifact, FileChange, Pointer, Tree, TreeEntry } from "../model/change.ts";
import { isDigest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import { canonical } from "../parse/canonical.ts";
import { type MapNode, type Node, nodeAt, toValue } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseYaml, YAML_BYTES_MAX } from "../parse/yaml.ts";
import type { Repository } from "../world.ts";
import { folderOf, nameOf, resolvePath } from "./path.ts";

export const LOCK_NAME = "dvc.lock";
export const PIPELINE_NAME = "dvc.yaml";

/** A file that a pipeline of DVC makes and keeps out of git: a `dvc.lock` alone says which content it has. */
export interface LockOutput {
  /** From the repository's root; as it is written where it stands elsewhere. */
  readonly path: string;
  /** The `dvc.lock`. */
  readonly lock: string;
  readonly content: Pick<Artifact, "digest" | "pointer" | "problem">;
  /** All that the lock says of it, in canonical form. */
  readonly stated: string;
}

export interface LockOutputs {
  /** By path. */
  readonly outputs: ReadonlyMap<string, LockOutput>;
  /** Locks that cannot be read, by path. */
  readonly unread: ReadonlyMap<string, GateError>;
}

/** What the locks of a tree pin and the tree itself does not have. */
export async function readLockOutputs(tree: Tree, repository: Repository): Promise<LockOutputs> {
  const outputs = new Map<string, LockOutput>();
  const unread = new Map<string, GateError>();
  for (const lock of tree.values()) {
    if (nameOf(lock.path) !== LOCK_NAME) continue;
    const found = await attempt(() => readLock(lock, tree, repository));
    if (found instanceof GateError) unread.set(lock.path, found);
    else for (const output of found) if (!tree.has(output.path)) outputs.set(output.path, output);
  }
  return { outputs, unread };
}

/** One output that is not the same on both sides. */
export interface OutputChange {
  readonly path: string;
  readonly base?: LockOutput;
  readonly head?: LockOutput;
  /** The change of the lock. */
  readonly cause: FileChange;
}

interface Asking {
  /** As `readLockOutputs` gives them; asked only where a lock has changed. */
  readonly base: () => Promise<LockOutputs>;
  readonly head: () => Promise<LockOutputs>;
}

/**
 * What a change does to the outputs of pipelines. Rejects with what is wrong with a changed lock of the head: which
 * models it is about, nobody could say. One that the base could not read either way is as if it were not there.
 */
export async function findOutputChanges(
  files: readonly FileChange[],
  asking: Asking,
): Promise<OutputChange[]> {
  const causes = new Map<string, FileChange>();
  for (const file of files) {
    for (const entry of [file.base, file.head]) {
      if (entry !== undefined && nameOf(entry.path) === LOCK_NAME) causes.set(entry.path, file);
    }
  }
  if (causes.size === 0) return [];
  const [base, head] = [await asking.base(), await asking.head()];
  for (const [lock, error] of head.unread) if (causes.has(lock)) throw error;
  return [...new Set([...base.outputs.keys(), ...head.outputs.keys()])].flatMap((path) => {
    const [before, after] = [base.outputs.get(path), head.outputs.get(path)];
    const cause = causes.get(after?.lock ?? "") ?? causes.get(before?.lock ?? "");
    if (cause === undefined || isSame(before, after)) return [];
    return [{ path, cause, ...(before && { base: before }), ...(after && { head: after }) }];
  });
}

function isSame(before: LockOutput | undefined, after: LockOutput | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  const { digest } = before.content;
  return digest === undefined ? before.stated === after.stated : digest === after.content.digest;
}

/** The result, or the error if the file's content is at fault. */
async function attempt<T>(action: () => Promise<T>): Promise<T | GateError> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof GateError && cause.place !== undefined) return cause;
    throw cause;
  }
}

/** dvc/schema.py: `stages: { train: { outs: [{ path, md5, size }] } }`, before DVC 1.11 without the word `stages`. */
async function readLock(lock: TreeEntry, tree: Tree, repository: Repository): Promise<LockOutput[]> {
  const root = await readYaml(lock, repository);
  const stages = nodeAt(root, ["stages"]) ?? root;
  if (stages.kind !== "map") throw invalid(lock.path, stages, "stages is not a map");
  const folders = await readFolders(lock, tree, repository);
  return [...stages.entries].flatMap(([name, { value: stage }]) => {
    const outs = nodeAt(stage, ["outs"]);
    if (outs === undefined || (outs.kind === "scalar" && outs.value === null)) return [];
    if (outs.kind !== "list") throw invalid(lock.path, outs, "outs is not a list");
    return outs.items.map((out) => toOutput(out, folders(name), lock.path));
  });
}

/** A lock or pipeline. Throws a GateError with its place for one whose content is at fault. */
export async function readYaml(entry: TreeEntry, repository: Repository): Promise<Node> {
  const { path, kind } = entry;
  if (kind === "symlink" || kind === "submodule") {
    throw new GateError("PATH_UNSAFE", `Cannot read ${path}: it is a ${kind}, expected a file`, {
      place: { path },
    });
  }
  const [bytes] = await repository.read([entry], YAML_BYTES_MAX);
  return parseYaml(decodeUtf8(bytes!, path), path);
}

/** Where each stage works, which only `dvc.yaml` says. A folder that is a template is left away from the path. */
export async function readFolders(
  { path }: TreeEntry,
  tree: Tree,
  repository: Repository,
): Promise<(stage: string) => string> {
  const folder = folderOf(path);
  const pipeline = tree.get(path.slice(0, -LOCK_NAME.length) + PIPELINE_NAME);
  const root = pipeline && (await attempt(() => readYaml(pipeline, repository)));
  return (stage) => {
    if (root === undefined || root instanceof GateError) return folder;
    // `train@uk` is one of the stages that `train` stands for.
    const names = [stage, stage.replace(/@.*$/s, "")];
    const nodes = names.flatMap((name) => [
      ["stages", name, "wdir"],
      ["stages", name, "do", "wdir"],
    ]);
    const wdir = nodes.map((steps) => textOf(nodeAt(root, steps))).find((text) => text !== undefined);
    return wdir === undefined || wdir.includes("${") ? folder : (resolvePath(folder, wdir) ?? folder);
  };
}

function toOutput(out: Node, folder: string, lock: string): LockOutput {
  const written = textOf(nodeAt(out, ["path"]));
  if (out.kind !== "map" || written === undefined) throw invalid(lock, out, "an output without a path");
  const path = isElsewhere(written) ? undefined : resolvePath(folder, written);
  const output = { path: path ?? written, lock, stated: canonical(toValue(out)) };
  const digest = `md5:${textOf(nodeAt(out, ["md5"])) ?? ""}`;
  if (path === undefined || !isDigest(digest)) {
    const message = `Cannot verify ${output.path}: ${lock} does not pin it by MD5 in this repository`;
    return { ...output, content: { problem: { code: "DVC_OUTPUT_UNPINNED", message } } };
  }
  const size = sizeOf(out);
  const pointer: Pointer = { kind: "dvc", digest, ...(size === undefined ? {} : { size }) };
  return { ...output, content: { digest, pointer } };
}

/** Whether what is written is no path in the repository: a URL, or a path from the root of a disk. */
export function isElsewhere(written: string): boolean {
  // To DVC, neither a colon without slashes nor a tilde is more than a letter.
  return /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/|[A-Za-z]:[/\\]|[/\\])/.test(written);
}

function sizeOf(out: MapNode): number | undefined {
  const size = nodeAt(out, ["size"]);
  const value = size?.kind === "scalar" ? size.value : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function textOf(node: Node | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

function invalid(path: string, node: Node, state: string): GateError {
  return new GateError("DVC_INVALID", `Cannot read ${path}: ${state}`, {
    place: { path, ...node.at },
    fix: "Let DVC write the file: dvc commit --force",
  });
}
