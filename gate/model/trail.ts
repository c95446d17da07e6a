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

/** A model whose champion is asked for. */
export interface ChampionRequest {
  readonly model: string;
  /** What the model is at base. */
  readonly subject: Digest;
}
