import { formerVersions, subjectAt } from "../model/change.ts";
import type { Judgement } from "../model/decision.ts";
import type { Digest } from "../model/digest.ts";
import {
  type DatasetEvidence,
  type EvidenceProblem,
  type MetricEvidence,
  type Side,
  TRUST_ORDER,
  weightOf,
} from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { groupBy } from "../model/group.ts";
import { knownDirection, knownRange } from "../model/metric-names.ts";
import { oncePer } from "../model/once.ts";
import { findTrainingData } from "../model/training-data.ts";
import { broken, missing } from "./judgement.ts";
import type { View } from "./rule.ts";

/** Which number is meant. Without a dataset: of each dataset that reports the metric. */
export interface MetricName {
  readonly metric: string;
  readonly dataset?: string;
  /** Of several numbers of one weight, those that were measured on this very data, if there are any. */
  readonly datasetDigest?: Digest;
}

/** A finite number that may be judged, or why there is none. */
export type Found =
  | { readonly kind: "found"; readonly evidence: MetricEvidence; readonly value: number }
  | { readonly kind: "none"; readonly judgement: Judgement };

/** What `findReported` finds, unless what could not be read at head would have replaced it. */
export function findMetric(view: View, side: Side, name: MetricName): Found {
  const found = findReported(view, side, name);
  if (found.kind === "none" || side === "base") return found;
  const hidden = unreadableAbove(view, found.evidence);
  if (hidden.length === 0) return found;
  return { kind: "none", judgement: broken(hidden.map(toFinding), { evidence: [found.evidence] }) };
}

/**
 * The number of one side, of the whole population, about that side's model, measured on other data than the
 * training data. Where several say it, the weightiest counts; two of equal weight that differ are an error.
 * Evidence that names another digest is not looked at: it can neither help nor harm.
 */
export function findReported(view: View, side: Side, name: MetricName): Found {
  const best = findWeightiest(view, side, name);
  const [first] = best;
  if (first === undefined) return { kind: "none", judgement: absent(view, side, name) };
  const other = best.find((item) => item.value !== first.value);
  if (other !== undefined) return { kind: "none", judgement: contradiction(first, other) };
  const turned = best.find((item) => isTurned(item));
  if (side === "head" && turned !== undefined) return { kind: "none", judgement: against(turned) };
  if (typeof first.value !== "number") return { kind: "none", judgement: nonFinite(first) };
  if (!isImpossible(name.metric, first.value)) return { kind: "found", evidence: first, value: first.value };
  if (side === "head") return { kind: "none", judgement: outOfRange(first, first.value) };
  if (isPercent(name.metric, first.value))
    return { kind: "found", evidence: first, value: first.value / 100 };
  return { kind: "none", judgement: baseOutOfRange(first, first.value) };
}

/**
 * The items that `findReported` chooses from, all of one weight. Gates about the evidence itself ask these and no others:
 * what no number is taken from can vouch for none.
 */
export function findWeightiest(view: View, side: Side, name: MetricName): readonly MetricEvidence[] {
  const about = candidates(view, side, name);
  const weight = about.reduce((most, item) => Math.max(most, weightOf(item)), -1);
  const best = about.filter((item) => weightOf(item) === weight);
  // Weighed first: data that only the run names must not silence what the base's own commit says.
  const onThisData = best.filter((item) => item.datasetDigest === name.datasetDigest);
  return name.datasetDigest === undefined || onThisData.length === 0 ? best : onThisData;
}

/** Datasets that report the metric at head or promise it, training data left out; sorted. */
export function datasetsOf(view: View, metric: string): readonly string[] {
  const reported = candidates(view, "head", { metric }).map((item) => item.dataset);
  const promised = plannedMetrics(view).filter((planned) => planned.metric === metric);
  return [...new Set([...reported, ...promised.map(({ dataset }) => dataset)])].sort();
}

/** A metric of the evaluation plan. */
export interface Planned {
  readonly metric: string;
  readonly dataset: string;
  /** The manifest that promises it; `base` only where the head's does not. */
  readonly plannedAt: Side;
}

/** The numbers that the manifests of base and head promise, each once; what base promised is owed at head too. */
export function plannedMetrics(view: View): readonly Planned[] {
  const planned = new Map<string, Planned>();
  const former = view.model === undefined ? [] : formerVersions(view.model);
  const versions = [
    ...former.map((version) => ["base", version] as const),
    ["head", view.model?.head] as const,
  ];
  for (const [plannedAt, version] of versions) {
    for (const evaluation of version?.manifest?.evaluation ?? []) {
      if (evaluation.role === "train") continue;
      for (const { name } of evaluation.metrics) {
        planned.set(`${evaluation.dataset}\n${name}`, {
          metric: name,
          dataset: evaluation.dataset,
          plannedAt,
        });
      }
    }
  }
  return [...planned.values()];
}

