import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approvals, Vote } from "../../gate/model/approval.ts";
import type { DecisionInput, DecisionRecord } from "../../gate/model/decision.ts";
import type { PolicyChange } from "../../gate/model/policy.ts";
import { digestOf } from "../../gate/parse/canonical.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { subjectDigest } from "../../gate/verdict/subject.ts";
import { AUTHOR, approvals, OTHER_SUBJECT, ROLES, unbound, vote } from "../approval/ballots.ts";
import { HEAD_DIGEST, metric, model, policy, version } from "../rules/view.ts";
import { gate, input } from "./gates.ts";

const MATRIX = { B: { T2: ["validator", "owner"] } };
const STRICT = { waivable: false, severity: { T1: "block", T2: "block", T3: "block", T4: "block" } } as const;
const GATES = [
  gate(),
  gate({ ...STRICT, id: "CORE-12", rule: "approvals.required", with: MATRIX }),
  gate({ ...STRICT, id: "CORE-13", rule: "approvals.separation", with: {} }),
  gate({ ...STRICT, id: "CORE-14", rule: "approvals.bound", with: {} }),
  gate({ ...STRICT, id: "CORE-17", rule: "policy.change-guard", with: { approved_by: ["risk"] } }),
];
const MODELS = [{ id: "m", path: "m", tier: "T2" }] as const;

function asked(overrides: Partial<DecisionInput> = {}): DecisionInput {
  return input({ policy: policy({ models: MODELS, gates: GATES, roles: ROLES }), ...overrides });
}

/** The decision about a change, with those votes bound to it that say nothing else. */
function decideWith(
  votes: readonly Vote[],
  given: Partial<DecisionInput> = {},
  more: Partial<Approvals> = {},
): DecisionRecord {
  const change = asked(given);
  const subject = subjectDigest(change, digestOf(change.policy));
  const bound = votes.map((each) => (each.subject === undefined ? { ...each, subject } : each));
  return decide({ ...change, approvals: approvals(bound, more) });
}

const yes = (userId: number, roles: readonly string[], more: Partial<Vote> = {}) =>
  unbound(vote(userId, roles, more));
const BOTH = [yes(7, ["owner"]), yes(8, ["validator"])];
const resultOf = (record: DecisionRecord, id: string) => record.results.find(({ gate: each }) => each === id);
const outcomeOf = (record: DecisionRecord, id: string) => resultOf(record, id)?.outcome;

test("where nobody is asked, approvals do not apply, and nothing else changes", () => {
  const record = decide(asked());
  assert.equal(record.verdict, "pass");
  assert.deepEqual(
    ["CORE-12", "CORE-13", "CORE-14"].map((id) => outcomeOf(record, id)),
    ["not_applicable", "not_applicable", "not_applicable"],
  );
  assert.equal(
    resultOf(record, "CORE-12")?.findings[0]?.message,
    "Nobody is asked here: approvals are counted by the Weighbridge App",
  );
  assert.ok(!("votes" in record) && !("approvals" in record.input));
});

test("with every role filled the change is open, and the record says by whom", () => {
  const record = decideWith(BOTH);
  assert.equal(record.verdict, "pass");
  assert.deepEqual(resultOf(record, "CORE-12")?.seats, [
    { role: "validator", state: "approved", userId: 8 },
    { role: "owner", state: "approved", userId: 7 },
  ]);
  assert.deepEqual(
    record.votes?.map(({ userId, state }) => [userId, state]),
    [
      [7, "counted"],
      [8, "counted"],
    ],
  );
});

test("the verdict is wait where approvals alone are missing, and fail where anything else closes", () => {
  assert.equal(decideWith([]).verdict, "wait");
  assert.equal(decideWith([yes(7, ["owner"])]).verdict, "wait");
  assert.equal(decideWith([], { evidence: [metric({ value: 0.5 })] }).verdict, "fail");
  assert.equal(decideWith([], { evidence: [metric({ value: "NaN" })] }).verdict, "error");
});

test("a rejection by a required role is a failure, not a wait", () => {
  const record = decideWith([...BOTH, yes(9, ["owner"], { kind: "reject" })]);
  assert.deepEqual([record.verdict, outcomeOf(record, "CORE-12")], ["fail", "fail"]);
  assert.deepEqual(resultOf(record, "CORE-12")?.findings[0], {
    code: "APPROVAL_REJECTED",
    message: "Somebody in the role owner rejected the change",
    fix: "Settle it with who rejected; the change stays closed until they approve or withdraw",
  });
});

