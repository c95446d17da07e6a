import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCommit } from "../../github/git/commits.ts";
import { readFiles } from "../../github/git/trees.ts";
import { entryAt, tip } from "../../github/git-data.ts";
import type { Files } from "../../github/play/pushes.ts";
import { kindsOf, nextModel } from "../team.ts";
import { askAgain, breakGlass, incidentIdOf, rollbackOf, treeOf } from "./rollback-scene.ts";
import { approve, issuesOf } from "./scene.ts";

/** The way back from what broke the glass: a pull request, when nobody has looked in time. */

const WORKFLOW = ".github/workflows/train.yml";
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
      assert.equal(rollback.head.ref, `weighbridge/rollback-${await incidentIdOf(scene)}`);
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
