import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as faults from "../../github/faults.ts";
import { tip } from "../../github/git-data.ts";
import { nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, until } from "./scene.ts";

/** What was heard of a branch is where the weighing begins; what GitHub says after it is what counts. */

const STRICT = POLICY.replace("min: 0.8", "min: 0.95");

let team: Team;

before(async () => {
  team = await startTeam({ clock: HASTY, staleMs: 0 });
});
after(() => team.close());

/** Runs `change` of which no delivery tells. */
function unheard<T>(change: () => T): T {
  const { hooks } = team.stand.github;
  hooks.take(() => undefined);
  try {
    return change();
  } finally {
    hooks.take(undefined);
  }
}

describe("the tip of a base", () => {
  it("counts as GitHub has it, though nobody told of its last commit", async () => {
    const { stand, repository } = team;
    const pull = await team.propose(nextModel(2, 0.9));
    const parents = [tip(repository, "main")];
    const files = { ".weighbridge/policy.yml": STRICT };
    unheard(() => stand.play.push(repository, { branch: "main", by: stand.github.owner, parents, files }));
    await approve(team, pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "failure", team.commentOn(pull));
    assert.match(team.checkOf(pull.head.sha).text, /auc-floor/);
    unheard(() => stand.play.push(repository, { branch: "main", by: stand.github.owner, sha: parents[0]! }));
    stand.play.comment(pull, { by: team.people.maria, body: "/weighbridge recheck" });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  });

  it("counts though GitHub answers once from before it moved", async () => {
    const { stand, repository } = team;
    const parents = [tip(repository, "main")];
    const by = stand.github.owner;
    stand.play.push(repository, { branch: "slow", by, parents, files: { "README.md": "Slow\n" } });
    stand.fail({ match: "graphql pullRequest", times: 2, effect: faults.STALE });
    const pull = await team.propose(nextModel(5, 0.9), { base: "slow" });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
    stand.play.push(repository, { branch: "slow", by, files: { ".weighbridge/policy.yml": STRICT } });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "failure", team.commentOn(pull));
  });

  it("counts though something was heard that is no commit", async () => {
    const pull = await team.propose(nextModel(3));
    const { archive } = team.running.services.store;
    await archive.set(`tip/${team.repository.id}/main`, "f".repeat(40));
    await approve(team, pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    assert.equal(await archive.get(`tip/${team.repository.id}/main`), tip(team.repository, "main"));
  });
});

describe("what comes while a change is measured", () => {
  it("C42: a review counts though nobody told of it", async () => {
    const { stand, people, repository } = team;
    const asked = stand.count("git/get-tree");
    stand.fail({ match: "git/get-tree", effect: faults.delay(400) });
    const parents = [tip(repository, "main")];
    stand.play.push(repository, { branch: "meanwhile", by: people.maria, parents, files: nextModel(4) });
    const pull = stand.play.openPull(repository, { head: "meanwhile", by: people.maria });
    await until(() => stand.count("git/get-tree") > asked);
    unheard(() => stand.play.review(pull, { by: people.olga, state: "APPROVED" }));
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  });
});
