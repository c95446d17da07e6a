import assert from "node:assert/strict";
import { test } from "node:test";
import { type Demand, demandOf } from "../../gate/approval/matrix.ts";
import { areFilled, seatsAbout, seatsOf } from "../../gate/approval/seating.ts";
import { standingsOf } from "../../gate/approval/standing.ts";
import type { Approvals, Seat, Vote } from "../../gate/model/approval.ts";
import type { JudgedModel } from "../../gate/model/decision.ts";
import type { Policy } from "../../gate/model/policy.ts";
import { AUTHOR, ballot, judged, OTHER_SUBJECT, ROLES, role, unbound, vote } from "./ballots.ts";

interface Setting {
  readonly demand?: Demand;
  readonly approvals?: Partial<Approvals>;
  readonly roles?: Policy["roles"];
}

const ALL = ["owner", "validator", "risk", "compliance"];

function seatsFor(
  votes: readonly Vote[],
  { demand, approvals, roles = ROLES }: Setting = {},
): readonly Seat[] {
  const asked = demand ?? demandOf(["validator", "owner"]);
  const about = ballot(votes, approvals);
  return seatsAbout(judged(), { ballot: about, roles, demandAbout: () => asked, rejecting: ALL });
}

const shown = (seats: readonly Seat[]) =>
  seats.map(({ role: name, state, userId = "" }) => `${name} ${state} ${userId}`.trim());

test("each role is filled by somebody who holds it", () => {
  assert.deepEqual(shown(seatsFor([vote(7, ["owner"]), vote(8, ["validator"])])), [
    "validator approved 8",
    "owner approved 7",
  ]);
});

test("C43: who holds two roles sits where nobody else can", () => {
  const seats = seatsFor([vote(7, ["owner", "validator"]), vote(8, ["validator"])]);
  assert.deepEqual(shown(seats), ["validator approved 8", "owner approved 7"]);
});

test("C24: one person fills one role, however many they hold and however often they vote", () => {
  const twice = [
    vote(7, ["owner", "validator"]),
    vote(7, ["owner", "validator"], { source: { kind: "comment", id: 9 } }),
  ];
  assert.deepEqual(shown(seatsFor(twice)), ["validator approved 7", "owner waiting"]);
});

test("C25: a role that somebody no longer holds is not filled", () => {
  assert.deepEqual(shown(seatsFor([vote(7), vote(8, ["validator"])])), [
    "validator approved 8",
    "owner waiting",
  ]);
});

test("C22, C28, C25, C15: nobody who is barred, and no stale vote, fills a seat", () => {
  const votes = [
    vote(AUTHOR, ["owner"]),
    vote(7, ["owner"], { isBot: true }),
    vote(8, ["owner"], { canWrite: false }),
    vote(9, ["owner"], { subject: OTHER_SUBJECT }),
    unbound(vote(10, ["owner"])),
  ];
  const seats = seatsFor(votes, { demand: demandOf(["owner"]) });
  assert.deepEqual(shown(seats), ["owner waiting"]);
  assert.deepEqual(
    standingsOf(ballot(votes), seats).map(({ state }) => state),
    ["ignored", "ignored", "ignored", "stale", "stale"],
  );
});

test("a role that the policy does not name, or that could not be resolved, is filled by nobody", () => {
  const { owner: _, ...without } = ROLES;
  const votes = [vote(7, ["owner"])];
  const demand = demandOf(["owner"]);
  assert.deepEqual(shown(seatsFor(votes, { demand, roles: without })), ["owner waiting"]);
  const unresolved = [{ role: "owner", reason: "no such team" }];
  assert.deepEqual(shown(seatsFor(votes, { demand, approvals: { unresolved } })), ["owner waiting"]);
});

test("where no role is asked for, one other person who may write approves", () => {
  const demand = demandOf([]);
  assert.equal(areFilled(seatsFor([vote(7)], { demand })), true);
  assert.equal(areFilled(seatsFor([vote(AUTHOR)], { demand })), false);
  assert.equal(areFilled(seatsFor([vote(7, [], { canWrite: false })], { demand })), false);
  assert.equal(areFilled(seatsFor([], { demand })), false);
});

