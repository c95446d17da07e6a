import type { Judgement } from "../model/decision.ts";
import type { Digest } from "../model/digest.ts";
import type { DatasetEvidence, MetricEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { numberByTier, numberOf } from "./arguments.ts";
import { combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { about, label } from "./metric-evidence.ts";
import { type PlannedEvidence, plannedEvidence } from "./planned-evidence.ts";
import type { Rule, View } from "./rule.ts";

const DAY_MS = 86_400_000;
/** Clocks of two machines differ; evidence from further ahead was not made when it says. */
const SKEW_MS = 300_000;

const DAYS = { type: "number", exclusiveMinimum: 0 };

export const evidenceFresh: Rule = {
  name: "evidence.fresh",
  title: "The evidence is recent, and about the data as it is now",
  scope: "model",
  parameters: {
    max_age_days: {
      schema: { ...DAYS, description: "Oldest that a measured number may be, in days.", examples: [30] },
      tighter: { kind: "lower" },
    },
    max_age_days_by_tier: {
      schema: {
        type: "object",
        additionalProperties: false,
        properties: { T1: DAYS, T2: DAYS, T3: DAYS, T4: DAYS },
        description: "The same by tier; the smaller of both counts.",
        examples: [{ T1: 14, T2: 30, T3: 90, T4: 180 }],
      },
      tighter: { kind: "by-tier", each: { kind: "lower" } },
    },
  },
  needsOneOf: ["max_age_days", "max_age_days_by_tier"],
  judge(args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const byTier =
      view.tier === undefined ? undefined : numberByTier(args, "max_age_days_by_tier", view.tier);
    const days = Math.min(numberOf(args, "max_age_days") ?? Infinity, byTier ?? Infinity);
    if (days === Infinity) return notApplicable("The policy sets no age for this tier");
    const planned = plannedEvidence(view);
    if (planned.length === 0) return missing({ code: "PLAN_EMPTY", message: "The model plans no metric" });
    return combine(planned.map((metric) => about(metric, judgeOne(view, metric, days))));
  },
};

/**
 * Fresh if any of the items that the number is taken from is: they say the same, or other gates are in error. What
 * this run brings without a date was measured in it.
 */
function judgeOne(view: View, metric: PlannedEvidence, days: number): Judgement {
  const name = label(metric);
  const items = metric.judged.filter((item) => isOfThisData(view, item));
  const [other] = metric.judged;
  if (items.length === 0 && other !== undefined) return fail(ofOtherData(view, name, other));
  const fromThisRun = items.find(({ trust, source }) => trust === "ci" && source.producedAt === undefined);
  if (fromThisRun !== undefined) {
    return pass({ observed: "this run", expected: `≤ ${days} days`, evidence: [fromThisRun] });
  }
  const dated = items.filter((item) => !Number.isNaN(ageMs(view, item)));
  if (dated.length === 0) return missing(undated(view, name, items[0]));
  const best = dated
    .toSorted((a, b) => ageMs(view, a) - ageMs(view, b))
    .find((item) => ageMs(view, item) >= -SKEW_MS);
  if (best === undefined) return fail(fromTheFuture(name, dated));
  const age = Math.max(0, ageMs(view, best) / DAY_MS);
  const seen = { observed: `${age.toFixed(1)} days`, expected: `≤ ${days} days`, evidence: [best] };
  if (age <= days) return pass(seen);
  return fail(
    {
      code: "EVIDENCE_STALE",
      message: `${name} was measured ${age.toFixed(1)} days ago, ${days} are allowed`,
      place: { path: best.source.path },
      fix: "Evaluate again",
    },
    seen,
  );
}

/** What the manifest's data of the item's name is now, as far as it can be compared: by a digest of the same kind. */
function currentDigest(view: View, { dataset, datasetDigest }: MetricEvidence): Digest | undefined {
  const data = view.evidence.find(
    (item): item is DatasetEvidence =>
      item.kind === "dataset" && item.side === "head" && item.name === dataset,
  );
  if (datasetDigest === undefined || data?.digest === undefined) return undefined;
  return kindOf(data.digest) === kindOf(datasetDigest) ? data.digest : undefined;
}

/** `md5`, or `md5.dir` of a folder. */
function kindOf(digest: Digest): string {
  return digest.replace(/:[0-9a-f]+/, "");
}

function isOfThisData(view: View, item: MetricEvidence): boolean {
  const current = currentDigest(view, item);
  return current === undefined || current === item.datasetDigest;
}

function ofOtherData(view: View, name: string, item: MetricEvidence): Finding {
  const { source, dataset, datasetDigest } = item;
  return {
    code: "DATASET_NOT_CURRENT",
    message: `${name} was measured on ${datasetDigest}; under data in model.yml ${dataset} is ${currentDigest(view, item)}`,
    place: { path: source.path, ...(source.line === undefined ? {} : { line: source.line }) },
    fix: "Evaluate again on the data that model.yml lists, or list the data that it was measured on",
  };
}

/** Milliseconds since it was measured; NaN where nothing readable says so. */
function ageMs(view: View, item: MetricEvidence): number {
  return Date.parse(view.now) - Date.parse(item.source.producedAt ?? "");
}

function undated(view: View, name: string, item: MetricEvidence | undefined): Finding {
  const path = item?.source.path ?? view.model?.head?.manifest?.path;
  return {
    code: "EVIDENCE_UNDATED",
    message: `Nothing says when ${name} was measured`,
    ...(path === undefined ? {} : { place: { path } }),
    fix: "State produced_at, in the evidence file or beside the evaluation in model.yml",
  };
}

function fromTheFuture(name: string, dated: readonly MetricEvidence[]): Finding {
  const item = dated[0];
  return {
    code: "EVIDENCE_FROM_THE_FUTURE",
    message: `${name} says that it was measured at ${item?.source.producedAt}, which is still to come`,
    ...(item === undefined ? {} : { place: { path: item.source.path } }),
    fix: "State the time of the evaluation in UTC",
  };
}
