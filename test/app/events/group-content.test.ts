import assert from "node:assert/strict";
import { test } from "node:test";
import { findStray, isWithin, withWordsOf } from "../../../app/events/group-content.ts";
import type { FileChange } from "../../../gate/model/change.ts";
import type { DecisionInput } from "../../../gate/model/decision.ts";
import type { EvidenceProblem } from "../../../gate/model/evidence.ts";
import { decide } from "../../../gate/verdict/decide.ts";
import { metric, model, OTHER_DIGEST, policy, source, version } from "../../rules/view.ts";
import { gate, input } from "../../verdict/gates.ts";

const judged = (overrides: Partial<DecisionInput> = {}) => decide(input(overrides));

/** What the commits of the pull request, and of the group, say. */
const COMMITTED = metric();
const MEASURED = metric({ trust: "ci", value: 0.81, source: source({ path: "out/metrics.json" }) });
const GROUP = judged();

test("a group has what the run of its pull request measured, and what of that run was of no use", () => {
  const unused: EvidenceProblem = {
    ...{ side: "head", code: "EVIDENCE_UNUSED", message: "x", place: { path: "out/y.json" }, metrics: [] },
  };
  const part = judged({ evidence: [COMMITTED, MEASURED], problems: [unused] });
  assert.equal(findStray(GROUP, [part]), undefined);
  const whole = withWordsOf(GROUP, [part]);
  assert.equal(whole.digests.subject, part.digests.subject);
  assert.deepEqual(whole.input.problems, [unused]);
});

test("a committed number that the run stood for and did not report does not count in the group either", () => {
  const silent: EvidenceProblem = {
    ...{ model: "m", side: "head", code: "METRIC_NOT_IN_RUN", message: "x", place: { path: "out/m.json" } },
    ...{ metrics: ["roc_auc"], trust: "ci", silent: true },
  };
  const other = metric({ name: "brier" });
  const part = judged({ evidence: [other], problems: [silent] });
  const group = judged({ evidence: [COMMITTED, other] });
  assert.equal(findStray(group, [part]), undefined);
  const whole = withWordsOf(group, [part]);
  assert.deepEqual(whole.input.evidence, [other]);
  assert.equal(whole.digests.subject, part.digests.subject);
});

test("what the trail says of the champion is the group's own, and is there once", () => {
  const champion = (seq: number) =>
    metric({
      ...{ side: "base", trust: "ci" },
      source: source({ adapter: "trail@1", path: `weighbridge-trail/${seq}` }),
    });
  const part = judged({ evidence: [COMMITTED, champion(4)] });
  const group = judged({ evidence: [COMMITTED, champion(9)] });
  assert.equal(findStray(group, [part]), undefined);
  const whole = withWordsOf(group, [part]);
  assert.equal(whole.digests.subject, part.digests.subject);
  assert.deepEqual(
    whole.input.evidence.filter(({ side }) => side === "base").map((item) => item.source.path),
    ["weighbridge-trail/9"],
  );
});

/** A change of one model: its weights, and a file beside them. */
function changeOf(oid: string): DecisionInput["change"] {
  const file: FileChange = {
    ...{ status: "modified", path: "m/README.md" },
    head: { path: "m/README.md", kind: "file", oid: oid.repeat(40) },
  };
  const models = [model({ paths: [file.path, "m/model.safetensors"] })];
  return { base: "1", mergeBase: "1", head: "2", files: [file], models };
}

test("of two decisions about the same weights the one about the same files is the group's, with its run", () => {
  const first = judged({
    change: changeOf("a"),
    evidence: [COMMITTED, { ...MEASURED, value: 0.99 }],
  });
  const second = judged({ change: changeOf("b"), evidence: [COMMITTED, MEASURED] });
  const group = judged({ change: changeOf("b") });
  assert.equal(findStray(group, [first, second]), undefined);
  assert.deepEqual(findStray(group, [first]), { kind: "model", name: "m" });
  const { evidence } = withWordsOf(group, [first, second]).input;
  assert.deepEqual(
    evidence.map((item) => item.kind === "metric" && item.value),
    [0.8, 0.81],
  );
});

const CHANGED: Readonly<Record<string, Partial<DecisionInput>>> = {
  "other weights": {
    change: { ...changeOf("a"), models: [model({ head: version(OTHER_DIGEST) })] },
  },
  "another byte of a committed result": {
    evidence: [metric({ source: source({ digest: OTHER_DIGEST }) })],
  },
  "a number that nobody was shown": { evidence: [COMMITTED, metric({ name: "brier" })] },
  "a number less": { evidence: [] },
  "a result that cannot be read": {
    problems: [{ model: "m", side: "head", code: "JSON_SYNTAX", message: "x", place: { path: "m/x.json" } }],
  },
  "another model": { change: { ...changeOf("a"), models: [model({ id: "n" })] } },
};

for (const [name, overrides] of Object.entries(CHANGED)) {
  test(`a group with ${name} is not what was decided`, () => {
    const part = judged({ evidence: [COMMITTED, MEASURED] });
    const group = judged(overrides);
    assert.equal(findStray(group, [part])?.kind, "model");
    assert.equal(isWithin(part, group), false);
  });
}

test("a pull request is within a group that has all that it was about, by the same policy", () => {
  const part = judged({ evidence: [COMMITTED, MEASURED] });
  const more = judged({ change: { ...GROUP.input.change, models: [model(), model({ id: "n" })] } });
  assert.equal(isWithin(part, GROUP), true);
  assert.equal(isWithin(part, more), true);
  assert.equal(isWithin(more, GROUP), false);
  const stricter = policy({
    ...GROUP.input.policy,
    gates: [gate({ with: { metric: "roc_auc", min: 0.79 } })],
  });
  assert.equal(isWithin(part, judged({ policy: stricter })), false);
  const nothing = judged({ change: { ...GROUP.input.change, models: [] }, evidence: [] });
  assert.equal(isWithin(nothing, GROUP), false);
});
