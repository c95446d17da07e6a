import type { Judgement } from "../model/decision.ts";
import { TRUST_ORDER, type Trust } from "../model/evidence.ts";
import { textByTier, textsOf } from "./arguments.ts";
import { combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { about, label } from "./metric-evidence.ts";
import { type PlannedEvidence, plannedEvidence } from "./planned-evidence.ts";
import type { Arguments, Rule, View } from "./rule.ts";

const TRUST = { enum: [...TRUST_ORDER] };
const WORKFLOW = "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/\\.github/workflows/[^/@\\s]+\\.ya?ml(?:@\\S+)?$";

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
          "Least trust of a planned number: declared (a file in the commit), ci (made in this run), attested (made by one of the `workflows`).",
        examples: [{ T1: "attested", T2: "ci", T3: "declared", T4: "declared" }],
      },
      required: true,
      tighter: { kind: "by-tier", each: { kind: "order", words: [...TRUST_ORDER] } },
    },
    workflows: {
      schema: {
        type: "array",
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        items: { type: "string", maxLength: 512, pattern: WORKFLOW },
        description:
          "Workflows of other repositories, run by a ruleset, whose measurements are attested: the pull request cannot change them. Each exactly as GitHub gives the path of its runs, with the ref. Only the App can tell whose run it was.",
        examples: [["acme/ml-platform/.github/workflows/evaluate.yml@refs/heads/main"]],
      },
      tighter: { kind: "subset", grants: true },
    },
  },
  judge(args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const word = view.tier === undefined ? undefined : textByTier(args, "minimum_by_tier", view.tier);
    const least = TRUST_ORDER.find((trust) => trust === word);
    if (least === undefined) return notApplicable("The policy sets no trust for this tier");
    const planned = plannedEvidence(view);
    if (planned.length === 0) return missing({ code: "PLAN_EMPTY", message: "The model plans no metric" });
    const asked = { least, workflows: attestingWorkflows(args) };
    return combine(planned.map((metric) => about(metric, judgeOne(view, metric, asked))));
  },
};

/** The workflows whose measurements are attested. */
export function attestingWorkflows(args: Arguments): readonly string[] {
  return textsOf(args, "workflows") ?? [];
}

interface Asked {
  readonly least: Trust;
  readonly workflows: readonly string[];
}

function attestedFix(workflows: readonly string[]): string {
  return workflows.length === 0
    ? "Name the evaluation workflow of another repository that a ruleset runs, in `with.workflows` of this gate, and have it measured there"
    : `Have it measured by ${workflows.join(" or ")}`;
}

function judgeOne(view: View, metric: PlannedEvidence, { least, workflows }: Asked): Judgement {
  const items = metric.judged;
  const name = label(metric);
  const [first] = items;
  if (first === undefined)
    return missing({ code: "METRIC_MISSING", message: `No ${name} was found about this model` });
  const { trust: best, source } = first;
  const seen = { observed: best, expected: `${least} or better`, evidence: items };
  if (TRUST_ORDER.indexOf(best) >= TRUST_ORDER.indexOf(least)) return pass(seen);
  return fail(
    {
      code: "TRUST_TOO_LOW",
      message: `${name} is only ${best}, tier ${view.tier} asks for ${least}`,
      place: { path: source.path, ...(source.line === undefined ? {} : { line: source.line }) },
      fix:
        least === "attested"
          ? attestedFix(workflows)
          : "Have it measured in this run, and hand the file over with --evidence",
    },
    seen,
  );
}
