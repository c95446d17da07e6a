import { type ModelChange, subjectAt } from "../model/change.ts";
import type { DecisionRecord, GateResult, Outcome } from "../model/decision.ts";
import { type Evidence, type Measure, type MetricEvidence, type Side, weightOf } from "../model/evidence.ts";
import type { Gate } from "../model/gate.ts";
import { groupBy } from "../model/group.ts";
import { knownDirection } from "../model/metric-names.ts";
import { type ShownPair, showPair } from "./digits.ts";
import { byOutcome, byText } from "./order.ts";

/** One metric on one dataset, at base and at head, and what the gates say of it. */
export interface MetricRow extends ShownPair {
  readonly model: string;
  readonly metric: string;
  readonly dataset: string;
  /** Absent where a side has no number, or where nothing says which way is better. */
  readonly change?: "better" | "worse" | "same";
  /** The worst that a gate says of this number; absent where no gate judges it. */
  readonly judged?: JudgedMetric;
}

export interface JudgedMetric {
  readonly outcome: Outcome;
  readonly result: GateResult;
}

/** The numbers that rules may look at, by model; in a model the worst first, then by metric and dataset. */
export function toMetricRows({ input, results }: DecisionRecord): readonly MetricRow[] {
  const gates = new Map(input.policy.gates.map((gate) => [gate.id, gate]));
  const metrics = groupBy(input.evidence.filter(isMetric), ({ model }) => model);
  const judgements = groupBy(
    results.flatMap((result) => withMetricGate(result, gates.get(result.gate))),
    ({ result }) => result.model,
  );
  return [...input.change.models].sort(byText(({ id }) => id)).flatMap((model) => {
    const usable = (metrics.get(model.id) ?? []).filter((metric) => isUsable(metric, model));
    const names = [...groupBy(usable, keyOf)].sort(byText(([key]) => key));
    const rows = names.map(([, items]) => toRow(model, items, judgements.get(model.id) ?? []));
    return rows.sort(byOutcome(({ judged }) => judged?.outcome ?? "not_applicable"));
  });
}

function isMetric(item: Evidence): item is MetricEvidence {
  return item.kind === "metric";
}

function keyOf({ name, dataset }: MetricEvidence): string {
  return JSON.stringify([name, dataset]);
}

/** As the rules choose: the whole population, not the training data, about this model's digest and no other. */
function isUsable(item: MetricEvidence, model: ModelChange): boolean {
  const isWhole = item.slice === undefined && item.role !== "train";
  const isAboutThis = item.subject === undefined || item.subject === subjectAt(model, item.side);
  return isWhole && isAboutThis;
}

interface MetricJudgement {
  readonly result: GateResult;
  readonly gate: Gate;
}

/** The result with its gate, if that can speak of a number. */
function withMetricGate(result: GateResult, gate: Gate | undefined): readonly MetricJudgement[] {
  const isMetric = gate?.with.metric !== undefined || gate?.rule.startsWith("metric.") === true;
  return gate !== undefined && isMetric ? [{ result, gate }] : [];
}

function toRow(
  model: ModelChange,
  items: readonly MetricEvidence[],
  judgements: readonly MetricJudgement[],
): MetricRow {
  const { name: metric, dataset } = items[0]!;
  const base = weightiest(items, "base");
  const head = weightiest(items, "head");
  const change = changeOf(base, head, items);
  const judged = worstOf(model, { metric, dataset }, judgements);
  return {
    model: model.id,
    metric,
    dataset,
    ...showSides(base, head),
    ...(change === undefined ? {} : { change }),
    ...(judged === undefined ? {} : { judged }),
  };
}

/** The values of one side that count most, as the rules choose; more than one contradict each other. */
function weightiest(items: readonly MetricEvidence[], side: Side): readonly Measure[] {
  const ofSide = items.filter((item) => item.side === side);
  const most = Math.max(...ofSide.map(weightOf));
  return [...new Set(ofSide.filter((item) => weightOf(item) === most).map(({ value }) => value))];
}

function only(values: readonly Measure[]): Measure | undefined {
  return values.length === 1 ? values[0] : undefined;
}

function showSides(base: readonly Measure[], head: readonly Measure[]): ShownPair {
  return {
    ...showPair(only(base), only(head)),
    ...(base.length > 1 ? { base: base.join(" ≠ ") } : {}),
    ...(head.length > 1 ? { head: head.join(" ≠ ") } : {}),
  };
}

function changeOf(
  bases: readonly Measure[],
  heads: readonly Measure[],
  items: readonly MetricEvidence[],
): MetricRow["change"] {
  const [base, head] = [only(bases), only(heads)];
  if (typeof base !== "number" || typeof head !== "number") return undefined;
  if (base === head) return "same";
  const stated = items.find(({ direction }) => direction !== undefined)?.direction;
  const direction = stated ?? knownDirection(items[0]!.name);
  if (direction === undefined) return undefined;
  return head > base === (direction === "higher") ? "better" : "worse";
}

interface Name {
  readonly metric: string;
  readonly dataset: string;
}

function worstOf(
  model: ModelChange,
  name: Name,
  judgements: readonly MetricJudgement[],
): JudgedMetric | undefined {
  return judgements
    .filter(({ gate }) => asksAbout(gate, model, name))
    .flatMap(({ result, gate }) => {
      const outcome = outcomeFor(name, result, gate);
      return outcome === undefined ? [] : [{ outcome, result }];
    })
    .sort(byOutcome(({ outcome }) => outcome))[0];
}

/** What a gate says of one number; undefined where its result does not tell for which of several it is. */
function outcomeFor(name: Name, result: GateResult, gate: Gate): Outcome | undefined {
  const about = result.findings.flatMap(({ metric }) => (metric === undefined ? [] : [metric]));
  const isFound = about.some(
    (metric) => metric.name === name.metric && (metric.dataset ?? name.dataset) === name.dataset,
  );
  const isOnlyThis = gate.with.metric !== undefined && gate.with.dataset !== undefined;
  if (isFound || isOnlyThis || result.outcome === "pass") return result.outcome;
  // A gate over several numbers has findings about those that it does not pass; one without a number may be this.
  return about.length > 0 && about.length === result.findings.length ? "pass" : undefined;
}

/** A gate asks about the metric that it names; a metric rule that names none asks about the evaluation plan. */
function asksAbout(gate: Gate, model: ModelChange, { metric, dataset }: Name): boolean {
  const asked = gate.with;
  if (asked.dataset !== undefined && asked.dataset !== dataset) return false;
  if (asked.metric !== undefined) return asked.metric === metric;
  return isPlanned(model, { metric, dataset });
}

function isPlanned({ base, head }: ModelChange, { metric, dataset }: Name): boolean {
  return [base, head]
    .flatMap((version) => version?.manifest?.evaluation ?? [])
    .some((plan) => plan.dataset === dataset && plan.metrics.some(({ name }) => name === metric));
}
