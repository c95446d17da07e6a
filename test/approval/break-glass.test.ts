import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Breaker,
  type BreakGlassRequest,
  closedGates,
  judgeBreakGlass,
} from "../../gate/approval/break-glass.ts";
import type { Participant } from "../../gate/model/approval.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { input } from "../verdict/gates.ts";

function breaker(overrides: Partial<Breaker> = {}): Breaker {
  return {
    userId: 7,
    roles: ["owner"],
    isBot: false,
    canWrite: true,
    at: "2026-11-21T03:00:00Z",
    ...overrides,
  };
}

const SECOND = breaker({ userId: 8, roles: ["risk"], at: "2026-11-21T03:10:00Z" });

function made(...participants: readonly Participant[]): NonNullable<BreakGlassRequest["approvals"]> {
  return { participants, complete: true };
}

/** A rollback of a critical model in the night, agreed to by two people. */
function request(overrides: Partial<BreakGlassRequest> = {}): BreakGlassRequest {
  return {
    requester: breaker(),
    second: SECOND,
    ground: "rollback",
    now: "2026-11-21T03:11:00Z",
    approvals: made({ part: "author", userId: 7 }),
    models: [{ tier: "T1", changeClass: "E" }],
    closed: [{ gate: "CORE-12", rule: "approvals.required", mapsTo: [] }],
    ...overrides,
  };
}

test("two people let a rollback in, and it is reviewed within a day", () => {
  assert.deepEqual(judgeBreakGlass(request()), {
    kind: "allowed",
    ground: "rollback",
    reviewBy: "2026-11-22T03:10:00Z",
  });
  const lower = judgeBreakGlass(request({ models: [{ tier: "T2", changeClass: "E" }] }));
  assert.equal(lower.kind === "allowed" && lower.reviewBy, "2026-11-24T03:10:00Z");
});

test("on call may ask for it, too", () => {
  assert.equal(judgeBreakGlass(request({ requester: breaker({ roles: ["sre"] }) })).kind, "allowed");
});

test("it waits for the second person, a quarter of an hour and no longer", () => {
  const { second: _, ...alone } = request();
  assert.deepEqual(judgeBreakGlass({ ...alone, now: "2026-11-21T03:15:00Z" }), {
    kind: "waiting",
    until: "2026-11-21T03:15:00Z",
    missing: 1,
  });
  assert.equal(judgeBreakGlass({ ...alone, now: "2026-11-21T03:15:01Z" }).kind, "refused");
});

const GHOSTLY = made({ part: "author" }, { part: "pusher", userId: 7 });
const THIRD = breaker({ userId: 9, roles: ["sre"], at: "2026-11-21T03:12:00Z" });

test("where somebody who made the change has no account, it takes three", () => {
  const { second: _, ...alone } = request({ approvals: GHOSTLY });
  const waiting = { kind: "waiting", until: "2026-11-21T03:15:00Z" };
  assert.deepEqual(judgeBreakGlass(alone), { ...waiting, missing: 2 });
  assert.deepEqual(judgeBreakGlass({ ...alone, second: SECOND }), { ...waiting, missing: 1 });
  assert.deepEqual(judgeBreakGlass({ ...alone, second: SECOND, third: THIRD }), {
    ...{ kind: "allowed", ground: "rollback" },
    reviewBy: "2026-11-22T03:12:00Z",
  });
});

test("a security fix and live harm are grounds for a change of any class", () => {
  for (const ground of ["security", "harm"] as const) {
    const result = judgeBreakGlass(request({ ground, models: [{ tier: "T1", changeClass: "C" }] }));
    assert.equal(result.kind === "allowed" && result.ground, ground);
  }
});

const MATERIAL = [{ tier: "T1", changeClass: "C" }] as const;
const { ground: _ground, ...WITHOUT_GROUND } = request({ models: MATERIAL });

function unasked(): BreakGlassRequest {
  const { approvals: _, ...rest } = request();
  return rest;
}

