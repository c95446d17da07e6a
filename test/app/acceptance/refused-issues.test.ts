import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { checkPulls } from "../../../app/upkeep.ts";
import * as faults from "../../github/faults.ts";
import { tip } from "../../github/git-data.ts";
import { kindsOf, nextModel, startTeam } from "../team.ts";
import { failEach, HASTY, issuesOf, switchIssuesOff } from "./scene.ts";

/** Issues tell people what happened. Where GitHub takes none, everything else goes on. */

const DAY_MS = 86_400_000;

async function openTeam(context: TestContext) {
  let ahead = 0;
  const team = await startTeam({ clock: HASTY, sweepMs: DAY_MS, now: () => Date.now() + ahead });
  context.after(() => team.close());
  const failures = () => team.log.filter((line) => /"Work (failed|buried)"/.test(line));
  const sweepAfter = async (ms: number) => {
    ahead += ms;
    await checkPulls(team.running.services);
    await team.settle();
  };
  return { team, failures, sweepAfter };
}

for (const [why, effect] of [
  ["switched off", faults.issuesDisabled()],
  ["forbidden to the App", faults.readOnly()],
] as const) {
  test(`C79: a direct push where issues are ${why} holds up nothing`, async (context) => {
    const { team, failures } = await openTeam(context);
    const { stand, people, repository } = team;
    const waiting = await team.propose(nextModel(2));
    failEach(team, "issues/create", effect);
    stand.play.push(repository, { branch: "main", by: people.maria, files: nextModel(7) });
    await team.settle();
    assert.deepEqual(failures(), []);
    assert.equal(kindsOf(await team.trail()).filter((kind) => kind === "bypass.detected").length, 1);
    const row = await team.running.services.store.archive.findPull(repository.id, waiting.number);
    assert.equal(row?.base, tip(repository, "main"));
    assert.ok(team.log.some((line) => line.includes("An issue was refused")));
  });
}

test("C79: a merge around the gate where issues are switched off is kept as merged, and told of once they are on", async (context) => {
  const { team, failures, sweepAfter } = await openTeam(context);
  const { stand, repository } = team;
  const pull = await team.propose(nextModel(2));
  const switchOn = switchIssuesOff(team);
  stand.play.merge(pull, { by: stand.github.owner, bypass: true });
  await team.settle();
  assert.deepEqual(failures(), []);
  const { archive } = team.running.services.store;
  assert.equal((await archive.findPull(repository.id, pull.number))?.state, "merged");
  const asked = () => stand.count("issues/create");
  const before = asked();
  await sweepAfter(DAY_MS);
  await sweepAfter(60_000);
  assert.equal(asked(), before + 1, "once a day");
  switchOn();
  await sweepAfter(DAY_MS);
  await sweepAfter(DAY_MS);
  assert.deepEqual(
    issuesOf(team).map(({ title }) => title.replace(/[0-9a-f]{12}$/, "")),
    ["A change of a model went around the gate: "],
  );
  assert.equal(asked(), before + 2, "and no more once it is told");
});
