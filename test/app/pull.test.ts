import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kindsOf, nextModel, startTeam } from "./team.ts";

describe("a pull request that changes a model", () => {
  test("waits for its owner, passes with the owner's word, and is in the trail when it is merged", async () => {
    const team = await startTeam();
    try {
      const pull = await team.propose(nextModel());
      assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
      assert.match(team.commentOn(pull), /owner/);
      team.stand.play.review(pull, { by: team.people.olga, state: "APPROVED" });
      await team.settle();
      assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
      team.stand.play.merge(pull, { by: team.people.maria });
      await team.settle();
      assert.deepEqual(kindsOf(await team.trail()), [
        "trail.created",
        "decision.made wait",
        "approval.granted",
        "decision.made pass",
        "merge.observed",
      ]);
    } finally {
      await team.close();
    }
  });
});
