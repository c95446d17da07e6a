import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateResult, Outcome } from "../../gate/model/decision.ts";
import type {
  ArtifactEvidence,
  CardEvidence,
  DatasetEvidence,
  Evidence,
  FileScan,
  LockEvidence,
} from "../../gate/model/evidence.ts";
import { RULES } from "../../gate/rules/index.ts";
import type { View } from "../../gate/rules/rule.ts";
import { HEAD_DIGEST, manifest, metric, model, OTHER_DIGEST, policy, source, version, view } from "./view.ts";

const fact = { model: "m", side: "head", source: source(), trust: "declared" } as const;

function scan(overrides: Partial<FileScan> = {}): ArtifactEvidence {
  const path = "m/model.safetensors";
  const clean = {
    path,
    format: "safetensors",
    size: 1000,
    sha256: "a".repeat(64),
    findings: [],
    complete: true,
  };
  return { ...fact, kind: "artifact", path, scan: { ...clean, ...overrides } };
}

function card(overrides: Partial<CardEvidence> = {}): CardEvidence {
  const sections = ["Intended use", "Training data", "Evaluation", "Limitations"].map((title, index) => ({
    title,
    line: index * 4 + 1,
    words: 20,
  }));
  return {
    ...fact,
    kind: "card",
    path: "m/README.md",
    frontMatter: ["license"],
    sections,
    claims: [],
    ...overrides,
  };
}

function dataset(overrides: Partial<DatasetEvidence> = {}): DatasetEvidence {
  return { ...fact, kind: "dataset", name: "train", role: "train", digest: OTHER_DIGEST, ...overrides };
}

function lock(mismatches: LockEvidence["mismatches"]): LockEvidence {
  return { ...fact, kind: "lock", path: "dvc.lock", stage: "train", mismatches };
}

/** A stage in sync that makes files of the model. */
function maker(side: LockEvidence["side"], stage: string, ...makes: readonly string[]): LockEvidence {
  return { ...lock([]), side, stage, makes };
}

/** The model with other artifacts at head than the one that it has at base. */
const withArtifacts = (...names: readonly string[]) =>
  head({ manifest: manifest({ artifacts: names.map((name) => ({ path: `m/${name}` })) }) });

const head = (overrides: Parameters<typeof version>[1]): Partial<View> => ({
  model: model({ head: version(HEAD_DIGEST, overrides) }),
});
const path = "m/model.safetensors";
const pickle = { code: "PICKLE_NOT_SCANNED", severity: "fail", where: "", message: "a pickle" } as const;

/** Of another gate, that was judged about the model. */
const RESULT: GateResult = {
  ...{ gate: "g", title: "t", model: model().id, severity: "block", closes: false, outcome: "pass" },
  ...{ findings: [], evidence: [], refusedWaivers: [], why: "w", fix: "f", mapsTo: [] },
};

