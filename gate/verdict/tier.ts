import type { ModelChange } from "../model/change.ts";
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
 * what follows from the context of both. A change cannot lower its own tier, and silence is T1.
 */
export function judgedModel(model: ModelChange, policy: Policy): JudgedModel {
  const manifests = [model.head?.manifest, model.base?.manifest].filter((manifest) => manifest !== undefined);
  const claims = [...policyClaims(model.id, policy), ...manifests.flatMap(manifestClaims)];
  const tier = strictest(claims.map((claim) => claim.tier));
  const reasons = claims.filter((claim) => claim.tier === tier).map((claim) => claim.reason);
  return {
    id: model.id,
    changeClass: model.changeClass,
    tier: tier ?? "T1",
    tierReasons: tier === undefined ? ["nothing says how critical the model is"] : [...new Set(reasons)],
  };
}

function policyClaims(id: string, policy: Policy): readonly Claim[] {
  return policy.models.flatMap((model) =>
    model.id === id && model.tier !== undefined ? [{ tier: model.tier, reason: "the policy says so" }] : [],
  );
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
