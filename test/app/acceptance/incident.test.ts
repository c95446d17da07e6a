import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Account, Issue, Pull } from "../../github/nouns.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, issuesOf } from "./scene.ts";

/** What follows on breaking the glass: two people look at it afterwards, or nothing of the model goes on. */

const WITH_SRE = POLICY.replace("models:\n", "  sre: { users: [sid] }\nmodels:\n");
const DAY_MS = 86_400_000;

let team: Team;
let later = 0;
let pull: Pull;
let incident: Issue;
/** The next version, by its gate. */
let merged = "";

before(async () => {
  team = await startTeam({ policy: WITH_SRE, now: () => Date.now() + later });
  const { people, repository, stand } = team;
  stand.github.people.grant(repository, people.sid, "write");
  pull = await team.propose(nextModel(2, 0.5));
  const HARM = "/weighbridge break-glass because harm: the model in production declines everybody";
  for (const by of [people.olga, people.sid]) {
    stand.play.comment(pull, { by, body: HARM });
    await team.settle();
  }
  assert.equal(team.checkOf(pull.head.sha).conclusion, "neutral", team.commentOn(pull));
  [incident] = issuesOf(team).filter(({ title }) => title.startsWith("BREAK-GLASS")) as [Issue];
  stand.play.merge(pull, { by: people.maria });
  await team.settle();
});
after(() => team.close());

/** What the App made of a word in the incident's issue. */
async function say(by: Account, body = "/weighbridge approve"): Promise<string | undefined> {
  const comment = team.stand.play.comment(incident, { by, body });
  await team.settle();
  return team.stand.github.reactions.find((each) => each.comment === comment)?.content;
}

/** What the App answers to a run that wants to deploy the commit. */
async function answerFor(sha: string) {
  const { play, github } = team.stand;
  const run = play.completeRun(team.repository, {
    ...{ by: team.people.maria, head: sha, branch: "main" },
    ...{ event: "push", path: ".github/workflows/deploy.yml" },
  });
  play.deploy(team.repository, { by: team.people.maria, sha, run });
  await team.settle();
  return github.gateReviews.at(-1);
}

describe("the review of a broken glass", () => {
  it("is nobody's who broke it, wrote the change, or holds neither role", async () => {
    const { maria, olga, sid } = team.people;
    assert.deepEqual([await say(maria), await say(olga), await say(sid)], ["-1", "-1", "-1"]);
    assert.equal(await say(team.people.vera, "looks fine to me"), undefined);
    assert.ok(!kindsOf(await team.trail()).includes("breakglass.reviewed"));
  });

  it("is none that names another model or another digest, or stands beside what is no command", async () => {
    const { vera } = team.people;
    for (const body of [
      "/weighbridge approve other-model",
      `/weighbridge approve sha256:${"0".repeat(64)}`,
      "/weighbridge approve\n/weighbridge rejct because it is wrong",
    ]) {
      assert.equal(await say(vera, body), "-1", body);
    }
    assert.ok(!kindsOf(await team.trail()).includes("breakglass.reviewed"));
  });

  it("is nobody's in an issue that only begins like the one of the incident", async () => {
    const { github, play } = team.stand;
    const copy = github.addIssue(team.repository, team.people.maria, {
      title: "a copy",
      body: incident.body,
    });
    const comment = play.comment(copy, { by: team.people.vera, body: "/weighbridge approve" });
    await team.settle();
    assert.ok(!github.reactions.some((each) => each.comment === comment));
    assert.ok(!kindsOf(await team.trail()).includes("breakglass.reviewed"));
  });

  it("counts no more once who gave it has taken it back", async () => {
    const { vera, rita } = team.people;
    assert.equal(await say(vera, "/weighbridge withdraw"), "-1", "nothing was said");
    assert.equal(await say(vera), "+1");
    assert.equal(await say(vera, "/weighbridge reject because it is worse than it looked"), "+1");
    const comment = team.stand.play.comment(incident, { by: rita, body: "/weighbridge approve" });
    await team.settle();
    team.stand.play.deleteComment(comment, { by: rita });
    await team.settle();
    const kinds = kindsOf(await team.trail());
    assert.ok(kinds.includes("tamper.detected"));
    assert.ok(!kinds.includes("incident.closed"));
  });

  it("that nobody finishes in time is said in an issue, and stops deployments of the model", async () => {
    assert.equal(await say(team.people.vera), "+1");
    later += 3 * DAY_MS + 60_000;
    await team.settle();
    const overdue = issuesOf(team).filter(({ title }) => title.includes("is overdue"));
    assert.equal(overdue.length, 1);
    assert.match(overdue[0]?.body ?? "", /no deployment of credit-pd goes on/);
    const next = await team.propose(nextModel(3));
    await approve(team, next);
    merged = team.stand.play.merge(next, { by: team.people.maria });
    await team.settle();
    const answer = await answerFor(merged);
    assert.equal(answer?.state, "rejected");
    assert.match(answer?.comment ?? "", /credit-pd waits for the review of incident/);
  });

  it("stands in the trail with both, and after it the model goes on", async () => {
    assert.equal(await say(team.people.rita), "+1");
    const entries = await team.trail();
    const reviews = entries.filter(({ predicate }) => predicate.kind === "breakglass.reviewed");
    const closed = entries.filter(({ predicate }) => predicate.kind === "incident.closed");
    assert.deepEqual(
      closed.map(({ predicate }) => [predicate.actor?.id, predicate.incident?.id]),
      [[team.people.rita.id, reviews[0]?.predicate.breakglass?.id]],
      "by the last of the two",
    );
    assert.deepEqual(
      reviews.map(({ predicate }) => [predicate.actor?.role, predicate.reason?.code]),
      [
        ["validator", "reviewed"],
        ["validator", "withdrawn"],
        ["risk", "reviewed"],
        ["validator", "reviewed"],
        ["risk", "reviewed"],
      ],
    );
    const answer = await answerFor(merged);
    assert.equal(answer?.state, "approved", answer?.comment);
    assert.equal(await say(team.people.rita, "/weighbridge withdraw"), "-1", "it is closed");
    // What came in by it was never approved, and does not run.
    assert.equal((await answerFor(pull.merged?.sha ?? ""))?.state, "rejected");
  });
});
