import { GateError } from "../model/error.ts";
import { BUNDLE_BYTES_MAX } from "./tile.ts";

/** The largest file of a trail: a full bundle, or a file of evidence. */
export const FILE_BYTES_MAX = Math.max(BUNDLE_BYTES_MAX, 32 * 1024 * 1024);

/**
 * Where a trail's branch is kept. Whoever writes a trail knows no more of it than this: two implementations, a git
 * repository on this machine and a repository behind GitHub's API, answer alike.
 */
export interface TrailStore {
  /** Milliseconds for which a read may still show what was before a write. */
  readonly staleMs: number;
  /** Id of the branch's last commit; undefined if there is no branch. */
  head(): Promise<string | undefined>;
  /** Whole files of a commit, in the order asked; undefined where there is none. */
  read(commit: string, paths: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Paths of the files below a folder of a commit, sorted by their bytes. */
  list(commit: string, folder: string): Promise<readonly string[]>;
  /** The last `count` commits from `commit` back along first parents, or as many as there are. */
  log(commit: string, count: number): Promise<readonly StoredCommit[]>;
  /** How many commits `to` has that `from` has not; undefined unless `from` is one of its ancestors. */
  countAbove(from: string, to: string): Promise<number | undefined>;
  /** Paths of the files that differ between two commits, or that only one of them has. */
  diff(from: string, to: string): Promise<readonly string[]>;
  /** One attempt, and one only, to add a commit to the branch. Never tries again by itself. */
  append(commit: TrailCommit): Promise<AppendAnswer>;
}

export interface StoredCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly message: string;
}

/** A commit to be: the same value is the same commit, however often it is sent. */
export interface TrailCommit {
  /** What the branch must end with; undefined to begin it. */
  readonly parent: string | undefined;
  readonly message: string;
  /** Seconds since 1970. */
  readonly time: number;
  readonly writes: ReadonlyMap<string, Uint8Array>;
  readonly deletes: readonly string[];
}

export type AppendAnswer =
  | { readonly kind: "landed"; readonly commit: string }
  /** The branch ends with another commit: nothing was written. */
  | { readonly kind: "moved" }
  /** No answer, or one that does not say: it may have landed. */
  | { readonly kind: "unknown"; readonly cause: unknown }
  /** A limit or an expired token: nothing was written, and later it may be. */
  | { readonly kind: "wait"; readonly seconds: number; readonly cause: unknown }
  /** Permission is gone or a rule forbids it: nothing was written, and a person has to act. */
  | { readonly kind: "refused"; readonly cause: unknown };

/** What a read rejects with that may work later: a limit, an expired token, no access, a server that does not answer. */
export class StoreUnavailable extends GateError {
  /** When to ask again. */
  readonly seconds: number;

  constructor(cause: GateError, seconds: number) {
    const { message, fix } = cause;
    super("TRAIL_STORE_UNAVAILABLE", message, { cause, ...(fix !== undefined && { fix }) });
    this.seconds = seconds;
  }
}

const BRANCH = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;

/** Throws `TRAIL_BRANCH_INVALID`. */
export function assertBranchName(branch: string): void {
  if (BRANCH.test(branch)) return;
  throw new GateError(
    "TRAIL_BRANCH_INVALID",
    `Cannot keep a trail on ${JSON.stringify(branch)}: no branch name`,
  );
}
