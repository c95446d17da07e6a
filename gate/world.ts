import type { Approvals } from "./model/approval.ts";
import type { ByteSource } from "./model/bytes.ts";
import type { Pointer, Tree, TreeEntry } from "./model/change.ts";
import type { Policy } from "./model/policy.ts";
import type {
  Champion,
  ModelState,
  Predecessor,
  Replacement,
  TrailState,
  WaiverUses,
} from "./model/trail.ts";

/**
 * What the engine asks of outside. Each shell (action, cli, app) constructs one and hands it in; nothing else in
 * `gate/` reads a clock, a disk or a network.
 */
export interface World {
  readonly repository: Repository;
  readonly packs: Packs;
  /** Files of this run that bring evidence besides those in the commit. */
  readonly evidence: readonly EvidenceFile[];
  /** Who agreed to the change, in the roles of the policy that judges it. Absent where nobody can be asked. */
  approvals?(policy: Policy): Promise<Approvals>;
  /** The audit trail of the repository. Absent where nobody can look at it. */
  readonly trail?: Trail;
  /** The moment of the decision, in whole seconds. */
  now(): Date;
}

/** Read access to commits. Answers are complete or rejected, never cut off. */
export interface Repository {
  /** Id of the commit that a revision names. Rejects `REVISION_UNKNOWN`, `REVISION_SHALLOW`. */
  commit(revision: string): Promise<string>;
  /**
   * Best common ancestor. Rejects `MERGE_BASE_SHALLOW` (with the depth that is missing), `MERGE_BASE_NONE` and, where
   * that can be told, `MERGE_BASE_SEVERAL`.
   */
  mergeBase(base: string, head: string): Promise<string>;
  tree(commit: string): Promise<Tree>;
  /** Whole content of small files, in the order asked. Rejects `FILE_TOO_LARGE` before reading above the limit. */
  read(entries: readonly TreeEntry[], bytesMax: number): Promise<readonly Uint8Array[]>;
  open(entry: TreeEntry): Promise<ByteSource>;
  /** Content that a pointer at `path` stands for, if this machine has it; its digest is still to be checked. */
  openContent(pointer: Pointer, path: string): Promise<ByteSource | undefined>;
}

/** What the trail says that a decision may rest on. */
export interface Trail {
  /** Whether it verifies; undefined where there is none. What keeps that from being told is a finding, no rejection. */
  state(): Promise<TrailState | undefined>;
  /**
   * The champions of what the models are at `base`, a commit, among the decisions about changes into its history; of
   * a trail that does not verify, none.
   */
  champions(requests: readonly ModelState[], base: string): Promise<readonly Champion[]>;
  /** What those of the replacements bring back that put a predecessor in its place again, by the same decisions. */
  predecessors(replacements: readonly Replacement[], base: string): Promise<readonly Predecessor[]>;
  /** Of each of the waivers, by id; undefined where it cannot be told, as from a trail that does not verify. */
  uses(waivers: readonly string[]): Promise<readonly WaiverUses[] | undefined>;
}

/** Where packs and pinned parents come from. */
export interface Packs {
  /** Bytes of `policies/packs/<name>@<major>.yml`. Rejects `PACK_UNKNOWN` with the names that exist. */
  pack(name: string): Promise<Uint8Array>;
  /** Bytes of a file of another repository at a commit. Rejects `PARENT_UNAVAILABLE`. */
  remote(parent: RemoteParent): Promise<Uint8Array>;
}

/** `owner/repo//path@<commit id>` */
export interface RemoteParent {
  readonly owner: string;
  readonly repo: string;
  readonly path: string;
  readonly commit: string;
}

export interface EvidenceFile {
  /** From the repository's top, `../` where it stands outside. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Made by a workflow that the policy names and the change cannot touch; absent where nobody can tell. */
  readonly attested?: true;
}
