import { diffTrees } from "../../gate/change/diff.ts";
import { READ_BYTES_MAX } from "../../gate/checkout.ts";
import type { Tree, TreeEntry } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Repository } from "../../gate/world.ts";
import type { Archive } from "../store/archive.ts";
import { Blobs } from "./blobs.ts";
import { ObjectCache } from "./cache.ts";
import type { Client } from "./client.ts";
import type { Comparison } from "./comparison.ts";
import { History } from "./history.ts";
import { type ListedTree, readTree } from "./tree.ts";

export interface RepositoryOptions {
  readonly client: Client;
  readonly owner: string;
  readonly repo: string;
  readonly repositoryId: number;
  /** What Git LFS keeps elsewhere; where nobody can tell, there is none. */
  readonly openContent?: Repository["openContent"];
  /** Where objects are kept over the process's life. */
  readonly cache?: Pick<Archive, "cached" | "keepCached">;
}

/** A repository on GitHub, read through the git data API. Take one for each judgement, and close it. */
export interface ApiRepository extends Repository {
  /** Base and head in one answer; asked once, also by who comes later. */
  compare(base: string, head: string): Promise<Comparison>;
  /**
   * Reads in a question or two what a judge of the change will read one by one, the fewer if it is told which base the
   * head was compared with before; nothing depends on it.
   */
  prefetch(base: string, head: string, former?: string): Promise<void>;
  /** Keeps what somebody was told of a commit already. */
  keepTree(commit: string, tree: string): Promise<void>;
  /** Removes what was too large for memory. */
  close(): void;
}

const POLICY_FOLDER = ".weighbridge/";
/** Files of a change that are read ahead. */
const PREFETCH_MAX = 200;

/**
 * Commits, trees and blobs as GitHub has them. Every object is what its id says. Rejects with `GitHubFailure`, and as
 * the parts do: never an answer that is cut off.
 */
export function apiRepository(options: RepositoryOptions): ApiRepository {
  const cache = new ObjectCache(options.repositoryId, options.cache);
  const { client, owner, repo } = options;
  const source = { client, owner, repo, cache };
  const blobs = new Blobs(source);
  const history = new History(source);
  const sizes = new Map<string, number>();
  const trees = new Map<string, Promise<ListedTree>>();
  const listedTree = async (revision: string): Promise<ListedTree> => {
    const id = await history.treeOf(await history.commit(revision));
    const listed = trees.get(id) ?? readTree(id, source);
    trees.set(id, listed);
    for (const [oid, size] of (await listed).sizes) sizes.set(oid, size);
    return listed;
  };
  const sizeOf = (entry: TreeEntry): number => {
    assertFile(entry);
    const size = sizes.get(entry.oid);
    if (size === undefined)
      throw new TypeError(`Cannot read ${entry.path}: it is of no tree that was read here`);
    return size;
  };
  return {
    commit: (revision) => history.commit(revision),
    mergeBase: (base, head) => history.mergeBase(base, head),
    compare: (base, head) => history.compare(base, head),
    tree: async (revision): Promise<Tree> => (await listedTree(revision)).tree,
    read: async (entries, bytesMax) => {
      const sized = entries.map((entry) => ({ entry, size: sizeOf(entry) }));
      assertWithin(sized, bytesMax);
      await blobs.prefetch(sized.map(({ entry: { oid }, size }) => ({ oid, size })));
      return Promise.all(sized.map(({ entry, size }) => blobs.read(entry, size)));
    },
    open: async (entry) => blobs.open(entry, sizeOf(entry)),
    // DVC keeps content on servers that are not GitHub's: the App has none of it.
    openContent: async (pointer, path) =>
      pointer.kind === "lfs" ? options.openContent?.(pointer, path) : undefined,
    prefetch: async (base, head, former) => {
      if (former !== undefined) await history.follow(former, base, head);
      const mergeBase = await history.mergeBase(base, head);
      const [before, after, policies] = await Promise.all([mergeBase, head, base].map(listedTree));
      const changed = diffTrees(before!.tree, after!.tree).flatMap((file) =>
        [file.base ?? [], file.head ?? []].flat(),
      );
      const governing = [...policies!.tree.values()].filter(({ path }) => path.startsWith(POLICY_FOLDER));
      const files = [...changed, ...governing].filter(({ kind }) => kind !== "submodule");
      await blobs.prefetch(
        files.slice(0, PREFETCH_MAX).map((entry) => ({ oid: entry.oid, size: sizeOf(entry) })),
      );
    },
    keepTree: (commit, tree) => history.keepTree(commit, tree),
    close: () => blobs.close(),
  };
}

function assertFile({ kind, path }: TreeEntry): void {
  if (kind !== "submodule") return;
  const message = `Cannot read ${path}: it is a submodule, whose content is not in this repository`;
  throw new GateError("SUBMODULE_UNVERIFIABLE", message, { place: { path } });
}

interface SizedEntry {
  readonly entry: TreeEntry;
  readonly size: number;
}

/** Before anything is asked for: the tree says how large each file is. */
function assertWithin(files: readonly SizedEntry[], bytesMax: number): void {
  let total = 0;
  for (const { entry, size } of files) {
    total += size;
    if (size > bytesMax) {
      const message = `Cannot read ${entry.path}: ${size} bytes, limit is ${bytesMax}`;
      throw new GateError("FILE_TOO_LARGE", message, { place: { path: entry.path } });
    }
    if (total > READ_BYTES_MAX) {
      const message = `Cannot read ${files.length} files at once: more than ${READ_BYTES_MAX} bytes in all`;
      throw new GateError("READ_TOO_LARGE", message);
    }
  }
}
