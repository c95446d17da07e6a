import { foldEnvironment } from "../model/environment.ts";
import type { Policy } from "../model/policy.ts";
import type { Tier } from "../model/tier.ts";
import { textOf, textsOf } from "./arguments.ts";
import { notApplicable } from "./judgement.ts";
import type { Rule } from "./rule.ts";

const ENVIRONMENT = { type: "string", minLength: 1, maxLength: 128 };

/**
 * The order of environments. There is nothing to be judged while a change is under review: the App asks when GitHub
 * asks it whether a deployment may go on.
 */
export const deploymentPromotion: Rule = {
  name: "deployment.promotion",
  title: "A model runs in one environment after it ran in those before",
  scope: "model",
  parameters: {
    environment: {
      schema: { ...ENVIRONMENT, description: "Where the model is to run.", examples: ["production"] },
      required: true,
      tighter: { kind: "same" },
    },
    after: {
      schema: {
        type: "array",
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        items: ENVIRONMENT,
        description:
          "Where exactly this content of the model has to have run before: a deployment with these digests that succeeded.",
        examples: [["staging"]],
      },
      required: true,
      tighter: { kind: "superset" },
    },
  },
  judge() {
    return notApplicable("It is asked when the model is deployed");
  },
};

/**
 * The environments in which a model of the tier has to have run before this one, each as the first gate spells it.
 * Environments are told apart as GitHub does: an order for `production` is one for `Production`.
 */
export function environmentsBefore(policy: Policy, environment: string, tier: Tier): readonly string[] {
  const asked = foldEnvironment(environment);
  const gates = policy.gates.filter(
    ({ rule, severity, with: args }) =>
      rule === deploymentPromotion.name &&
      severity[tier] === "block" &&
      foldEnvironment(textOf(args, "environment") ?? "") === asked,
  );
  const before = new Map<string, string>();
  for (const name of gates.flatMap(({ with: args }) => textsOf(args, "after") ?? [])) {
    if (!before.has(foldEnvironment(name))) before.set(foldEnvironment(name), name);
  }
  return [...before.values()];
}
