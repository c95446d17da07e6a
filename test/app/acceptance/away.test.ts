import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { checkPulls } from "../../../app/upkeep.ts";
import type { LogEntry } from "../../../gate/trail/read.ts";
import { tip } from "../../github/git-data.ts";
import type { Delivery } from "../../github/hooks.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, issuesOf, until } from "./scene.ts";

/** What happened while the App was away, or before it came, is found when it is there. */

let team: Team;
let ahead = 0;

before(async () => {
  const now = () => Date.now() + ahead;
  team = await startTeam({ clock: HASTY, now, sweepMs: 86_400_000 });
  await until(() => team.stand.requests.some(({ operation }) => operation === "apps/list-installations"));
  await team.settle();
  await sweeps();
});
after(() => team.close());

/** Two sweeps, between which what was on its way has arrived. */
async function sweeps(): Promise<void> {
  for (let sweep = 0; sweep < 2; sweep++) {
    await checkPulls(team.running.services);
    await team.settle();
    ahead += 10 * 60_000;
  }
}

/** What of it the trail has, and titles of issues, that came while the work was done; without heartbeats. */
async function newlySaid(work: () => Promise<void>) {
  const [entries, issues] = [await team.trail(), issuesOf(team).length];
  await work();
  const more: readonly LogEntry[] = (await team.trail()).slice(entries.length);
  const told = more.filter(({ predicate }) => predicate.kind !== "heartbeat");
  return { told, kinds: kindsOf(told), issues: issuesOf(team).slice(issues) };
}

async function whileAway(work: () => void): Promise<void> {
  const { play, github } = team.stand;
  play.suspend(team.installation, { by: github.owner });
  work();
  play.unsuspend(team.installation, { by: github.owner });
  await team.settle();
}

const pushed = (files: ReturnType<typeof nextModel>) => () =>
  team.stand.play.push(team.repository, { branch: "main", by: team.people.maria, files });

describe("what came to the default branch while the App was suspended", () => {
  it("C79: a model that was pushed past every pull request is a gap, and a bypass with its issue", async () => {
    const from = tip(team.repository, "main");
    const { told, kinds, issues } = await newlySaid(async () => {
      await whileAway(pushed(nextModel(2)));
      await sweeps();
    });
    const to = tip(team.repository, "main");
    assert.deepEqual(kinds, ["gap.detected", "bypass.detected"]);
    assert.deepEqual(told[0]?.predicate.gap, { code: "merge-unrecorded", object: to });
    assert.deepEqual(told[1]?.predicate.move, { ref: "refs/heads/main", before: from, after: to });
    assert.match(
      issues.map(({ title }) => title).join(),
      /^A change of a model went around the gate: [0-9a-f]{12}$/,
    );
    assert.deepEqual((await newlySaid(sweeps)).kinds, []);
  });

  it("C79: words alone are nobody's business", async () => {
    const { kinds, issues } = await newlySaid(async () => {
      await whileAway(pushed({ "README.md": "Other words\n" }));
      await sweeps();
    });
    assert.deepEqual([kinds, issues], [[], []]);
  });

  it("C79: the merge of a green pull request is a gap, and no bypass", async () => {
    const { play } = team.stand;
    const pull = await team.propose(nextModel(3));
    await approve(team, pull);
    const { kinds, issues } = await newlySaid(async () => {
      await whileAway(() => play.merge(pull, { by: team.people.maria }));
      await sweeps();
    });
    assert.deepEqual(kinds.toSorted(), ["gap.detected", "merge.observed"]);
    assert.deepEqual(issues, []);
  });

  it("C79: a force push is a bypass, whatever it brings", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    const sha = play.commit(repository, {
      parents: [],
      files: { "README.md": "A new history\n", ".weighbridge/policy.yml": POLICY, ...nextModel(3) },
      author: people.maria,
    });
    const { kinds } = await newlySaid(async () => {
      await whileAway(() => play.push(repository, { branch: "main", by: people.maria, sha }));
      await sweeps();
    });
    assert.deepEqual(kinds, ["gap.detected", "bypass.detected"]);
  });
});

describe("a push whose webhook", () => {
  it("C71: comes late is told like any other, and is no gap", async () => {
    const { github } = team.stand;
    const late: Delivery[] = [];
    const { kinds } = await newlySaid(async () => {
      github.hooks.take((delivery) => late.push(delivery));
      pushed(nextModel(4))();
      github.hooks.take(undefined);
      pushed(nextModel(5))();
      await team.settle();
      await checkPulls(team.running.services);
      await Promise.all(late.map((delivery) => github.hooks.post(delivery)));
      await team.settle();
      await sweeps();
    });
    assert.deepEqual(kinds, ["bypass.detected", "bypass.detected"]);
  });

  it("C71: is lost is found, though that of the next came", async () => {
    const { github } = team.stand;
    const from = tip(team.repository, "main");
    let lost = "";
    const { told, kinds } = await newlySaid(async () => {
      github.hooks.take(() => undefined);
      pushed(nextModel(6))();
      github.hooks.take(undefined);
      lost = tip(team.repository, "main");
      pushed({ "README.md": "More words\n" })();
      await team.settle();
      await sweeps();
    });
    assert.deepEqual(kinds, ["gap.detected", "bypass.detected"]);
    const [, bypass] = told;
    assert.deepEqual(bypass?.predicate.move, { ref: "refs/heads/main", before: from, after: lost });
  });
});

describe("a waiver that had ended before the App came", () => {
  it("C44: is told of without a push", async () => {
    const { github } = team.stand;
    const DAY_MS = 86_400_000;
    const second = (ms: number) => `${new Date(Date.now() + ahead + ms).toISOString().slice(0, 19)}Z`;
    const review = "https://github.com/acme/credit/pull/1#pullrequestreview-1";
    const waiver = `weighbridge: 1
id: WVR-2026-0007
model: credit-pd
gates: [auc-floor]
scope: { change_class: "B" }
reason: "The new bureau feed lowers the number a little until it is calibrated; agreed with risk in the meeting."
risk_accepted: Slightly more defaults for two weeks.
requested_by: 5
approvals:
  - { role: owner, user_id: 7, review_url: "${review}", head_sha: "${"a".repeat(40)}" }
  - { role: risk, user_id: 8, review_url: "${review}", head_sha: "${"a".repeat(40)}" }
created: "${second(-20 * DAY_MS)}"
expires: "${second(-DAY_MS)}"
`;
    github.hooks.take(() => undefined);
    pushed({ ".weighbridge/waivers/WVR-2026-0007.yml": waiver })();
    github.hooks.take(undefined);
    const { kinds, issues } = await newlySaid(async () => {
      await checkPulls(team.running.services);
      await team.settle();
    });
    assert.deepEqual(kinds, ["waiver.expired"]);
    assert.deepEqual(
      issues.map(({ title }) => title),
      ["Waiver WVR-2026-0007 has ended"],
    );
    const posture = github.checks.runs.filter(({ name }) => name === "weighbridge/posture");
    assert.deepEqual(
      posture.map(({ suite, conclusion }) => [suite.head, conclusion]),
      [[tip(team.repository, "main"), "failure"]],
    );
  });
});
