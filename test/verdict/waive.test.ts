import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelChange } from "../../gate/model/change.ts";
import type { Waiver } from "../../gate/model/policy.ts";
import type { Tier } from "../../gate/model/tier.ts";
import type { WaiverUses } from "../../gate/model/trail.ts";
import { waive } from "../../gate/verdict/waive.ts";
import { HEAD_DIGEST, manifest, model, OTHER_DIGEST, version } from "../rules/view.ts";
import { gate } from "./gates.ts";

function waiver(overrides: Partial<Waiver> = {}): Waiver {
  return {
    id: "WVR-2026-0001",
    place: { path: ".weighbridge/waivers/WVR-2026-0001.yml" },
    model: "m",
    gates: ["auc-floor"],
    scope: { kind: "digest", digest: HEAD_DIGEST },
    reason:
      "The holdout was relabelled; the loss is of the labels, not of the model, as the attached analysis shows.",
    riskAccepted: "Slightly worse ranking for four weeks",
    compensatingControls: [],
    requestedBy: "maria",
    approvals: [{ role: "risk", userId: 7, login: "jo" }],
    created: "2026-11-10T00:00:00Z",
    expires: "2026-12-01T00:00:00Z",
    renewals: 0,
    ...overrides,
  };
}

function used(count: number, id = "WVR-2026-0001"): WaiverUses {
  return { waiver: id, count };
}

const judgement = { outcome: "fail", findings: [], evidence: [], measured: 0.7 } as const;

function reason(
  overrides: Partial<Waiver>,
  at: {
    tier?: Tier;
    now?: string;
    waivable?: boolean;
    rule?: string;
    changed?: ModelChange;
    uses?: readonly WaiverUses[];
  } = {},
): string | undefined {
  const { tier = "T2", now = "2026-11-21T12:00:00Z", waivable = true, rule = "metric.floor" } = at;
  const { changed = model(), uses } = at;
  const judged = { id: "m", changeClass: "B", tier, tierReasons: [] } as const;
  const result = waive([waiver(overrides)], {
    gate: gate({ waivable, rule }),
    judgement,
    model: changed,
    judged,
    now,
    uses,
  });
  return result.waiver === undefined ? (result.refusedWaivers[0]?.reason ?? "not named") : undefined;
}

const REFUSED: readonly (readonly [
  string,
  string | RegExp,
  Partial<Waiver>,
  Parameters<typeof reason>[1]?,
])[] = [
  ["C44: one that expired", /expired/, {}, { now: "2026-12-01T00:00:00Z" }],
  ["one that has not begun", /begins only/, {}, { now: "2026-11-09T00:00:00Z" }],
  ["one that lives longer than its tier allows", /30 days/, { expires: "2027-02-01T00:00:00Z" }],
  ["one that was renewed twice", /renewed 2 times/, { renewals: 2 }],
  ["one whose uses cannot be counted", /cannot be counted/, { maxUses: 3 }],
  ["one whose uses nobody counted", /cannot be counted/, { maxUses: 3 }, { uses: [used(0, "another")] }],
  ["one that was used as often as it may be", /used 3 of 3 times/, { maxUses: 3 }, { uses: [used(3)] }],
  ["one that was used more often", /used 4 of 3 times/, { maxUses: 3 }, { uses: [used(4)] }],
  [
    "C44: one that its requester approved",
    /asked for it/,
    { approvals: [{ role: "risk", userId: 7, login: "maria" }] },
  ],
  ["one that its requester approved by number", /asked for it/, { requestedBy: "7" }],
  [
    "one without the role that its tier asks for",
    /risk has not approved/,
    { approvals: [{ role: "owner", userId: 7 }] },
  ],
  [
    "one where one person holds both roles",
    /one person/,
    {
      expires: "2026-11-23T00:00:00Z",
      approvals: [
        { role: "risk", userId: 7 },
        { role: "compliance", userId: 7 },
      ],
    },
    { tier: "T1" },
  ],
  ["C45: one about another digest", /is about sha256:c/, { scope: { kind: "digest", digest: OTHER_DIGEST } }],
  ["C45: one about another change class", /class A/, { scope: { kind: "change_class", changeClass: "A" } }],
  ["C45: one for another gate", "not named", { gates: ["another"] }],
  ["C45: one for another model", "not named", { model: "another" }],
  ["C45: one for a gate that can never be waived", /never be waived/, {}, { waivable: false }],
  ["one whose own floor is not reached", /past its own limit/, { floor: 0.71 }],
  ["one with dates that make no sense", /no sense/, { created: "soon" }],
];

for (const [name, expected, overrides, at] of REFUSED) {
  test(`waive() refuses ${name}`, () => {
    assert.match(
      reason(overrides, at) ?? "it was applied",
      expected instanceof RegExp ? expected : new RegExp(expected),
    );
  });
}

for (const [before, stated, range, expected] of [
  ["1.7.0", "1.8.3", ">=1.8.0 <1.9.0", undefined],
  [undefined, "1.8.0", "1.8.x", undefined],
  ["1.8.3", "1.8.3", "^1.8.0", undefined],
  ["1.8.3", "1.9.0", ">=1.8.0 <1.9.0", /about versions >=1.8.0 <1.9.0, this is 1.9.0/],
  // A version is the author's word: nobody becomes an older one to come under its waiver.
  ["2.0.0", "1.8.5", ">=1.8.0 <1.9.0", /goes back from version 2.0.0 to 1.8.5/],
  ["1.8.0", "1.8.1-rc.1", ">=1.8.0 <1.9.0", /this is 1.8.1-rc.1/],
  ["1.8.0", undefined, ">=1.8.0 <1.9.0", /states no version/],
] as const) {
  test(`waive() of ${range} for version ${stated} after ${before}`, () => {
    const at = (of: string | undefined) =>
      version(HEAD_DIGEST, { manifest: manifest(of === undefined ? {} : { version: of }) });
    const said = reason(
      { scope: { kind: "version_range", range } },
      { changed: model({ base: at(before), head: at(stated) }) },
    );
    if (expected === undefined) assert.equal(said, undefined);
    else assert.match(said ?? "it was applied", expected);
  });
}

test("waive() opens the gate where everything holds", () => {
  assert.equal(reason({}), undefined);
  assert.equal(reason({ scope: { kind: "change_class", changeClass: "B" } }), undefined);
  assert.equal(reason({ floor: 0.7 }), undefined);
  assert.equal(reason({ floor: 0.7 }, { rule: "metric.ceiling" }), undefined);
  const both = [
    { role: "risk", userId: 7 },
    { role: "compliance", userId: 8 },
  ];
  assert.equal(reason({ expires: "2026-11-23T00:00:00Z", approvals: both }, { tier: "T1" }), undefined);
});
