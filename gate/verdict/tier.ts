import { formerVersions, type ModelChange, type ModelVersion } from "../model/change.ts";
import type { JudgedModel } from "../model/decision.ts";
import { domainFloor, isDomain } from "../model/domain.ts";
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

interface Claim {
  readonly tier: Tier;
  readonly reason: string;
}

/**
 * The rigour that a model is judged with: the strictest of what the policy says, what base and head declare, and
 * what follows from the context of both. A change cannot lower its own tier, and silence is T1: without a word of the
 * policy about an id that the model had before, and without a whole context, what it declares can only be as strict. A
 * new model is no laxer than the models that the same change removes, for it may be one of them under another name.
 */
export function judgedModel(
  model: ModelChange,
  policy: Policy,
  removed: readonly ModelChange[] = [],
): JudgedModel {
  const own = [...claimsById(model, policy), ...manifestClaims(model)];
  const former = new Set([model.id, ...formerVersions(model).map(({ manifest }) => manifest?.id)]);
  const isStated = policy.models.some(({ id, tier }) => former.has(id) && tier !== undefined);
  const silence = isStated ? [] : claimOfSilence(model);
  // Whoever says nothing of a model gets T1, and what is said of others must not make it less.
  const claims =
    own.length + silence.length === 0
      ? []
      : [...own, ...silence, ...claimsByPath(model, policy), ...inherited(model, policy, removed)];
  const tier = strictest(claims.map((claim) => claim.tier));
  const reasons = claims.filter((claim) => claim.tier === tier).map((claim) => claim.reason);
  return {
    id: model.id,
    changeClass: model.changeClass,
    tier: tier ?? "T1",
    tierReasons: tier === undefined ? ["nothing says how critical the model is"] : [...new Set(reasons)],
  };
}

function claimsById(model: ModelChange, policy: Policy): readonly Claim[] {
  const ids = new Set([model.id, ...manifestsOf(model).map(({ id }) => id)]);
  return policy.models.flatMap(({ id, tier }) =>
    ids.has(id) && tier !== undefined ? [{ tier, reason: "the policy says so" }] : [],
  );
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
    [...claimsById(other, policy), ...manifestClaims(other), ...claimsByPath(other, policy)].map(
      ({ tier }) => {
        return { tier, reason: `${other.id}, which the same change removes, has it` };
      },
    ),
  );
}

function versionsOf(model: ModelChange): readonly Pick<ModelVersion, "artifacts" | "manifest">[] {
  return model.head === undefined ? formerVersions(model) : [model.head, ...formerVersions(model)];
}

/** The manifests that can be read, that of the head first. */
function manifestsOf(model: ModelChange): readonly Manifest[] {
  return versionsOf(model).flatMap(({ manifest }) => manifest ?? []);
}

function manifestClaims(model: ModelChange): readonly Claim[] {
  return manifestsOf(model).flatMap(({ tier, context }) => {
    const declared = tier === undefined ? [] : [{ tier, reason: "model.yml declares it" }];
    return context === undefined ? declared : [...declared, ...computed(context), ...floors(context)];
  });
}

/** What the tier is computed from; the strictest value of each is what a context without it stands for. */
const INPUTS = ["domain", "exposure", "purpose"] as const satisfies readonly (keyof ModelContext)[];

/** T1 where the context leaves out what the tier is computed from; of the base where the head has no manifest. */
function claimOfSilence(model: ModelChange): readonly Claim[] {
  const [manifest] = manifestsOf(model);
  if (manifest === undefined) return [];
  const { path, context = {} } = manifest;
  const missing = INPUTS.filter((name) => !isStated(context, name)).map((name) => `context.${name}`);
  if (missing.length === 0) return [];
  const reason = `${path} does not state ${inWords(missing)}, and without that it is T1: state it, or have the policy give the model a tier`;
  return [{ tier: "T1", reason }];
}

function isStated(context: ModelContext, name: (typeof INPUTS)[number]): boolean {
  const value = context[name];
  return typeof value === "string" ? isDomain(value) : value !== undefined;
}

function inWords(names: readonly string[]): string {
  const [last, ...others] = [...names].reverse();
  return others.length === 0 ? `${last}` : `${others.reverse().join(", ")} and ${last}`;
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
  const floor = domain === undefined ? undefined : domainFloor(domain);
  if (floor !== undefined)
    claims.push({ tier: floor.least, reason: `${domain} is never below ${floor.least}` });
  if (floor !== undefined && autonomy === "autonomous" && floor.alone !== floor.least) {
    const reason = `${domain} with no human in the loop is never below ${floor.alone}`;
    claims.push({ tier: floor.alone, reason });
  }
  if (specialCategoryData === true) {
    claims.push({ tier: "T2", reason: "special-category personal data is never below T2" });
  }
  return claims;
}

function strictest(tiers: readonly Tier[]): Tier | undefined {
  return TIERS.find((tier) => tiers.includes(tier));
}
