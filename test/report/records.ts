import type { Vote } from "../../gate/model/approval.ts";
import type { ModelChange } from "../../gate/model/change.ts";
import type { DecisionInput, DecisionRecord, GateResult, JudgedModel } from "../../gate/model/decision.ts";
import type { Digest } from "../../gate/model/digest.ts";
import type { EvidenceProblem, MetricEvidence, Side } from "../../gate/model/evidence.ts";
import type { Gate } from "../../gate/model/gate.ts";
import type { Manifest } from "../../gate/model/manifest.ts";
import type { Policy, Waiver } from "../../gate/model/policy.ts";
import { digestOf } from "../../gate/parse/canonical.ts";

/** A digest that is always the same for the same name. */
export function digestFor(name: string): Digest {
  return digestOf({ name });
}

export function commitFor(name: string): string {
  return digestFor(name).slice("sha256:".length, "sha256:".length + 40);
}

export function gate(id: string, over: Partial<Gate> = {}): Gate {
  return {
    id,
    rule: "metric.floor",
    with: {},
    severity: { T1: "block", T2: "block", T3: "block", T4: "block" },
    title: "A metric reaches its floor",
    why: "Below the floor the model is of no use",
    fix: "Improve the model, or ask for a waiver",
    waivable: true,
    onInconclusive: "close",
    mapsTo: [],
    origin: "core@1.0.0",
    place: { path: "core.yml", line: 1 },
    ...over,
  };
}

/** A result of a gate; everything that the gate says is taken from it. */
export function result(of: Gate, over: Partial<GateResult> = {}): GateResult {
  return {
    gate: of.id,
    title: of.title,
    severity: "block",
    outcome: "pass",
    closes: false,
    why: of.why,
    fix: of.fix,
    mapsTo: of.mapsTo,
    findings: [],
    refusedWaivers: [],
    evidence: [],
    ...over,
  };
}

export function metric(
  side: Side,
  name: string,
  value: MetricEvidence["value"],
  over: Partial<MetricEvidence> = {},
): MetricEvidence {
  return {
    kind: "metric",
    model: "credit-pd",
    side,
    name,
    value,
    dataset: "holdout",
    role: "test",
    trust: "ci",
    source: {
      adapter: "metrics@1",
      path: "models/credit-pd/metrics.json",
      digest: digestFor(`metrics at ${side}`),
      line: 3,
    },
    ...over,
  };
}

export function manifest(over: Partial<Manifest> = {}): Manifest {
  return {
    path: "models/credit-pd/model.yml",
    id: "credit-pd",
    status: "production",
    artifacts: [{ path: "models/credit-pd/model.safetensors" }],
    evaluation: [
      {
        path: "models/credit-pd/metrics.json",
        dataset: "holdout",
        role: "test",
        metrics: [
          { name: "roc_auc" },
          { name: "brier_score" },
          { name: "p95_latency_ms", direction: "lower" },
        ],
      },
    ],
    data: [],
    notApplicable: [],
    lines: {},
    ...over,
  };
}

export function model(over: Partial<ModelChange> = {}): ModelChange {
  const version = (side: Side) => ({
    manifest: manifest(),
    problems: [],
    artifacts: [],
    subject: digestFor(side),
  });
  return {
    id: "credit-pd",
    base: version("base"),
    head: version("head"),
    changeClass: "C",
    classReasons: ["model.safetensors changed from sha256:1f3a… to sha256:9c04…"],
    paths: ["models/credit-pd/metrics.json", "models/credit-pd/model.safetensors"],
    ...over,
  };
}

export function policy(over: Partial<Policy> = {}): Policy {
  return {
    name: "acme-credit",
    version: "4.2.0",
    mode: "enforcing",
    path: ".weighbridge/policy.yml",
    sources: [
      { name: ".weighbridge/policy.yml", digest: digestFor("policy") },
      { name: "core@1.0.0", digest: digestFor("core") },
    ],
    roles: {},
    models: [],
    gates: [],
    tightenings: [],
    ...over,
  };
}

export function waiver(over: Partial<Waiver> = {}): Waiver {
  return {
    id: "WVR-2026-0007",
    place: { path: ".weighbridge/waivers/WVR-2026-0007.yml", line: 1 },
    model: "credit-pd",
    gates: ["PERF-01"],
    scope: { kind: "change_class", changeClass: "C" },
    reason: "The incumbent's outage is worse than half a point of AUC",
    riskAccepted: "About 40 more defaults a year",
    compensatingControls: [],
    requestedBy: "maria",
    approvals: [{ role: "risk", userId: 4711, login: "olu" }],
    created: "2026-10-30T09:00:00Z",
    expires: "2027-01-31T00:00:00Z",
    renewals: 0,
    ...over,
  };
}

