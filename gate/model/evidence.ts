import type { Digest } from "./digest.ts";
import type { DatasetRole, Direction } from "./manifest.ts";
import type { Place } from "./place.ts";

/** `declared`: a file in the commit. `ci`: produced in this run. `attested`: signed by a named identity. */
export type Trust = "declared" | "ci" | "attested";

export const TRUST_ORDER = ["declared", "ci", "attested"] as const satisfies readonly Trust[];

export type Side = "base" | "head";

/** Adapter of what the trail remembers about a champion; no file can call itself that. */
export const TRAIL_ADAPTER = "trail@1";

/** Of the base, the least first: the run, what the trail remembers, the base's own commit. */
const BASE_WEIGHTS = { ci: 0, trail: 1, declared: 4, attested: 5 } as const;

/**
 * How much a word counts against others about the same side. Of the head, what this run measured counts more than
 * what was committed. Of the base, the base's own commit counts more than the trail, and the trail more than the run:
 * the run belongs to the change, which has an interest in a base that is easy to beat.
 */
export function weightOf({ side, trust, source }: Pick<MetricEvidence, "side" | "trust" | "source">): number {
  const order = TRUST_ORDER.indexOf(trust);
  if (side === "head") return order;
  // Of several numbers that a decision rested on, the one that was judged.
  return source.adapter === TRAIL_ADAPTER ? BASE_WEIGHTS.trail + order : BASE_WEIGHTS[trust];
}

/** Python's tools write these bare; they are carried, and no gate ever passes on them. */
export type NonFinite = "NaN" | "Infinity" | "-Infinity";

export type Measure = number | NonFinite;

/** Where a fact was read. */
export interface Source {
  /** Adapter and its version, as `metrics@1`. */
  readonly adapter: string;
  readonly path: string;
  /** Of the file's bytes. */
  readonly digest: Digest;
  readonly line?: number;
  /** Of the tool that wrote the file, if it says. */
  readonly tool?: string;
  /** RFC 3339, UTC. */
  readonly producedAt?: string;
}

interface Fact {
  readonly model: string;
  readonly side: Side;
  readonly source: Source;
  readonly trust: Trust;
  /** What the fact is about; see `ModelVersion.subject`. */
  readonly subject?: Digest;
}

/** One number. */
export interface MetricEvidence extends Fact {
  readonly kind: "metric";
  readonly name: string;
  readonly dataset: string;
  readonly role: DatasetRole;
  readonly datasetDigest?: Digest;
  readonly value: Measure;
  readonly direction?: Direction;
  /** Part of the population; the whole of it if absent. */
  readonly slice?: Readonly<Record<string, string>>;
  readonly n?: number;
  readonly positives?: number;
  /** Confidence interval and its level, 0..1. */
  readonly ci?: { readonly low: number; readonly high: number; readonly level: number };
}

/** What the bytes of a model file say. */
export interface ArtifactEvidence extends Fact {
  readonly kind: "artifact";
  readonly path: string;
  readonly scan: FileScan;
}

/** What a scan of one file found; the element of `scan --format json`. */
export interface FileScan {
  readonly path: string;
  readonly format: string;
  /** Bytes. */
  readonly size: number;
  /** In hex; empty where the bytes could not be read. */
  readonly sha256: string;
  readonly findings: readonly ScanFinding[];
  /** False where any byte of the file could not be explained: a finding by itself. */
  readonly complete: boolean;
}

export interface ScanFinding {
  readonly code: string;
  readonly severity: "fail" | "warn" | "info";
  /** Offset, tensor or member; empty for the file as a whole. */
  readonly where: string;
  readonly message: string;
  /** What to do, where that is not what to do about every such file. */
  readonly fix?: string;
}

/** A model card: its front matter's keys, its sections, and the numbers that it states. */
export interface CardEvidence extends Fact {
  readonly kind: "card";
  readonly path: string;
  readonly frontMatter: readonly string[];
  readonly sections: readonly CardSection[];
  readonly claims: readonly CardClaim[];
}

export interface CardSection {
  readonly title: string;
  readonly line: number;
  /** Words of prose, without headings, comments and placeholders; of one word three at most. */
  readonly words: number;
  /** A placeholder such as TODO or "More information needed", if one stands here. */
  readonly placeholder?: string;
}

/** One number that the card states, in the `model-index` of its front matter or in a table. */
export interface CardClaim {
  readonly metric: string;
  readonly dataset?: string;
  readonly value: Measure;
  /** One unit of the last place that it was written with: 0.01 of `0.81`. */
  readonly unit?: number;
  readonly line: number;
}

/** One dataset of the model and what pins it. */
export interface DatasetEvidence extends Fact {
  readonly kind: "dataset";
  readonly name: string;
  readonly role: DatasetRole;
  readonly path?: string;
  /** Digest that pins the content; absent means not pinned. */
  readonly digest?: Digest;
  /** What the manifest states, if it does and it differs. */
  readonly declared?: Digest;
  readonly line?: number;
}

/** One stage of a pipeline lock against the files beside it. */
export interface LockEvidence extends Fact {
  readonly kind: "lock";
  readonly path: string;
  readonly stage: string;
  /** Artifacts and evaluation files that come out of it, as the manifest names them; absent if none does. */
  readonly makes?: readonly string[];
  /** Each a sentence; empty when in sync. */
  readonly mismatches: readonly { readonly message: string; readonly place: Place }[];
}

export type Evidence = MetricEvidence | ArtifactEvidence | CardEvidence | DatasetEvidence | LockEvidence;

/**
 * Something that was found but could not be read as evidence. It belongs to the model; a gate that needed it
 * has the outcome `error`, never `missing_evidence`, and `pass` least of all.
 */
export interface EvidenceProblem {
  /** Absent where it is about what no model took. */
  readonly model?: string;
  readonly side: Side;
  readonly code: string;
  readonly message: string;
  readonly place: Place;
  readonly fix?: string;
  /** Metric names that the problem makes unreadable; absent means the whole file. */
  readonly metrics?: readonly string[];
  /** How far the file counts: a number that counts more stands beside the problem. None does if absent. */
  readonly trust?: Trust;
  /** The file was read and does not hold the metrics: a gate that needs them has `missing_evidence`. */
  readonly silent?: true;
}
