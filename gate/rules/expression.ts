import { type FileChange, formerVersions } from "../model/change.ts";
import type { Judgement } from "../model/decision.ts";
import { GateError } from "../model/error.ts";
import { textOf } from "./arguments.ts";
import { type CompiledCel, compileCel, type FIELDS } from "./cel.ts";
import { broken, combine, fail, missing, notApplicable, pass } from "./judgement.ts";
import { about, datasetsOf, type Found, findMetric, plannedMetrics, toFinding } from "./metric-evidence.ts";
import type { Arguments, Rule, View } from "./rule.ts";

export const expression: Rule = {
  name: "expression",
  title: "An expression over the metrics and the model is true",
  scope: "model",
  parameters: {
    require: {
      schema: {
        type: "string",
        minLength: 1,
        description:
          "CEL that has to be true. metrics.<name>.base, .head and .delta; metrics['dataset/name'] where several datasets report it; model; change.files, which names a renamed file by both its paths; artifacts.",
        examples: ["metrics.p95_ms.head <= 1.2 * metrics.p95_ms.base"],
      },
      required: true,
      tighter: { kind: "same" },
    },
    message: {
      schema: {
        type: "string",
        minLength: 1,
        description: "What to say where it is not.",
        examples: ["The model became more than 20 % slower"],
      },
      tighter: { kind: "same" },
    },
  },
  judge(args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    try {
      return judgeExpression(args, view, compileCel(textOf(args, "require") ?? ""));
    } catch (cause) {
      if (!(cause instanceof GateError)) throw cause;
      return broken({ code: cause.code, message: cause.message, ...fixOf(cause, view) });
    }
  },
};

function fixOf(cause: GateError, view: View): { fix?: string } {
  if (cause.fix !== undefined) return { fix: cause.fix };
  const isNew = view.model?.base === undefined && cause.code === "CEL_EVALUATION";
  return isNew ? { fix: 'A new model has no base: write model.class == "D" || (…) to let it through' } : {};
}

/**
 * CEL's `||` forgives an operand that fails (cel-spec, "Logical Operators"); a number that is not there must not
 * be forgiven, so every metric that the text names outside `has()` is looked up before. One that is there and is no
 * number to judge must not be taken for one that is not there, wherever the text may look at it.
 */
function judgeExpression(args: Arguments, view: View, cel: CompiledCel): Judgement {
  const metrics = metricValues(view);
  const absent = cel.metrics.filter((name) => !metrics.values.has(name));
  const unfit = [...absent.map((name) => absentMetric(view, metrics, name)), ...unfitMetrics(metrics, cel)];
  if (unfit.length > 0) return combine([...new Set(unfit)]);
  const seen = {
    observed: cel.metrics.map((name) => `${name} ${metrics.shown.get(name)}`).join(", "),
    expected: cel.text,
  };
  const context = {
    metrics: Object.fromEntries(metrics.values),
    model: modelFacts(view),
    change: changeFacts(view),
    artifacts: view.model?.head?.artifacts.map(({ path }) => path) ?? [],
  };
  if (cel.evaluate(context)) return pass(seen);
  const message = textOf(args, "message") ?? `Not true: ${cel.text}`;
  return fail({ code: "EXPRESSION_FALSE", message }, seen);
}

/** Why a metric that the text names is not there to look at. */
function absentMetric(view: View, { heads }: MetricValues, name: string): Judgement {
  const judgement = heads.get(name);
  if (judgement !== undefined) return judgement;
  const unreadable = view.problems.filter(
    ({ side, metrics }) => side === "head" && (metrics?.includes(name) ?? true),
  );
  if (unreadable.length > 0) return broken(unreadable.map(toFinding));
  return missing({
    code: "METRIC_MISSING",
    message: `No metric ${name} was found about this model`,
    fix: "Report it in an evaluation file that model.yml names",
  });
}

/** Of what the text may look at: what was found and is no number to judge. What is not there stays out of the map. */
function unfitMetrics({ heads, bases }: MetricValues, cel: CompiledCel): readonly Judgement[] {
  const named = new Set([...cel.metrics, ...cel.asked]);
  const looked = [...heads, ...(cel.looksAtBase ? bases : [])];
  return looked.flatMap(([name, judgement]) =>
    judgement.outcome === "error" && (cel.looksAtAll || named.has(name)) ? [judgement] : [],
  );
}

/** Whether a gate's `when` holds, of what the base says or the head: a change must not take itself out of its reach. */
export function isAsked(when: string, view: View): boolean {
  const cel = compileCel(when);
  const change = changeFacts(view);
  const former = view.model === undefined ? [] : formerVersions(view.model);
  const manifests = [view.model?.head, ...former].flatMap((version) => version?.manifest ?? []);
  const facts =
    manifests.length === 0 ? [modelFacts(view)] : manifests.map((manifest) => modelFacts(view, manifest));
  // Each is asked, for each may be what it cannot be asked of.
  return facts.map((model) => cel.evaluate({ model, change })).some((isTrue) => isTrue);
}

