import assert from "node:assert/strict";
import { test } from "node:test";
import { barOf, hasUnlinked, rolesOf } from "../../gate/approval/separation.ts";
import type { Part, Vote } from "../../gate/model/approval.ts";
import { approvals, vote } from "./ballots.ts";

const BARRED: readonly (readonly [
  name: string,
  vote: Partial<Vote>,
  part: Part | undefined,
  reason: RegExp,
])[] = [
  ["C22: the author", {}, "author", /wrote it/],
  ["C23: a committer", {}, "committer", /committed to it/],
  ["C23: a co-author", {}, "co-author", /co-author/],
  ["C23: who pushed", {}, "pusher", /pushed it/],
  ["C44: who asked for the waiver", {}, "requester", /asked for the waiver/],
  ["C28: a bot", { isBot: true }, undefined, /a bot/],
  ["C22: a bot of the author's", { isBot: true }, "author", /a bot/],
  ["C25: who lost the right to write", { canWrite: false }, undefined, /may not write/],
  ["an auditor", { roles: ["owner", "auditor"] }, undefined, /auditor/],
];

for (const [name, overrides, part, reason] of BARRED) {
  test(`${name} does not approve`, () => {
    const participants = part === undefined ? [] : [{ part, userId: 7 }];
    assert.match(barOf(vote(7, ["owner"], overrides), approvals([], { participants })) ?? "", reason);
  });
}

test("who developed the model before approves it in any role but that of the validator", () => {
  const people = approvals([], { participants: [{ part: "developer", userId: 7 }] });
  const both = vote(7, ["owner", "validator"]);
  assert.equal(barOf(both, people), undefined);
  assert.deepEqual(rolesOf(both, people), ["owner"]);
  assert.deepEqual(rolesOf(vote(8, ["owner", "validator"]), people), ["owner", "validator"]);
});

test("C23: an e-mail address without an account is noticed, C25: and so is an account that is gone", () => {
  assert.equal(hasUnlinked(approvals()), false);
  assert.equal(hasUnlinked(approvals([], { participants: [{ part: "committer" }] })), true);
});