/** The judgement with every finding marked as one about this number. */
export function about({ metric: name, dataset }: MetricName, judgement: Judgement): Judgement {
  const metric = { name, ...(dataset === undefined ? {} : { dataset }) };
  return { ...judgement, findings: judgement.findings.map((finding) => ({ ...finding, metric })) };
}

/** `roc_auc on holdout` */
export function label(name: MetricName): string {
  return name.dataset === undefined ? name.metric : `${name.metric} on ${name.dataset}`;
}

/** A number short enough for a table. */
export function show(value: number, digits = DIGITS): string {
  return String(Number(value.toPrecision(digits)));
}

/** Numbers that stand side by side, each as short as tells those that differ apart. */
export function showApart(values: readonly number[], digits = DIGITS): readonly string[] {
  const shown = values.map((value) => show(value, digits));
  const isTold = digits >= DIGITS_MAX || new Set(shown).size === new Set(values).size;
  return isTold ? shown : showApart(values, digits + 1);
}

const DIGITS = 6;
/** Tell any two doubles apart (IEEE 754-2019, 5.12.2). */
const DIGITS_MAX = 17;

function candidates(view: View, side: Side, name: MetricName): readonly MetricEvidence[] {
  const { metric, dataset } = name;
  const subject = view.model && subjectAt(view.model, side);
  return reportedAs(view, side, metric).filter(
    (item) =>
      (dataset === undefined || item.dataset === dataset) &&
      item.slice === undefined &&
      item.role !== "train" &&
      (item.subject === undefined || item.subject === subject),
  );
}

type MetricIndex = ReadonlyMap<string, readonly MetricEvidence[]>;

/** All that bears the name at one side, whatever it is about. */
function reportedAs({ evidence }: View, side: Side, metric: string): readonly MetricEvidence[] {
  return indexMetrics(evidence).get(`${side} ${metric}`) ?? [];
}

/** Of the list that a view holds: each planned number is looked up in it by several gates. */
const indexMetrics: (evidence: View["evidence"]) => MetricIndex = oncePer((evidence) => {
  const metrics = evidence.filter((item) => item.kind === "metric");
  return groupBy(metrics, ({ side, name }) => `${side} ${name}`);
});

function absent(view: View, side: Side, name: MetricName): Judgement {
  const problems = view.problems.filter(
    (problem) => problem.side === side && (problem.metrics?.includes(name.metric) ?? true),
  );
  const unreadable = problems.filter((problem) => problem.silent !== true);
  if (unreadable.length > 0) return broken(unreadable.map(toFinding));
  if (problems.length > 0) return missing(problems.map(toFinding));
  return missing({
    code: "METRIC_MISSING",
    message: `No ${label(name)} was found at ${side} about this model${hint(view, side, name)}`,
    ...placeOf(view),
    fix: `Report ${name.metric} in an evaluation file that model.yml names, with the model's digest as subject`,
    ...trainedOn(view, side, name),
  });
}

/** What could not be read of the head, as far as it counts as much as a number that was found; of the metric, or of whole files. */
export function unreadableBeside(
  view: View,
  found: MetricEvidence,
  metric?: string,
): readonly EvidenceProblem[] {
  const weight = weightOf(found);
  return unreadableAtHead(view).filter(
    ({ metrics, trust }) =>
      (metric === undefined ? metrics === undefined : metrics?.includes(metric) === true) &&
      (trust === undefined || TRUST_ORDER.indexOf(trust) >= weight),
  );
}

/** What could not be read of the head and would have replaced the number that was found. */
function unreadableAbove(view: View, found: MetricEvidence): readonly EvidenceProblem[] {
  const weight = weightOf(found);
  return unreadableAtHead(view).filter(
    ({ metrics, trust }) =>
      (metrics?.includes(found.name) ?? true) && trust !== undefined && TRUST_ORDER.indexOf(trust) > weight,
  );
}

function unreadableAtHead({ problems }: View): readonly EvidenceProblem[] {
  return problems.filter(({ side, silent }) => side === "head" && silent !== true);
}

export function toFinding({ code, message, place, fix }: EvidenceProblem): Finding {
  return { code, message, place, ...(fix === undefined ? {} : { fix }) };
}

/** Of a number that was measured on what model.yml itself lists as training data: where, and what to do about it. */
function trainedOn(view: View, side: Side, name: MetricName): Partial<Finding> {
  const datasets = view.evidence.filter(
    (item): item is DatasetEvidence => item.kind === "dataset" && item.side === side,
  );
  const items = reportedAs(view, side, name.metric).filter(
    (item) => name.dataset === undefined || item.dataset === name.dataset,
  );
  for (const item of items) {
    const trained = findTrainingData(datasets, item);
    if (trained === undefined) continue;
    const { line, source, digest = trained.declared } = trained;
    const isNamed = trained.name === item.dataset;
    return {
      message: `No ${label(name)} was found at ${side} about this model; ${item.source.path} reports it on ${isNamed ? `data that model.yml lists` : `${digest}, which model.yml lists as ${trained.name}`} with the role train`,
      place: { path: source.path, ...(line === undefined ? {} : { line }) },
      fix: isNamed
        ? `Measure it on data that the model was not trained on; if ${item.dataset} is that, list what it was trained on under another name`
        : "Measure it on data that the model was not trained on, or correct the digest that is wrong",
    };
  }
  return {};
}