/** Facts of the model that an expression or a gate's `when` may ask for; as the head states them, if it has the model. */
function modelFacts(
  view: View,
  manifest = view.model?.head?.manifest ?? view.model?.base?.manifest,
): Readonly<Record<(typeof FIELDS.model)[number], unknown>> {
  return {
    id: view.model?.id ?? "",
    tier: view.tier ?? "",
    class: view.model?.changeClass ?? "",
    status: manifest?.status ?? "",
    owner: manifest?.owner ?? "",
    domain: manifest?.context?.domain ?? "",
    jurisdictions: manifest?.context?.jurisdictions ?? [],
    role: manifest?.context?.role ?? "",
    autonomy: manifest?.context?.autonomy ?? "",
  };
}

function changeFacts(view: View): Readonly<Record<(typeof FIELDS.change)[number], unknown>> {
  const paths = view.change.files.map(filePaths);
  return { files: [...new Set(paths.flat())].sort() };
}

/** A file that was renamed is gone from where it was. */
function filePaths({ status, path, previousPath = path }: FileChange): readonly string[] {
  return status === "renamed" ? [path, previousPath] : [path];
}

interface MetricValues {
  readonly values: ReadonlyMap<string, Readonly<Record<string, number>>>;
  readonly shown: ReadonlyMap<string, string>;
  /** Why there is no number of the head, or none of the base. */
  readonly heads: ReadonlyMap<string, Judgement>;
  readonly bases: ReadonlyMap<string, Judgement>;
}

/** `base`, `head` and `delta` of every metric that can be judged, by name and by `dataset/name`. */
function metricValues(view: View): MetricValues {
  const values = new Map<string, Readonly<Record<string, number>>>();
  const shown = new Map<string, string>();
  const heads = new Map<string, Judgement>();
  const bases = new Map<string, Judgement>();
  const taken = new Set<string>();
  for (const metric of metricNames(view)) {
    const datasets = datasetsOf(view, metric);
    if (datasets.length > 1 && !taken.has(metric)) {
      taken.add(metric);
      heads.set(metric, about({ metric }, ambiguous(view, metric, datasets)));
    }
    for (const dataset of datasets) {
      const name = { metric, dataset };
      const head = findMetric(view, "head", name);
      const base = findMetric(view, "base", name);
      const pair = head.kind === "found" ? toPair(head.value, base) : undefined;
      const noHead = head.kind === "none" ? about(name, head.judgement) : undefined;
      const noBase = base.kind === "none" ? about(name, base.judgement) : undefined;
      for (const key of datasets.length === 1 ? [metric, `${dataset}/${metric}`] : [`${dataset}/${metric}`]) {
        if (taken.has(key)) {
          values.delete(key);
          heads.set(key, about(name, twice(key)));
          continue;
        }
        taken.add(key);
        if (noHead !== undefined) heads.set(key, noHead);
        if (noBase !== undefined) bases.set(key, noBase);
        if (pair === undefined) continue;
        values.set(key, pair);
        shown.set(
          key,
          Object.entries(pair)
            .map(([side, value]) => `${side} ${value}`)
            .join(" "),
        );
      }
    }
  }
  return { values, shown, heads, bases };
}

/** A metric may be called as another one of a dataset, and then it would stand in its place. */
function twice(key: string): Judgement {
  const message = `metrics['${key}'] is the name of two metrics`;
  return broken({
    code: "METRIC_AMBIGUOUS",
    message,
    fix: "Name one of the metrics or the dataset otherwise in model.yml",
  });
}

/** Where the change itself brings the second dataset, a text about all metrics must not lose the one that it knew. */
function ambiguous(view: View, metric: string, datasets: readonly string[]): Judgement {
  const evaluations =
    view.model === undefined
      ? []
      : formerVersions(view.model).flatMap(({ manifest }) => manifest?.evaluation ?? []);
  const former = evaluations.filter(
    ({ role, metrics }) => role !== "train" && metrics.some(({ name }) => name === metric),
  );
  const isNew = new Set(former.map(({ dataset }) => dataset)).size === 1;
  return (isNew ? broken : missing)({
    code: "METRIC_AMBIGUOUS",
    message: `metrics.${metric} could be that of ${datasets.join(" or ")}`,
    fix: `Have the policy ask for metrics['${datasets[0]}/${metric}']`,
  });
}

function metricNames(view: View): readonly string[] {
  const reported = view.evidence.flatMap((item) =>
    item.kind === "metric" && item.side === "head" ? [item.name] : [],
  );
  return [...new Set([...reported, ...plannedMetrics(view).map(({ metric }) => metric)])].sort();
}

function toPair(head: number, base: Found): Readonly<Record<string, number>> {
  return base.kind === "none" ? { head } : { base: base.value, head, delta: head - base.value };
}
