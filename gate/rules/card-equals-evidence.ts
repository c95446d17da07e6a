import type { Judgement } from "../model/decision.ts";
import type { CardClaim, CardEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { numberOf } from "./arguments.ts";
import { cardOf } from "./card-complete.ts";
import { broken, combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { datasetsOf, findMetric, showApart } from "./metric-evidence.ts";
import type { Rule, View } from "./rule.ts";

/** Half a unit of the second decimal: a card that rounds is no lie. */
const DEFAULT_TOLERANCE = 0.005;
/** What binary arithmetic may add to a difference of decimal numbers, as a part of the tolerance. */
const ARITHMETIC = 1e-9;

export const cardEqualsEvidence: Rule = {
  name: "card.equals-evidence",
  title: "The numbers in the model card are those of the evidence",
  scope: "model",
  parameters: {
    tolerance: {
      schema: {
        type: "number",
        minimum: 0,
        description: `Largest difference that rounding may make; ${DEFAULT_TOLERANCE} if absent. A number that is written with more digits may differ by half a unit of its last place and no more.`,
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
    const unread = unreadClaims(view, card);
    if (card.claims.length === 0 && unread.length === 0) return notApplicable("The card states no number");
    const tolerance = numberOf(args, "tolerance") ?? DEFAULT_TOLERANCE;
    return combine([
      ...card.claims.map((claim) => judgeClaim(view, card, { claim, tolerance })),
      ...(unread.length === 0 ? [] : [broken(unread, { evidence: [card] })]),
    ]);
  },
};

/** Numbers that the card states in a way that nobody can hold against anything. */
function unreadClaims({ problems }: View, card: CardEvidence): readonly Finding[] {
  return problems
    .filter(({ code, side, place }) => code === "CARD_CLAIM" && side === "head" && place.path === card.path)
    .map(({ code, message, place, fix }) => ({
      code,
      message,
      place,
      ...(fix === undefined ? {} : { fix }),
    }));
}

function judgeClaim(
  view: View,
  card: CardEvidence,
  { claim, tolerance }: { claim: CardClaim; tolerance: number },
): Judgement {
  const { value, dataset } = claim;
  if (typeof value !== "number") return broken(finding(card, claim, `is ${value}`));
  const datasets = datasetsOf(view, claim.metric);
  if (dataset !== undefined && !datasets.includes(dataset)) return missing(unmeasured(card, claim, datasets));
  const named = dataset === undefined ? datasets : [dataset];
  const found = named.map((one) => findMetric(view, "head", { metric: claim.metric, dataset: one }));
  const values = found.flatMap((item) => (item.kind === "found" ? [item] : []));
  if (values.length === 0)
    return missing(finding(card, claim, "is supported by no evidence about this model"));
  const [observed = "", ...evaluated] = showApart([value, ...values.map((item) => item.value)]);
  const seen = {
    observed,
    expected: evaluated.join(" or "),
    evidence: [card, ...values.map((item) => item.evidence)],
  };
  const most = Math.min(tolerance, (claim.unit ?? Number.POSITIVE_INFINITY) / 2) * (1 + ARITHMETIC);
  if (values.some((item) => Math.abs(item.value - value) <= most)) return pass(seen);
  return fail(finding(card, claim, `is ${observed} in the card, ${seen.expected} in the evidence`), seen);
}

function unmeasured(card: CardEvidence, claim: CardClaim, datasets: readonly string[]): Finding {
  const state = "is supported by no evidence about this model";
  if (datasets.length === 0) return finding(card, claim, state);
  return {
    ...finding(card, claim, `${state}, which was measured on ${datasets.join(", ")}`),
    fix: "Name the dataset as model.yml does, or plan and evaluate the metric on it",
  };
}

function finding(card: CardEvidence, { metric, dataset, line }: CardClaim, state: string): Finding {
  return {
    code: "CARD_NUMBER_DIFFERS",
    message: `${dataset === undefined ? metric : `${metric} on ${dataset}`} ${state}`,
    place: { path: card.path, line },
    fix: "Write the evaluated number into the card",
  };
}
