import { approvalsBound } from "./approvals-bound.ts";
import { approvalsRequired } from "./approvals-required.ts";
import { approvalsSeparation } from "./approvals-separation.ts";
import { artifactDigest } from "./artifact-digest.ts";
import { artifactFormat } from "./artifact-format.ts";
import { artifactSize } from "./artifact-size.ts";
import { cardComplete } from "./card-complete.ts";
import { cardEqualsEvidence } from "./card-equals-evidence.ts";
import { dataPinned } from "./data-pinned.ts";
import { deploymentPromotion } from "./deployment-promotion.ts";
import { evidenceFresh } from "./evidence-fresh.ts";
import { evidenceSubject } from "./evidence-subject.ts";
import { evidenceTrust } from "./evidence-trust.ts";
import { expression } from "./expression.ts";
import { gatesComplete } from "./gates-complete.ts";
import { inventoryRegistered } from "./inventory-registered.ts";
import { lockInSync } from "./lock-in-sync.ts";
import { manifestValid } from "./manifest-valid.ts";
import { metricNoRegression } from "./metric-no-regression.ts";
import { metricPresent } from "./metric-present.ts";
import { metricCeiling, metricFloor } from "./metric-threshold.ts";
import { policyChangeGuard } from "./policy-change-guard.ts";
import type { Rule } from "./rule.ts";
import { trailIntact } from "./trail-intact.ts";
import { waiversValid } from "./waivers-valid.ts";

/** Every rule that a policy may name. A new one is a file beside these and a line here. */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  [
    approvalsBound,
    approvalsRequired,
    approvalsSeparation,
    artifactDigest,
    artifactFormat,
    artifactSize,
    cardComplete,
    cardEqualsEvidence,
    dataPinned,
    deploymentPromotion,
    evidenceFresh,
    evidenceSubject,
    evidenceTrust,
    expression,
    gatesComplete,
    inventoryRegistered,
    lockInSync,
    manifestValid,
    metricCeiling,
    metricFloor,
    metricNoRegression,
    metricPresent,
    policyChangeGuard,
    trailIntact,
    waiversValid,
  ].map((rule) => [rule.name, rule]),
);
