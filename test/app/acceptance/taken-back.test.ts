import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as faults from "../../github/faults.ts";
import type { Pull } from "../../github/nouns.ts";
import type { Files } from "../../github/play/pushes.ts";
import { nextModel, startTeam, type Team } from "../team.ts";
import { approve, failEach, issuesOf, switchIssuesOff } from "./scene.ts";

/** A change that takes another back: what is asked of it, and what is said when it has entered. */

let team: Team;

before(async () => {
  team = await startTeam();
});
after(() => team.close());

async function enter(files: Files): Promise<Pull> {
  const pull = await team.propose(files);
  await approve(team, pull);
  assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.checkOf(pull.head.sha).text);
  team.stand.play.merge(pull, { by: team.people.maria });
  await team.settle();
  return pull;
}

const textOf = ({ head }: Pull) => team.checkOf(head.sha).text;
const titles = () => issuesOf(team).map(({ title }) => title);

describe("a change that takes another back", { concurrency: 1 }, () => {
  it("is a refresh before what it brings has entered, though it was approved", async () => {
    const given = await team.propose(nextModel(2));
    await approve(team, given);
    team.stand.play.closePull(given, { by: team.people.maria });
    await team.settle();
    await enter(nextModel(3));
    assert.match(textOf(await team.propose(nextModel(2))), /class B/);
  });

  it("is a rollback once it has; its merge says so in the trail and opens one issue", async () => {
    await enter(nextModel(4));
    assert.deepEqual(titles(), []);
    const back = await enter(nextModel(3));
    assert.match(textOf(back), /class E/);
    assert.match(textOf(back), /The model becomes again .*, which decision .* let pass/);
    assert.deepEqual(titles(), ["A change of model credit-pd was taken back"]);
    const [issue] = issuesOf(team);
    assert.match(issue?.body ?? "", new RegExp(`Pull request #${back.number} took a change back`));
    const merges = (await team.trail()).filter(({ predicate }) => predicate.kind === "merge.observed");
    assert.deepEqual(
      merges.map(({ predicate }) => predicate.reason?.code),
      [undefined, undefined, "rolled-back"],
    );
    assert.match(merges.at(-1)?.predicate.reason?.url ?? "", new RegExp(`/pull/${back.number}$`));
  });

  it("does not bring back what was taken back itself", async () => {
    assert.match(textOf(await team.propose(nextModel(4))), /class B/);
  });

  it("is no rollback with one more byte of the model's", async () => {
    await enter(nextModel(5));
    const files = { ...nextModel(3), "models/credit-pd/serve.py": "THRESHOLD = 0.1\n" };
    assert.match(textOf(await team.propose(files)), /class C/);
    assert.match(textOf(await team.propose(nextModel(4))), /class E/);
  });

  it("may break the glass for it, and nothing else may in its name", async () => {
    await enter(nextModel(10, 0.9));
    await enter(nextModel(11, 0.95));
    const because = "/weighbridge break-glass because rollback: the new one declines everybody";
    const ask = async (pull: Pull) => {
      for (const by of [team.people.olga, team.people.rita]) {
        team.stand.play.comment(pull, { by, body: because });
        await team.settle();
      }
      return team.checkOf(pull.head.sha).conclusion;
    };
    const worse = await team.propose(nextModel(12, 0.9));
    assert.equal(await ask(worse), "failure");
    assert.match(team.commentOn(worse), /it is for a rollback/);
    const back = await team.propose(nextModel(10, 0.9));
    assert.equal(team.checkOf(back.head.sha).conclusion, "failure", "its numbers are lower");
    assert.equal(await ask(back), "neutral", team.commentOn(back));
    assert.match(team.commentOn(back), /BREAK-GLASS\*\* for a rollback/);
  });

  it("enters and is written down where GitHub takes no issue, and does not tell how it was merged", async () => {
    await enter(nextModel(20, 0.95));
    await enter(nextModel(21, 0.95));
    const recover = [
      switchIssuesOff(team),
      failEach(team, "git/get-commit", faults.answer(404, { message: "Not Found" })),
    ];
    const back = await enter(nextModel(20, 0.95));
    for (const end of recover) end();
    const { archive } = team.running.services.store;
    assert.equal((await archive.findPull(team.repository.id, back.number))?.state, "merged");
    const merge = (await team.trail()).findLast(({ predicate }) => predicate.kind === "merge.observed");
    assert.equal(merge?.predicate.pr?.number, back.number);
    assert.equal(merge?.predicate.reason?.code, "rolled-back");
    assert.equal(merge?.predicate.merge?.before, undefined);
    assert.deepEqual(
      team.log.filter((line) => /"Work (failed|buried)"/.test(line)),
      [],
    );
  });
});
