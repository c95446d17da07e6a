import type { Account, Pull, Repository } from "../nouns.ts";

export interface WorkflowRun {
  readonly id: number;
  readonly repository: Repository;
  /** Where the head is; a fork's for its pull requests. */
  readonly headRepository: Repository;
  readonly name: string;
  /** Path of the workflow's file. */
  readonly path: string;
  readonly event: string;
  readonly branch: string;
  readonly head: string;
  readonly actor: Account;
  /** Empty for a fork's. */
  readonly pulls: readonly Pull[];
  status: string;
  conclusion: string | null;
  attempt: number;
  readonly jobs: readonly Job[];
  readonly createdAt: Date;
}

/** A job of a run, of whichever attempt. */
export interface Job {
  readonly id: number;
  readonly name: string;
  readonly attempt: number;
  readonly conclusion: string | null;
  readonly startedAt: Date;
  readonly completedAt: Date | null;
}

export interface Artifact {
  readonly id: number;
  readonly run: WorkflowRun;
  readonly name: string;
  readonly zip: Buffer;
  expired: boolean;
  createdAt: Date;
}

/** What the App answered when a deployment of a run waited for it. */
export interface GateReview {
  readonly runId: number;
  readonly environment: string;
  readonly state: string;
  readonly comment: string;
}
