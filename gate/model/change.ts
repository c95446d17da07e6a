import type { Digest } from "./digest.ts";
import type { Finding } from "./finding.ts";
import type { Manifest } from "./manifest.ts";

/** What git says that an entry is. Anything else (a socket, a device) never enters a tree. */
export type EntryKind = "file" | "executable" | "symlink" | "submodule";

/**
 * One entry of a commit's tree. Paths are bytes in git: a byte that is not UTF-8 stands here as the lone
 * surrogate U+DC80..U+DCFF, so that two different paths are never the same string.
 */
export interface TreeEntry {
  readonly path: string;
  readonly kind: EntryKind;
  /** Object id: of the blob, of the link's text, or of the submodule's commit. */
  readonly oid: string;
}

/** Every entry of a commit, by path. */
export type Tree = ReadonlyMap<string, TreeEntry>;

export type FileStatus = "added" | "removed" | "modified" | "renamed" | "copied" | "mode";

/** One path that differs between merge base and head. */
export interface FileChange {
  readonly status: FileStatus;
  /** At head; at base for a removed file. */
  readonly path: string;
  /** Where the same content stood at base; of renamed and copied only. */
  readonly previousPath?: string;
  readonly base?: TreeEntry;
  readonly head?: TreeEntry;
}

/** A docs only, B refresh, C material, D new model, E retire or rollback. */
export type ChangeClass = "A" | "B" | "C" | "D" | "E";

/** A file that stands for content kept elsewhere. */
export interface Pointer {
  readonly kind: "lfs" | "dvc";
  readonly digest: Digest;
  /** Bytes of the content; absent where the pointer does not say. */
  readonly size?: number;
}

/** One artifact that a manifest claims, at one side of the change. */
export interface Artifact {
  readonly path: string;
  /** Of the content, through a pointer if there is one; absent when it could not be told. */
  readonly digest?: Digest;
  readonly pointer?: Pointer;
  /** What the manifest says that the digest is. */
  readonly declared?: Digest;
  /** Why the content could not be told: the file is missing, a symbolic link, a submodule, a bad pointer. */
  readonly problem?: Finding;
}

/** A model as it stands at base or at head. */
export interface ModelVersion {
  /** Absent where no manifest claims the model file, or where the manifest cannot be read. */
  readonly manifest?: Manifest;
  /** Why the manifest cannot be used; empty when it can. */
  readonly problems: readonly Finding[];
  readonly artifacts: readonly Artifact[];
  /**
   * What evidence and approvals are about: the digest of the only artifact, or SHA-256 over the lines
   * `<digest>  <path from the manifest's folder>\n` of all, sorted by path. Absent if any digest is unknown.
   */
  readonly subject?: Digest;
}

/** One model that the change concerns. A model file that no manifest claims is a model with its path as id. */
export interface ModelChange {
  readonly id: string;
  readonly base?: ModelVersion;
  readonly head?: ModelVersion;
  /**
   * What the model is by now where the change wants to enter, and what is said of it there; only where that has moved on
   * from the merge base. What its manifest asks for counts beside that of the base.
   */
  readonly tip?: Pick<ModelVersion, "artifacts" | "subject" | "manifest">;
  readonly changeClass: ChangeClass;
  /** What decided the class, each a sentence with the digests. */
  readonly classReasons: readonly string[];
  /** Changed paths that concern this model. */
  readonly paths: readonly string[];
}

/** Code of a problem at head: the base has come to name or make what the change touches, and its branch does not know. */
export const BRANCH_STALE = "BRANCH_STALE";

/** What evidence about one side has to be about: of the base, the model that the change would replace. */
export function subjectAt({ base, tip, head }: ModelChange, side: "base" | "head"): Digest | undefined {
  return (side === "head" ? head : (tip ?? base))?.subject;
}

/** What was said of the model before the change, and is said by now; without a manifest where it cannot be read. */
export function formerVersions({
  base,
  tip,
}: ModelChange): readonly Pick<ModelVersion, "artifacts" | "manifest">[] {
  return [base, tip].filter((version) => version !== undefined);
}

/** What differs between merge base and head. Lists are sorted by path or id, by UTF-16 code units. */
export interface ChangeSet {
  /** Commit that the change wants to enter: policy, roles and waivers are read here. */
  readonly base: string;
  /** Best common ancestor of base and head: the change is what differs from here. */
  readonly mergeBase: string;
  /** Commit id, or `worktree`. */
  readonly head: string;
  readonly files: readonly FileChange[];
  readonly models: readonly ModelChange[];
}