const ROWS: readonly (readonly [
  string,
  string,
  Readonly<Record<string, unknown>>,
  readonly Evidence[],
  Partial<View>,
  Outcome,
  string?,
])[] = [
  ["artifact.format", "a file that is fully explained passes", {}, [scan()], {}, "pass"],
  [
    "artifact.format",
    "a pickle fails",
    {},
    [scan({ format: "pickle", findings: [pickle], complete: false })],
    {},
    "fail",
    "PICKLE_NOT_SCANNED",
  ],
  [
    "artifact.format",
    "a format that the policy does not allow fails",
    { allow: ["onnx"] },
    [scan()],
    {},
    "fail",
    "FORMAT_NOT_ALLOWED",
  ],
  [
    "artifact.format",
    "bytes that nothing explains fail",
    {},
    [scan({ complete: false })],
    {},
    "fail",
    "NOT_EXPLAINED",
  ],
  [
    "artifact.format",
    "a file that was not scanned is missing",
    {},
    [],
    {},
    "missing_evidence",
    "NOT_SCANNED",
  ],
  [
    "artifact.format",
    "a symbolic link is an error",
    {},
    [scan()],
    head({ artifacts: [{ path, problem: { code: "PATH_UNSAFE", message: "a link" } }] }),
    "error",
    "PATH_UNSAFE",
  ],
  [
    "artifact.format",
    "a model without files is missing",
    {},
    [],
    head({ artifacts: [] }),
    "missing_evidence",
  ],
  ["artifact.size", "a file within the budget passes", { max_bytes: 1000 }, [scan()], {}, "pass"],
  [
    "artifact.size",
    "a file over the budget fails",
    { max_bytes: 999 },
    [scan()],
    {},
    "fail",
    "ARTIFACT_TOO_LARGE",
  ],
  [
    "artifact.size",
    "a pointer's size counts",
    { max_bytes: 999 },
    [],
    head({ artifacts: [{ path, pointer: { kind: "lfs", digest: HEAD_DIGEST, size: 5000 } }] }),
    "fail",
  ],
  [
    "artifact.size",
    "a pointer that does not say is missing",
    { max_bytes: 999 },
    [],
    head({ artifacts: [{ path, pointer: { kind: "dvc", digest: HEAD_DIGEST } }] }),
    "missing_evidence",
  ],
  [
    "artifact.size",
    "a pointer that says less than the bytes is not believed",
    { max_bytes: 999 },
    [scan()],
    head({ artifacts: [{ path, pointer: { kind: "lfs", digest: HEAD_DIGEST, size: 1 } }] }),
    "fail",
    "ARTIFACT_TOO_LARGE",
  ],
  [
    "artifact.size",
    "a pointer's word alone is no pass",
    { max_bytes: 999 },
    [scan({ format: "unknown", size: 0, complete: false })],
    head({ artifacts: [{ path, pointer: { kind: "lfs", digest: HEAD_DIGEST, size: 1 } }] }),
    "missing_evidence",
    "SIZE_UNKNOWN",
  ],
  ["artifact.digest", "the manifest's digest is the bytes'", {}, [], {}, "pass"],
  [
    "artifact.digest",
    "another digest fails",
    {},
    [],
    head({ artifacts: [{ path, digest: HEAD_DIGEST, declared: OTHER_DIGEST }] }),
    "fail",
    "DIGEST_DIFFERS",
  ],
  [
    "artifact.digest",
    "no digest in the manifest fails",
    {},
    [],
    head({ artifacts: [{ path, digest: HEAD_DIGEST }] }),
    "fail",
    "DIGEST_NOT_DECLARED",
  ],
  [
    "artifact.digest",
    "content that is not known is missing",
    {},
    [],
    head({ artifacts: [{ path, declared: HEAD_DIGEST }] }),
    "missing_evidence",
    "DIGEST_UNKNOWN",
  ],
  ["manifest.valid", "a valid manifest passes", {}, [], {}, "pass"],
  [
    "manifest.valid",
    "a manifest with problems fails",
    {},
    [],
    head({ problems: [{ code: "MANIFEST_INVALID", message: "bad" }] }),
    "fail",
    "MANIFEST_INVALID",
  ],
  ["inventory.registered", "a filled entry passes", {}, [], {}, "pass"],
  [
    "inventory.registered",
    "an empty owner fails",
    {},
    [],
    head({ manifest: manifest({ owner: " " }) }),
    "fail",
    "INVENTORY_INCOMPLETE",
  ],
  [
    "inventory.registered",
    "a review that is due fails",
    {},
    [],
    head({ manifest: manifest({ nextReview: "2026-11-20" }) }),
    "fail",
    "REVIEW_OVERDUE",
  ],
  [
    "inventory.registered",
    "a review due today is in time",
    {},
    [],
    head({ manifest: manifest({ nextReview: "2026-11-21" }) }),
    "pass",
  ],
  ["card.complete", "a complete card passes", { front_matter: ["license"] }, [card()], {}, "pass"],
  ["card.complete", "no card is missing", {}, [], {}, "missing_evidence", "CARD_MISSING"],
  [
    "card.complete",
    "a missing section fails",
    { sections: ["Ethics"] },
    [card()],
    {},
    "fail",
    "CARD_SECTION_MISSING",
  ],
  [
    "card.complete",
    "a placeholder fails",
    {},
    [card({ sections: [{ title: "Intended use", line: 1, words: 50, placeholder: "TODO" }] })],
    {},
    "fail",
    "CARD_PLACEHOLDER",
  ],
  ["card.complete", "too few words fail", { min_words: 21 }, [card()], {}, "fail", "CARD_SECTION_SHORT"],
  [
    "card.complete",
    "a key that front matter lacks fails",
    { front_matter: ["datasets"] },
    [card()],
    {},
    "fail",
    "CARD_KEY_MISSING",
  ],
  [
    "card.equals-evidence",
    "a rounded number passes",
    {},
    [card({ claims: [{ metric: "roc_auc", value: 0.8, line: 3 }] }), metric({ value: 0.8049 })],
    {},
    "pass",
  ],
  [
    "card.equals-evidence",
    "another number fails",
    {},
    [card({ claims: [{ metric: "roc_auc", value: 0.9, line: 3 }] }), metric({ value: 0.8 })],
    {},
    "fail",
    "CARD_NUMBER_DIFFERS",
  ],
  [
    "card.equals-evidence",
    "a number without evidence is missing",
    {},
    [card({ claims: [{ metric: "f1", value: 0.9, line: 3 }] }), metric()],
    {},
    "missing_evidence",
  ],
  [
    "card.equals-evidence",
    "NaN in the card is an error",
    { tolerance: 1e9 },
    [card({ claims: [{ metric: "roc_auc", value: "NaN", line: 3 }] }), metric()],
    {},
    "error",
  ],
  [
    "card.equals-evidence",
    "more digits are held against half a unit of the last",
    {},
    [card({ claims: [{ metric: "roc_auc", value: 0.801, unit: 0.001, line: 3 }] }), metric({ value: 0.8 })],
    {},
    "fail",
    "CARD_NUMBER_DIFFERS",
  ],
  [
    "card.equals-evidence",
    "half a unit of the last digit is rounding, either way",
    {},
    [
      card({ claims: [{ metric: "roc_auc", value: 0.8001, unit: 0.0001, line: 3 }] }),
      metric({ value: 0.80015 }),
    ],
    {},
    "pass",
  ],
  [
    "card.equals-evidence",
    "fewer digits are no licence to be further away",
    {},
    [card({ claims: [{ metric: "roc_auc", value: 0.8, unit: 0.1, line: 3 }] }), metric({ value: 0.81 })],
    {},
    "fail",
    "CARD_NUMBER_DIFFERS",
  ],
  [
    "card.equals-evidence",
    "a dataset that was never measured is not stood in for by another",
    {},
    [
      card({ claims: [{ metric: "roc_auc", dataset: "production", value: 0.8, unit: 0.1, line: 3 }] }),
      metric({ value: 0.8 }),
    ],
    {},
    "missing_evidence",
    "CARD_NUMBER_DIFFERS",
  ],
  [
    "card.equals-evidence",
    "a number that cannot be read is an error, whatever the others are",
    {},
    [card({ claims: [{ metric: "roc_auc", value: 0.8, unit: 0.1, line: 3 }] }), metric({ value: 0.8 })],
    {
      problems: [
        {
          model: "m",
          side: "head",
          code: "CARD_CLAIM",
          message: "bad",
          place: { path: "m/README.md", line: 9 },
        },
      ],
    },
    "error",
    "CARD_CLAIM",
  ],
  [
    "card.equals-evidence",
    "a card without numbers has none to compare",
    {},
    [card(), metric()],
    {},
    "not_applicable",
  ],
  ["data.pinned", "a digest pins", {}, [dataset()], {}, "pass"],
  [
    "data.pinned",
    "no digest fails",
    {},
    [(({ digest: _, ...rest }) => rest)(dataset())],
    {},
    "fail",
    "DATA_NOT_PINNED",
  ],
  [
    "data.pinned",
    "another digest than stated fails",
    {},
    [dataset({ declared: HEAD_DIGEST })],
    {},
    "fail",
    "DATA_DIFFERS",
  ],
  ["data.pinned", "no dataset is missing", {}, [], {}, "missing_evidence"],
  [
    "data.pinned",
    "training data that the base lists is owed",
    {},
    [dataset({ side: "base" }), dataset({ name: "holdout", role: "test", digest: HEAD_DIGEST })],
    {},
    "fail",
    "DATA_LEFT_OUT",
  ],
  [
    "data.pinned",
    "a version that comes back is asked for none",
    {},
    [dataset({ side: "base" }), dataset({ name: "holdout", role: "test", digest: HEAD_DIGEST })],
    { model: model({ changeClass: "E" }) },
    "pass",
  ],
  [
    "data.pinned",
    "other training data may take its place",
    {},
    [dataset({ side: "base" }), dataset({ name: "train-2", digest: HEAD_DIGEST })],
    {},
    "pass",
  ],
  [
    "data.pinned",
    "data of other roles may go",
    {},
    [dataset({ side: "base" }), dataset({ side: "base", name: "drift", role: "reference" }), dataset()],
    {},
    "pass",
  ],
  [
    "data.pinned",
    "the dataset that a number is planned on is owed by its name",
    {},
    [
      dataset({ side: "base", name: "holdout", role: "test" }),
      dataset({ name: "other", role: "test", digest: HEAD_DIGEST }),
    ],
    {},
    "fail",
    "DATA_LEFT_OUT",
  ],
  [
    "data.pinned",
    "what the base trained on is no test data",
    {},
    [dataset({ side: "base" }), dataset({ digest: HEAD_DIGEST }), dataset({ name: "fresh", role: "test" })],
    {},
    "fail",
    "DATA_WAS_TRAINING",
  ],
  [
    "data.pinned",
    "one file that the base lists in both roles tells nothing",
    {},
    [
      dataset({ side: "base" }),
      dataset({ side: "base", name: "rows", role: "test" }),
      dataset(),
      dataset({ name: "rows", role: "test" }),
    ],
    {},
    "pass",
  ],
  ["lock.in-sync", "no pipeline has no lock", {}, [], {}, "not_applicable"],
  [
    "lock.in-sync",
    "a pipeline that the change takes away is no excuse",
    {},
    [{ ...lock([]), side: "base" }],
    {},
    "fail",
    "LOCK_REMOVED",
  ],
  [
    "lock.in-sync",
    "a pipeline of the base that could not be read is no excuse, either",
    {},
    [],
    {
      problems: [
        { model: "m", side: "base", code: "YAML_SYNTAX", message: "x", place: { path: "dvc.yaml" } },
      ],
    },
    "fail",
    "LOCK_REMOVED",
  ],
  [
    "lock.in-sync",
    "a stage of the model that the change takes away is no excuse while another stays",
    {},
    [maker("base", "train", path), maker("head", "evaluate", "m/metrics.json")],
    {},
    "fail",
    "LOCK_REMOVED",
  ],
  [
    "lock.in-sync",
    "nor is one that made the numbers",
    {},
    [maker("base", "evaluate", "m/metrics.json"), maker("head", "train", path)],
    {},
    "fail",
    "LOCK_REMOVED",
  ],
  [
    "lock.in-sync",
    "nor is a new name for what it made",
    {},
    [maker("base", "train", path), maker("head", "evaluate", "m/metrics.json")],
    withArtifacts("weights.safetensors"),
    "fail",
    "LOCK_REMOVED",
  ],
  [
    "lock.in-sync",
    "a stage of another name that makes the same passes",
    {},
    [maker("base", "train", path), maker("head", "fit", path)],
    {},
    "pass",
  ],
  [
    "lock.in-sync",
    "a new name for what a stage still makes passes",
    {},
    [maker("base", "train", path), maker("head", "train", "m/weights.safetensors")],
    withArtifacts("weights.safetensors"),
    "pass",
  ],
  [
    "lock.in-sync",
    "a file besides what a stage makes passes",
    {},
    [maker("base", "train", path), maker("head", "train", path)],
    withArtifacts("model.safetensors", "tokenizer.json"),
    "pass",
  ],
  [
    "lock.in-sync",
    "what no stage made before need not be made now",
    {},
    [maker("base", "evaluate", "m/metrics.json"), maker("head", "evaluate", "m/metrics.json")],
    {},
    "pass",
  ],
  ["lock.in-sync", "a lock in sync passes", {}, [lock([])], {}, "pass"],
  [
    "lock.in-sync",
    "a mismatch fails",
    {},
    [lock([{ message: "params.yaml changed", place: { path: "dvc.lock" } }])],
    {},
    "fail",
    "LOCK_OUT_OF_SYNC",
  ],
  [
    "lock.in-sync",
    "an unreadable lock is an error",
    {},
    [],
    {
      problems: [
        { model: "m", side: "head", code: "YAML_SYNTAX", message: "bad", place: { path: "dvc.lock" } },
      ],
    },
    "error",
  ],
  [
    "policy.change-guard",
    "a change that leaves the judge alone is none of its business",
    {},
    [],
    {},
    "not_applicable",
  ],
  [
    "policy.change-guard",
    "a loosened threshold fails",
    {},
    [],
    {
      policyChange: {
        files: [{ path: ".weighbridge/policy.yml", kind: "policy" }],
        differences: [{ gate: "auc-floor", what: "with.min", from: "0.8", to: "0.6", effect: "loosened" }],
      },
    },
    "fail",
    "POLICY_LOOSENED",
  ],
  [
    "policy.change-guard",
    "a tightened threshold passes",
    {},
    [],
    {
      policyChange: {
        files: [{ path: ".weighbridge/policy.yml", kind: "policy" }],
        differences: [{ gate: "auc-floor", what: "with.min", from: "0.6", to: "0.8", effect: "tightened" }],
      },
    },
    "pass",
  ],
  [
    "policy.change-guard",
    "an unreadable policy fails",
    {},
    [],
    { policyChange: { files: [], differences: [], unreadable: { code: "YAML_SYNTAX", message: "bad" } } },
    "fail",
    "YAML_SYNTAX",
  ],
  [
    "policy.change-guard",
    "C46: a waiver beside the model it waives fails where the policy refuses that",
    { refuse: ["waiver"] },
    [],
    {
      policyChange: { files: [{ path: ".weighbridge/waivers/WVR-1.yml", kind: "waiver" }], differences: [] },
    },
    "fail",
    "WAIVER_CHANGED",
  ],
  [
    "gates.complete",
    "what the merge would put under a model unweighed closes, whatever other gates there are",
    {},
    [],
    {
      change: {
        base: "3",
        mergeBase: "1",
        head: "2",
        models: [
          model({ head: version(HEAD_DIGEST, { problems: [{ code: "BRANCH_STALE", message: "late" }] }) }),
        ],
        files: [],
      },
      results: [RESULT],
    },
    "fail",
    "BRANCH_STALE",
  ],
  [
    "gates.complete",
    "C10: a model about which nothing was judged is an error",
    {},
    [],
    { results: [] },
    "error",
    "NOTHING_EVALUATED",
  ],
  [
    "gates.complete",
    "C10: files of a model of the policy where no model was found are an error",
    {},
    [],
    {
      results: [],
      change: {
        base: "1",
        mergeBase: "1",
        head: "2",
        models: [],
        files: [{ status: "removed", path: "models/x/model.yml" }],
      },
      policy: policy({ models: [{ id: "x", path: "models/x" }] }),
    },
    "error",
    "NOTHING_EVALUATED",
  ],
];

for (const [rule, name, args, evidence, overrides, outcome, code] of ROWS) {
  test(`${rule}: ${name}`, () => {
    const judgement = RULES.get(rule)?.judge(args, view(evidence, overrides));
    assert.equal(judgement?.outcome, outcome, JSON.stringify(judgement));
    if (code !== undefined) assert.equal(judgement?.findings[0]?.code, code);
  });
}
