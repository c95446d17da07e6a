import assert from "node:assert/strict";
import { test } from "node:test";
import { canonical, digestOf } from "../../gate/parse/canonical.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { parseDecision, replay } from "../../gate/verdict/replay.ts";
import {
  evaluation,
  HEAD_DIGEST,
  manifest,
  metric,
  model,
  policy,
  removedModel,
  version,
} from "../rules/view.ts";
import { gate, input } from "./gates.ts";

const one = (record: ReturnType<typeof decide>) => record.results.find(({ gate: id }) => id === "auc-floor");

test("a demand that is met passes", () => {
  assert.equal(decide(input()).verdict, "pass");
});

test("a demand that is not met fails where the tier blocks and is shown where it warns", () => {
  const evidence = [metric({ value: 0.5 })];
  assert.equal(decide(input({ evidence })).verdict, "fail");
  const lenient = policy({ gates: [gate()], models: [{ id: "m", path: "m", tier: "T3" }] });
  const record = decide(input({ evidence, policy: lenient }));
  assert.equal(record.verdict, "pass");
  assert.deepEqual(
    [one(record)?.severity, one(record)?.outcome, one(record)?.closes],
    ["warn", "fail", false],
  );
});

test("nothing but pass and not_applicable opens a gate that blocks", () => {
  assert.equal(decide(input({ evidence: [] })).verdict, "fail");
  assert.equal(decide(input({ evidence: [metric({ value: "NaN" })] })).verdict, "error");
});

test("what inconclusive does is the policy's to say, and closes if it says nothing", () => {
  const evidence = [metric({ value: 0.8, ci: { low: 0.7, high: 0.9, level: 0.95 } })];
  const sure = { metric: "roc_auc", min: 0.78, level: 0.95 };
  assert.equal(
    decide(input({ evidence, policy: policy({ gates: [gate({ with: sure })] }) })).verdict,
    "fail",
  );
  const open = policy({ gates: [gate({ with: sure, onInconclusive: "open" })] });
  assert.equal(decide(input({ evidence, policy: open })).verdict, "pass");
});

test("C10: a policy without any gate that applies gives an error, not a pass", () => {
  const record = decide(input({ policy: policy() }));
  assert.equal(record.verdict, "error");
  assert.equal(
    record.results.find(({ outcome }) => outcome === "error")?.findings[0]?.code,
    "NOTHING_EVALUATED",
  );
});

test("C10: a policy whose only gate does not apply gives an error, not a pass", () => {
  const never = policy({ gates: [gate({ when: 'model.id == "another"' })] });
  assert.equal(decide(input({ policy: never })).verdict, "error");
});

test("a change does not take its model out of the reach of a gate's when, or put it there unseen", () => {
  const low = [metric({ value: 0.5 })];
  const european = policy({ gates: [gate({ when: '"EU" in model.jurisdictions' })] });
  const sold = (jurisdictions: readonly string[]) =>
    version(HEAD_DIGEST, { manifest: manifest({ context: { jurisdictions } }) });
  const outcomeOf = (base: readonly string[], head: readonly string[]) => {
    const models = [model({ base: sold(base), head: sold(head) })];
    const change = { base: "1", mergeBase: "1", head: "2", files: [], models };
    return one(decide(input({ change, evidence: low, policy: european })))?.outcome;
  };
  assert.equal(outcomeOf(["EU"], ["EU"]), "fail");
  assert.equal(outcomeOf(["EU"], []), "fail");
  assert.equal(outcomeOf([], ["EU"]), "fail");
  assert.equal(outcomeOf([], ["US"]), "not_applicable");
});

test("C67: a change that touches no model passes at once", () => {
  const record = decide(input({ change: { base: "1", mergeBase: "1", head: "2", files: [], models: [] } }));
  assert.equal(record.verdict, "pass");
});

test("a removed model is not an empty judgement", () => {
  const change = { base: "1", mergeBase: "1", head: "2", files: [], models: [removedModel()] };
  assert.equal(decide(input({ change, evidence: [] })).verdict, "pass");
});

test("a rule that does not exist, and one that throws, are errors that close", () => {
  assert.equal(decide(input({ policy: policy({ gates: [gate({ rule: "no.such" })] }) })).verdict, "error");
  const wrong = policy({ gates: [gate({ with: { metric: 7, min: 0.5 } })] });
  const record = decide(input({ policy: wrong }));
  assert.equal(record.verdict, "error");
  assert.equal(one(record)?.findings[0]?.code, "JUDGE_FAILED");
});

test("a model may excuse itself from a gate only if base and head say so and the gate can be waived", () => {
  const excused = version(HEAD_DIGEST, {
    manifest: manifest({ notApplicable: [{ gate: "auc-floor", reason: "it ranks nothing" }] }),
  });
  const outcomeOf = (base: typeof excused, waivable: boolean) => {
    const models = [model({ base, head: excused })];
    const change = { base: "1", mergeBase: "1", head: "2", files: [], models };
    return one(decide(input({ change, policy: policy({ gates: [gate({ waivable })] }), evidence: [] })))
      ?.outcome;
  };
  assert.equal(outcomeOf(excused, true), "not_applicable");
  assert.equal(outcomeOf(excused, false), "missing_evidence");
  assert.equal(outcomeOf(version(HEAD_DIGEST), true), "missing_evidence");
});

