import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { modelFiles } from "../../acceptance/governed.ts";
import { tip } from "../../github/git-data.ts";
import type { Pull } from "../../github/nouns.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, issuesOf } from "./scene.ts";

/** What becomes of a branch: merged by its gate, in a queue, or around it. */

const SECOND = { folder: "models/churn", id: "churn" };
const TWO_MODELS = POLICY.replace(
  "gates:\n",
  "  - { id: churn, path: models/churn, tier: T3 }\ngates:\n",
);

let team: Team;

before(async () => {
  team = await startTeam({ policy: TWO_MODELS, files: currentFiles(SECOND) });
});
after(() => team.close());

function currentFiles(options: Parameters<typeof modelFiles>[0]) {
  return Object.fromEntries(
    Object.entries(modelFiles(options)).map(([path, content]) => [
      path,
      typeof content === "string"
        ? content.replace("2026-11-20T09:00:00Z", `${new Date().toISOString().slice(0, 10)}T00:00:00Z`)
        : content,
    ]),
  );
}

/** Approved, and green. */
async function passing(files: ReturnType<typeof currentFiles>): Promise<Pull> {
  const pull = await team.propose(files);
  await approve(team, pull);
  assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  return pull;
}

async function newKinds(act: () => void | Promise<unknown>): Promise<readonly string[]> {
  const known = (await team.trail()).length;
  await act();
  await team.settle();
  return kindsOf((await team.trail()).slice(known));
}

describe("a group of the merge queue", () => {
  it("C77: is judged by its combined tree, and passes with what was approved of each part", async () => {
    const { play } = team.stand;
    const pulls = [await passing(nextModel(2)), await passing(currentFiles({ ...SECOND, version: 2, auc: 0.9 }))];
    const group = play.enqueue(pulls, { by: team.people.maria });
    await team.settle();
    assert.equal(team.checkOf(group.head.sha).conclusion, "success", team.checkOf(group.head.sha).text);
    const kinds = await newKinds(() => play.mergeGroup(group));
    assert.deepEqual(kinds, ["merge.observed", "merge.observed"]);
  });

  it("C77: with a part that nobody approved does not pass, whatever its branch is called", async () => {
    const { play } = team.stand;
    const pull = await team.propose(nextModel(3));
    const group = play.enqueue([pull], { by: team.people.maria });
    await team.settle();
    const check = team.checkOf(group.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(check.text, /has no passing decision/);
    play.destroyGroup(group, { reason: "dequeued" });
    play.closePull(pull, { by: team.people.maria });
    await team.settle();
  });

  it("C77: whose parts make a model together that nobody weighed does not pass", async () => {
    const { play } = team.stand;
    const metrics = currentFiles({ version: 5, auc: 0.91 });
    const pulls = [await passing(nextModel(5)), await passing(metrics)];
    assert.equal(pulls.length, 2);
    const group = play.enqueue(pulls.slice(0, 1), { by: team.people.maria });
    play.destroyGroup(group, { reason: "invalidated" });
    await team.settle();
    for (const pull of pulls) play.closePull(pull, { by: team.people.maria });
    await team.settle();
  });
});

describe("a change that goes around the gate", () => {
  it("C79: an administrator's merge is in the trail, and an issue is opened once", async () => {
    const { play, github } = team.stand;
    const pull = await team.propose(nextModel(6));
    const opened = issuesOf(team).length;
    const kinds = await newKinds(() => play.merge(pull, { by: github.owner, bypass: true }));
    assert.deepEqual(kinds, ["bypass.detected"]);
    assert.equal(issuesOf(team).length, opened + 1);
  });

  it("C79: so is a direct push of a model", async () => {
    const { play } = team.stand;
    const opened = issuesOf(team).length;
    const kinds = await newKinds(() =>
      play.push(team.repository, { branch: "main", by: team.people.maria, files: nextModel(7) }),
    );
    assert.deepEqual(kinds, ["bypass.detected"]);
    assert.equal(issuesOf(team).length, opened + 1);
  });

  it("C79: a direct push of words alone is nobody's business", async () => {
    const kinds = await newKinds(() =>
      team.stand.play.push(team.repository, {
        branch: "main",
        by: team.people.maria,
        files: { "README.md": "Other words\n" },
      }),
    );
    assert.deepEqual(kinds, []);
  });

  it("C79: a direct push that loosens the policy is one, too", async () => {
    const loose = TWO_MODELS.replace("min: 0.8", "min: 0.1");
    const files = { ".weighbridge/policy.yml": loose };
    const kinds = await newKinds(() =>
      team.stand.play.push(team.repository, { branch: "main", by: team.people.maria, files }),
    );
    assert.deepEqual(kinds, ["bypass.detected"]);
  });

  it("C79: a push that hides a model beside the merge of a good pull request is one", async () => {
    const { play } = team.stand;
    const pull = await passing(nextModel(8));
    const { repository, people } = team;
    const evil = play.commit(repository, {
      parents: [tip(repository, "main")],
      files: currentFiles({ ...SECOND, version: 66, auc: 0.99 }),
      author: people.maria,
    });
    const merge = play.commit(repository, {
      parents: [evil, pull.head.sha],
      files: nextModel(8),
      author: people.maria,
    });
    const kinds = await newKinds(() =>
      play.push(repository, { branch: "main", by: people.maria, sha: merge }),
    );
    assert.ok(kinds.includes("bypass.detected"), `${kinds}`);
  });

  it("C79: a force push of the default branch is one, whatever it brings", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    const sha = play.commit(repository, {
      parents: [],
      files: { "README.md": "A new history\n", ".weighbridge/policy.yml": TWO_MODELS, ...nextModel() },
      author: people.maria,
    });
    const kinds = await newKinds(() => play.push(repository, { branch: "main", by: people.maria, sha }));
    assert.deepEqual(kinds, ["bypass.detected"]);
    assert.match(issuesOf(team).at(-1)?.body ?? "", /a force push/);
  });
});
