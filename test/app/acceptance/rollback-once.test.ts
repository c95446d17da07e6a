import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as faults from "../../github/faults.ts";
import { tip } from "../../github/git-data.ts";
import { askAgain, breakGlass, incidentIdOf, rollbackOf, treeOf } from "./rollback-scene.ts";

/** A rollback pull request is opened once, whatever gets lost on the way. */

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
    // One, if the sweep that looks at all pull requests was shown one of the old answers.
    assert.ok(scene.stand.count("pulls/create") <= 2);
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
    const branch = `weighbridge/rollback-${await incidentIdOf(scene)}`;
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
