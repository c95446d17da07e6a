import { PIPELINE_NAME } from "../change/lock-outputs.ts";
import { folderOf, foldersAbove, nameOf } from "../change/path.ts";
import type { TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import { once, oncePer } from "../model/once.ts";
import type { Repository } from "../world.ts";
import type { CommitFiles } from "./commit-files.ts";
import { PIPELINE_BYTES_MAX, type Pipeline, pipelinePaths, readPipeline } from "./pipeline.ts";

/** One pipeline of a commit. It is parsed when first asked, for of thousands few are of concern. */
export interface PipelineFile {
  readonly folder: string;
  /** Whether its text may name a path, what stands below that, or a folder above it. */
  mayName(path: string): boolean;
  /** The same, in other places than where it says what its stages depend on. */
  mayMake(path: string): boolean;
  /** Rejects with a GateError for one that cannot be read. */
  read(): Promise<Pipeline | undefined>;
}

/** The pipelines of a commit; their texts are read once for all its models, and all together. */
export const pipelinesOf: (files: CommitFiles) => Promise<readonly PipelineFile[]> = oncePer(findPipelines);

async function findPipelines(files: CommitFiles): Promise<readonly PipelineFile[]> {
  const { tree, repository } = files;
  const isPipeline = (path: string) => path.endsWith(PIPELINE_NAME) && nameOf(path) === PIPELINE_NAME;
  const folders = [...tree.keys()].filter(isPipeline).map(folderOf);
  const entries = (folder: string) => pipelinePaths(folder).flatMap((path) => tree.get(path) ?? []);
  const texts = await readTexts(folders.flatMap(entries), repository);
  return folders.map((folder) => {
    const text = entries(folder).map((entry) => texts.get(entry) ?? "");
    const names = once(() => namesIn(text.join("\n")));
    const made = once(() => namesIn(text.join("\n").replace(DEPENDENCIES, " ")));
    return {
      folder,
      mayName: (path) => mayName(path, folder, names()),
      mayMake: (path) => mayName(path, folder, made()),
      read: once(() => readPipeline(files, folder)),
    };
  });
}

/**
 * A list of dependencies in either style, as far as can be told without parsing: all models may share their code and
 * data, and parsing a thousand pipelines takes seconds.
 */
const DEPENDENCIES = /^( +)deps:\n(?:\1[ -].*\n)*|\bdeps: \[[^\]]*\]/gm;

interface Names {
  /** Every step of every path. */
  readonly steps: ReadonlySet<string>;
  /** The last one of each. */
  readonly ends: ReadonlySet<string>;
}

/** What YAML may write around a path. A name that has some of it itself is known by what follows. */
const BETWEEN_PATHS = /[\s"'[\]{},:\\]+/;

function namesIn(text: string): Names {
  const paths = text.split(BETWEEN_PATHS).map((path) => path.split("/").filter((step) => step !== ""));
  return { steps: new Set(paths.flat()), ends: new Set(paths.flatMap((steps) => steps.at(-1) ?? [])) };
}

/** Wherever a stage works, all steps that do not lead to the pipeline's own folder, too, have to be written out. */
function mayName(path: string, folder: string, { steps, ends }: Names): boolean {
  const isAround = (outer: string) => folder === outer || folder.startsWith(`${outer}/`);
  if (isAround(path)) return true;
  for (const named of [path, ...foldersAbove(path)]) {
    if (named === "" || isAround(named)) return false;
    const words = stepsBeyond(folder, named).map(lastWord);
    const isEnd = named === path || ends.has(words.at(-1) ?? "");
    if (isEnd && words.every((word) => steps.has(word))) return true;
  }
  return false;
}

function stepsBeyond(folder: string, path: string): readonly string[] {
  const own = folder.split("/");
  const steps = path.split("/");
  const parting = steps.findIndex((step, index) => step !== own[index]);
  return steps.slice(parting);
}

function lastWord(name: string): string {
  return name.split(BETWEEN_PATHS).findLast((word) => word !== "") ?? name;
}

/** All at once; one by one only if some are too large, which then have no text. */
async function readTexts(
  entries: readonly TreeEntry[],
  repository: Repository,
): Promise<ReadonlyMap<TreeEntry, string>> {
  const files = entries.filter(({ kind }) => kind === "file" || kind === "executable");
  const all = await attempt(() => repository.read(files, PIPELINE_BYTES_MAX));
  const texts = new Map<TreeEntry, string>();
  for (const [index, entry] of files.entries()) {
    const bytes = all?.[index] ?? (await attempt(() => repository.read([entry], PIPELINE_BYTES_MAX)))?.[0];
    if (bytes !== undefined) texts.set(entry, Buffer.from(bytes).toString("utf8"));
  }
  return texts;
}

async function attempt<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof GateError && /_TOO_LARGE$/.test(error.code)) return undefined;
    throw error;
  }
}
