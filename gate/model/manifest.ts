import type { Digest } from "./digest.ts";
import type { Domain } from "./domain.ts";
import type { Tier } from "./tier.ts";

/** Which way is better. Never guessed from a name that the table in `model/metric-names.ts` does not hold. */
export type Direction = "higher" | "lower";

export type DatasetRole = "train" | "validation" | "test" | "reference" | "production";

/** `model.yml`: what a team says of its model. Paths are from the repository's root, whatever the file wrote. */
export interface Manifest {
  readonly path: string;
  readonly id: string;
  readonly title?: string;
  /** Team or person that answers for the model, as `org/team` or a login. */
  readonly owner?: string;
  readonly purpose?: string;
  /** As semver.org has it. */
  readonly version?: string;
  readonly status: "experiment" | "candidate" | "production" | "retired";
  /** Date, `YYYY-MM-DD`. */
  readonly nextReview?: string;
  /** Declared rigour. May exceed the computed tier, never fall below it. */
  readonly tier?: Tier;
  readonly context?: ModelContext;
  readonly artifacts: readonly DeclaredArtifact[];
  readonly evaluation: readonly DeclaredEvaluation[];
  readonly data: readonly DeclaredDataset[];
  /** Path of the model card. */
  readonly card?: string;
  /** Gates that do not apply, each with the reason; only gates that allow it heed this. */
  readonly notApplicable: readonly { readonly gate: string; readonly reason: string }[];
  /** Line of each top-level key, for findings. */
  readonly lines: Readonly<Record<string, number>>;
}

/** Inputs of the tier, each 0 (least) to 4. Source: SR 26-2's pairing of exposure and purpose. */
export interface ModelContext {
  readonly domain?: Domain;
  readonly jurisdictions?: readonly string[];
  readonly role?: "provider" | "deployer";
  readonly decisionType?: string;
  readonly affectedPersons?: string;
  readonly autonomy?: "human-in-the-loop" | "human-on-the-loop" | "autonomous";
  readonly specialCategoryData?: boolean;
  readonly exposure?: number;
  readonly purpose?: number;
}

export interface DeclaredArtifact {
  readonly path: string;
  readonly digest?: Digest;
}

/** One file of results and what of it is planned to be reported. */
export interface DeclaredEvaluation {
  readonly path: string;
  readonly dataset: string;
  readonly role: DatasetRole;
  /** Digest of the dataset that the results were measured on. */
  readonly datasetDigest?: Digest;
  /** Digest of the model that the results were measured on; see `ModelVersion.subject`. */
  readonly subject?: Digest;
  /** When the results were measured, RFC 3339, if the file itself does not say. */
  readonly producedAt?: string;
  /** The plan: every metric named here has to be reported. */
  readonly metrics: readonly PlannedMetric[];
}

export interface PlannedMetric {
  readonly name: string;
  /** Where it stands in the file, as a dotted path; the name itself if absent. */
  readonly key?: string;
  readonly direction?: Direction;
}

export interface DeclaredDataset {
  readonly name: string;
  readonly role: DatasetRole;
  /** A path in the repository (the file itself, or its `.dvc` file), if the data is here. */
  readonly path?: string;
  readonly digest?: Digest;
}