test("more people than roles may be asked for", () => {
  const demand = demandOf(["owner"], 3);
  assert.deepEqual(shown(seatsFor([vote(7, ["owner"]), vote(8)], { demand })), [
    "owner approved 7",
    "peer approved 8",
    "peer waiting",
  ]);
});

test("C23: an e-mail address without an account asks for one approval more", () => {
  const approvals = { participants: [{ part: "author", userId: AUTHOR }, { part: "committer" }] } as const;
  const two = [vote(7, ["owner"]), vote(8, ["validator"])];
  assert.equal(areFilled(seatsFor(two, { approvals })), false);
  assert.equal(areFilled(seatsFor([...two, vote(9)], { approvals })), true);
});

test("a rejection by somebody in a role keeps it closed, stale or not, whoever else approves", () => {
  const two = [vote(7, ["owner"]), vote(8, ["validator"])];
  for (const no of [
    vote(9, ["owner"], { kind: "reject" }),
    vote(9, ["risk"], { kind: "reject", subject: OTHER_SUBJECT }),
    vote(AUTHOR, ["owner"], { kind: "reject" }),
  ]) {
    const seats = seatsFor([...two, no]);
    assert.equal(areFilled(seats), false);
    assert.deepEqual(
      standingsOf(ballot([no]), seats).map(({ state }) => state),
      ["counted"],
    );
  }
  const outsider = vote(9, ["sre"], { kind: "reject" });
  const seats = seatsFor([...two, outsider]);
  assert.equal(areFilled(seats), true);
  assert.match(standingsOf(ballot([outsider]), seats)[0]?.reason ?? "", /in no role that is asked for/);
});

test("a rejection stands in the seat of its role", () => {
  assert.deepEqual(shown(seatsFor([vote(8, ["validator"]), vote(9, ["owner"], { kind: "reject" })])), [
    "validator approved 8",
    "owner rejected 9",
  ]);
});

const TWO: readonly JudgedModel[] = [
  judged({ id: "a", changeClass: "B" }),
  judged({ id: "b", changeClass: "C" }),
];
const DEMANDS: Readonly<Record<string, Demand>> = { B: demandOf(["owner"]), C: demandOf(["validator"]) };

function seatsOfTwo(votes: readonly Vote[], roles: Policy["roles"]): readonly (readonly Seat[])[] {
  const about = ballot(votes, {}, TWO);
  const demandAbout = ({ changeClass }: JudgedModel) => DEMANDS[changeClass] ?? demandOf([]);
  return TWO.map((model) => seatsAbout(model, { ballot: about, roles, demandAbout, rejecting: ALL }));
}

test("one person does not act in two roles that exclude one another, not even for two models", () => {
  const both = [vote(7, ["owner", "validator"])];
  assert.deepEqual(seatsOfTwo(both, ROLES).map(areFilled), [true, true]);
  const exclusive = { ...ROLES, validator: role({ exclusiveWith: ["owner"] }) };
  assert.deepEqual(seatsOfTwo(both, exclusive).map(areFilled).sort(), [false, true]);
  assert.deepEqual(seatsOfTwo([...both, vote(8, ["owner"])], exclusive).map(areFilled), [true, true]);
  assert.deepEqual(seatsOfTwo([...both, vote(8, ["validator"])], exclusive).map(areFilled), [true, true]);
});

test("an approval that names a model counts for that model alone", () => {
  const votes = [vote(7, ["owner"], { model: "a" }), vote(8, ["validator"], { model: "a" })];
  assert.deepEqual(seatsOfTwo(votes, ROLES).map(areFilled), [true, false]);
  const more = [...votes, vote(8, ["validator"], { model: "b", source: { kind: "comment", id: 1 } })];
  assert.deepEqual(seatsOfTwo(more, ROLES).map(areFilled), [true, true]);
});

test("an approval of one model does not approve the policy", () => {
  const asked = (votes: readonly Vote[]) =>
    seatsOf(demandOf(["risk"]), { ballot: ballot(votes), roles: ROLES });
  assert.equal(areFilled(asked([vote(7, ["risk"])])), true);
  assert.equal(areFilled(asked([vote(7, ["risk"], { model: "m" })])), false);
});
