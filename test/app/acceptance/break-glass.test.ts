import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { tip } from "../../github/git-data.ts";
import type { Delivery } from "../../github/hooks.ts";
import type { Account, Pull } from "../../github/nouns.ts";
import { nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { HASTY, issuesOf } from "./scene.ts";

/** Who breaks the glass, how many of them it takes, and who may look at it afterwards. */

const HARM = "/weighbridge break-glass because harm: the model in production declines everybody";
/** Sid answers for the risk as well, and is on call. */
const WITH_SRE = POLICY.replace("models:\n", "  sre: { users: [sid] }\nmodels:\n").replace(
  "users: [rita]",
  "users: [rita, sid]",
);

let team: Team;

before(async () => {
  team = await startTeam({ clock: HASTY, policy: WITH_SRE });
  team.stand.github.people.grant(team.repository, team.people.sid, "write");
  await team.settle();
});
after(() => team.close());

async function breakGlass(pull: Pull, ...people: readonly Account[]): Promise<string | null> {
  for (const by of people) {
    team.stand.play.comment(pull, { by, body: HARM });
    await team.settle();
  }
  return team.checkOf(pull.head.sha).conclusion;
}

describe("the glass", () => {
  it("takes three people where somebody who made the change has no account", async () => {
    const { play } = team.stand;
    const { maria, olga, sid, rita } = team.people;
    const author = { name: "S", email: "s@elsewhere.example", at: new Date() };
    const parents = [tip(team.repository, "main")];
    play.push(team.repository, { branch: "ghost", by: maria, author, parents, files: nextModel(2, 0.5) });
    const pull = play.openPull(team.repository, { head: "ghost", by: maria });
    await team.settle();
    assert.equal(await breakGlass(pull, olga, sid), "failure");
    assert.match(team.commentOn(pull), /asked for\*\* by .* one more person/);
    assert.equal(await breakGlass(pull, rita), "neutral", team.commentOn(pull));
    assert.match(team.commentOn(pull), /BREAK-GLASS\*\* for live harm, by .*olga.*/);
  });

  it("that is refused says nothing untrue of those who asked and agreed", async () => {
    const { olga, rita } = team.people;
    const weaker = { ".weighbridge/policy.yml": WITH_SRE.replace("min: 0.8", "min: 0.1") };
    const pull = await team.propose({ ...nextModel(4), ...weaker });
    await breakGlass(pull, olga, rita);
    assert.match(team.commentOn(pull), /BREAK-GLASS refused\*\*: CORE-17 can never be skipped\. It takes/);
  });

  it("is not broken by a word that its author deleted", async () => {
    const { play } = team.stand;
    const { olga, rita } = team.people;
    const pull = await team.propose(nextModel(5, 0.5));
    const asked = play.comment(pull, { by: olga, body: HARM });
    await team.settle();
    play.deleteComment(asked, { by: olga });
    await team.settle();
    assert.equal(await breakGlass(pull, rita), "failure", team.commentOn(pull));
  });

  it("is not broken by a word that its author withdrew, but by one that they gave after it", async () => {
    const { play } = team.stand;
    const { olga, rita } = team.people;
    const pull = await team.propose(nextModel(6, 0.5));
    await breakGlass(pull, olga);
    play.comment(pull, { by: olga, body: "/weighbridge withdraw" });
    await team.settle();
    assert.equal(await breakGlass(pull, rita), "failure", team.commentOn(pull));
    assert.equal(await breakGlass(pull, olga, rita), "neutral", team.commentOn(pull));
  });

  it("is not broken by a word that is told of after its author's later one, which withdrew it", async () => {
    const { play, github } = team.stand;
    const { olga, rita } = team.people;
    const pull = await team.propose(nextModel(7, 0.5));
    const late: Delivery[] = [];
    github.hooks.take((delivery) => late.push(delivery));
    play.comment(pull, { by: olga, body: HARM });
    github.hooks.take(undefined);
    play.comment(pull, { by: olga, body: "/weighbridge withdraw" });
    await team.settle();
    for (const delivery of late) await github.hooks.post(delivery);
    await team.settle();
    assert.equal(await breakGlass(pull, rita), "failure", team.commentOn(pull));
    assert.equal(await breakGlass(pull, olga, rita), "neutral", team.commentOn(pull));
  });

  it("is broken by the last word of a comment that says both", async () => {
    const { play } = team.stand;
    const { olga, rita } = team.people;
    for (const [version, words, conclusion] of [
      [8, [HARM, "/weighbridge withdraw"], "failure"],
      [9, ["/weighbridge withdraw", HARM], "neutral"],
    ] as const) {
      const pull = await team.propose(nextModel(version, 0.5));
      play.comment(pull, { by: olga, body: words.join("\n") });
      await team.settle();
      assert.equal(await breakGlass(pull, rita), conclusion, team.commentOn(pull));
    }
  });

  it("is reviewed by nobody who broke it, nor who joined those who did", async () => {
    const { play, github } = team.stand;
    const { olga, sid, rita } = team.people;
    const pull = await team.propose(nextModel(3, 0.5));
    assert.equal(await breakGlass(pull, olga, rita), "neutral", team.commentOn(pull));
    await breakGlass(pull, sid);
    const incident = issuesOf(team).find(({ title }) => title.includes(`pull request ${pull.number} enters`));
    assert.ok(incident);
    for (const by of [sid, rita]) {
      const comment = play.comment(incident, { by, body: "/weighbridge approve" });
      await team.settle();
      assert.equal(github.reactions.find((each) => each.comment === comment)?.content, "-1", by.login);
    }
  });
});
