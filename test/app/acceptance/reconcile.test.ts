import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openGitStore } from "../../../gate/trail/git-store.ts";
import { reconcile } from "../../../gate/trail/reconcile.ts";
import { modelFiles } from "../../acceptance/governed.ts";
import type { Pull } from "../../github/nouns.ts";
import type { Files } from "../../github/play/pushes.ts";
import { current, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve } from "./scene.ts";

/** What the App writes, held against what the repository did. */

/** With a second model that is yet to come. */
const POLICIES = POLICY.replace("gates:\n", "  - { id: churn, path: models/churn, tier: T3 }\ngates:\n");

let team: Team;

before(async () => {
  team = await startTeam({ policy: POLICIES });
});
after(() => team.close());

type Method = "merge" | "squash" | "rebase";

async function enter(files: Files, method: Method, later: Files = {}): Promise<Pull> {
  const pull = await team.propose(files);
  const { olga, vera, rita, maria } = team.people;
  if (Object.keys(later).length > 0) {
    team.stand.play.push(team.repository, { branch: pull.head.ref, by: maria, files: later });
    await team.settle();
  }
  for (const by of [olga, vera, rita]) await approve(team, pull, by);
  assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.checkOf(pull.head.sha).text);
  team.stand.play.merge(pull, { by: maria, method });
  await team.settle();
  return pull;
}

async function kindsSince(size: number): Promise<readonly unknown[]> {
  const entries = (await team.trail()).slice(size);
  return entries
    .filter(({ predicate: { kind } }) => !/^(?:decision|approval|heartbeat|evidence)/.test(kind))
    .map(({ predicate: { kind, policy, role, model } }) => [kind, policy?.path ?? role?.name ?? model?.id]);
}

async function gaps() {
  await team.trail();
  const store = await openGitStore(team.repository.directory);
  try {
    const { findings, undecided, commits } = await reconcile({
      ...{ store, governed: team.repository.directory, now: new Date() },
    });
    assert.deepEqual(undecided, []);
    return { findings: findings.map(({ code, message }) => `${code}: ${message}`), commits };
  } finally {
    await store.close();
  }
}

describe("the trail of an App", { concurrency: 1 }, () => {
  it("has every merge, whichever way it was made", async () => {
    await enter(nextModel(2), "merge");
    await enter(nextModel(3), "squash", { "models/credit-pd/README.md": "Better.\n" });
    await enter(nextModel(4), "rebase", { "models/credit-pd/README.md": "Best.\n" });
    assert.deepEqual(await gaps(), { findings: [], commits: 4 });
  });

  it("says which merge changed the policy and the roles", async () => {
    const { length } = await team.trail();
    const policy = POLICIES.replace("min: 0.8", "min: 0.81").replace("[rita]", "[rita, vera]");
    await enter({ ".weighbridge/policy.yml": policy }, "rebase", { "models/credit-pd/README.md": "Good.\n" });
    assert.deepEqual(await kindsSince(length), [
      ["merge.observed", undefined],
      ["policy.changed", ".weighbridge/policy.yml"],
      ["role.changed", "risk"],
    ]);
    assert.deepEqual((await gaps()).findings, []);
  });

  it("says which models came and went", async () => {
    const { length } = await team.trail();
    const churn = current(modelFiles({ folder: "models/churn", id: "churn" }));
    await enter(churn, "merge");
    const manifest = "models/churn/model.yml";
    await enter(
      { [manifest]: `${churn[manifest]}`.replace("status: candidate", "status: retired") },
      "merge",
    );
    assert.deepEqual(await kindsSince(length), [
      ["merge.observed", undefined],
      ["model.registered", "churn"],
      ["merge.observed", undefined],
      ["model.retired", "churn"],
    ]);
    assert.deepEqual((await gaps()).findings, []);
  });

  it("names what went around it as that, and nothing else is missing", async () => {
    const { play } = team.stand;
    play.push(team.repository, {
      ...{ branch: "main", by: team.people.maria },
      files: { ".weighbridge/policy.yml": POLICIES },
    });
    await team.settle();
    const pull = await team.propose(nextModel(9, 0.5));
    play.merge(pull, { by: team.stand.github.owner, method: "rebase" });
    await team.settle();
    assert.deepEqual((await gaps()).findings, []);
  });
});