test("what the base says of the model by now counts beside what it said where the branch left", () => {
  const saying = (said: Parameters<typeof manifest>[0]) => version(HEAD_DIGEST, { manifest: manifest(said) });
  const excused = saying({ notApplicable: [{ gate: "auc-floor", reason: "it ranks nothing" }] });
  const outcomeOf = (versions: Parameters<typeof model>[0], asked = gate()) => {
    const change = { base: "3", mergeBase: "1", head: "2", files: [], models: [model(versions)] };
    const record = decide(input({ change, policy: policy({ gates: [asked] }) }));
    assert.equal(parseDecision(Buffer.from(canonical(record)), "decision.json").digest, record.digest);
    return one(record)?.outcome;
  };
  const byNow = ({ problems: _, ...tip }: typeof excused) => tip;
  const old = { base: excused, head: excused };
  const waivable = gate({ waivable: true });
  assert.equal(outcomeOf(old, waivable), "not_applicable");
  assert.equal(outcomeOf({ ...old, tip: byNow(excused) }, waivable), "not_applicable");
  assert.equal(outcomeOf({ ...old, tip: byNow(saying({})) }, waivable), "pass");
  assert.equal(outcomeOf({ ...old, tip: { artifacts: [] } }, waivable), "pass");
  const european = gate({ when: '"EU" in model.jurisdictions' });
  assert.equal(outcomeOf({}, european), "not_applicable");
  assert.equal(outcomeOf({ tip: byNow(saying({ context: { jurisdictions: ["EU"] } })) }, european), "pass");
  const present = gate({ rule: "metric.present", with: {} });
  const more = { evaluation: [evaluation({ metrics: [{ name: "roc_auc" }, { name: "brier" }] })] };
  assert.equal(outcomeOf({}, present), "pass");
  assert.equal(outcomeOf({ tip: byNow(saying(more)) }, present), "fail");
});

test("a gate that only warns does not take the place of the one that closes where nothing was judged", () => {
  const quiet = gate({
    id: "complete",
    rule: "gates.complete",
    with: {},
    severity: { T1: "warn", T2: "info", T3: "info", T4: "info" },
  });
  assert.equal(decide(input({ policy: policy({ gates: [quiet] }) })).verdict, "error");
  const advisory = policy({ gates: [quiet], mode: "advisory" });
  assert.equal(decide(input({ policy: advisory })).verdict, "pass");
});

test("a waiver's own limit is held against the number that is farthest from it", () => {
  const measuredOf = (values: readonly (number | "NaN")[], with_: object) => {
    const evidence = values.map((value, index) =>
      metric({ value, dataset: index === 0 ? "holdout" : `d${index}` }),
    );
    const judged = one(decide(input({ evidence, policy: policy({ gates: [gate(with_)] }) })));
    return [judged?.outcome, judged?.measured];
  };
  const floor = { with: { metric: "roc_auc", min: 0.8 } };
  assert.deepEqual(measuredOf([0.76, 0.1, 0.9], floor), ["fail", 0.1]);
  assert.deepEqual(measuredOf([0.76, "NaN"], floor), ["error", undefined]);
  const ceiling = { rule: "metric.ceiling", with: { metric: "roc_auc", max: 0.2 } };
  assert.deepEqual(measuredOf([0.3, 0.9, 0.1], ceiling), ["fail", 0.9]);
});

test("C1: what a change does to its own policy is judged by the base's", () => {
  const guard = gate({ id: "CORE-17", rule: "policy.change-guard", with: {}, waivable: false });
  const difference = {
    gate: "auc-floor",
    what: "with.min",
    from: "0.78",
    to: "0.5",
    effect: "loosened",
  } as const;
  const policyChange = {
    files: [{ path: ".weighbridge/policy.yml", kind: "policy" }],
    differences: [difference],
  } as const;
  const record = decide(
    input({ policy: policy({ gates: [gate(), guard] }), policyChange, evidence: [metric({ value: 0.6 })] }),
  );
  assert.equal(record.verdict, "fail");
  assert.deepEqual(
    record.results.filter(({ closes }) => closes).map(({ gate: id }) => id),
    ["CORE-17", "auc-floor"],
  );
});

test("the digest covers every other byte of the record", () => {
  const { digest, ...rest } = decide(input());
  assert.equal(digestOf(rest), digest);
  assert.equal(digestOf(JSON.parse(canonical(rest))), digest, "and survives being written and read");
});

test("a record replays, and one that was touched does not", () => {
  const record = decide(input());
  assert.deepEqual(replay(record).differences, []);
  const forged = { ...record, verdict: "fail" } as const;
  assert.equal(replay(forged).holds, false);
  const withoutFinding = { ...decide(input({ evidence: [] })), verdict: "pass" } as const;
  assert.match(
    replay(withoutFinding).differences.join("\n"),
    /verdict: the record says "pass", this engine says "fail"/,
  );
});