export interface RecordParts {
  readonly verdict: DecisionRecord["verdict"];
  readonly results: readonly GateResult[];
  readonly models?: readonly JudgedModel[];
  readonly votes?: DecisionRecord["votes"];
  readonly input?: Partial<DecisionInput>;
}

/** A whole record around the parts that matter to a test; its digests are true. */
export function record({ verdict, results, models, votes, input }: RecordParts): DecisionRecord {
  const whole: DecisionInput = {
    now: "2026-11-02T09:12:44Z",
    change: {
      base: commitFor("base"),
      mergeBase: commitFor("base"),
      head: commitFor("head"),
      files: [{ status: "modified", path: "models/credit-pd/model.safetensors" }],
      models: [model()],
    },
    policy: policy(),
    waivers: [],
    evidence: [],
    problems: [],
    ...input,
  };
  const judged = {
    schema: "weighbridge/decision/v1",
    engine: "0.1.0",
    verdict,
    digests: {
      change: digestOf(whole.change),
      policy: digestOf(whole.policy),
      evidence: digestOf(whole.evidence),
      subject: digestFor("subject"),
    },
    models: models ?? [CREDIT_PD],
    results,
    ...(votes === undefined ? {} : { votes }),
    input: whole,
  } as const;
  return { ...judged, digest: digestOf(judged) };
}

export const CREDIT_PD: JudgedModel = {
  id: "credit-pd",
  changeClass: "C",
  tier: "T2",
  tierReasons: ["exposure 3 and purpose 3 give T2", "domain credit has the floor T2"],
};

const AUC_FLOOR = gate("PERF-01", {
  with: { metric: "roc_auc", dataset: "holdout", min: 0.78 },
  title: "The scorecard separates good from bad",
  why: "Below 0.78 it loses to the incumbent vendor's score",
  fix: "Retrain until roc_auc on holdout is at least 0.78, or ask for a waiver",
  mapsTo: ["SR 26-2 III.B", "ISO 42001 A.6.2.4"],
  origin: ".weighbridge/policy.yml",
});
const NO_REGRESSION = gate("PERF-02", {
  rule: "metric.no-regression",
  title: "No planned metric is worse than at base",
  why: "A refresh that loses quality is not a refresh",
  fix: "Find what made it worse, or raise the margin in a policy change of its own",
});
const FORMAT = gate("CORE-03", {
  rule: "artifact.format",
  title: "Model files cannot run code",
  why: "A pickle runs whatever its author wrote when it is loaded",
  fix: "Save the weights as safetensors",
  waivable: false,
  mapsTo: ["NIST AI RMF MANAGE 3.2"],
});
const CARD = gate("DOC-01", {
  rule: "card.complete",
  severity: { T1: "block", T2: "warn", T3: "warn", T4: "info" },
  title: "The model card says what the model is for",
  why: "A model that nobody can explain is used for the wrong thing",
  fix: "Fill in the sections that are named",
});
const PINNED = gate("DATA-02", {
  rule: "data.pinned",
  title: "Every dataset is pinned by its digest",
  why: "A number means nothing without the data it was measured on",
  fix: "Add the digest of each dataset to model.yml",
});
const APPROVED = gate("CORE-12", {
  rule: "approval.quorum",
  title: "The roles that must agree have agreed",
  why: "Nobody decides alone about a model of tier T2",
  fix: "Ask a validator (acme/model-validation) for a review",
});
const GATES = [FORMAT, APPROVED, PINNED, CARD, AUC_FLOOR, NO_REGRESSION];

const METRICS = [
  metric("base", "roc_auc", 0.7912, { direction: "higher" }),
  metric("head", "roc_auc", 0.7712, { direction: "higher" }),
  metric("base", "brier_score", 0.08123),
  metric("head", "brier_score", 0.08121),
  metric("base", "p95_latency_ms", 41, { direction: "lower" }),
  metric("head", "p95_latency_ms", 44, { direction: "lower" }),
];

