import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { claimsOf } from "../../gate/approval/waiver-claims.ts";
import type { Vote } from "../../gate/model/approval.ts";
import type { Waiver } from "../../gate/model/policy.ts";
import { AUTHOR, ballot, OTHER_SUBJECT, ROLES, vote } from "./ballots.ts";

/** What the file of a waiver says of its approvers counts only where they said it. */

const [OLGA, RITA] = [100, 101];

function waiver(overrides: Partial<Waiver> = {}): Waiver {
  return {
    id: "WVR-2026-0001",
    place: { path: ".weighbridge/waivers/WVR-2026-0001.yml", line: 1 },
    model: "m",
    gates: ["auc-floor"],
    scope: { kind: "change_class", changeClass: "C" },
    reason: "The feed is down",
    riskAccepted: "None",
    compensatingControls: [],
    requestedBy: "7",
    approvals: [
      { role: "owner", userId: OLGA },
      { role: "risk", userId: RITA },
    ],
    created: "2026-11-01T00:00:00Z",
    expires: "2026-11-20T00:00:00Z",
    renewals: 0,
    ...overrides,
  };
}

const BOTH = [vote(OLGA, ["owner"]), vote(RITA, ["risk"])];

type Case = readonly [
  title: string,
  votes: readonly Vote[],
  states: readonly string[],
  overrides?: Partial<Waiver>,
];

const CASES: readonly Case[] = [
  ["both approved, each in the role", BOTH, ["approved", "approved"]],
  ["one has not", [vote(RITA, ["risk"])], ["absent", "approved"]],
  ["one holds another role", [vote(OLGA, ["validator"]), vote(RITA, ["risk"])], ["absent", "approved"]],
  [
    "one approved other content",
    [vote(OLGA, ["owner"], { subject: OTHER_SUBJECT }), vote(RITA, ["risk"])],
    ["absent", "approved"],
  ],
  ["one asked for it", BOTH, ["approved", "involved"], { requestedBy: String(RITA) }],
  [
    "the author is named",
    [...BOTH, vote(AUTHOR, ["owner"])],
    ["involved"],
    { approvals: [{ role: "owner", userId: AUTHOR }] },
  ],
];

describe("claimsOf()", () => {
  for (const [title, votes, states, overrides] of CASES) {
    it(title, () => {
      const claims = claimsOf([waiver(overrides)], ballot(votes), ROLES);
      assert.deepEqual(
        claims.map(({ state }) => state),
        states,
      );
    });
  }
});
