import type { ModelChange } from "../model/change.ts";
import type { Digest } from "../model/digest.ts";
import type {
  ArtifactEvidence,
  CardEvidence,
  DatasetEvidence,
  Evidence,
  EvidenceProblem,
  LockEvidence,
  MetricEvidence,
  Source,
} from "../model/evidence.ts";
import { knownDirection } from "../model/metric-names.ts";
import { sha256Of } from "../parse/canonical.ts";
import { unitOf } from "../parse/decimal-unit.ts";
import { definedMembers } from "./defined.ts";
import type { Given, GivenArtifact, GivenCard, GivenDataset, GivenMetric } from "./given.ts";
import {
  artifactsOf,
  CARD,
  datasetOf,
  digestAt,
  FOLDER,
  MODEL,
  metricsOf,
  metricsPath,
  NOW,
  pathOf,
} from "./situation.ts";

const DAY_MS = 86_400_000;
const LOCK = "dvc.lock";

/** A card that leaves nothing out. */
const WHOLE_CARD: GivenCard = {
  front_matter: ["license", "datasets", "metrics"],
  sections: ["Intended use", "Training data", "Evaluation", "Limitations"].map((title) => ({ title })),
};

/** What was found about the model of the situation. */
export function evidenceOf(given: Given, model: ModelChange): readonly Evidence[] {
  return [
    ...metricsOf(given).map((metric) => toMetric(metric, model)),
    ...artifactsOf(given)
      .filter(({ scanned }) => scanned !== false)
      .map(toScan),
    ...(given.manifest?.without?.includes("card") ? [] : [toCard(given.card ?? WHOLE_CARD)]),
    ...(given.datasets ?? [{ name: "holdout" }]).map(toDataset),
    ...(given.locks ?? []).map(toLock),
  ];
}

export function problemsOf({ problems = [] }: Given): readonly EvidenceProblem[] {
  return problems.map(({ code, side, path, metrics, trust }) => ({
    model: MODEL,
    side: side ?? "head",
    code,
    message: code,
    place: { path: path ?? metricsPath("holdout") },
    ...definedMembers({ metrics, trust }),
  }));
}

function toMetric(given: GivenMetric, model: ModelChange): MetricEvidence {
  const { side = "head", role = "test", direction = knownDirection(given.name), slice, n, positives } = given;
  const about = { this: model[side]?.subject, other: sha256Of("another model"), unknown: undefined };
  const data = { this: datasetDigest(datasetOf(given)), other: sha256Of("another dataset"), none: undefined };
  return {
    kind: "metric",
    model: MODEL,
    side,
    name: given.name,
    dataset: datasetOf(given),
    role,
    value: given.value ?? given.non_finite ?? "NaN",
    trust: given.trust ?? "attested",
    source: sourceOf("metrics@1", metricsPath(datasetOf(given)), producedAt(given)),
    ...definedMembers({ direction, slice, n, positives, subject: about[given.about ?? "this"] }),
    ...definedMembers({ datasetDigest: data[given.dataset_digest ?? "none"] }),
    ...intervalOf(given),
  };
}

function intervalOf({ ci, level }: GivenMetric): Pick<MetricEvidence, "ci"> {
  return ci === undefined ? {} : { ci: { low: ci[0], high: ci[1], level: level ?? 0.95 } };
}

function producedAt({ undated, age_days: days = 0 }: GivenMetric): Pick<Source, "producedAt"> {
  if (undated === true) return {};
  const time = new Date(Date.parse(NOW) - days * DAY_MS);
  return { producedAt: `${time.toISOString().slice(0, 19)}Z` };
}

function toScan(given: GivenArtifact): ArtifactEvidence {
  const path = pathOf(given);
  return {
    kind: "artifact",
    ...factOf("scan@1", path),
    path,
    scan: {
      path,
      format: given.format ?? "onnx",
      size: given.size ?? 1000,
      sha256: digestAt("head", path).slice("sha256:".length),
      findings: (given.findings ?? []).map(({ code, severity }) => ({
        code,
        severity,
        where: "",
        message: code,
      })),
      complete: given.complete ?? true,
    },
  };
}

function toCard({ front_matter: frontMatter = [], sections = [], claims = [] }: GivenCard): CardEvidence {
  return {
    kind: "card",
    ...factOf("card@1", CARD),
    path: CARD,
    frontMatter,
    sections: sections.map(({ title, words = 100, placeholder }, index) => ({
      title,
      line: index + 1,
      words,
      ...definedMembers({ placeholder }),
    })),
    claims: claims.map((claim, index) => ({
      ...claim,
      ...definedMembers({ unit: unitOf(String(claim.value)) }),
      line: index + 1,
    })),
  };
}

function toDataset({ name, role = "test", pinned = true, declared }: GivenDataset): DatasetEvidence {
  const digest = datasetDigest(name);
  return {
    kind: "dataset",
    ...factOf("manifest@1", `${FOLDER}/model.yml`),
    name,
    role,
    ...(pinned ? { digest } : {}),
    ...(declared === undefined ? {} : { declared: sha256Of("another dataset") }),
  };
}

function datasetDigest(name: string): Digest {
  return sha256Of(`dataset ${name}`);
}

function toLock({ stage, mismatches = [] }: { stage: string; mismatches?: readonly string[] }): LockEvidence {
  return {
    kind: "lock",
    ...factOf("dvc@1", LOCK),
    path: LOCK,
    stage,
    mismatches: mismatches.map((message) => ({ message, place: { path: LOCK } })),
  };
}

function factOf(adapter: string, path: string) {
  return { model: MODEL, side: "head", trust: "attested", source: sourceOf(adapter, path) } as const;
}

function sourceOf(adapter: string, path: string, more: Pick<Source, "producedAt"> = {}): Source {
  return { adapter, path, digest: sha256Of(path), ...more };
}