const about = { model: "credit-pd" } as const;
const PINNED_NOT_APPLICABLE = result(PINNED, {
  ...about,
  outcome: "not_applicable",
  findings: [{ code: "NOT_APPLICABLE", message: "The model has no dataset: its rules are written by hand" }],
});
const AUC_FAILS = result(AUC_FLOOR, {
  ...about,
  outcome: "fail",
  closes: true,
  observed: "0.7712",
  expected: "≥ 0.78",
  findings: [
    {
      code: "METRIC_BELOW_FLOOR",
      message: "roc_auc on holdout is 0.7712, below the floor of 0.78",
      place: { path: "models/credit-pd/metrics.json", line: 3 },
      metric: { name: "roc_auc", dataset: "holdout" },
    },
  ],
  evidence: [digestFor("metrics at head")],
});
const REGRESSED = result(NO_REGRESSION, {
  ...about,
  outcome: "fail",
  closes: true,
  observed: "0.7912 → 0.7712",
  expected: "loss ≤ 0",
  findings: [
    {
      code: "METRIC_REGRESSED",
      message: "roc_auc on holdout went from 0.7912 to 0.7712: 0.02 worse, 0 allowed",
      place: { path: "models/credit-pd/metrics.json", line: 3 },
      metric: { name: "roc_auc", dataset: "holdout" },
    },
    {
      code: "METRIC_REGRESSED",
      message: "p95_latency_ms on holdout went from 41 to 44: 3 worse, 0 allowed",
      place: { path: "models/credit-pd/metrics.json", line: 9 },
      metric: { name: "p95_latency_ms", dataset: "holdout" },
    },
  ],
});
const PICKLE = result(FORMAT, {
  ...about,
  outcome: "fail",
  closes: true,
  observed: "pickle",
  expected: "safetensors, onnx",
  findings: [
    {
      code: "FORMAT_NOT_ALLOWED",
      message: "models/credit-pd/model.pkl is a pickle, which the policy does not allow",
      place: { path: "models/credit-pd/model.pkl" },
    },
  ],
});
const CARD_WARNS = result(CARD, {
  ...about,
  severity: "warn",
  outcome: "fail",
  observed: "1 section is empty",
  expected: "0",
  findings: [
    {
      code: "SECTION_EMPTY",
      message: 'Section "Limitations" has no words of its own',
      place: { path: "models/credit-pd/README.md", line: 48 },
      fix: "Write down what the model must not be used for",
    },
  ],
});

/** Every gate is open. */
/** What the run brought and no model took. */
export const UNUSED: EvidenceProblem = {
  side: "head",
  code: "EVIDENCE_UNUSED",
  message: "Cannot use out/results.json: no evaluation of a model that changes has a path that ends like it",
  place: { path: "out/results.json" },
  fix: "Name it as the path of an evaluation in model.yml",
  metrics: [],
};

export const PASS = record({
  verdict: "pass",
  results: [
    result(FORMAT, { ...about, observed: "safetensors", expected: "safetensors, onnx" }),
    PINNED_NOT_APPLICABLE,
    result(AUC_FLOOR, { ...about, observed: "0.8021", expected: "≥ 0.78" }),
    result(NO_REGRESSION, { ...about, observed: "0.7912 → 0.8021", expected: "loss ≤ 0" }),
  ],
  models: [{ ...CREDIT_PD, changeClass: "B" }],
  input: {
    policy: policy({ gates: GATES }),
    evidence: [
      metric("base", "roc_auc", 0.7912, { direction: "higher" }),
      metric("head", "roc_auc", 0.8021, { direction: "higher" }),
    ],
  },
});

/** Three gates close, one warns. */
export const FAIL = record({
  verdict: "fail",
  results: [PICKLE, PINNED_NOT_APPLICABLE, CARD_WARNS, AUC_FAILS, REGRESSED],
  input: {
    evidence: METRICS,
    policy: policy({
      gates: GATES,
      tightenings: [
        { gate: "PERF-02", what: "with.margin", from: "0.005", to: "0", by: ".weighbridge/policy.yml" },
      ],
    }),
  },
});

/** The metrics were found and cannot be read. */
export const ERROR = record({
  verdict: "error",
  results: [
    result(FORMAT, { ...about, observed: "safetensors", expected: "safetensors, onnx" }),
    result(AUC_FLOOR, {
      ...about,
      outcome: "error",
      closes: true,
      observed: "NaN",
      expected: "≥ 0.78",
      findings: [
        {
          code: "METRIC_NOT_FINITE",
          message: "roc_auc on holdout is NaN",
          place: { path: "models/credit-pd/metrics.json", line: 3 },
          fix: "Find out why the evaluation gave no number, and evaluate again",
          metric: { name: "roc_auc", dataset: "holdout" },
        },
      ],
    }),
  ],
  input: {
    policy: policy({ gates: GATES }),
    evidence: [metric("base", "roc_auc", 0.7912), metric("head", "roc_auc", "NaN")],
    problems: [
      {
        model: "credit-pd",
        side: "head",
        code: "JSON_DUPLICATE_KEY",
        message: 'Cannot read models/credit-pd/slices.json: key "auc" stands twice',
        place: { path: "models/credit-pd/slices.json", line: 12, column: 5 },
      },
    ],
  },
});

