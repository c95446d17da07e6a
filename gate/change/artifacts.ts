import { sha256 } from "../artifact/bytes.ts";
import { type Outline, readOutline } from "../artifact/layout.ts";
import type { Artifact, Pointer, Tree, TreeEntry } from "../model/change.ts";
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import type { DeclaredArtifact } from "../model/manifest.ts";
import { byCodeUnits } from "../model/order.ts";
import { sha256Of } from "../parse/canonical.ts";
import { YAML_BYTES_MAX } from "../parse/yaml.ts";
import type { Repository } from "../world.ts";
import { type Attributes, isLfsTracked } from "./attributes.ts";
import { findConversion, findReencoding } from "./conversion.ts";
import type { LockOutputs } from "./lock-outputs.ts";
import { encodePath, foldersAbove, foldPath, relativePath } from "./path.ts";
import { LFS_POINTER_BYTES_MAX, parseDvcPointer, parseLfsPointer } from "./pointer.ts";

/** Where the artifacts of one side are looked up. */
export interface ArtifactSource {
  readonly tree: Tree;
  readonly repository: Repository;
  /** Where names are looked up that the tree does not have; made when first asked. */
  index(): TreeIndex;
  /** What blobs were found to be, for both sides: most artifacts are equal on both, and hashing takes long. */
  readonly known: Map<string, Promise<Content>>;
  attributes(): Promise<Attributes>;
  /** Asked only where the tree has neither the file nor a pointer. */
  outputs(): Promise<LockOutputs>;
}

type Problem = NonNullable<Artifact["problem"]>;

/** What a manifest's artifact is at one side. What its file lacks is its `problem`; what git lacks rejects. */
export async function readArtifact(declared: DeclaredArtifact, source: ArtifactSource): Promise<Artifact> {
  const { path, digest } = declared;
  const claim = { path, ...(digest === undefined ? {} : { declared: digest }) };
  const entry = source.tree.get(path);
  const pointer = source.tree.get(`${path}.dvc`);
  if (entry !== undefined && pointer !== undefined) {
    const message = `Cannot verify ${path}: git and ${pointer.path} both keep it, and a checkout may have either`;
    return { ...claim, problem: { code: "ARTIFACT_AMBIGUOUS", message } };
  }
  if (entry !== undefined) return { ...claim, ...(await readEntry(entry, source)) };
  if (pointer !== undefined) return { ...claim, ...(await readDvc(pointer, source, path)) };
  const output = (await source.outputs()).outputs.get(path);
  return { ...claim, ...(output?.content ?? { problem: absence(path, source) }) };
}

/** What stands at an artifact's path. */
export type Content = Pick<Artifact, "digest" | "pointer" | "problem">;

async function readEntry(entry: TreeEntry, source: ArtifactSource): Promise<Content> {
  const { path, kind } = entry;
  if (kind === "symlink") return { problem: linkProblem(path, path) };
  if (kind === "submodule") return { problem: submoduleProblem(path, path) };
  if (path.endsWith(".dvc")) return readDvc(entry, source);
  return readBlob(entry, source);
}

async function readBlob(entry: TreeEntry, source: ArtifactSource): Promise<Content> {
  const key = `${entry.oid} ${entry.path}`;
  const known = source.known.get(key) ?? readContent(entry, source.repository);
  source.known.set(key, known);
  const content = await known;
  const attributes = await source.attributes();
  const conversion =
    content.pointer === undefined
      ? await findConversion(entry, attributes, source.repository)
      : findReencoding(entry.path, attributes);
  if (conversion !== undefined) return { problem: conversion };
  if (content.pointer === undefined || isLfsTracked(entry.path, attributes)) return content;
  const message = `Cannot verify ${entry.path}: it is a Git LFS pointer, but no .gitattributes sets filter=lfs for it, so that a checkout has the pointer in the model's place`;
  return { pointer: content.pointer, problem: { code: "POINTER_NOT_TRACKED", message } };
}

async function readContent(entry: TreeEntry, repository: Repository): Promise<Content> {
  const content = await repository.open(entry);
  try {
    const head = await content.read(0, Math.min(content.size, LFS_POINTER_BYTES_MAX + 1));
    const pointer = await attempt(async () => parseLfsPointer(head, entry.path));
    if (pointer instanceof GateError) return { problem: toProblem(pointer) };
    if (pointer !== undefined) return { digest: pointer.digest, pointer };
    return { digest: `sha256:${await sha256(content)}` };
  } finally {
    await content.close();
  }
}

