import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findVerification } from "../../app/pages/verification.ts";
import { auditTrail } from "../../app/trail-audit.ts";
import { checkPulls } from "../../app/upkeep.ts";
import { runGit } from "../git.ts";
import { amend, flipped, paths, readFile } from "../trail/tamper.ts";
import { until } from "./acceptance/scene.ts";
import { kindsOf, nextModel, startTeam, type Team } from "./team.ts";

describe("what is looked after without being asked", { concurrency: 1 }, () => {
  let team: Team;
  let ahead = 0;
  before(async () => {
    team = await startTeam({ now: () => Date.now() + ahead, sweepMs: 86_400_000 });
    // The App looks once when it starts; from then on nobody does but this test.
    await until(() => team.stand.requests.some(({ operation }) => operation === "pulls/list"));
    await team.settle();
  });
  after(() => team.close());

  test("a pull request whose webhooks were all lost is judged, and a merge that nobody told of is recorded", async () => {
    const { stand, people } = team;
    delete team.registration.hookUrl;
    const pull = await team.propose(nextModel());
    assert.equal(stand.github.checks.runs.length, 0);
    await checkPulls(team.running.services);
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    stand.play.review(pull, { by: people.olga, state: "APPROVED" });
    stand.play.merge(pull, { by: people.maria, bypass: true });
    await checkPulls(team.running.services);
    await team.settle();
    const kinds = kindsOf(await team.trail());
    assert.ok(kinds.includes("bypass.detected"), kinds.join());
  });

  test("an hour brings one heartbeat, and a day one verification, whatever is asked meanwhile", async () => {
    const { services } = team.running;
    const beats = async () => kindsOf(await team.trail()).filter((kind) => kind === "heartbeat").length;
    await checkPulls(services);
    const first = await beats();
    await checkPulls(services);
    assert.deepEqual([first, await beats()], [1, 1]);
    ahead += 3_600_000;
    await checkPulls(services);
    assert.equal(await beats(), first + 1);
    const heartbeats = (await team.trail()).flatMap(({ predicate }) => predicate.heartbeat ?? []);
    // Opening the pull request was worked on before the first, and nothing was between the two.
    assert.deepEqual([heartbeats[0]?.deliveries !== 0, heartbeats[1]?.deliveries], [true, 0]);
    assert.deepEqual(heartbeats[1]?.outbox, { depth: 0, oldest_seconds: 0 });
    const verified = await findVerification(services.store.archive, team.repository.id);
    assert.deepEqual([verified?.findings, verified?.undecided, verified?.level], [0, 0, 1]);
  });

  test("a heartbeat says which rules the default branch has, so that nobody loosens them unseen", async () => {
    const { services } = team.running;
    const { rulesets } = team.stand.github.rules;
    const told = async () => {
      ahead += 3_600_000;
      await checkPulls(services);
      return (await team.trail()).flatMap(({ predicate }) => predicate.heartbeat ?? []).at(-1)?.rules;
    };
    const warned = () => team.log.filter((line) => line.includes("rules of the default branch")).length;
    const set = {
      ...{ repository: team.repository, enforcement: "active" as const, bypass: [], createdAt: new Date(0) },
      include: ["~DEFAULT_BRANCH"],
    };
    const one = { ...set, id: 1, name: "one", rules: [{ type: "deletion" }] };
    const two = { ...set, id: 2, name: "two", rules: [{ type: "non_fast_forward" }] };
    const none = await told();
    rulesets.push(one, two);
    const both = await told();
    rulesets.splice(0, 2, two, one);
    const turned = await told();
    assert.match(none ?? "", /^[0-9a-f]{64}$/);
    assert.notEqual(both, none);
    assert.deepEqual([turned, warned()], [both, 1]);
    rulesets.splice(0);
    assert.deepEqual([await told(), warned()], [none, 2]);
  });

  test("a byte that somebody changed in the trail is found by the next verification, and written into the log", async () => {
    const { services } = team.running;
    const { directory } = team.repository;
    const repository = { directory, git: (...args: string[]) => runGit(directory, args) };
    const path = paths(repository).findLast((each) => each.startsWith("tail/")) ?? "";
    const bytes = readFile(repository, path);
    amend(repository, { [path]: flipped(bytes, bytes.length - 30) });
    ahead += 25 * 3_600_000;
    await auditTrail(services, {
      ...{ installationId: team.installation.id, repositoryId: team.repository.id },
      ...{ owner: "acme", repo: "credit" },
    });
    const verified = await findVerification(services.store.archive, team.repository.id);
    assert.ok((verified?.findings ?? 0) > 0, JSON.stringify(verified));
    assert.ok(team.log.some((line) => line.includes("The trail does not verify")));
  });
});