test("C9: a role that nobody defined, and one that cannot be resolved, is an error, never a role less", () => {
  const { validator: _, ...without } = ROLES;
  const undefined_ = decideWith(BOTH, { policy: policy({ models: MODELS, gates: GATES, roles: without }) });
  assert.deepEqual([undefined_.verdict, outcomeOf(undefined_, "CORE-12")], ["error", "error"]);
  const unresolved = [{ role: "validator", reason: "the team acme/people is gone" }];
  const gone = decideWith(BOTH, {}, { unresolved });
  assert.equal(gone.verdict, "error");
  assert.equal(
    resultOf(gone, "CORE-12")?.findings[0]?.message,
    "Cannot tell who is in the role validator: the team acme/people is gone",
  );
  assert.equal(decideWith(BOTH, {}, { unresolved: [{ role: "risk", reason: "gone" }] }).verdict, "pass");
});

test("C22, C15: ignored and stale votes leave the change waiting and are listed with the reason", () => {
  const record = decideWith([yes(AUTHOR, ["owner"]), vote(8, ["validator"], { subject: OTHER_SUBJECT })]);
  assert.equal(record.verdict, "wait");
  assert.deepEqual(
    record.votes?.map(({ state, reason }) => [state, reason]),
    [
      ["ignored", "who approved had a hand in the change: wrote it"],
      ["stale", "the model, its data, its evidence or the policy is another than when it was given"],
    ],
  );
});

test("C55: commits that could not all be looked at close the change, whoever approves", () => {
  const record = decideWith(BOTH, {}, { complete: false });
  assert.deepEqual([record.verdict, outcomeOf(record, "CORE-13")], ["error", "error"]);
});

test("a change of which nobody is known to have made it stays closed", () => {
  assert.equal(decideWith(BOTH, {}, { participants: [] }).verdict, "error");
});

test("C23: an address without an account asks for one approval more, or closes where the policy says so", () => {
  const participants = [{ part: "author", userId: AUTHOR }, { part: "committer" }] as const;
  assert.equal(decideWith(BOTH, {}, { participants }).verdict, "wait");
  assert.equal(decideWith([...BOTH, yes(9, [])], {}, { participants }).verdict, "pass");
  const blocking = GATES.map((each) =>
    each.id === "CORE-13" ? { ...each, with: { unlinked: "block" } } : each,
  );
  const strict = policy({ models: MODELS, gates: blocking, roles: ROLES });
  assert.equal(decideWith([...BOTH, yes(9, [])], { policy: strict }, { participants }).verdict, "fail");
});

test("content that cannot be told cannot be approved", () => {
  const { subject: _, ...untold } = version(HEAD_DIGEST);
  const change = { ...asked().change, models: [model({ head: untold })] };
  const record = decideWith(BOTH, { change });
  assert.deepEqual([record.verdict, outcomeOf(record, "CORE-14")], ["error", "error"]);
});

const NOTHING = { base: "1", mergeBase: "1", head: "2", files: [], models: [] } as const;

test("C67: a change that touches no model asks nobody, even if its commits are too many", () => {
  const record = decideWith([], { change: NOTHING }, { complete: false, participants: [] });
  assert.equal(record.verdict, "pass");
});

const POLICY_PATH = ".weighbridge/policy.yml";

function edit(effect: "loosened" | "tightened"): PolicyChange {
  const difference = { gate: "auc-floor", what: "with.min", from: "0.78", to: "0.5", effect };
  return { files: [{ path: POLICY_PATH, kind: "policy" }], differences: [difference] };
}

test("C1: a change of the policy waits for those who answer for the risk, and opens with them", () => {
  for (const effect of ["loosened", "tightened"] as const) {
    const given = { change: NOTHING, policyChange: edit(effect) };
    assert.equal(decideWith([yes(7, ["owner"])], given).verdict, "wait");
    const approved = decideWith([yes(7, ["risk"])], given);
    assert.deepEqual([approved.verdict, outcomeOf(approved, "CORE-17")], ["pass", "pass"]);
    assert.equal(decideWith([yes(AUTHOR, ["risk"])], given).verdict, "wait");
    assert.equal(decideWith([yes(7, ["risk"]), yes(8, ["risk"], { kind: "reject" })], given).verdict, "fail");
  }
});

test("C1: what people are asked to approve is named, and nobody can approve a policy that cannot be read", () => {
  const waiting = decideWith([], { change: NOTHING, policyChange: edit("loosened") });
  assert.deepEqual(
    resultOf(waiting, "CORE-17")?.findings.map(({ code }) => code),
    ["APPROVAL_MISSING", "POLICY_LOOSENED"],
  );
  const unreadable = { ...edit("loosened"), unreadable: { code: "YAML_SYNTAX", message: "no YAML" } };
  assert.equal(decideWith([yes(7, ["risk"])], { change: NOTHING, policyChange: unreadable }).verdict, "fail");
});

test("C1: where nobody is asked, a loosened policy stays closed", () => {
  const record = decide(asked({ change: NOTHING, policyChange: edit("loosened") }));
  assert.equal(record.verdict, "fail");
});
