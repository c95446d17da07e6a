import assert from "node:assert/strict";
import { test } from "node:test";
import { usersAt } from "../../gate/approval/delegates.ts";
import { role } from "./ballots.ts";

test("a delegate acts from the first to the last of their days, in UTC", () => {
  const olu = { user: "olu", from: "2026-12-01", until: "2026-12-14" };
  const owner = role({ users: ["maria"], delegates: [olu, { ...olu, user: "maria" }] });
  const at = (now: string) => usersAt(owner, now);
  assert.deepEqual(at("2026-11-30T23:59:59Z"), ["maria"]);
  assert.deepEqual(at("2026-12-01T00:00:00Z"), ["maria", "olu"]);
  assert.deepEqual(at("2026-12-14T23:59:59Z"), ["maria", "olu"]);
  assert.deepEqual(at("2026-12-15T00:00:00Z"), ["maria"]);
  assert.deepEqual(usersAt(role({ users: ["maria"] }), "2026-12-01T00:00:00Z"), ["maria"]);
});
