import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { OWN_EVENT } from "../../../app/events/ask.ts";
import { placePayload } from "../../../app/place.ts";
import { keyOf } from "../../../app/queue/address.ts";
import * as faults from "../../github/faults.ts";
import { readCommit } from "../../github/git/commits.ts";
import { readFiles } from "../../github/git/trees.ts";
import { entryAt, tip } from "../../github/git-data.ts";
import type { Issue, Pull } from "../../github/nouns.ts";
import type { MergeRequest } from "../../github/play/merges.ts";
import type { Files } from "../../github/play/pushes.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, issuesOf } from "./scene.ts";

/** The way back from what broke the glass: a pull request, when nobody has looked in time. */

const WITH_SRE = POLICY.replace("models:\n", "  sre: { users: [sid] }\nmodels:\n");
const HARM = "/weighbridge break-glass because harm: the model in production declines everybody";
const DAY_MS = 86_400_000;
const WORKFLOW = ".github/workflows/train.yml";

interface Scene extends Team {
  /** The pull request that enters against closed gates. */
  readonly pull: Pull;
  /** The main branch before anything was merged. */
  readonly before: string;
  /** Merges the pull request. */
  merge(how?: Omit<MergeRequest, "by">): Promise<void>;
  /** The review is due, and nobody has looked. */
  run(): Promise<void>;
  /** Pull requests of the App. */
  opened(): readonly Pull[];
  /** The issue that says that nobody has looked. */
  overdue(): Issue;
}

interface SceneOptions {
  /** What the pull request brings besides a model that is worse. */
  readonly files?: Files;
  /** What the main branch holds besides the first model. */
  readonly main?: Files;
  /** More commits of the pull request. */
  readonly more?: readonly Files[];
}

async function breakGlass(context: TestContext, { files = {}, main = {}, more = [] }: SceneOptions = {}) {
  let later = 0;
  const team = await startTeam({
    ...{ policy: WITH_SRE, files: main, now: () => Date.now() + later, clock: HASTY },
  });
  context.after(() => team.close());
  const { people, repository, stand } = team;
  stand.github.people.grant(repository, people.sid, "write");
  const before = tip(repository, "main");
  const pull = await team.propose({ ...nextModel(2, 0.5), ...files });
  for (const [at, added] of more.entries()) {
    const message = `more ${at}`;
    stand.play.push(repository, { branch: pull.head.ref, by: people.maria, files: added, message });
  }
  await team.settle();
  for (const by of [people.olga, people.sid]) {
    stand.play.comment(pull, { by, body: HARM });
    await team.settle();
  }
  assert.equal(team.checkOf(pull.head.sha).conclusion, "neutral", team.commentOn(pull));
  const scene: Scene = Object.assign(Object.create(team) as Team, {
    ...{ pull, before },
    async merge(how = {}) {
      stand.play.merge(pull, { by: people.maria, ...how });
      await team.settle();
    },
    async run() {
      later += 3 * DAY_MS + 60_000;
      await team.settle();
    },
    opened: () => stand.github.pulls.filter(({ author }) => author.login === "weighbridge[bot]"),
    overdue: () => {
      const [issue, ...others] = issuesOf(team).filter(({ title }) => title.includes("is overdue"));
      assert.deepEqual([issue !== undefined, others.length], [true, 0]);
      return issue as Issue;
    },
  } satisfies Omit<Scene, keyof Team>);
  return scene;
}

/** The one pull request of the App. */
function rollbackOf(scene: Scene): Pull {
  const [pull, ...others] = scene.opened();
  assert.ok(pull !== undefined, scene.overdue().body ?? "");
  assert.equal(others.length, 0);
  return pull;
}

function treeOf({ repository }: Team, commit: string): string | undefined {
  return readCommit(repository, commit)?.tree;
}

const EXTRA: Files = {
  "docs/new.md": "new\n",
  "run.sh": { mode: "100644", content: "run\n" },
  "gone.md": null,
};
const BEFORE: Files = { "gone.md": "gone\n", "run.sh": { mode: "100755", content: "run\n" } };

