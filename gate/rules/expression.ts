import type { Judgement } from "../model/decision.ts";
import { GateError } from "../model/error.ts";
import { textOf } from "./arguments.ts";
import { type CompiledCel, compileCel } from "./cel.ts";
import { broken, fail, missing, notApplicable, pass } from "./judgement.ts";
import { datasetsOf, findMetric, plannedMetrics } from "./metric-evidence.ts";
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
          "CEL that has to be true. metrics.<name>.base, .head and .delta; metrics['dataset/name'] where several datasets report it; model; change; artifacts.",
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
 * be forgiven, so every metric that the text names outside `has()` is looked up before.
 */
function judgeExpression(args: Arguments, view: View, cel: CompiledCel): Judgement {
  const metrics = metricValues(view);
  const absent = cel.metrics.filter((name) => !metrics.values.has(name));
  if (absent.length > 0) return combineAbsent(view, absent);
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

function combineAbsent(view: View, names: readonly string[]): Judgement {
  const unreadable = view.problems.filter(
    ({ metrics }) => metrics?.some((name) => names.includes(name)) ?? true,
  );
  if (unreadable.length > 0)
    return broken(unreadable.map(({ code, message, place }) => ({ code, message, place })));
  return missing(
    names.map((name) => ({
      code: "METRIC_MISSING",
      message: `No metric ${name} was found about this model`,
      fix: "Report it in an evaluation file that model.yml names",
    })),
  );
}

/** Whether a gate's `when` holds, of what the base says or the head: a change must not take itself out of its reach. */
export function isAsked(when: string, view: View): boolean {
  const cel = compileCel(when);
  const change = changeFacts(view);
  const manifests = [view.model?.head, view.model?.base].flatMap((version) => version?.manifest ?? []);
  const facts =
    manifests.length === 0 ? [modelFacts(view)] : manifests.map((manifest) => modelFacts(view, manifest));
  // Each is asked, for each may be what it cannot be asked of.
  return facts.map((model) => cel.evaluate({ model, change })).some((isTrue) => isTrue);
}

/** Facts of the model that an expression or a gate's `when` may ask for; as the head states them, if it has the model. */
function modelFacts(
  view: View,
  manifest = view.model?.head?.manifest ?? view.model?.base?.manifest,
): Readonly<Record<string, unknown>> {
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

function changeFacts(view: View): Readonly<Record<string, unknown>> {
  return { files: view.change.files.map(({ path }) => path) };
}

interface MetricValues {
  readonly values: ReadonlyMap<string, Readonly<Record<string, number>>>;
  readonly shown: ReadonlyMap<string, string>;
}

/** `base`, `head` and `delta` of every metric that can be judged, by name and by `dataset/name`. */
function metricValues(view: View): MetricValues {
  const values = new Map<string, Readonly<Record<string, number>>>();
  const shown = new Map<string, string>();
  for (const metric of metricNames(view)) {
    const datasets = datasetsOf(view, metric);
    for (const dataset of datasets) {
      const pair = pairOf(view, { metric, dataset });
      if (pair === undefined) continue;
      for (const key of datasets.length === 1 ? [metric, `${dataset}/${metric}`] : [`${dataset}/${metric}`]) {
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
  return { values, shown };
}

function metricNames(view: View): readonly string[] {
  const reported = view.evidence.flatMap((item) =>
    item.kind === "metric" && item.side === "head" ? [item.name] : [],
  );
  return [...new Set([...reported, ...plannedMetrics(view).map(({ metric }) => metric)])].sort();
}

function pairOf(
  view: View,
  name: { metric: string; dataset: string },
): Readonly<Record<string, number>> | undefined {
  const head = findMetric(view, "head", name);
  if (head.kind === "none") return undefined;
  const base = findMetric(view, "base", name);
  if (base.kind === "none") return { head: head.value };
  return { base: base.value, head: head.value, delta: head.value - base.value };
}
