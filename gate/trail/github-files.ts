import { GateError } from "../model/error.ts";
import type { GitHubObjects, GitHubTreeLine } from "./github-objects.ts";

/** Files of a commit on GitHub: folder by folder, so that no answer is ever cut off at a size. */

/** Requests in flight: a tenth of what GitHub allows, for others ask at the same time. */
const AT_ONCE = 10;

/** Whole files by path, in the order asked; undefined where there is none. */
export async function readFiles(
  objects: GitHubObjects,
  commit: string,
  paths: readonly string[],
): Promise<readonly (Uint8Array | undefined)[]> {
  const { tree } = await objects.commit(commit);
  return eachOf(paths, async (path) => {
    const line = await findLine(objects, tree, path);
    if (line === undefined) return undefined;
    if (line.type === "blob") return objects.blob(line);
    throw new GateError("TRAIL_FILE_INVALID", `Cannot read ${commit}:${path}: it is a ${line.type}`);
  });
}

/** Paths of the files below a folder, sorted by their bytes, which is the order of trees. */
export async function listFolder(
  objects: GitHubObjects,
  commit: string,
  folder: string,
): Promise<readonly string[]> {
  const { tree } = await objects.commit(commit);
  const line = await findLine(objects, tree, folder);
  return line?.type === "tree" ? listTree(objects, line.id, `${folder}/`) : [];
}

/** Paths of the files that differ, or that only one of the two commits has. */
export async function listDifferences(
  objects: GitHubObjects,
  from: string,
  to: string,
): Promise<readonly string[]> {
  const [one, other] = [await objects.commit(from), await objects.commit(to)];
  return diffTrees(objects, { one: one.tree, other: other.tree, prefix: "" });
}

async function findLine(
  objects: GitHubObjects,
  root: string,
  path: string,
): Promise<GitHubTreeLine | undefined> {
  const [first = "", ...names] = path.split("/");
  let line = await nameIn(objects, root, first);
  for (const name of names) {
    if (line?.type !== "tree") return undefined;
    line = await nameIn(objects, line.id, name);
  }
  return line;
}

async function nameIn(
  objects: GitHubObjects,
  tree: string,
  name: string,
): Promise<GitHubTreeLine | undefined> {
  return (await objects.tree(tree)).find((line) => line.name === name);
}

async function listTree(objects: GitHubObjects, tree: string, prefix: string): Promise<readonly string[]> {
  const paths = await eachOf(await objects.tree(tree), ({ type, name, id }) =>
    type === "tree" ? listTree(objects, id, `${prefix}${name}/`) : Promise.resolve([`${prefix}${name}`]),
  );
  return paths.flat();
}

interface Pair {
  readonly one: string | undefined;
  readonly other: string | undefined;
  readonly prefix: string;
}

/** Only folders that differ are read. */
async function diffTrees(objects: GitHubObjects, { one, other, prefix }: Pair): Promise<readonly string[]> {
  if (one === other) return [];
  const [ours, theirs] = [await linesByName(objects, one), await linesByName(objects, other)];
  const paths: string[] = [];
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    const [a, b] = [ours.get(name), theirs.get(name)];
    if (a?.id === b?.id && a?.mode === b?.mode) continue;
    if ([a, b].some((line) => line !== undefined && line.type !== "tree")) paths.push(`${prefix}${name}`);
    paths.push(
      ...(await diffTrees(objects, { one: folderOf(a), other: folderOf(b), prefix: `${prefix}${name}/` })),
    );
  }
  return paths;
}

function folderOf(line: GitHubTreeLine | undefined): string | undefined {
  return line?.type === "tree" ? line.id : undefined;
}

async function linesByName(
  objects: GitHubObjects,
  tree: string | undefined,
): Promise<ReadonlyMap<string, GitHubTreeLine>> {
  const lines = tree === undefined ? [] : await objects.tree(tree);
  return new Map(lines.map((line) => [line.name, line]));
}

/** The results in the order of the items, some of them worked on at once. */
async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  }
  return results;
}
