import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { keptIncidents } from "../../app/events/incident-record.ts";
import { checkPulls } from "../../app/upkeep.ts";
import { reportUses } from "../../app/uses-report.ts";
import * as faults from "../github/faults.ts";
import type { Issue, Pull } from "../github/nouns.ts";
import { failEach, HASTY, issuesOf, switchIssuesOff, until } from "./acceptance/scene.ts";
import { nextModel, POLICY, startTeam, type Team } from "./team.ts";

/** Every use of break-glass, listed once a month. */

const WITH_SRE = POLICY.replace("models:\n", "  sre: { users: [sid] }\nmodels:\n");
const HARM = "/weighbridge break-glass because harm: @maria, the model declines everybody";
const MONTHS = "January February March April May June July August September October November December";

/** The first moment of the month that comes so many after this one. */
function monthsOn(count: number): number {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + count, 1);
}

function titleOf(count: number): string {
  const month = new Date(monthsOn(count));
  return `BREAK-GLASS: uses in ${MONTHS.split(" ")[month.getUTCMonth()]} ${month.getUTCFullYear()}`;
}

describe("the monthly report", { concurrency: 1 }, () => {
  let team: Team;
  let ahead = 0;
  let reviewed: Pull;
  let open: Pull;

  before(async () => {
    const now = () => Date.now() + ahead;
    team = await startTeam({ policy: WITH_SRE, now, sweepMs: 86_400_000, clock: HASTY });
    team.stand.github.people.grant(team.repository, team.people.sid, "write");
    // The App looks once when it starts; from then on nobody does but this test.
    await until(() => team.stand.requests.some(({ operation }) => operation === "pulls/list"));
    await team.settle();
  });
  after(() => team.close());

  const place = () => ({
    ...{ installationId: team.installation.id, repositoryId: team.repository.id },
    ...{ owner: team.repository.owner.login, repo: team.repository.name },
  });

  async function use(version: number): Promise<Pull> {
    const pull = await team.propose(nextModel(version, 0.5));
    for (const by of [team.people.olga, team.people.sid]) {
      team.stand.play.comment(pull, { by, body: HARM });
      await team.settle();
      // Of two in one second nobody can tell who asked.
      await sleep(1_050);
    }
    assert.equal(team.checkOf(pull.head.sha).conclusion, "neutral", team.commentOn(pull));
    return pull;
  }

  async function checkOn(moment: number): Promise<void> {
    ahead = moment - Date.now();
    await team.settle();
    await checkPulls(team.running.services);
    await team.settle();
  }

  const reports = () => issuesOf(team).filter(({ title }) => title.includes("uses in"));
  const incidentOf = (pull: Pull): Issue => {
    const wanted = `pull request ${pull.number} enters`;
    const found = issuesOf(team).find(({ title }) => title.includes(wanted));
    assert.ok(found !== undefined);
    return found;
  };

  test("is none for a month without a use, and GitHub is not asked", async () => {
    const { services } = team.running;
    const asked = team.stand.requests.length;
    await reportUses(services, place());
    await reportUses(services, place());
    assert.equal(team.stand.requests.length, asked);
    assert.deepEqual(reports(), []);
  });

  test("comes when the month is over and not before, and lists each use with those who answer for it", async () => {
    reviewed = await use(2);
    for (const by of [team.people.vera, team.people.rita]) {
      team.stand.play.comment(incidentOf(reviewed), { by, body: "/weighbridge approve" });
    }
    await team.settle();
    open = await use(3);
    // As if nobody had looked in this month yet.
    await team.running.services.store.archive.remove(`uses-reported/${team.repository.id}`);
    await checkOn(monthsOn(1) - 60_000);
    assert.deepEqual(reports(), []);
    team.stand.fail({ match: "issues/create", when: "after", effect: faults.RESET });
    await checkOn(monthsOn(1));
    const [report, ...others] = reports();
    assert.deepEqual([report?.title, others.length], [titleOf(0), 0]);
    const { olga, sid, vera, rita } = team.people;
    const by = `Asked for by account \`${olga.id}\`, agreed to by account \`${sid.id}\``;
    const [first = "", second = ""] = (report?.body ?? "").split("\n- ").slice(1);
    for (const [pull, text] of [[reviewed, first] as const, [open, second] as const]) {
      const named = `: pull request #${pull.number}, incident #${incidentOf(pull).number}\n`;
      assert.ok(text.includes(named), text);
      assert.ok(text.includes("Models: credit-pd\n"), text);
      assert.ok(text.includes("Closed gates: "), text);
      assert.ok(text.includes(by), text);
    }
    const both = `account \`${vera.id}\` (validator) and account \`${rita.id}\` (risk)`;
    assert.match(first, new RegExp(`Reviewed by ${both.replace(/[()]/g, "\\$&")}$`));
    assert.match(second, /Reviewed by nobody yet; (overdue since|due by) \d{4}-/);
    assert.doesNotMatch(report?.body ?? "", /@/);
  });

  test("comes once, whatever is asked meanwhile, and asks GitHub for nothing more", async () => {
    await checkOn(monthsOn(1) + 3_600_000);
    await team.restart();
    const { services } = team.running;
    await checkOn(monthsOn(1) + 7_200_000);
    assert.equal(reports().length, 1);
    await services.store.archive.remove(`uses-reported/${team.repository.id}`);
    const asked = team.stand.requests.length;
    await reportUses(services, place());
    assert.equal(team.stand.requests.length, asked);
    assert.equal(reports().length, 1);
  });

  /** The open one once more, as another that was used then. */
  async function keepAnother(pull: number, usedAt: number): Promise<void> {
    const { archive } = team.running.services.store;
    const incident = (await keptIncidents(archive, place())).find((each) => each.pull === open.number);
    const occurrence = { ...incident?.occurrence, id: `pull-${pull}-000000000000` };
    const other = { ...incident, pull, occurrence, usedAt: new Date(usedAt).toISOString() };
    await archive.set(`incident/${team.repository.id}/${occurrence.id}`, JSON.stringify(other));
  }

  test("lists what came too late for its month in the next, and nothing twice", async () => {
    await keepAnother(901, monthsOn(1) - 1_000);
    await checkOn(monthsOn(1) + 10_800_000);
    assert.equal(reports().length, 1);
    await checkOn(monthsOn(2));
    const [, report, ...others] = reports();
    assert.deepEqual([report?.title, others.length], [titleOf(1), 0]);
    const body = report?.body ?? "";
    assert.match(body, /pull request #901,/);
    assert.doesNotMatch(body, new RegExp(`pull request #(${reviewed.number}|${open.number}),`));
    await checkOn(monthsOn(3));
    assert.equal(reports().length, 2);
  });

  test("that cannot be opened keeps nothing else from being looked after, and comes the next time", async () => {
    await keepAnother(902, monthsOn(3));
    const recover = failEach(team, "issues/list-for-repo", faults.serverError());
    const looked = team.stand.count("pulls/list");
    await assert.rejects(checkOn(monthsOn(4)), { code: "SWEEP_INCOMPLETE" });
    assert.ok(team.log.some((line) => line.includes("Cannot report the uses of break-glass")));
    assert.ok(team.stand.count("pulls/list") > looked);
    recover();
    await checkOn(monthsOn(4) + 3_600_000);
    assert.equal(reports().at(-1)?.title, titleOf(3));
  });

  test("that is refused is asked for again on another day, and is what it was", async () => {
    await keepAnother(903, monthsOn(4));
    const switchOn = switchIssuesOff(team);
    const asked = team.stand.count("issues/create");
    await checkOn(monthsOn(5));
    await checkOn(monthsOn(5) + 3_600_000);
    assert.equal(team.stand.count("issues/create"), asked + 1);
    switchOn();
    await checkOn(monthsOn(5) + 25 * 3_600_000);
    assert.equal(reports().at(-1)?.title, titleOf(4));
    assert.match(reports().at(-1)?.body ?? "", /pull request #903,/);
  });
});
