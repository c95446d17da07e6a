import type { Digest } from "./digest.ts";
import type { Gate } from "./gate.ts";
import type { Place } from "./place.ts";
import type { Tier } from "./tier.ts";

export interface Role {
  readonly teams: readonly string[];
  readonly users: readonly string[];
  readonly exclusiveWith: readonly string[];
  /** Those who stand in for a while; absent where nobody does. */
  readonly delegates?: readonly Delegate[];
}

/** Somebody who may act in a role from the first to the last of these days (`YYYY-MM-DD`, UTC), both included. */
export interface Delegate {
  readonly user: string;
  readonly from: string;
  readonly until: string;
}

/** A policy of the base, its parents merged in. `gates` is sorted by id. */
export interface Policy {
  readonly name: string;
  readonly version: string;
  /** `advisory` when the base has no policy: every severity is at most `warn`. */
  readonly mode: "enforcing" | "advisory";
  /** Path at the base; absent when there is none. */
  readonly path?: string;
  readonly sources: readonly PolicySource[];
  readonly roles: Readonly<Record<string, Role>>;
  readonly models: readonly { readonly id: string; readonly path: string; readonly tier?: Tier }[];
  readonly gates: readonly Gate[];
  /** What the children made stricter than their parents, for the report. */
  readonly tightenings: readonly Tightening[];
}

/** One file that the policy was made of, and its bytes' digest. */
export interface PolicySource {
  /** `core@1.0.0`, a path at the base, or `owner/repo//path@sha`. */
  readonly name: string;
  readonly digest: Digest;
}

export interface Tightening {
  readonly gate: string;
  /** What was changed, as `with.min` or `severity.T3`. */
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly by: string;
}

/** One difference between two policies, or between two states of another file that judges. */
export interface PolicyDifference {
  /** Gate id, or `roles`, `models`, `mode`; of the other files that judge, `waivers` or `workflows`. */
  readonly gate: string;
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly effect: "loosened" | "tightened" | "changed";
  /** Where the head's own file writes it; absent where it does not, as of what it leaves to its parents. */
  readonly place?: Place;
}

/** What a change does to the files that judge it: only ever a preview, for the base's policy decides. */
export interface PolicyChange {
  readonly files: readonly { readonly path: string; readonly kind: "policy" | "waiver" | "workflow" }[];
  readonly differences: readonly PolicyDifference[];
  /** Waivers that the change brings or changes, as its head has them; absent where it does not. */
  readonly waivers?: readonly Waiver[];
  /** Why the policy of the head, or a waiver of the change, cannot be read, if it cannot. */
  readonly unreadable?: { readonly code: string; readonly message: string; readonly place?: Place };
}

export interface WaiverApproval {
  readonly role: string;
  readonly userId: number;
  readonly login?: string;
  /** Where it was said: every file says so, the test vectors of a policy need not. */
  readonly reviewUrl?: string;
}

/** One waiver file of the base, checked for shape; whether it has effect is `verdict/waive.ts`. */
export interface Waiver {
  readonly id: string;
  readonly place: Place;
  readonly model: string;
  readonly gates: readonly string[];
  readonly scope:
    | { readonly kind: "digest"; readonly digest: Digest }
    | { readonly kind: "version_range"; readonly range: string }
    | { readonly kind: "change_class"; readonly changeClass: string };
  readonly reason: string;
  readonly riskAccepted: string;
  readonly compensatingControls: readonly { what: string; owner: string; evidence?: string }[];
  /** Hard minimum still enforced: the waiver has no effect where the observed value is below it. */
  readonly floor?: number;
  readonly requestedBy: string;
  readonly approvals: readonly WaiverApproval[];
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly expires: string;
  readonly maxUses?: number;
  readonly renewals: number;
  readonly ticket?: string;
}