/** What was found instead: says why it does not count. */
function hint(view: View, side: Side, name: MetricName): string {
  const same = reportedAs(view, side, name.metric);
  const elsewhere = same.filter((item) => name.dataset === undefined || item.dataset === name.dataset);
  if (elsewhere.some((item) => item.role === "train")) return "; a value from training data does not count";
  if (elsewhere.some((item) => item.slice !== undefined)) return "; a value of one slice does not count";
  if (elsewhere.length > 0) return "; a value about another digest does not count";
  return same.length > 0 ? `; it is reported on ${same.map((item) => item.dataset).join(", ")}` : "";
}

function contradiction(a: MetricEvidence, b: MetricEvidence): Judgement {
  return broken(
    {
      code: "EVIDENCE_CONTRADICTS",
      message: `${label({ metric: a.name, dataset: a.dataset })} is ${a.value} in ${a.source.path} and ${b.value} in ${b.source.path}, both ${a.trust}`,
      ...placeIn(b),
      fix: "Keep one of them",
    },
    { evidence: [a, b] },
  );
}

/** Whether a well-known metric is said to be better the other way. */
function isTurned({ name, direction }: MetricEvidence): boolean {
  const known = knownDirection(name);
  return direction !== undefined && known !== undefined && direction !== known;
}

/** With its direction turned round every loss is a gain, at once or in the next change. */
function against(item: MetricEvidence): Judgement {
  return broken(
    {
      code: "DIRECTION_WRONG",
      message: `${label({ metric: item.name, dataset: item.dataset })} is stated as better when ${item.direction}; of a metric of that name ${knownDirection(item.name)} is better`,
      ...placeIn(item),
      fix: "Leave the direction out, or name the metric otherwise if it is another one",
    },
    { evidence: [item] },
  );
}

function nonFinite(item: MetricEvidence): Judgement {
  return broken(
    {
      code: "METRIC_NOT_FINITE",
      message: `${label({ metric: item.name, dataset: item.dataset })} is ${item.value}`,
      ...placeIn(item),
      fix: "Find out why the evaluation gave no number, and evaluate again",
    },
    { observed: String(item.value), evidence: [item] },
  );
}

/** Sums of doubles, and of the singles that a model computes in, end a little beyond an end that they reach. */
const RANGE_ROUNDING = 1e-6;
/** From here on a number that can be 1 at most is one in percent rather than a slip. */
const PERCENT_MIN = 2;

/** Whether no model can have this value. */
function isImpossible(metric: string, value: number): boolean {
  const range = knownRange(metric);
  return range !== undefined && !(value >= range.min - RANGE_ROUNDING && value <= range.max + RANGE_ROUNDING);
}

/** Of an impossible value: whether it is a possible one times 100. Only base's is read so, which nobody can correct. */
function isPercent(metric: string, value: number): boolean {
  return knownRange(metric)?.max === 1 && value >= PERCENT_MIN && value <= 100;
}

function outOfRange(item: MetricEvidence, value: number): Judgement {
  return broken(
    {
      code: "METRIC_OUT_OF_RANGE",
      message: impossible(item, value),
      ...placeIn(item),
      fix: isPercent(item.name, value)
        ? `Report it as a fraction (${show(value / 100)}), or name the metric otherwise if it is another one`
        : "Correct the evaluation, or name the metric otherwise if it is another one",
    },
    { observed: show(value), evidence: [item] },
  );
}

/** Better than any number, or worse: to be compared with it says nothing. */
function baseOutOfRange(item: MetricEvidence, value: number): Judgement {
  return missing(
    {
      code: "BASE_OUT_OF_RANGE",
      message: `At base ${impossible(item, value)}`,
      ...placeIn(item),
      fix: "Evaluate base's model again, and have its number corrected first in a pull request that leaves the model as it is",
    },
    { observed: show(value), evidence: [item] },
  );
}

function impossible(item: MetricEvidence, value: number): string {
  const { min = -Infinity, max = Infinity } = knownRange(item.name) ?? {};
  const range =
    max === Infinity ? `${min} or more` : min === -Infinity ? `${max} or less` : `from ${min} to ${max}`;
  return `${label({ metric: item.name, dataset: item.dataset })} is ${show(value)}, which it cannot be: ${item.name} is ${range}${isPercent(item.name, value) ? "; it looks like percent" : ""}`;
}

function placeIn({ source: { path, line } }: MetricEvidence): { place: { path: string; line?: number } } {
  return { place: { path, ...(line === undefined ? {} : { line }) } };
}

function placeOf(view: View): { place?: { path: string; line?: number } } {
  const manifest = view.model?.head?.manifest;
  if (manifest === undefined) return {};
  const line = manifest.lines.evaluation;
  return { place: { path: manifest.path, ...(line === undefined ? {} : { line }) } };
}
