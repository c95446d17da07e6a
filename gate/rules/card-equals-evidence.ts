import type { Judgement } from "../model/decision.ts";
import type { CardClaim, CardEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { numberOf } from "./arguments.ts";
import { cardOf } from "./card-complete.ts";
import { broken, combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { datasetsOf, findMetric, show } from "./metric-evidence.ts";
import type { Rule, View } from "./rule.ts";

/** Half a unit of the second decimal: a card that rounds is no lie. */
const DEFAULT_TOLERANCE = 0.005;

export const cardEqualsEvidence: Rule = {
  name: "card.equals-evidence",
  title: "The numbers in the model card are those of the evidence",
  scope: "model",
  parameters: {
    tolerance: {
      schema: {
        type: "number",
        minimum: 0,
        description: `Largest difference that rounding may make; ${DEFAULT_TOLERANCE} if absent.`,
        examples: [0.001],
      },
      tighter: { kind: "lower", default: DEFAULT_TOLERANCE },
    },
  },
  judge(args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const card = cardOf(view);
    if (card === undefined)
      return missing({ code: "CARD_MISSING", message: "The model has no card that could be read" });
    if (card.claims.length === 0) return notApplicable("The card states no number");
    const tolerance = numberOf(args, "tolerance") ?? DEFAULT_TOLERANCE;
    return combine(card.claims.map((claim) => judgeClaim(view, card, { claim, tolerance })));
  },
};

function judgeClaim(
  view: View,
  card: CardEvidence,
  { claim, tolerance }: { claim: CardClaim; tolerance: number },
): Judgement {
  const { value } = claim;
  if (typeof value !== "number") return broken(finding(card, claim, `is ${value}`));
  const datasets = datasetsOf(view, claim.metric);
  const named = claim.dataset !== undefined && datasets.includes(claim.dataset) ? [claim.dataset] : datasets;
  const found = named.map((dataset) => findMetric(view, "head", { metric: claim.metric, dataset }));
  const values = found.flatMap((item) => (item.kind === "found" ? [item] : []));
  if (values.length === 0)
    return missing(finding(card, claim, "is supported by no evidence about this model"));
  const seen = {
    observed: show(value),
    expected: values.map((item) => show(item.value)).join(" or "),
    evidence: [card, ...values.map((item) => item.evidence)],
  };
  if (values.some((item) => Math.abs(item.value - value) <= tolerance)) return pass(seen);
  return fail(finding(card, claim, `is ${show(value)} in the card, ${seen.expected} in the evidence`), seen);
}

function finding(card: CardEvidence, { metric, dataset, line }: CardClaim, state: string): Finding {
  return {
    code: "CARD_NUMBER_DIFFERS",
    message: `${dataset === undefined ? metric : `${metric} on ${dataset}`} ${state}`,
    place: { path: card.path, line },
    fix: "Write the evaluated number into the card",
  };
}
