import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Waiver } from "../../gate/model/policy.ts";
import { diffWaivers } from "../../gate/policy/waiver-diff.ts";

const PATH = ".weighbridge/waivers/WVR-2026-0007.yml";

const WAIVER: Waiver = {
  id: "WVR-2026-0007",
  place: { path: PATH, line: 1 },
  model: "credit-pd",
  gates: ["auc-floor", "PERF-02"],
  scope: { kind: "change_class", changeClass: "B" },
  reason: "The feed of the bureau is down",
  riskAccepted: "Slightly more defaults",
  compensatingControls: [],
  floor: 0.7,
  requestedBy: "1",
  approvals: [
    { role: "owner", userId: 2 },
    { role: "risk", userId: 3 },
  ],
  created: "2026-11-10T09:00:00Z",
  expires: "2026-12-20T00:00:00Z",
  maxUses: 2,
  renewals: 0,
};

/** One line for each difference: `what: from → to (effect)`. */
function diff(before: Waiver | undefined, after: Waiver | undefined): readonly string[] {
  return diffWaivers(before, after).map(
    ({ what, from, to, effect }) => `${what}: ${from} → ${to} (${effect})`,
  );
}

describe("diffWaivers()", () => {
  it("takes one that is added for a demand less, and one that is removed for none", () => {
    const opens = "opens auc-floor, PERF-02 for credit-pd until 2026-12-20T00:00:00Z";
    assert.deepEqual(diff(undefined, WAIVER), [`WVR-2026-0007: none → ${opens} (loosened)`]);
    assert.deepEqual(diff(WAIVER, undefined), ["WVR-2026-0007: present → removed (tightened)"]);
    assert.deepEqual(diffWaivers(undefined, WAIVER)[0]?.place?.path, PATH);
  });

  it("takes the same under another id for another one, which starts to count anew", () => {
    const effects = diffWaivers(WAIVER, { ...WAIVER, id: "WVR-2026-0008" }).map(({ effect }) => effect);
    assert.deepEqual(effects, ["tightened", "loosened"]);
  });

  const { maxUses: _, ...unlimited } = WAIVER;
  const { floor: __, ...bottomless } = WAIVER;
  const cases: readonly (readonly [name: string, after: Waiver, expected: readonly string[]])[] = [
    ["itself", WAIVER, []],
    ["other words", { ...WAIVER, reason: "Another", riskAccepted: "None", ticket: "RISK-1" }, []],
    [
      "a gate more",
      { ...WAIVER, gates: ["auc-floor", "PERF-02", "DOC-01"] },
      ["WVR-2026-0007.gates: [auc-floor, PERF-02] → [auc-floor, PERF-02, DOC-01] (loosened)"],
    ],
    [
      "a gate less",
      { ...WAIVER, gates: ["auc-floor"] },
      ["WVR-2026-0007.gates: [auc-floor, PERF-02] → [auc-floor] (tightened)"],
    ],
    [
      "a later end",
      { ...WAIVER, expires: "2027-01-08T00:00:00Z" },
      ["WVR-2026-0007.expires: 2026-12-20T00:00:00Z → 2027-01-08T00:00:00Z (loosened)"],
    ],
    [
      "an earlier end",
      { ...WAIVER, expires: "2026-12-01T00:00:00Z" },
      ["WVR-2026-0007.expires: 2026-12-20T00:00:00Z → 2026-12-01T00:00:00Z (tightened)"],
    ],
    [
      "a later beginning",
      { ...WAIVER, created: "2026-11-20T09:00:00Z" },
      ["WVR-2026-0007.created: 2026-11-10T09:00:00Z → 2026-11-20T09:00:00Z (loosened)"],
    ],
    ["another model", { ...WAIVER, model: "other" }, ["WVR-2026-0007.model: credit-pd → other (loosened)"]],
    [
      "another scope",
      { ...WAIVER, scope: { kind: "change_class", changeClass: "C" } },
      [
        'WVR-2026-0007.scope: {"changeClass":"B","kind":"change_class"} → {"changeClass":"C","kind":"change_class"} (loosened)',
      ],
    ],
    [
      "another approver",
      { ...WAIVER, approvals: [WAIVER.approvals[0]!, { role: "risk", userId: 9 }] },
      ["WVR-2026-0007.approvals: [owner 2, risk 3] → [owner 2, risk 9] (loosened)"],
    ],
    [
      "somebody else who asked",
      { ...WAIVER, requestedBy: "4" },
      ["WVR-2026-0007.requested_by: 1 → 4 (loosened)"],
    ],
    ["uses without a limit", unlimited, ["WVR-2026-0007.max_uses: 2 → none (loosened)"]],
    ["fewer uses", { ...WAIVER, maxUses: 1 }, ["WVR-2026-0007.max_uses: 2 → 1 (tightened)"]],
    ["no hard floor", bottomless, ["WVR-2026-0007.floor: 0.7 → none (loosened)"]],
    ["a renewal", { ...WAIVER, renewals: 1 }, ["WVR-2026-0007.renewals: 0 → 1 (loosened)"]],
  ];
  for (const [name, after, expected] of cases) {
    it(`against ${name} finds ${expected.length === 0 ? "nothing" : expected.length}`, () => {
      assert.deepEqual(diff(WAIVER, after), expected);
    });
  }
});
