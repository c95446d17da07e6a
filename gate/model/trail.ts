import type { Digest } from "./digest.ts";
import type { MetricEvidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";

/** What a decision rests on of the repository's trail. */
export interface TrailState {
  /** First line of its checkpoints. */
  readonly origin: string;
  /** Entries. */
  readonly size: number;
  /** Of the tree, in hex. */
  readonly root: string;
  /** Why the trail does not verify, and what could not be told; empty if all is well. */
  readonly findings: readonly Finding[];
}

/** The last approved decision about exactly what a model is at base, with the metrics that it rested on. */
export interface Champion {
  readonly model: string;
  readonly subject: Digest;
  /** Of the decision record. */
  readonly decision: Digest;
  readonly metrics: readonly MetricEvidence[];
}

/** How often a change that a waiver opened has entered. */
export interface WaiverUses {
  readonly waiver: string;
  readonly count: number;
}

/** A model, and what it is. */
export interface ModelState {
  readonly model: string;
  readonly subject: Digest;
}

/** A change of what a model is. */
export interface Replacement {
  readonly model: string;
  /** What it is at base, and what it would be. */
  readonly from: Digest;
  readonly to: Digest;
}

/** What a model was before it came to be what it is, let in by a decision. */
export interface Predecessor extends ModelState {
  /** Of the decision record that let it pass. */
  readonly decision: Digest;
  /** A commit that has the model as it entered. */
  readonly commit: string;
}
