import type { ChangeClass } from "../model/change.ts";
import type { Outcome } from "../model/decision.ts";
import type { Domain } from "../model/domain.ts";
import type { NonFinite, ScanFinding, Side, Trust } from "../model/evidence.ts";
import type { DatasetRole, Direction, Manifest } from "../model/manifest.ts";
import type { PolicyChange } from "../model/policy.ts";
import type { Tier } from "../model/tier.ts";

/**
 * The situation of a test vector, by what is unusual about it; `policies/schema/policy.schema.json` says what
 * each member means and what stands for one that is left out. Names are those of the file.
 */
export interface Given {
  readonly tier?: Tier;
  readonly model?: "changed" | "new" | "removed";
  readonly change_class?: ChangeClass;
  readonly metrics?: readonly GivenMetric[];
  readonly plan?: readonly GivenPlan[];
  readonly artifacts?: readonly GivenArtifact[];
  readonly manifest?: GivenManifest;
  readonly card?: GivenCard;
  readonly datasets?: readonly GivenDataset[];
  readonly locks?: readonly { readonly stage: string; readonly mismatches?: readonly string[] }[];
  readonly problems?: readonly GivenProblem[];
  readonly policy_change?: GivenPolicyChange;
  readonly trail?: { readonly problem?: string };
  readonly approvals?: GivenApprovals;
  readonly waivers?: readonly GivenWaiver[];
  readonly gates?: readonly string[];
  readonly results?: readonly { readonly gate: string; readonly outcome: Outcome }[];
}

export interface GivenMetric {
  readonly name: string;
  readonly value?: number;
  readonly non_finite?: NonFinite;
  readonly side?: Side;
  readonly dataset?: string;
  readonly role?: DatasetRole;
  readonly direction?: Direction;
  readonly n?: number;
  readonly positives?: number;
  readonly ci?: readonly [number, number];
  readonly level?: number;
  readonly slice?: Readonly<Record<string, string>>;
  readonly trust?: Trust;
  readonly age_days?: number;
  readonly undated?: true;
  readonly about?: "this" | "other" | "unknown";
  readonly dataset_digest?: "this" | "other";
}

export interface GivenPlan {
  readonly name: string;
  readonly dataset?: string;
  readonly direction?: Direction;
  readonly side?: Side;
}

export interface GivenArtifact {
  readonly path?: string;
  readonly format?: string;
  readonly size?: number;
  readonly complete?: boolean;
  readonly findings?: readonly Pick<ScanFinding, "code" | "severity">[];
  readonly scanned?: false;
  readonly declared?: "this" | "other" | "none";
  readonly problem?: string;
}

export interface GivenManifest {
  readonly missing?: true;
  readonly problem?: string;
  readonly without?: readonly ("owner" | "purpose" | "next_review" | "context" | "card")[];
  readonly status?: Manifest["status"];
  readonly next_review?: string;
  readonly domain?: Domain;
}

export interface GivenCard {
  readonly front_matter?: readonly string[];
  readonly sections?: readonly {
    readonly title: string;
    readonly words?: number;
    readonly placeholder?: string;
  }[];
  readonly claims?: readonly { readonly metric: string; readonly dataset?: string; readonly value: number }[];
}

export interface GivenDataset {
  readonly name: string;
  readonly role?: DatasetRole;
  readonly pinned?: boolean;
  readonly declared?: "other";
}

export interface GivenProblem {
  readonly code: string;
  readonly side?: Side;
  readonly path?: string;
  readonly metrics?: readonly string[];
  readonly trust?: Trust;
}

export interface GivenPolicyChange {
  readonly files: PolicyChange["files"];
  readonly loosened?: readonly string[];
  readonly tightened?: readonly string[];
  readonly unreadable?: string;
}

export interface GivenApprovals {
  readonly votes?: readonly GivenVote[];
  readonly unlinked?: true;
  readonly incomplete?: true;
  readonly unresolved?: readonly string[];
  readonly undefined?: readonly string[];
}

export interface GivenVote {
  readonly kind?: "approve" | "reject";
  readonly roles?: readonly string[];
  readonly by?: "other" | "author" | "bot" | "reader";
  readonly about?: "this" | "other" | "unknown";
}

export interface GivenWaiver {
  readonly gates?: readonly string[];
  readonly expired?: true;
  readonly approved_by?: readonly string[];
}