/** No policy on the base: what would have been found, and nothing enforced. */
export const ADVISORY = record({
  verdict: "pass",
  results: [
    { ...PICKLE, severity: "warn", closes: false },
    { ...CARD_WARNS, severity: "warn" },
  ],
  models: [{ ...CREDIT_PD, tierReasons: ["nothing is declared"], tier: "T3" }],
  input: {
    policy: {
      name: "core",
      version: "1.0.0",
      mode: "advisory",
      sources: [{ name: "core@1.0.0", digest: digestFor("core") }],
      roles: {},
      models: [],
      gates: GATES,
      tightenings: [],
    },
  },
});

/** A gate fails and a waiver of the base opens it. */
export const WAIVED = record({
  verdict: "pass",
  results: [
    result(FORMAT, { ...about, observed: "safetensors", expected: "safetensors, onnx" }),
    { ...AUC_FAILS, closes: false, waiver: "WVR-2026-0007" },
  ],
  input: { evidence: METRICS.slice(0, 2), policy: policy({ gates: GATES }), waivers: [waiver()] },
});

const GUARD = gate("CORE-15", {
  rule: "policy.change-guard",
  title: "The change does not loosen the policy that judges it",
  why: "A weaker policy must not become the next base by itself",
  fix: "Take it out of this pull request",
  waivable: false,
});

/** The change loosens its own policy; the policy of the base decides. */
export const POLICY_WEAKENED = record({
  verdict: "fail",
  results: [
    result(GUARD, {
      outcome: "fail",
      closes: true,
      observed: "2 loosened, 1 tightened, 0 changed",
      expected: "nothing loosened",
      findings: [
        {
          code: "POLICY_LOOSENED",
          message: "PERF-01: with.min 0.78 → 0.7",
          place: { path: ".weighbridge/policy.yml" },
        },
        {
          code: "POLICY_LOOSENED",
          message: "CORE-03: severity.T2 block → warn",
          place: { path: ".weighbridge/policy.yml" },
        },
      ],
    }),
    result(AUC_FLOOR, { ...about, observed: "0.8021", expected: "≥ 0.78" }),
  ],
  input: {
    policy: policy({ gates: [...GATES, GUARD] }),
    policyChange: {
      files: [
        { path: ".weighbridge/policy.yml", kind: "policy" },
        { path: ".github/workflows/weighbridge.yml", kind: "workflow" },
      ],
      differences: [
        { gate: "PERF-01", what: "with.min", from: "0.78", to: "0.7", effect: "loosened" },
        { gate: "CORE-03", what: "severity.T2", from: "block", to: "warn", effect: "loosened" },
        { gate: "DATA-02", what: "severity.T4", from: "warn", to: "block", effect: "tightened" },
      ],
    },
  },
});

function vote(userId: number, roles: readonly string[]): Vote {
  return {
    kind: "approve",
    userId,
    source: { kind: "review", id: userId * 10 },
    head: commitFor("head"),
    subject: digestFor("subject"),
    roles,
    isBot: false,
    canWrite: true,
  };
}

/** Everything is met; a validator and one more have still to agree. */
export const WAIT = record({
  verdict: "wait",
  results: [
    result(APPROVED, {
      ...about,
      outcome: "missing_evidence",
      closes: true,
      observed: "1 of 3",
      expected: "validator, owner, peer",
      findings: [
        { code: "APPROVAL_MISSING", message: "Nobody has approved as validator" },
        {
          code: "APPROVAL_MISSING",
          message: "One more person has to approve who may write and had no hand in the change",
        },
      ],
      seats: [
        { role: "validator", state: "waiting" },
        { role: "owner", state: "approved", userId: 7 },
        { role: "peer", state: "waiting" },
      ],
    }),
    result(AUC_FLOOR, { ...about, observed: "0.8021", expected: "≥ 0.78" }),
  ],
  votes: [
    { userId: 7, kind: "approve", source: { kind: "review", id: 70 }, state: "counted" },
    {
      userId: 8,
      kind: "approve",
      source: { kind: "comment", id: 80 },
      state: "stale",
      reason: "the model, its data, its evidence or the policy is another than when it was given",
    },
    {
      userId: 9,
      kind: "approve",
      source: { kind: "review", id: 90 },
      state: "ignored",
      reason: "who approved had a hand in the change: wrote it",
    },
  ],
  input: {
    policy: policy({ gates: GATES }),
    approvals: {
      participants: [{ part: "author", userId: 9 }],
      complete: true,
      votes: [vote(7, ["owner"]), vote(8, ["validator"]), vote(9, ["owner"])],
      unresolved: [],
    },
  },
});

