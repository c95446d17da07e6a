import type { EntryContent } from "../../gate/trail/entry.ts";

/** One content of each kind, and the decision of the published vector. */

const hex32 = (byte: string) => byte.repeat(32);
const sha = (byte: string) => byte.repeat(20);

const REPO = { id: 777000111, name: "acme/models" };
const SOURCE_TS = "2026-11-21T22:14:01.000Z";
const SUBJECT = [{ name: "models/credit-pd/model.safetensors", digest: { sha256: hex32("11") } }];
const STATE = [{ name: "git+https://github.com/acme/models", digest: { gitCommit: sha("33") } }];
const PR = { number: 17, base: "main", base_sha: sha("44"), head_sha: sha("33") };
const REASON = {
  code: "review",
  url: "https://github.com/acme/models/pull/17#pullrequestreview-1900000003",
  digest: { sha256: hex32("88") },
};
const ACTOR = { id: 1000014, role: "validator" };
const EVIDENCE = [
  { name: "decision.json", digest: { sha256: hex32("99") }, size: 18422, mediaType: "application/json" },
];
export const VKEYS = [
  "example.com/acme/models/trail+cbe37d85+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
  "example.com/acme/models/trail+eb16c691+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR",
] as const;

/** The decision of the published vector, without its place. */
export function decisionContent(): EntryContent {
  return {
    subject: SUBJECT,
    predicate: {
      kind: "decision.made",
      source_ts: SOURCE_TS,
      repo: REPO,
      actor: { id: 1000007 },
      app: {
        id: 424242,
        installation: 5551212,
        version: "1.4.2",
        delivery: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      },
      pr: PR,
      policy: { path: ".weighbridge/policy.yml", commit: sha("44"), digest: { sha256: hex32("55") } },
      decision: {
        verdict: "pass",
        digest: { sha256: hex32("99") },
        subject_digest: hex32("66"),
        evidence_digest: hex32("77"),
        gates: [
          { id: "SUP-01", outcome: "pass" },
          { id: "auc-floor", outcome: "pass", observed: "0.913", expected: "0.780" },
        ],
        approvals: [{ id: 1000014, role: "validator", review: 1900000003 }],
      },
      evidence: EVIDENCE,
    },
  };
}

type Detail = Partial<EntryContent["predicate"]>;

const of = (kind: string, detail: Detail, subject: EntryContent["subject"] = SUBJECT): EntryContent => ({
  subject,
  predicate: { kind, source_ts: SOURCE_TS, repo: REPO, ...detail },
});
const human = { actor: ACTOR, reason: REASON };
const model = { id: "credit-pd", path: "models/credit-pd", commit: sha("44") };
const policy = { path: ".weighbridge/policy.yml", commit: sha("44"), digest: { sha256: hex32("55") } };
const approval = { role: "validator", state: "approved", subject_digest: hex32("66"), review: 1900000003 };
const occurrence = { id: "BG-1", event: 1, model: "credit-pd" };
const deployment = { id: 31, status: 32, environment: "production", sha: sha("33") };
const monitor = {
  id: "psi",
  model: "credit-pd",
  window: "2026-W47",
  metric: "psi",
  observed: "0.31",
  expected: "<=0.2",
};
const approvalFile = [
  { name: "approval.sig", digest: { sha256: hex32("aa") }, size: 300, mediaType: "text/plain" },
];