describe("a rollback pull request", { concurrency: 2 }, () => {
  for (const method of ["merge", "squash", "rebase"] as const) {
    it(`gives back exactly what was there before a ${method} of several commits, modes and removed files too`, async (context) => {
      const more = [{ "a.md": "a\n" }, { "a.md": "b\n", "docs/new.md": null }];
      const scene = await breakGlass(context, { files: EXTRA, main: BEFORE, more });
      await scene.merge({ method });
      await scene.run();
      const rollback = rollbackOf(scene);
      assert.equal(rollback.head.ref, `weighbridge/rollback-${issuesOf(scene)[0]?.number}`);
      assert.equal(rollback.base.ref, "main");
      assert.equal(treeOf(scene, rollback.head.sha), treeOf(scene, scene.before));
      assert.deepEqual(readCommit(scene.repository, rollback.head.sha)?.parents, [
        tip(scene.repository, "main"),
      ]);
    });
  }

  it("is named in the issue about the review, and names the pull request and the incident", async (context) => {
    const scene = await breakGlass(context);
    const [incident] = issuesOf(scene);
    await scene.merge();
    await scene.run();
    const rollback = rollbackOf(scene);
    assert.match(scene.overdue().body ?? "", new RegExp(`Pull request #${rollback.number} takes back`));
    assert.match(rollback.body ?? "", new RegExp(`^Pull request #${scene.pull.number} entered`));
    assert.match(rollback.body ?? "", new RegExp(`review of incident #${incident?.number},`));
    assert.doesNotMatch(rollback.body ?? "", /Left alone/);
  });

  it("is judged like any other: closed until somebody approves it who had no hand in it, as its bot has", async (context) => {
    const scene = await breakGlass(context);
    await scene.merge();
    await scene.run();
    const rollback = rollbackOf(scene);
    assert.equal(scene.checkOf(rollback.head.sha).conclusion, "action_required");
    assert.match(scene.commentOn(rollback), /credit-pd/);
    const { archive } = scene.running.services.store;
    const about = { repositoryId: scene.repository.id, number: rollback.number, countMax: 1 };
    const [decision] = await archive.decisions(about);
    const { id } = scene.registration.bot;
    assert.ok(decision?.record.includes(`{"part":"author","userId":${id}}`), decision?.record);
    await approve(scene, rollback);
    assert.equal(scene.checkOf(rollback.head.sha).conclusion, "success", scene.commentOn(rollback));
    scene.stand.play.merge(rollback, { by: scene.people.maria });
    await scene.settle();
    assert.equal(kindsOf(await scene.trail()).at(-1), "merge.observed");
    const decided = (await scene.trail()).findLast(({ predicate }) => predicate.decision !== undefined);
    assert.equal(decided?.predicate.pr?.number, rollback.number);
  });

  it("leaves alone what was changed again since, and says which", async (context) => {
    const main = { "b.md": "old\n", "c.md": "old\n", folder: "a file\n" };
    const files = {
      "@maria.md": "merged\n",
      "b.md": "merged\n",
      "c.md": "merged\n",
      folder: null,
      "folder/x": "x\n",
    };
    const scene = await breakGlass(context, { files, main });
    const { repository, people, stand } = scene;
    await scene.merge();
    const since = { "@maria.md": "later\n", "b.md": "later\n", "folder/y": "y\n" };
    stand.play.push(repository, { branch: "main", by: people.maria, files: since });
    await scene.settle();
    await scene.run();
    const rollback = rollbackOf(scene);
    const made = readFiles(repository, treeOf(scene, rollback.head.sha) ?? "");
    const of = (path: string, commit: string) => entryAt(repository, commit, path)?.id;
    const main1 = tip(repository, "main");
    assert.equal(made.get("b.md")?.id, of("b.md", main1));
    assert.equal(made.get("c.md")?.id, of("c.md", scene.before));
    assert.deepEqual([made.has("folder"), made.has("folder/x"), made.has("folder/y")], [false, false, true]);
    assert.match(
      rollback.body ?? "",
      /for they have changed since:\n\n- .*maria.*\n- `b\.md`\n- `folder`\n$/,
    );
    assert.doesNotMatch(rollback.body ?? "", /@/);
  });

  it("does not take back what others merged between the decision and the merge, whatever the method", async (context) => {
    for (const method of ["squash", "rebase"] as const) {
      const scene = await breakGlass(context, { more: [{ "a.md": "a\n" }] });
      const { repository, people, stand } = scene;
      // The App does not hear of it: the decision stands for the base that it was made for.
      const { hookUrl = "" } = scene.registration;
      delete scene.registration.hookUrl;
      stand.play.push(repository, { branch: "main", by: people.maria, files: { "theirs.md": "theirs\n" } });
      const theirs = tip(repository, "main");
      scene.registration.hookUrl = hookUrl;
      await scene.merge({ method });
      await scene.run();
      assert.equal(treeOf(scene, rollbackOf(scene).head.sha), treeOf(scene, theirs), method);
    }
  });

  it("leaves workflows alone, for which the App has no permission, and says so", async (context) => {
    const main = { [WORKFLOW]: "on: push\n" };
    const scene = await breakGlass(context, { files: { [WORKFLOW]: "on: workflow_dispatch\n" }, main });
    await scene.merge();
    await scene.run();
    const rollback = rollbackOf(scene);
    const merged = entryAt(scene.repository, scene.pull.merged?.sha ?? "", WORKFLOW);
    assert.deepEqual(entryAt(scene.repository, rollback.head.sha, WORKFLOW), merged);
    assert.match(rollback.body ?? "", /may not write workflows:\n\n- `\.github\/workflows\/train\.yml`\n$/);
  });

  it("is none where nothing is left to take back, or all of it was changed since, and the issue says why", async (context) => {
    const scene = await breakGlass(context);
    const { repository, people, stand } = scene;
    await scene.merge();
    const { sha } = scene.pull.merged ?? { sha: "" };
    const back = stand.play.commit(repository, {
      ...{ parents: [scene.before], files: {}, author: people.maria },
    });
    assert.equal(treeOf(scene, back), treeOf(scene, scene.before));
    stand.play.push(repository, {
      branch: "main",
      by: people.maria,
      parents: [sha],
      files: nextModel(1, 0.9),
    });
    for (const path of readFiles(repository, treeOf(scene, sha) ?? "").keys()) {
      if (path.startsWith("models/")) {
        const files = { [path]: `later ${path}\n` };
        stand.play.push(repository, { branch: "main", by: people.maria, files });
      }
    }
    await scene.settle();
    await scene.run();
    assert.equal(scene.opened().length, 0);
    assert.match(scene.overdue().body ?? "", /No pull request opens .*all that it changed was changed again/);
  });

  it("is none while the pull request is not merged, and opens when it is", async (context) => {
    const scene = await breakGlass(context);
    await scene.run();
    assert.equal(scene.opened().length, 0);
    assert.match(scene.overdue().body ?? "", /is not merged; if it is, later, one opens/);
    await scene.merge();
    assert.equal(treeOf(scene, rollbackOf(scene).head.sha), treeOf(scene, scene.before));
    scene.overdue();
  });

  it("is none where the gates were met before the merge after all", async (context) => {
    const scene = await breakGlass(context);
    const { stand, repository, people } = scene;
    const files = nextModel(2, 0.9);
    stand.play.push(repository, { branch: scene.pull.head.ref, by: people.maria, files });
    await scene.settle();
    await approve(scene, scene.pull);
    assert.equal(scene.checkOf(scene.pull.head.sha).conclusion, "success");
    await scene.merge();
    await scene.run();
    assert.equal(scene.opened().length, 0);
    assert.match(scene.overdue().body ?? "", /what was merged is not what the incident let in/);
  });

  it("is not opened again when somebody closed it and removed its branch", async (context) => {
    const scene = await breakGlass(context);
    const { stand, repository, people } = scene;
    await scene.merge();
    await scene.run();
    const rollback = rollbackOf(scene);
    stand.play.deleteBranch(repository, { branch: rollback.head.ref, by: people.maria });
    await scene.restart();
    await askAgain(scene);
    assert.equal(rollbackOf(scene).state, "closed");
    scene.overdue();
  });
});

