import { faultOf } from "../approval/waiver-terms.ts";
import type { Finding } from "../model/finding.ts";
import type { Policy, Waiver } from "../model/policy.ts";
import type { Tier } from "../model/tier.ts";
import { fail, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";

/**
 * A waiver that does not hold has no effect in any case. That it still lies there closes its model, and no other, until
 * somebody renews it or takes it away: what was to be mended by then was not.
 */
export const waiversValid: Rule = {
  name: "waivers.valid",
  title: "The waivers of the model hold",
  scope: "model",
  parameters: {},
  judge(_args, view) {
    const { model, tier = "T1", waivers = [] } = view;
    if (model?.head === undefined) return notApplicable("The model is removed");
    const own = waivers.filter((waiver) => waiver.model === model.id);
    if (own.length === 0) return notApplicable("No waiver names the model");
    const findings = own.flatMap((waiver) => faultsOf(waiver, tier, view));
    const observed = own.map(({ id }) => id).join(", ");
    return findings.length === 0 ? pass({ observed }) : fail(findings, { observed });
  },
};

function faultsOf(waiver: Waiver, tier: Tier, { now, policy }: View): readonly Finding[] {
  const fault = faultOf(waiver, tier, now);
  return [...(fault === undefined ? [] : [fault]), ...gateFaults(waiver, policy)].map((reason) => ({
    code: "WAIVER_INVALID",
    message: `${waiver.id} does not hold: ${reason}`,
    place: waiver.place,
    fix: "Renew it as its tier allows, or remove the file, in a pull request of its own",
  }));
}

function gateFaults({ gates }: Waiver, policy: Policy): readonly string[] {
  return gates.flatMap((id) => {
    const gate = policy.gates.find((each) => each.id === id);
    if (gate === undefined) return [`the policy has no gate ${id}`];
    return gate.waivable ? [] : [`${id} can never be waived`];
  });
}