/** The content that a `.dvc` file stands for: of the output at `path`, or of its only output. */
async function readDvc(entry: TreeEntry, source: ArtifactSource, path?: string): Promise<Content> {
  if (entry.kind === "symlink") return { problem: linkProblem(entry.path, entry.path) };
  if (entry.kind === "submodule") return { problem: submoduleProblem(entry.path, entry.path) };
  const outputs = await attempt(async () => {
    const [bytes] = await source.repository.read([entry], YAML_BYTES_MAX);
    return parseDvcPointer(bytes!, entry.path);
  });
  if (outputs instanceof GateError) return { problem: toProblem(outputs) };
  const output = path === undefined ? outputs[0] : outputs.find((candidate) => candidate.path === path);
  if (output === undefined || (path === undefined && outputs.length > 1)) {
    const message = `Cannot verify ${path ?? entry.path}: ${entry.path} has ${outputs.length} outputs, expected this file alone`;
    return { problem: { code: "DVC_INVALID", message } };
  }
  const { digest, size } = output;
  const pointer: Pointer = { kind: "dvc", digest, ...(size === undefined ? {} : { size }) };
  return { digest, pointer };
}

/** What a file's content says that is wrong with it; everything else that is thrown is git's or ours. */
const CONTENT_CODES =
  /^(?:POINTER_[A-Z]+|DVC_INVALID|PATH_TRAVERSAL|YAML_[A-Z_]+|TEXT_[A-Z_]+|FILE_TOO_LARGE)$/;

/** The result, or the error if the file's content is at fault. */
async function attempt<T>(action: () => Promise<T>): Promise<T | GateError> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof GateError && CONTENT_CODES.test(cause.code)) return cause;
    throw cause;
  }
}

function toProblem({ code, message }: GateError): Problem {
  return { code, message };
}

/** Why nothing stands at a path. */
function absence(path: string, { tree, index }: ArtifactSource): Problem {
  const detour = findDetour(path, tree);
  if (detour !== undefined) return detour;
  const { folders, similar } = index();
  if (folders.has(path)) {
    const message = `Cannot verify ${path}: it is a folder, expected a file; name each file under artifacts`;
    return { code: "ARTIFACT_FOLDER", message };
  }
  const other = similar.get(foldPath(path));
  const hint = other === undefined ? "" : `; ${other} stands there, whose name is written otherwise`;
  return { code: "ARTIFACT_MISSING", message: `Cannot find ${path}: the commit has no such file${hint}` };
}

/** Why a path leads where nobody looks: a folder above it is a link or a submodule. */
export function findDetour(path: string, tree: Tree): Problem | undefined {
  for (const folder of foldersAbove(path)) {
    const kind = tree.get(folder)?.kind;
    if (kind === "symlink") return linkProblem(path, folder);
    if (kind === "submodule") return submoduleProblem(path, folder);
  }
  return undefined;
}

/** What else a path may be that is no file of a tree. */
export interface TreeIndex {
  readonly folders: ReadonlySet<string>;
  /** Paths by their form without case and Unicode normalization: one file on some disks, two in git. */
  readonly similar: ReadonlyMap<string, string>;
}

export function indexTree(tree: Tree): TreeIndex {
  const folders = new Set<string>();
  const similar = new Map<string, string>();
  for (const path of tree.keys()) {
    for (const folder of foldersAbove(path)) folders.add(folder);
    similar.set(foldPath(path), path);
  }
  return { folders, similar };
}

function linkProblem(path: string, link: string): Problem {
  const what = path === link ? "it is" : `${link} is`;
  return {
    code: "PATH_UNSAFE",
    message: `Cannot verify ${path}: ${what} a symbolic link, which is never followed`,
  };
}

function submoduleProblem(path: string, submodule: string): Problem {
  const what = path === submodule ? "it is" : `${submodule} is`;
  const message = `Cannot verify ${path}: ${what} a submodule, whose content is in another repository`;
  return { code: "SUBMODULE_UNVERIFIABLE", message };
}

/**
 * What evidence and approvals are about: the digest of the only artifact, or SHA-256 over the lines
 * `<digest>  <path from the folder>\n` of all, sorted by path. Undefined if any digest is unknown.
 */
export function subjectOf(artifacts: readonly Artifact[], folder: string): Digest | undefined {
  const [first] = artifacts;
  if (first === undefined || artifacts.some(({ digest }) => digest === undefined)) return undefined;
  if (artifacts.length === 1) return first.digest;
  const lines = artifacts
    .map(({ path, digest }) => ({ path: relativePath(folder, path), digest }))
    .sort((a, b) => byCodeUnits(a.path, b.path))
    .map(({ path, digest }) => encodePath(`${digest}  ${path}\n`));
  return sha256Of(Buffer.concat(lines));
}

/** What a file is, as far as it can be compared with another. */
export async function outlineEntry(entry: TreeEntry, repository: Repository): Promise<Outline> {
  const content = await repository.open(entry);
  try {
    return await readOutline(content, entry.path);
  } finally {
    await content.close();
  }
}
