import type { Judgement } from "../model/decision.ts";
import { TRUST_ORDER, type Trust } from "../model/evidence.ts";
import { textByTier } from "./arguments.ts";
import { combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { about, label } from "./metric-evidence.ts";
import { type PlannedEvidence, plannedEvidence } from "./planned-evidence.ts";
import type { Rule, View } from "./rule.ts";

const TRUST = { enum: [...TRUST_ORDER] };

export const evidenceTrust: Rule = {
  name: "evidence.trust",
  title: "The evidence can be trusted as far as the tier asks",
  scope: "model",
  parameters: {
    minimum_by_tier: {
      schema: {
        type: "object",
        additionalProperties: false,
        properties: { T1: TRUST, T2: TRUST, T3: TRUST, T4: TRUST },
        description:
          "Least trust of a planned number: declared (a file in the commit), ci (made in this run), attested (signed by a workflow that the pull request cannot change).",
        examples: [{ T1: "attested", T2: "ci", T3: "declared", T4: "declared" }],
      },
      required: true,
      tighter: { kind: "by-tier", each: { kind: "order", words: [...TRUST_ORDER] } },
    },
  },
  judge(args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const word = view.tier === undefined ? undefined : textByTier(args, "minimum_by_tier", view.tier);
    const least = TRUST_ORDER.find((trust) => trust === word);
    if (least === undefined) return notApplicable("The policy sets no trust for this tier");
    const planned = plannedEvidence(view);
    if (planned.length === 0) return missing({ code: "PLAN_EMPTY", message: "The model plans no metric" });
    return combine(planned.map((metric) => about(metric, judgeOne(view, metric, least))));
  },
};

function judgeOne(view: View, metric: PlannedEvidence, least: Trust): Judgement {
  const items = metric.judged;
  const name = label(metric);
  const best = items[0]?.trust;
  if (best === undefined)
    return missing({ code: "METRIC_MISSING", message: `No ${name} was found about this model` });
  const seen = { observed: best, expected: `${least} or better`, evidence: items };
  if (TRUST_ORDER.indexOf(best) >= TRUST_ORDER.indexOf(least)) return pass(seen);
  return fail(
    {
      code: "TRUST_TOO_LOW",
      message: `${name} is only ${best}, tier ${view.tier} asks for ${least}`,
      place: { path: items[0]?.source.path ?? "" },
      fix:
        least === "attested"
          ? "Have it measured by the evaluation workflow that the policy names"
          : "Have it measured in this run, and hand the file over with --evidence",
    },
    seen,
  );
}
