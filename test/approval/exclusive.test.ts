import assert from "node:assert/strict";
import { test } from "node:test";
import { choicesOf } from "../../gate/approval/exclusive.ts";
import { role } from "./ballots.ts";

const ROLES = { owner: role(), validator: role({ exclusiveWith: ["owner"] }), risk: role() };
const rolesIn = (choices: ReturnType<typeof choicesOf>) =>
  choices.map((voters) => voters.map(({ roles }) => roles.join("+")).join(" ")).sort();

test("who holds two roles that exclude one another chooses between them, and keeps the others", () => {
  const voters = [{ userId: 7, roles: ["owner", "risk", "validator"] }];
  assert.deepEqual(rolesIn(choicesOf(voters, ROLES)), ["owner+risk", "risk+validator"]);
});

test("people who hold no such roles have one way to go, as they are", () => {
  const voters = [
    { userId: 7, roles: ["owner", "risk"] },
    { userId: 8, roles: ["validator"] },
  ];
  assert.deepEqual(choicesOf(voters, ROLES), [voters]);
  assert.deepEqual(choicesOf([], ROLES), [[]]);
});

test("ways are combined, and no more of them are looked at than can be", () => {
  const both = (userId: number) => ({ userId, roles: ["owner", "validator"] });
  assert.equal(choicesOf([both(1), both(2), both(3)], ROLES).length, 8);
  const many = choicesOf(
    Array.from({ length: 40 }, (_, index) => both(index)),
    ROLES,
  );
  assert.ok(many.length <= 256);
  for (const voters of many) assert.equal(voters.length, 40);
});

test("of a hundred roles that all exclude one another nobody acts in two", () => {
  const names = Array.from({ length: 100 }, (_, index) => `role-${index}`);
  const roles = Object.fromEntries(names.map((name) => [name, role({ exclusiveWith: names })]));
  const choices = choicesOf([{ userId: 1, roles: names }], roles);
  assert.ok(choices.length > 0);
  for (const [voter] of choices) assert.ok(voter !== undefined && voter.roles.length <= 1);
});
