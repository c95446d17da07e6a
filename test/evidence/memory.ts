import { createHash } from "node:crypto";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { readChangeSet } from "../../gate/change/read.ts";
import { collectEvidence } from "../../gate/evidence/collect.ts";
import type { EntryKind, Tree, TreeEntry } from "../../gate/model/change.ts";
import type { Digest } from "../../gate/model/digest.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Evidence, EvidenceProblem } from "../../gate/model/evidence.ts";
import type { EvidenceFile, Repository, World } from "../../gate/world.ts";

/** The files of one commit; a link is `{ link }`. */
export type Files = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

export interface Scene {
  /** Commit that the change wants to enter. */
  readonly base: Files;
  readonly head: Files;
  /** Where both began, if base has moved on since. */
  readonly mergeBase?: Files;
  /** Files of the run. */
  readonly run?: Readonly<Record<string, string | Uint8Array>>;
  /** What this machine has for pointers, whether it is what they say or not. */
  readonly content?: ReadonlyMap<Digest, Uint8Array>;
}

/** The evidence about a change between trees that exist only here. */
export async function collect(
  scene: Scene,
): Promise<{ evidence: readonly Evidence[]; problems: readonly EvidenceProblem[] }> {
  const world = memoryWorld(scene);
  const change = await readChangeSet({ base: "base", head: "head" }, world.repository);
  return collectEvidence(change, world);
}

/** The evidence of a world, with the path of each file that was opened for it. */
export async function collectOpened(world: World) {
  const opened: string[] = [];
  const repository: Repository = {
    ...world.repository,
    open: (entry) => {
      opened.push(entry.path);
      return world.repository.open(entry);
    },
  };
  const change = await readChangeSet({ base: "base", head: "head" }, world.repository);
  return { ...(await collectEvidence(change, { ...world, repository })), opened };
}

export function memoryWorld(scene: Scene): World {
  const run = Object.entries(scene.run ?? {});
  return {
    repository: memoryRepository(scene),
    packs: { pack: unused, remote: unused },
    evidence: run.map(([path, text]): EvidenceFile => ({ path, bytes: bytesOf(text) })),
    now: () => new Date("2026-11-03T00:00:00Z"),
  };
}

function unused(): never {
  throw new Error("No pack is asked for here");
}

function memoryRepository({ base, head, mergeBase, content }: Scene): Repository {
  const blobs = new Map<string, Uint8Array>();
  const commits: Record<string, Files> = { base, head, "merge-base": mergeBase ?? base };
  const read = (entry: TreeEntry) => {
    const bytes = blobs.get(entry.oid);
    if (bytes === undefined) throw new Error(`No blob ${entry.oid}`);
    return bytes;
  };
  return {
    commit: async (revision) => revision,
    mergeBase: async () => (mergeBase === undefined ? "base" : "merge-base"),
    tree: async (commit) => toTree(commits[commit] ?? {}, blobs),
    async read(entries, bytesMax) {
      return entries.map((entry) => {
        const bytes = read(entry);
        if (bytes.length > bytesMax)
          throw new GateError("FILE_TOO_LARGE", `Cannot read ${entry.path}: too large`);
        return bytes;
      });
    },
    open: async (entry) => bufferSource(entry.path, read(entry)),
    async openContent(pointer, path) {
      const bytes = content?.get(pointer.digest);
      return bytes === undefined ? undefined : bufferSource(path, bytes);
    },
  };
}

function toTree(files: Files, blobs: Map<string, Uint8Array>): Tree {
  const entries = Object.entries(files).map(([path, file]): [string, TreeEntry] => {
    const kind: EntryKind = typeof file === "object" && "link" in file ? "symlink" : "file";
    const bytes = typeof file === "object" && "link" in file ? bytesOf(file.link) : bytesOf(file);
    const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    blobs.set(oid, bytes);
    return [path, { path, kind, oid }];
  });
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function bytesOf(file: string | Uint8Array): Uint8Array {
  return typeof file === "string" ? Buffer.from(file) : file;
}