/** Has the App look at the incident once more. */
async function askAgain(scene: Scene): Promise<void> {
  const { repository, installation, running } = scene;
  const place = {
    ...{ installationId: installation.id, repositoryId: repository.id },
    ...{ owner: repository.owner.login, repo: repository.name },
  };
  const key = keyOf.incident(repository.id, issuesOf(scene)[0]?.number ?? 0);
  await running.services.store.inbox.receive({
    ...{ id: randomUUID(), event: OWN_EVENT, key, receivedAt: Date.now() },
    payload: JSON.stringify(placePayload(place)),
  });
  await scene.settle();
}

describe("answers that are lost", { concurrency: 2 }, () => {
  const writes = ["git/create-tree", "git/create-commit", "git/create-ref", "pulls/create", "issues/create"];
  for (const match of writes) {
    for (const when of ["before", "after"] as const) {
      it(`of ${match}, ${when} it was done, leave one branch, one pull request and one issue`, async (context) => {
        const scene = await breakGlass(context);
        await scene.merge();
        scene.stand.fail({ match, when, times: 2, effect: faults.RESET });
        await scene.run();
        const rollback = rollbackOf(scene);
        assert.equal(treeOf(scene, rollback.head.sha), treeOf(scene, scene.before));
        const branches = scene.stand.github.branchesOf(scene.repository);
        assert.equal(branches.filter((name) => name.startsWith("weighbridge/rollback")).length, 1);
        assert.match(scene.overdue().body ?? "", new RegExp(`#${rollback.number} takes back`));
      });
    }
  }

  it("and shown late, leave one pull request", async (context) => {
    const scene = await breakGlass(context);
    await scene.merge();
    scene.stand.fail({ match: "pulls/create", when: "after", effect: faults.RESET });
    // The one before it was opened, and all that look for it.
    scene.stand.fail({ match: "pulls/list", times: 4, effect: faults.STALE });
    await scene.run();
    assert.equal(scene.stand.count("pulls/create"), 2);
    assert.match(scene.overdue().body ?? "", new RegExp(`#${rollbackOf(scene).number} takes back`));
  });

  it("for as long as an attempt lasts leave a branch that the next attempt opens as it is", async (context) => {
    const scene = await breakGlass(context);
    const { stand } = scene;
    await scene.merge();
    const counts = () => ["git/create-tree", "git/create-ref", "pulls/create"].map(stand.count, stand);
    const [trees = 0, refs = 0] = counts();
    stand.fail({ match: "pulls/create", times: 3, effect: faults.RESET });
    await scene.run();
    assert.deepEqual(counts(), [trees + 1, refs + 1, 4]);
    assert.match(scene.overdue().body ?? "", new RegExp(`#${rollbackOf(scene).number} takes back`));
  });

  it("of which a process ended that nobody heard of again leave what it opened, though somebody closed it", async (context) => {
    const scene = await breakGlass(context);
    const { stand, repository, people, running } = scene;
    await scene.merge();
    await scene.run();
    const rollback = rollbackOf(scene);
    const name = `proposal/${repository.id}/${rollback.head.ref}`;
    assert.equal(await running.services.store.archive.get(name), String(rollback.number));
    await running.services.store.archive.remove(name);
    stand.play.closePull(rollback, { by: people.maria });
    await askAgain(scene);
    assert.equal(rollbackOf(scene), rollback);
    assert.equal(await running.services.store.archive.get(name), String(rollback.number));
  });

  it("and a branch of that name, or a pull request from it, that is somebody else's is not taken for ours", async (context) => {
    const scene = await breakGlass(context);
    const { stand, repository, people } = scene;
    const branch = `weighbridge/rollback-${issuesOf(scene)[0]?.number}`;
    await scene.merge();
    stand.play.push(repository, { branch, by: people.maria, parents: [scene.before], files: { x: "x\n" } });
    const theirs = stand.play.openPull(repository, { head: branch, by: people.maria });
    await scene.settle();
    await scene.run();
    assert.equal(scene.opened().length, 0);
    assert.equal(tip(repository, branch), theirs.head.sha);
    assert.match(scene.overdue().body ?? "", /No pull request opens .*already exists/);
  });
});
