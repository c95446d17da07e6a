import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { isReviewed, keptIncidents } from "../../../app/events/incident-record.ts";
import { checkPulls } from "../../../app/upkeep.ts";
import * as faults from "../../github/faults.ts";
import { tip } from "../../github/git-data.ts";
import type { Pull } from "../../github/nouns.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { failEach, HASTY, issuesOf, switchIssuesOff } from "./scene.ts";

/** Issues tell people what happened. Where GitHub takes none, everything else goes on. */

const DAY_MS = 86_400_000;
const WITH_SRE = POLICY.replace("models:\n", "  sre: { users: [sid] }\nmodels:\n");
const HARM = "/weighbridge break-glass because harm: the model in production declines everybody";

async function openTeam(context: TestContext, policy = POLICY) {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const team = await startTeam({ policy, clock: HASTY, sweepMs: DAY_MS, now });
  context.after(() => team.close());
  const failures = () => team.log.filter((line) => /"Work (failed|buried)"/.test(line));
  const sweepAfter = async (ms: number) => {
    ahead += ms;
    await checkPulls(team.running.services);
    await team.settle();
  };
  /** At noon of a later day: whatever comes in the next minutes comes on the same day. */
  const sweepAtNoon = () => sweepAfter(2 * DAY_MS - ((now() + DAY_MS / 2) % DAY_MS));
  return { team, failures, sweepAfter, sweepAtNoon };
}

/** A pull request that two people let in against closed gates. */
async function breakGlass(team: Team): Promise<Pull> {
  const { stand, people, repository } = team;
  stand.github.people.grant(repository, people.sid, "write");
  const pull = await team.propose(nextModel(2, 0.5));
  for (const by of [people.olga, people.sid]) {
    stand.play.comment(pull, { by, body: HARM });
    await team.settle();
  }
  return pull;
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
  const { team, failures, sweepAfter, sweepAtNoon } = await openTeam(context);
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
  await sweepAtNoon();
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

test("a glass that is broken where issues are switched off is kept, its review is due, and it is reviewed once they are on", async (context) => {
  const { team, failures, sweepAfter } = await openTeam(context, WITH_SRE);
  const { stand, people, repository } = team;
  const { archive } = team.running.services.store;
  const incidents = () => keptIncidents(archive, { repositoryId: repository.id });
  const switchOn = switchIssuesOff(team);
  const pull = await breakGlass(team);
  assert.equal(team.checkOf(pull.head.sha).conclusion, "neutral", team.commentOn(pull));
  assert.match(team.commentOn(pull), /GitHub takes no issue for the incident/);
  const kept = await incidents();
  assert.deepEqual(
    kept.map((each) => [each.pull, each.issue]),
    [[pull.number, undefined]],
  );
  assert.deepEqual(
    (await team.trail()).flatMap(({ predicate: { kind, incident } }) =>
      kind === "incident.opened" ? [incident?.id] : [],
    ),
    kept.map(({ occurrence }) => occurrence.id),
  );
  stand.play.merge(pull, { by: people.maria });
  await team.settle();
  await sweepAfter(4 * DAY_MS);
  const rollback = stand.github.pulls.find(({ author }) => author.login === "weighbridge[bot]");
  assert.match(rollback?.body ?? "", /review of incident pull/);
  assert.deepEqual([issuesOf(team).length, failures()], [0, []]);

  switchOn();
  await sweepAfter(DAY_MS);
  const issue = issuesOf(team).find(({ title }) => title.includes("enters against closed gates"));
  assert.ok(issue !== undefined);
  for (const by of [people.vera, people.rita]) {
    stand.play.comment(issue, { by, body: "/weighbridge approve" });
  }
  await team.settle();
  const [incident] = await incidents();
  assert.deepEqual([incident?.issue, incident && isReviewed(incident)], [issue.number, true]);
});

test("the pull request says no more that its incident has no issue, once it has one", async (context) => {
  const { team, sweepAfter } = await openTeam(context, WITH_SRE);
  const switchOn = switchIssuesOff(team);
  const pull = await breakGlass(team);
  assert.match(team.commentOn(pull), /GitHub takes no issue/);
  switchOn();
  await sweepAfter(DAY_MS);
  assert.equal(team.checkOf(pull.head.sha).conclusion, "neutral");
  assert.doesNotMatch(team.commentOn(pull), /GitHub takes no issue/);
});
