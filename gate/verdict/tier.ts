import type { ModelChange, ModelVersion } from "../model/change.ts";
import type { JudgedModel } from "../model/decision.ts";
import type { Manifest, ModelContext } from "../model/manifest.ts";
import type { Policy } from "../model/policy.ts";
import { TIERS, type Tier } from "../model/tier.ts";

/** Exposure times purpose, each 0..4, from which a tier begins (SR 26-2 pairs the two; the cuts are ours). */
const CUTS = [
  { tier: "T1", from: 12 },
  { tier: "T2", from: 6 },
  { tier: "T3", from: 2 },
  { tier: "T4", from: 0 },
] as const satisfies readonly { tier: Tier; from: number }[];

/** Uses of Regulation (EU) 2024/1689, Annex III, and their neighbours: least T2, T1 with no human in the loop. */
const HIGH_RISK_DOMAINS: ReadonlySet<string> = new Set([
  "annex-iii",
  "biometrics",
  "consumer-credit",
  "critical-infrastructure",
  "education",
  "employment",
  "insurance",
  "law-enforcement",
  "medical",
  "migration",
  "justice",
  "public-services",
  "safety",
]);

const CRITICAL_DOMAINS: ReadonlySet<string> = new Set(["aml", "regulatory-capital"]);

interface Claim {
  readonly tier: Tier;
  readonly reason: string;
}

/**
 * The rigour that a model is judged with: the strictest of what the policy says, what base and head declare, and
 * what follows from the context of both. A change cannot lower its own tier, and silence is T1. A new model is no
 * laxer than the models that the same change removes, for it may be one of them under another name.
 */
export function judgedModel(
  model: ModelChange,
  policy: Policy,
  removed: readonly ModelChange[] = [],
): JudgedModel {
  const own = ownClaims(model, policy);
  // Whoever says nothing of a model gets T1, and what is said of others must not make it less.
  const claims =
    own.length === 0 ? [] : [...own, ...claimsByPath(model, policy), ...inherited(model, policy, removed)];
  const tier = strictest(claims.map((claim) => claim.tier));
  const reasons = claims.filter((claim) => claim.tier === tier).map((claim) => claim.reason);
  return {
    id: model.id,
    changeClass: model.changeClass,
    tier: tier ?? "T1",
    tierReasons: tier === undefined ? ["nothing says how critical the model is"] : [...new Set(reasons)],
  };
}

function ownClaims(model: ModelChange, policy: Policy): readonly Claim[] {
  const manifests = versionsOf(model).flatMap(({ manifest }) => manifest ?? []);
  const ids = new Set([model.id, ...manifests.map(({ id }) => id)]);
  const stated = policy.models.flatMap(({ id, tier }) =>
    ids.has(id) && tier !== undefined ? [{ tier, reason: "the policy says so" }] : [],
  );
  return [...stated, ...manifests.flatMap(manifestClaims)];
}

/** Of what stands where the policy knows a model, whatever id it goes by. */
function claimsByPath(model: ModelChange, policy: Policy): readonly Claim[] {
  const paths = versionsOf(model).flatMap(({ manifest, artifacts }) => [
    ...(manifest === undefined ? [] : [manifest.path]),
    ...artifacts.map(({ path }) => path),
  ]);
  return policy.models.flatMap(({ path: folder, tier }) => {
    const isThere = paths.some((path) => path === folder || path.startsWith(`${folder}/`));
    return isThere && tier !== undefined ? [{ tier, reason: `the policy says so of ${folder}` }] : [];
  });
}

function inherited(model: ModelChange, policy: Policy, removed: readonly ModelChange[]): readonly Claim[] {
  if (model.base !== undefined) return [];
  return removed.flatMap((other) =>
    [...ownClaims(other, policy), ...claimsByPath(other, policy)].map(({ tier }) => {
      return { tier, reason: `${other.id}, which the same change removes, has it` };
    }),
  );
}

function versionsOf({ base, head }: ModelChange): readonly ModelVersion[] {
  return [head, base].filter((version) => version !== undefined);
}

function manifestClaims({ tier, context }: Manifest): readonly Claim[] {
  const declared = tier === undefined ? [] : [{ tier, reason: "model.yml declares it" }];
  return context === undefined ? declared : [...declared, ...computed(context), ...floors(context)];
}

function computed({ exposure, purpose }: ModelContext): readonly Claim[] {
  if (exposure === undefined || purpose === undefined) return [];
  const product = exposure * purpose;
  const cut = CUTS.find(({ from }) => product >= from);
  return cut === undefined
    ? []
    : [{ tier: cut.tier, reason: `exposure ${exposure} × purpose ${purpose} is ${product}` }];
}

function floors({ domain, autonomy, specialCategoryData }: ModelContext): readonly Claim[] {
  const claims: Claim[] = [];
  if (domain !== undefined && CRITICAL_DOMAINS.has(domain)) {
    claims.push({ tier: "T1", reason: `${domain} is never below T1` });
  }
  if (domain !== undefined && HIGH_RISK_DOMAINS.has(domain)) {
    claims.push(
      autonomy === "autonomous"
        ? { tier: "T1", reason: `${domain} with no human in the loop is never below T1` }
        : { tier: "T2", reason: `${domain} is never below T2` },
    );
  }
  if (specialCategoryData === true) {
    claims.push({ tier: "T2", reason: "special-category personal data is never below T2" });
  }
  return claims;
}

function strictest(tiers: readonly Tier[]): Tier | undefined {
  return TIERS.find((tier) => tiers.includes(tier));
}
