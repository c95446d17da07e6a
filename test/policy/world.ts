import { readFileSync } from "node:fs";
import type { EntryKind, Tree, TreeEntry } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Packs, RemoteParent, World } from "../../gate/world.ts";

/** A file of a commit: its content, or a link, or a submodule. */
export type Entry = string | { readonly kind: EntryKind; readonly content: string };

/** Commits by name, each with its files by path. */
export type Commits = Readonly<Record<string, Readonly<Record<string, Entry>>>>;

/** The packs that are shipped, read from `policies/packs`. */
export const SHIPPED: Packs = {
  async pack(name) {
    return readFileSync(new URL(`../../policies/packs/${name}.yml`, import.meta.url));
  },
  async remote(parent) {
    throw new GateError("PARENT_UNAVAILABLE", `Cannot read ${show(parent)}: no network in tests`);
  },
};

/** Packs and remote files by the text that names them; `reads` holds each name that was asked for. */
export function packsOf(files: Readonly<Record<string, string>>): Packs & { readonly reads: string[] } {
  const reads: string[] = [];
  const read = async (name: string, code: string) => {
    reads.push(name);
    const text = Object.hasOwn(files, name) ? files[name] : undefined;
    if (text === undefined) throw new GateError(code, `Cannot read ${name}: no such file`);
    return Buffer.from(text);
  };
  return {
    reads,
    pack: (name) => read(name, "PACK_UNKNOWN"),
    remote: (parent) => read(show(parent), "PARENT_UNAVAILABLE"),
  };
}

/** A world of a few commits in memory; `reads` holds each path that was read. */
export function worldOf(commits: Commits, packs: Packs = SHIPPED): World & { readonly reads: string[] } {
  const contents = new Map<string, string>();
  const trees = new Map<string, Tree>();
  const reads: string[] = [];
  for (const [commit, files] of Object.entries(commits)) {
    const entries = Object.entries(files).map(([path, file]): [string, TreeEntry] => {
      const { kind, content } = typeof file === "string" ? { kind: "file" as const, content: file } : file;
      const oid = `${commit} ${path}`;
      contents.set(oid, content);
      return [path, { path, kind, oid }];
    });
    trees.set(commit, new Map(entries));
  }
  return {
    reads,
    packs,
    evidence: [],
    now: () => new Date("2026-11-01T12:00:00Z"),
    repository: {
      commit: async (revision) => revision,
      mergeBase: async (base) => base,
      async tree(commit) {
        const tree = trees.get(commit);
        if (tree === undefined) throw new GateError("REVISION_UNKNOWN", `Cannot find ${commit}`);
        return tree;
      },
      async read(entries, bytesMax) {
        return entries.map(({ path, oid }) => {
          reads.push(path);
          const bytes = Buffer.from(contents.get(oid) ?? "");
          if (bytes.length > bytesMax)
            throw new GateError("FILE_TOO_LARGE", `Cannot read ${path}: too large`);
          return bytes;
        });
      },
      open: () => Promise.reject(new Error("Cannot open files: policies are read whole")),
      openContent: () => Promise.reject(new Error("Cannot open content: policies have none")),
    },
  };
}

function show({ owner, repo, path, commit }: RemoteParent): string {
  return `${owner}/${repo}//${path}@${commit}`;
}