const REFUSED: readonly (readonly [name: string, request: BreakGlassRequest, reason: RegExp])[] = [
  [
    "a rollback that is none",
    request({ models: MATERIAL }),
    /for a rollback, a security fix or live harm alone/,
  ],
  ["a change for no stated ground", WITHOUT_GROUND, /for a rollback/],
  [
    "a requester in no role",
    request({ requester: breaker({ roles: ["risk"] }) }),
    /neither owner nor on call/,
  ],
  ["a bot", request({ requester: breaker({ isBot: true }) }), /a bot asked/],
  ["a requester who may not write", request({ requester: breaker({ canWrite: false }) }), /may not write/],
  ["one person twice", request({ second: { ...SECOND, userId: 7 } }), /one person gave both/],
  [
    "a second person in no role",
    request({ second: { ...SECOND, roles: ["validator"] } }),
    /neither risk nor/,
  ],
  ["a bot as the second", request({ second: { ...SECOND, isBot: true } }), /a bot gave/],
  [
    "a second person who wrote the change",
    request({ approvals: made({ part: "committer", userId: 8 }) }),
    /had a hand in the change/,
  ],
  [
    "a second word that came late",
    request({ second: { ...SECOND, at: "2026-11-21T03:15:01Z" } }),
    /within 15 minutes/,
  ],
  [
    "a second word from before",
    request({ second: { ...SECOND, at: "2026-11-21T02:59:59Z" } }),
    /within 15 minutes/,
  ],
  ["a change whose makers nobody looked for", unasked(), /nobody is known to have made/],
  ["a change that nobody made", request({ approvals: made() }), /nobody is known to have made/],
  [
    "a change whose commits were not all looked at",
    request({ approvals: { ...made({ part: "author", userId: 7 }), complete: false } }),
    /could not all be looked at/,
  ],
  ["one person as second and third", request({ approvals: GHOSTLY, third: SECOND }), /one person gave both/],
  [
    "a third person who wrote the change",
    request({ approvals: made({ part: "author" }, { part: "committer", userId: 9 }), third: THIRD }),
    /had a hand in the change/,
  ],
  [
    "a third word that came late",
    request({ approvals: GHOSTLY, third: { ...THIRD, at: "2026-11-21T03:15:01Z" } }),
    /within 15 minutes/,
  ],
  ["a time that cannot be read", request({ second: { ...SECOND, at: "soon" } }), /within 15 minutes/],
  ["a change without a model", request({ models: [] }), /touches no model/],
  ["an open change", request({ closed: [] }), /no gate is closed/],
];

for (const [name, asked, reason] of REFUSED) {
  test(`${name} is refused`, () => {
    const result = judgeBreakGlass(asked);
    assert.match(result.kind === "refused" ? result.reasons.join("\n") : result.kind, reason);
  });
}

test("what can never be skipped stays closed, under whatever id a policy asks for it", () => {
  for (const closed of [
    { gate: "CORE-05", mapsTo: [] },
    { gate: "SUP-01", mapsTo: [] },
    { gate: "SUP-15", mapsTo: [] },
    { gate: "PRIV-06", mapsTo: [] },
    { gate: "PRIV-11", mapsTo: [] },
    { gate: "prohibited-use", mapsTo: ["EUAIA-5"] },
    { gate: "our-digest", rule: "artifact.digest", mapsTo: [] },
    { gate: "our-scan", rule: "artifact.format", mapsTo: [] },
    { gate: "CORE-17", rule: "policy.change-guard", mapsTo: [] },
  ]) {
    assert.deepEqual(judgeBreakGlass(request({ closed: [closed] })), {
      kind: "refused",
      reasons: [`${closed.gate} can never be skipped`],
    });
  }
});

test("the gates that are closed are those that close the decision, with their rules", () => {
  const record = decide(input({ evidence: [] }));
  assert.deepEqual(closedGates(record), [{ gate: "auc-floor", rule: "metric.floor", mapsTo: [] }]);
});
