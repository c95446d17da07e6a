import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { modelFiles } from "../../acceptance/governed.ts";
import { git, tip } from "../../github/git-data.ts";
import type { Pull } from "../../github/nouns.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, issuesOf, requireCheck } from "./scene.ts";

/** What becomes of a branch: merged by its gate, in a queue, or around it. */

const SECOND = { folder: "models/churn", id: "churn" };
const TWO_MODELS = POLICY.replace("gates:\n", "  - { id: churn, path: models/churn, tier: T3 }\ngates:\n");

let team: Team;

before(async () => {
  // What is asked for is judged, and no timer is the first that sees what happened to the trail.
  const timed = { clock: HASTY, flushMs: 600_000 };
  team = await startTeam({ ...timed, policy: TWO_MODELS, files: currentFiles(SECOND) });
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

async function newKinds(act: () => unknown): Promise<readonly string[]> {
  const known = (await team.trail()).length;
  act();
  await team.settle();
  return kindsOf((await team.trail()).slice(known));
}

/** Commits of a branch, the newest first. */
function history({ repository }: Team, branch: string): readonly string[] {
  return String(git(repository, "rev-list", branch))
    .trim()
    .split("\n");
}

describe("a group of the merge queue", () => {
  it("C77: is judged by its combined tree, and passes with what was approved of each part", async () => {
    const { play } = team.stand;
    const pulls = [
      await passing(nextModel(2)),
      await passing(currentFiles({ ...SECOND, version: 2, auc: 0.9 })),
    ];
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

  it("C77: does not pass with a commit that came after the approval, though nobody told the App of it", async () => {
    const { play, github } = team.stand;
    const pull = await passing(nextModel(4));
    github.hooks.take(() => undefined);
    play.push(team.repository, { branch: pull.head.ref, by: team.people.maria, files: nextModel(5) });
    github.hooks.take(undefined);
    const group = play.enqueue([pull], { by: team.people.maria });
    await team.settle();
    const check = team.checkOf(group.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(check.text, /The group is not what was approved/);
    play.destroyGroup(group, { reason: "invalidated" });
    play.closePull(pull, { by: team.people.maria });
    await team.settle();
  });

  it("C77: is not kept out by a pull request that is stacked on it and waits", async () => {
    const { play } = team.stand;
    const { maria } = team.people;
    const pull = await passing(nextModel(21));
    play.push(team.repository, {
      ...{ branch: "stacked", by: maria, parents: [pull.head.sha], files: nextModel(22), message: "stacked" },
    });
    const stacked = play.openPull(team.repository, { head: "stacked", by: maria });
    await team.settle();
    assert.equal(team.checkOf(stacked.head.sha).conclusion, "action_required");
    const group = play.enqueue([pull], { by: maria });
    await team.settle();
    assert.equal(team.checkOf(group.head.sha).conclusion, "success", team.checkOf(group.head.sha).text);
    play.destroyGroup(group, { reason: "dequeued" });
    // Together they are what neither decision was about, and the upper one was approved by nobody.
    const both = play.enqueue([pull, stacked], { by: maria });
    await team.settle();
    assert.equal(team.checkOf(both.head.sha).conclusion, "failure");
    assert.match(team.checkOf(both.head.sha).text, /has no passing decision/);
    play.destroyGroup(both, { reason: "dequeued" });
    for (const each of [stacked, pull]) play.closePull(each, { by: maria });
    await team.settle();
  });

  for (const method of ["squash", "rebase"] as const) {
    it(`C77: whose commits no pull request has passes where the queue makes a ${method} of what was approved`, async () => {
      const { play } = team.stand;
      const { maria } = team.people;
      const version = method === "squash" ? 24 : 27;
      const first = await passing(nextModel(version));
      const second = await passing(currentFiles({ ...SECOND, version, auc: 0.9 }));
      const ahead = play.enqueue([first], { by: maria, method });
      const behind = play.enqueue([second], { by: maria, method, behind: ahead });
      const both = play.enqueue([first, second], { by: maria, method });
      await team.settle();
      for (const { head } of [ahead, behind, both]) {
        assert.equal(team.checkOf(head.sha).conclusion, "success", team.checkOf(head.sha).text);
      }
      play.destroyGroup(behind, { reason: "invalidated" });
      play.destroyGroup(ahead, { reason: "invalidated" });
      const kinds = await newKinds(() => play.mergeGroup(both));
      assert.deepEqual(kinds, ["merge.observed", "merge.observed"]);
    });

    it(`C77: does not pass as a ${method} of what nobody approved, nor behind what somebody did`, async () => {
      const { play } = team.stand;
      const { maria } = team.people;
      const version = method === "squash" ? 25 : 28;
      const good = await passing(nextModel(version));
      const bad = await team.propose(currentFiles({ ...SECOND, version, auc: 0.9 }));
      const alone = play.enqueue([bad], { by: maria, method });
      const last = play.enqueue([good, bad], { by: maria, method });
      const hidden = play.enqueue([bad, good], { by: maria, method });
      await team.settle();
      for (const { head } of [alone, last]) {
        assert.equal(team.checkOf(head.sha).conclusion, "failure");
        assert.match(team.checkOf(head.sha).text, /has no passing decision/);
      }
      assert.equal(team.checkOf(hidden.head.sha).conclusion, "failure");
      assert.match(team.checkOf(hidden.head.sha).text, /churn as this group has it was part of no passing/);
      for (const group of [alone, last, hidden]) play.destroyGroup(group, { reason: "dequeued" });
      for (const pull of [good, bad]) play.closePull(pull, { by: maria });
      await team.settle();
    });
  }

  it("C77: is read to its last commit, however many there are", async () => {
    const { play } = team.stand;
    const { maria } = team.people;
    let head = tip(team.repository, "main");
    for (let count = 0; count < 130; count++) {
      head = play.commit(team.repository, { parents: [head], files: {}, author: maria });
    }
    play.push(team.repository, { branch: "long", by: maria, parents: [head], files: nextModel(30) });
    const pull = play.openPull(team.repository, { head: "long", by: maria });
    const beside = await team.propose({ "README.md": "Long\n" });
    const group = play.enqueue([pull, beside], { by: maria });
    await team.settle();
    const { conclusion, text } = team.checkOf(group.head.sha);
    assert.equal(conclusion, "failure");
    assert.match(text, new RegExp(`Pull request ${pull.number} of this group has no passing decision`));
    play.destroyGroup(group, { reason: "dequeued" });
    for (const each of [pull, beside]) play.closePull(each, { by: maria });
    await team.settle();
  });
});

describe("a change of two models", () => {
  const both = () => ({ ...nextModel(20), ...currentFiles({ ...SECOND, version: 20, auc: 0.9 }) });

  it("is approved model by model, in words of their own or in one comment", async () => {
    const { play } = team.stand;
    const { olga, maria } = team.people;
    const pull = await team.propose(both());
    const say = async (body: string) => {
      const comment = play.comment(pull, { by: olga, body });
      await team.settle();
      return { comment, conclusion: team.checkOf(pull.head.sha).conclusion };
    };
    assert.equal((await say("/weighbridge approve credit-pd")).conclusion, "action_required");
    const { comment, conclusion } = await say("/weighbridge approve churn");
    assert.equal(conclusion, "success", team.commentOn(pull));
    // What is taken back is that word alone.
    play.deleteComment(comment, { by: olga });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    assert.equal((await say("/weighbridge approve churn")).conclusion, "success", team.commentOn(pull));
    assert.equal((await say("/weighbridge withdraw")).conclusion, "action_required");
    const twice = await say("/weighbridge approve credit-pd\n/weighbridge approve churn");
    assert.equal(twice.conclusion, "success", team.commentOn(pull));
    play.closePull(pull, { by: maria });
    await team.settle();
  });
});

describe("a group of the merge queue, after its parts were judged", () => {
  it("C77: does not pass by another policy than that of the decisions", async () => {
    const { play, github } = team.stand;
    const pull = await passing(nextModel(12));
    const stricter = TWO_MODELS.replace("version: 1.0.0", "version: 1.1.0").replace("min: 0.8", "min: 0.81");
    // Nobody has told the App yet that the branch has another policy.
    github.hooks.take(() => undefined);
    play.push(team.repository, {
      ...{ branch: "main", by: github.owner, files: { ".weighbridge/policy.yml": stricter } },
    });
    github.hooks.take(undefined);
    const group = play.enqueue([pull], { by: team.people.maria });
    await team.settle();
    const check = team.checkOf(group.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(check.text, /was judged by another policy/);
    play.destroyGroup(group, { reason: "invalidated" });
    play.closePull(pull, { by: team.people.maria });
    await team.settle();
  });

  it("C77: does not pass with a policy that none of its parts was judged to bring", async () => {
    const { play } = team.stand;
    const policy = (min: number) =>
      TWO_MODELS.replace("version: 1.0.0", "version: 1.2.0").replace("min: 0.8", `min: ${min}`);
    const pull = await team.propose({ ".weighbridge/policy.yml": policy(0.82) });
    for (const by of [team.people.olga, team.people.rita]) await approve(team, pull, by);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    const good = play.enqueue([pull], { by: team.people.maria });
    await team.settle();
    assert.equal(team.checkOf(good.head.sha).conclusion, "success", team.checkOf(good.head.sha).text);
    play.destroyGroup(good, { reason: "dequeued" });
    await team.settle();
    // A queue that squashes names the last of them alone.
    const hidden = await team.propose({ ".weighbridge/policy.yml": policy(0.83) });
    const last = await passing(nextModel(13));
    const group = play.enqueue([hidden, last], { by: team.people.maria, method: "squash" });
    await team.settle();
    const check = team.checkOf(group.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(check.text, /policy\.yml as this group has it was part of no passing decision/);
    play.destroyGroup(group, { reason: "invalidated" });
    for (const each of [pull, hidden, last]) play.closePull(each, { by: team.people.maria });
    await team.settle();
  });
});

describe("the trail's branch", () => {
  it("C78: takes no pull request, whoever agrees to it", async () => {
    const { play } = team.stand;
    const pull = await team.propose({ "trail.json": "{}\n" }, { base: "weighbridge-trail" });
    await approve(team, pull);
    const check = team.checkOf(pull.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(check.text, /Nobody but Weighbridge writes its trail/);
    play.closePull(pull, { by: team.people.maria });
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

describe("a branch beside the default one, where the check is required", () => {
  const release = async () => {
    const { play, github } = team.stand;
    const { repository, people } = team;
    play.push(repository, { branch: "release", by: github.owner, sha: tip(repository, "main") });
    requireCheck(team, "release");
    const pull = await team.propose(nextModel(40), { base: "release" });
    await approve(team, pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    assert.deepEqual(await newKinds(() => play.merge(pull, { by: people.maria })), ["merge.observed"]);
  };

  it("C79: is looked after from the first change on that was judged for it", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    await release();
    const push = (files: ReturnType<typeof nextModel>) =>
      newKinds(() => play.push(repository, { branch: "release", by: people.maria, files }));
    assert.deepEqual(await push({ "NOTES.md": "Words\n" }), []);
    assert.deepEqual(await push(nextModel(41)), ["bypass.detected"]);
    assert.match(issuesOf(team).at(-1)?.body ?? "", /refs\/heads\/release/);
    const sha = play.commit(repository, {
      ...{ parents: [tip(repository, "main")], files: {}, author: people.maria },
    });
    const forced = await newKinds(() => play.push(repository, { branch: "release", by: people.maria, sha }));
    assert.deepEqual(forced, ["bypass.detected"]);
    assert.match(issuesOf(team).at(-1)?.body ?? "", /a force push/);
  });

  it("C79: and does not get rid of that by being deleted and made anew", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    const stood = tip(repository, "release");
    const sha = play.commit(repository, { parents: [stood], files: nextModel(42), author: people.maria });
    const anew = (made: string) =>
      newKinds(() => {
        play.deleteBranch(repository, { branch: "release", by: people.maria });
        play.push(repository, { branch: "release", by: people.maria, sha: made });
      });
    assert.deepEqual(await anew(stood), []);
    assert.deepEqual(await anew(sha), ["bypass.detected"]);
  });

  it("costs GitHub no question where no change was ever judged for it", async () => {
    const { play, github } = team.stand;
    const { repository } = team;
    requireCheck(team, "unmet");
    const asked = team.stand.requests.length;
    play.push(repository, { branch: "unmet", by: github.owner, sha: tip(repository, "main") });
    play.push(repository, { branch: "unmet", by: github.owner, files: nextModel(43) });
    await team.settle();
    assert.deepEqual(
      team.stand.requests.slice(asked).map(({ operation }) => operation),
      [],
    );
  });
});

describe("somebody else who writes the trail", () => {
  it("C78: is noticed, and nothing passes until a person has looked", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    for (const version of [8, 9]) {
      await team.propose(nextModel(version));
      await team.trail();
    }
    const pull = await team.propose(nextModel(10));
    await team.trail();
    // Back to before the last entries, as whoever wants them forgotten would do.
    const [first = ""] = history(team, "weighbridge-trail").slice(-2);
    play.push(repository, { branch: "weighbridge-trail", by: people.maria, sha: first });
    await approve(team, pull);
    const check = team.checkOf(pull.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(`${check.title}\n${check.text}`, /trail is halted/);
  });
});
