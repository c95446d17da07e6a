import type { ModelChange, ModelVersion } from "../../gate/model/change.ts";
import type { Digest } from "../../gate/model/digest.ts";
import type { Evidence, MetricEvidence, Source } from "../../gate/model/evidence.ts";
import type { DeclaredEvaluation, Manifest } from "../../gate/model/manifest.ts";
import type { Policy } from "../../gate/model/policy.ts";
import type { View } from "../../gate/rules/rule.ts";

export const NOW = "2026-11-21T12:00:00Z";
export const BASE_DIGEST: Digest = `sha256:${"b".repeat(64)}`;
export const HEAD_DIGEST: Digest = `sha256:${"a".repeat(64)}`;
export const OTHER_DIGEST: Digest = `sha256:${"c".repeat(64)}`;

export function source(overrides: Partial<Source> = {}): Source {
  const digest: Digest = `sha256:${"5".repeat(64)}`;
  return {
    adapter: "metrics@1",
    path: "m/metrics.json",
    digest,
    producedAt: "2026-11-20T12:00:00Z",
    ...overrides,
  };
}

export function metric(overrides: Partial<MetricEvidence> = {}): MetricEvidence {
  const side = overrides.side ?? "head";
  return {
    kind: "metric",
    model: "m",
    side,
    subject: side === "head" ? HEAD_DIGEST : BASE_DIGEST,
    source: source(),
    trust: "declared",
    name: "roc_auc",
    dataset: "holdout",
    role: "test",
    value: 0.8,
    direction: "higher",
    ...overrides,
  };
}

export function evaluation(overrides: Partial<DeclaredEvaluation> = {}): DeclaredEvaluation {
  return {
    path: "m/metrics.json",
    dataset: "holdout",
    role: "test",
    metrics: [{ name: "roc_auc" }],
    ...overrides,
  };
}

export function manifest(overrides: Partial<Manifest> = {}): Manifest {
  return {
    path: "m/model.yml",
    id: "m",
    owner: "acme/owners",
    purpose: "Scores applications",
    status: "candidate",
    nextReview: "2027-01-31",
    artifacts: [{ path: "m/model.safetensors", digest: HEAD_DIGEST }],
    evaluation: [evaluation()],
    data: [],
    notApplicable: [],
    lines: { evaluation: 9, artifacts: 6 },
    ...overrides,
  };
}

export function version(digest: Digest, overrides: Partial<ModelVersion> = {}): ModelVersion {
  return {
    manifest: manifest(),
    problems: [],
    artifacts: [{ path: "m/model.safetensors", digest, declared: digest }],
    subject: digest,
    ...overrides,
  };
}

export function model(overrides: Partial<ModelChange> = {}): ModelChange {
  return {
    id: "m",
    base: version(BASE_DIGEST),
    head: version(HEAD_DIGEST),
    changeClass: "B",
    classReasons: ["new weights"],
    paths: ["m/model.safetensors"],
    ...overrides,
  };
}

export function policy(overrides: Partial<Policy> = {}): Policy {
  return {
    name: "test",
    version: "1.0.0",
    mode: "enforcing",
    sources: [],
    roles: {},
    models: [],
    gates: [],
    tightenings: [],
    ...overrides,
  };
}

/** A view of one model, with the given evidence. */
export function view(evidence: readonly Evidence[] = [], overrides: Partial<View> = {}): View {
  const about = overrides.model ?? model();
  return {
    now: NOW,
    change: { base: "1", mergeBase: "1", head: "2", files: [], models: [about] },
    policy: policy(),
    evidence,
    problems: [],
    model: about,
    tier: "T2",
    ...overrides,
  };
}

/** The view of a model that is new: it has no base. */
export function newModel(): ModelChange {
  const { base: _base, ...rest } = model({ changeClass: "D" });
  return rest;
}

export function removedModel(): ModelChange {
  const { head: _head, ...rest } = model({ changeClass: "E" });
  return rest;
}
