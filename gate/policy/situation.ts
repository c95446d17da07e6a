import type { Artifact, ChangeClass, ModelChange, ModelVersion } from "../model/change.ts";
import type { Digest } from "../model/digest.ts";
import type { Side } from "../model/evidence.ts";
import type { DeclaredEvaluation, Manifest } from "../model/manifest.ts";
import { knownDirection } from "../model/metric-names.ts";
import { sha256Of } from "../parse/canonical.ts";
import { definedMembers } from "./defined.ts";
import type { Given, GivenArtifact, GivenMetric, GivenPlan } from "./given.ts";

export const MODEL = "example";
export const FOLDER = "models/example";
export const CARD = `${FOLDER}/README.md`;
export const NOW = "2026-11-01T12:00:00Z";
const NEXT_REVIEW = "2027-11-01";
const DATASET = "holdout";

/** Measured at both sides where a vector is not about metrics. */
const METRIC = { name: "roc_auc", value: 0.8, n: 4000, ci: [0.78, 0.82] } as const satisfies GivenMetric;
const METRICS: readonly GivenMetric[] = [METRIC, { ...METRIC, side: "base" }];

/** The digest of a model file, made from its name and side. */
export function digestAt(side: Side, path: string): Digest {
  return sha256Of(`${side} ${path}`);
}

export function pathOf({ path }: GivenArtifact): string {
  return path ?? `${FOLDER}/model.onnx`;
}

export function artifactsOf(given: Given): readonly GivenArtifact[] {
  return given.artifacts ?? [{}];
}

export function datasetOf({ dataset }: { readonly dataset?: string }): string {
  return dataset ?? DATASET;
}

export function metricsPath(dataset: string): string {
  return `${FOLDER}/${dataset}.json`;
}

export function metricsOf(given: Given): readonly GivenMetric[] {
  return given.metrics ?? METRICS;
}

const CLASSES = { changed: "C", new: "D", removed: "E" } as const satisfies Record<string, ChangeClass>;

/** The one model of the situation, as it stands at base and head. */
export function toModelChange(given: Given): ModelChange {
  const where = given.model ?? "changed";
  return {
    id: MODEL,
    ...(where === "new" ? {} : { base: toVersion({ ...given, artifacts: [{}], manifest: {} }, "base") }),
    ...(where === "removed" ? {} : { head: toVersion(given, "head") }),
    changeClass: given.change_class ?? CLASSES[where],
    classReasons: [],
    paths: artifactsOf(given).map(pathOf),
  };
}

function toVersion(given: Given, side: Side): ModelVersion {
  const { missing, problem } = given.manifest ?? {};
  const artifacts = artifactsOf(given).map((artifact) => toArtifact(artifact, side));
  const isRead = missing === undefined && problem === undefined;
  return {
    ...(isRead ? { manifest: toManifest(given, side) } : {}),
    problems: problem === undefined ? [] : [{ code: problem, message: problem }],
    artifacts,
    ...definedMembers({ subject: subjectOf(artifacts) }),
  };
}

function toArtifact(given: GivenArtifact, side: Side): Artifact {
  const path = pathOf(given);
  const digest = digestAt(side, path);
  const declared = { this: digest, other: sha256Of("another file"), none: undefined }[
    given.declared ?? "this"
  ];
  if (given.problem === undefined) return { path, digest, ...definedMembers({ declared }) };
  return { path, ...definedMembers({ declared }), problem: { code: given.problem, message: given.problem } };
}

function subjectOf(artifacts: readonly Artifact[]): Digest | undefined {
  const [first, ...others] = artifacts;
  if (artifacts.some(({ digest }) => digest === undefined)) return undefined;
  return others.length === 0 ? first?.digest : sha256Of(artifacts.map(({ digest }) => digest).join("\n"));
}

function toManifest(given: Given, side: Side): Manifest {
  const { without = [], status, next_review: nextReview, domain } = given.manifest ?? {};
  const has = (member: (typeof without)[number]) => !without.includes(member);
  return {
    path: `${FOLDER}/model.yml`,
    id: MODEL,
    status: status ?? "production",
    artifacts: artifactsOf(given).map((artifact) => ({ path: pathOf(artifact) })),
    evaluation: toEvaluation(given, side),
    data: [],
    notApplicable: [],
    lines: {},
    ...(has("owner") ? { owner: "acme/model-owners" } : {}),
    ...(has("purpose") ? { purpose: "Shows what a gate does" } : {}),
    ...(has("next_review") ? { nextReview: nextReview ?? NEXT_REVIEW } : {}),
    ...(has("context") ? { context: definedMembers({ domain }) } : {}),
    ...(has("card") ? { card: CARD } : {}),
  };
}

/** One evaluation for each dataset that is planned at the side. */
function toEvaluation(given: Given, side: Side): readonly DeclaredEvaluation[] {
  const planned = planOf(given).filter((plan) => (plan.side ?? side) === side);
  const datasets = [...new Set(planned.map(datasetOf))];
  return datasets.map((dataset) => ({
    path: metricsPath(dataset),
    dataset,
    role: metricsOf(given).find((metric) => datasetOf(metric) === dataset)?.role ?? "test",
    metrics: planned
      .filter((plan) => datasetOf(plan) === dataset)
      .map(({ name, direction = knownDirection(name) }) => ({ name, ...definedMembers({ direction }) })),
  }));
}

function planOf(given: Given): readonly GivenPlan[] {
  if (given.plan !== undefined) return given.plan;
  const measured = metricsOf(given).map(({ name, dataset, direction }) =>
    definedMembers({ name, dataset, direction }),
  );
  return [...new Map(measured.map((plan) => [`${datasetOf(plan)}\n${plan.name}`, plan])).values()];
}