/** Every text of the record is the given one: what a hostile author could reach, and more. */
export function recordOf(text: string): DecisionRecord {
  const place = { path: text, line: 7 };
  const hostile = gate(text, {
    title: text,
    why: text,
    fix: text,
    mapsTo: [text],
    with: { metric: text, dataset: text },
  });
  const version = { manifest: manifest({ id: text, path: text }), problems: [], artifacts: [] };
  const finding = { code: text, message: text, place, fix: text };
  const unmet = {
    observed: text,
    expected: text,
    findings: [finding],
    refusedWaivers: [{ id: text, reason: text }],
  };
  return record({
    verdict: "fail",
    models: [{ id: text, changeClass: "C", tier: "T1", tierReasons: [text] }],
    results: [
      result(hostile, { outcome: "error", closes: true, ...unmet }),
      result(hostile, { model: text, outcome: "fail", closes: true, ...unmet }),
      result(hostile, { model: text, outcome: "fail", waiver: text, ...unmet }),
      result(hostile, { model: text, outcome: "not_applicable", ...unmet }),
      result(hostile, { model: text, outcome: "inconclusive", severity: "warn", ...unmet }),
      result(hostile, {
        model: text,
        outcome: "fail",
        closes: true,
        ...unmet,
        seats: [
          { role: text, state: "waiting" },
          { role: text, state: "approved", userId: 7 },
          { role: text, state: "rejected", userId: 8 },
        ],
      }),
    ],
    votes: [
      { userId: 7, kind: "approve", source: { kind: "review", id: 7 }, state: "stale", reason: text },
      { userId: 8, kind: "reject", source: { kind: "comment", id: 8 }, state: "ignored", reason: text },
    ],
    input: {
      approvals: {
        participants: [],
        complete: false,
        votes: [vote(7, [text]), vote(8, [text])],
        unresolved: [{ role: text, reason: text }],
      },
      change: {
        base: text,
        mergeBase: text,
        head: text,
        files: [{ status: "added", path: text }],
        models: [
          { id: text, base: version, head: version, changeClass: "C", classReasons: [text], paths: [text] },
        ],
      },
      policy: policy({
        name: text,
        version: text,
        path: text,
        sources: [{ name: text, digest: digestFor("hostile") }],
        gates: [hostile],
        tightenings: [{ gate: text, what: text, from: text, to: text, by: text }],
      }),
      policyChange: {
        files: [{ path: text, kind: "policy" }],
        differences: [{ gate: text, what: text, from: text, to: text, effect: "loosened" }],
        unreadable: { code: text, message: text, place },
      },
      waivers: [
        waiver({
          id: text,
          model: text,
          reason: text,
          riskAccepted: text,
          expires: text,
          approvals: [{ role: text, userId: 1, login: text }],
        }),
      ],
      evidence: [
        metric("base", text, 0.5, { model: text, dataset: text }),
        metric("head", text, "NaN", { model: text, dataset: text }),
      ],
      problems: [{ model: text, side: "head", code: text, message: text, place }],
    },
  });
}

/** Mentions, references, markup, commands and characters that hide. */
export const HOSTILE_TEXT = [
  "@acme/risk",
  "@maria",
  "&#64;olu",
  "#12 GH-1 acme/models#3 1a2b3c4d5e6f",
  "https://evil.example www.evil.example a@evil.example",
  "[x](javascript:alert(1)) ![x](//evil.example/p.png)",
  "<img src=x onerror=alert(1)></details></table></script><!-- weighbridge:12 -->",
  "`` ``` | || :rocket: $x$ [^1]",
  "\r\n::error::forged\n%0A::set-output name=a::b ##[error]forged",
  "\u202egnp.exe \u200b\u0000\u001b[31mred \udc80\ud800 ]]>",
].join(" ");

export const HOSTILE = recordOf(HOSTILE_TEXT);

/** Every record, by the name of its golden files. */
export const RECORDS = {
  pass: PASS,
  fail: FAIL,
  error: ERROR,
  advisory: ADVISORY,
  waived: WAIVED,
  "policy-weakened": POLICY_WEAKENED,
  wait: WAIT,
  hostile: HOSTILE,
} as const satisfies Readonly<Record<string, DecisionRecord>>;
