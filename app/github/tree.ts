import { FOLDERS_DEEP_MAX } from "../../gate/checkout/folder.ts";
import { parseTreeObject } from "../../gate/checkout/tree-object.ts";
import type { Tree, TreeEntry } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import type { ObjectSource } from "./cache.ts";
import { isFailure, unreadable } from "./failure.ts";
import { FOLDER_MODE, type TreeItem, treeId, treeObject } from "./git-object.ts";
import { flagAt, listAt, numberAt, objectIdAt, textAt } from "./shape.ts";

/** For one tree: GitHub lists 100,000 entries in an answer, so only a giant needs more than one. */
const REQUESTS_MAX = 500;

/** All files below a tree, and the bytes of each by object id. */
export interface ListedTree {
  readonly tree: Tree;
  readonly sizes: ReadonlyMap<string, number>;
}

/** A file or a folder, with its path from the root. */
interface Line extends TreeItem {
  readonly path: string;
  /** Bytes; of files alone. */
  readonly size?: number;
}

/**
 * The tree of an id, complete: each folder's list hashes to the id of the folder, from the root down. Where GitHub
 * cuts a list off, folders are asked for one by one. Rejects `TREE_INCOMPLETE`, `TREE_MALFORMED`, `PATH_UNSAFE`,
 * `OBJECT_MISSING`.
 */
export async function readTree(id: string, source: ObjectSource): Promise<ListedTree> {
  const name = `tree/${id}`;
  const kept = await source.cache.find(name);
  if (kept !== undefined) return toListedTree(id, parseLines(kept));
  const lines = await listAll(id, source);
  const listed = toListedTree(id, lines);
  await source.cache.keep(name, Buffer.from(lines.map(toText).join("")));
  return listed;
}

async function listAll(root: string, source: ObjectSource): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const folders = [{ oid: root, prefix: "" }];
  let requests = 0;
  const ask = (oid: string, isRecursive: boolean) => {
    requests += 1;
    if (requests > REQUESTS_MAX) throw incomplete(root, `it takes more than ${REQUESTS_MAX} requests`);
    return askTree(oid, isRecursive, source);
  };
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { oid, prefix } = folder;
    const whole = await ask(oid, true);
    const { lines: found, isCut } = whole.isCut ? await ask(oid, false) : whole;
    if (isCut) throw incomplete(root, `the list of its folder ${oid} is cut off`);
    for (const line of found) {
      const path = `${prefix}${line.path}`;
      lines.push({ ...line, path });
      if (whole.isCut && line.mode === FOLDER_MODE) folders.push({ oid: line.oid, prefix: `${path}/` });
    }
  }
  return lines;
}

async function askTree(oid: string, isRecursive: boolean, { client, owner, repo }: ObjectSource) {
  const parameters = { owner, repo, tree_sha: oid, ...(isRecursive && { recursive: "1" }) };
  try {
    const { data } = await client.rest("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", parameters);
    return { lines: listAt(data, "tree").map(toLine), isCut: flagAt(data, "truncated") };
  } catch (cause) {
    if (!isFailure(cause, "GITHUB_NOT_FOUND")) throw cause;
    throw new GateError("OBJECT_MISSING", `Cannot read tree ${oid}: GitHub has none of this id`, { cause });
  }
}

function toLine(data: unknown): Line {
  const path = textAt(data, "path");
  const mode = textAt(data, "mode");
  // Both would make two lines of the kept text out of one.
  if (!/^[0-7]{6}$/.test(mode) || path.includes("\0")) throw unreadable("tree");
  const size = textAt(data, "type") === "blob" ? { size: numberAt(data, "size") } : {};
  return { mode, path, name: nameOf(path), oid: objectIdAt(data, "sha"), ...size };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** `<mode> <oid> <size>\t<path>\0` */
function toText({ mode, oid, size, path }: Line): string {
  return `${mode} ${oid} ${size ?? "-"}\t${path}\0`;
}

const TEXT = /([0-7]{6}) ([0-9a-f]+) ([0-9]+|-)\t([^\0]+)\0/g;

function parseLines(bytes: Uint8Array): readonly Line[] {
  const text = Buffer.from(bytes).toString("utf8");
  return Array.from(text.matchAll(TEXT), ([, mode = "", oid = "", size, path = ""]) => ({
    ...{ mode, oid, path, name: nameOf(path) },
    ...(size !== "-" && { size: Number(size) }),
  }));
}

function toListedTree(root: string, lines: readonly Line[]): ListedTree {
  const contents = new Map<string, Line[]>([["", []]]);
  const sizes = new Map<string, number>();
  for (const { mode, path } of lines) if (mode === FOLDER_MODE) contents.set(path, []);
  for (const line of lines) {
    contents.get(line.path.slice(0, Math.max(line.path.lastIndexOf("/"), 0)))?.push(line);
    if (line.size !== undefined) sizes.set(line.oid, line.size);
  }
  const tree = new Map<string, TreeEntry>();
  const add = (oid: string, folder: string, depth: number): void => {
    const object = treeObject(contents.get(folder) ?? []);
    if (treeId(object, oid) !== oid) {
      throw incomplete(root, `what is listed below ${JSON.stringify(folder)} is not what is there`);
    }
    if (depth > FOLDERS_DEEP_MAX) throw incomplete(root, `it is deeper than ${FOLDERS_DEEP_MAX} folders`);
    for (const { kind, path, oid: id } of parseTreeObject(object, folder, oid.length / 2)) {
      if (kind === "folder") add(id, path, depth + 1);
      else tree.set(path, { path, kind, oid: id });
    }
  };
  add(root, "", 0);
  return { tree, sizes };
}

function incomplete(id: string, state: string): GateError {
  return new GateError("TREE_INCOMPLETE", `Cannot read tree ${id}: ${state}`, {
    fix: "Run the check again; if that does not help, judge in a checkout with the command line",
  });
}