export const CONTENTS: Readonly<Record<string, EntryContent>> = {
  "model.registered": of("model.registered", { model: { ...model, tier: "T2" } }),
  "tier.changed": of("tier.changed", { model: { ...model, tier: "T1", was: "T2" } }),
  "model.retired": of("model.retired", { model }),
  "evidence.received": of("evidence.received", { pr: PR, evidence: EVIDENCE }),
  "gate.evaluated": of("gate.evaluated", {
    gate: { id: "CORE-16", version: "1.0.0", head: sha("33"), evidence_digest: hex32("77"), outcome: "pass" },
  }),
  "approval.granted": of("approval.granted", { ...human, pr: PR, approval }),
  "approval.withdrawn": of("approval.withdrawn", {
    ...human,
    pr: PR,
    approval: {
      role: "validator",
      state: "dismissed",
      subject_digest: hex32("66"),
      comment: 5,
      command: "withdraw",
    },
  }),
  "approval.stale": of("approval.stale", { stale: { approval: hex32("12"), subject_digest: hex32("67") } }),
  "decision.made": decisionContent(),
  "waiver.requested": of("waiver.requested", {
    ...human,
    waiver: { id: "WVR-7", event: 0, gates: ["auc-floor"] },
  }),
  "waiver.granted": of("waiver.granted", {
    ...human,
    waiver: { id: "WVR-7", event: 1, expires: "2026-12-21T00:00:00.000Z" },
  }),
  "waiver.expired": of("waiver.expired", { waiver: { id: "WVR-7", event: 3 } }),
  "waiver.used": of("waiver.used", { waiver: { id: "WVR-7", event: 2 } }),
  "breakglass.used": of("breakglass.used", { ...human, breakglass: occurrence }),
  "breakglass.reviewed": of("breakglass.reviewed", { ...human, breakglass: { ...occurrence, event: 2 } }),
  "bypass.detected": of(
    "bypass.detected",
    {
      move: { ref: "refs/heads/main", before: sha("44"), after: sha("33") },
    },
    STATE,
  ),
  "deploy.started": of("deploy.started", { deployment }),
  "deploy.succeeded": of("deploy.succeeded", { deployment }),
  "deploy.failed": of("deploy.failed", { deployment }),
  "deploy.rolled_back": of("deploy.rolled_back", { deployment }),
  "monitor.breach": of("monitor.breach", { monitor }),
  "monitor.recovered": of("monitor.recovered", { monitor }),
  "feedback.received": of("feedback.received", { feedback: { id: "41", event: 0 } }),
  "feedback.triaged": of("feedback.triaged", { ...human, feedback: { id: "41", event: 1 } }),
  "incident.opened": of("incident.opened", { incident: { id: "42", event: 0 } }),
  "incident.closed": of("incident.closed", { ...human, incident: { id: "42", event: 1 } }),
  "revalidation.done": of("revalidation.done", {
    revalidation: { model: "credit-pd", due: "2027-11-21", outcome: "pass" },
  }),
  "policy.changed": of("policy.changed", { policy }, STATE),
  "role.changed": of(
    "role.changed",
    {
      role: { name: "validator", path: ".weighbridge/policy.yml", commit: sha("44") },
    },
    STATE,
  ),
  "trail.created": of(
    "trail.created",
    {
      trail: { origin: "example.com/acme/models/trail", digest: hex32("ab"), vkey: VKEYS[0] },
    },
    STATE,
  ),
  "config.changed": of(
    "config.changed",
    {
      config: { digest: hex32("ab"), approval: hex32("aa") },
      evidence: approvalFile,
    },
    STATE,
  ),
  "key.rotated": of(
    "key.rotated",
    {
      rotation: { old: VKEYS[0], new: VKEYS[1], digest: hex32("ab"), approval: hex32("aa") },
      evidence: approvalFile,
    },
    STATE,
  ),
  "key.revoked": of(
    "key.revoked",
    {
      revocation: {
        vkey: VKEYS[0],
        last_good_size: 12,
        new: VKEYS[1],
        digest: hex32("ab"),
        approval: hex32("aa"),
      },
      evidence: approvalFile,
    },
    STATE,
  ),
  heartbeat: of(
    "heartbeat",
    {
      heartbeat: {
        hour: "2026-11-21T22",
        head: sha("33"),
        outbox: { depth: 0, oldest_seconds: 0 },
        deliveries: 12,
        key_id: "cbe37d85",
        witnessed: 8,
        rules: hex32("cd"),
      },
    },
    STATE,
  ),
  "anchor.recorded": of(
    "anchor.recorded",
    {
      anchor: { size: 8, kind: "rfc3161", digest: hex32("ef"), time: "2026-11-21T22:00:00.000Z" },
    },
    STATE,
  ),
  "merge.observed": of(
    "merge.observed",
    { merge: { sha: sha("33"), ref: "refs/heads/main" }, pr: PR },
    STATE,
  ),
  "gap.detected": of("gap.detected", { gap: { code: "merge-unrecorded", object: sha("33") } }, STATE),
  "gap.explained": of(
    "gap.explained",
    { ...human, gap: { code: "merge-unrecorded", object: sha("33") } },
    STATE,
  ),
  "tamper.detected": of("tamper.detected", {
    tamper: { object: "review", id: "1900000003", updated_at: "2026-11-21T22:00:00.000Z" },
  }),
};
