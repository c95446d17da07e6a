import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findVerification } from "../../app/pages/verification.ts";
import { auditTrail } from "../../app/trail-audit.ts";
import { checkPulls } from "../../app/upkeep.ts";
import { GateError } from "../../gate/model/error.ts";
import { runGit, scratchRepository } from "../git.ts";
import { problem } from "../github/exchange.ts";
import { tip } from "../github/git-data.ts";
import type { Account, Pull } from "../github/nouns.ts";
import { amend, flipped, paths, readFile } from "../trail/tamper.ts";
import { HASTY, until } from "./acceptance/scene.ts";
import { kindsOf, nextModel, startTeam, type Team } from "./team.ts";

const HOUR_MS = 3_600_000;

describe("what is looked after without being asked", { concurrency: 1 }, () => {
  let team: Team;
  // The App's clock begins at half past: no hour ends but those that a test has end.
  let ahead = HOUR_MS * 1.5 - (Date.now() % HOUR_MS);
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

describe("what cannot be looked after", { concurrency: 1 }, () => {
  let team: Team;
  let ahead = 0;
  const removals: (() => void)[] = [];
  const sweep = () => checkPulls(team.running.services);
  const failures = async () => {
    const cause = await sweep().catch((error: unknown) => error);
    assert.ok(cause instanceof GateError && cause.cause instanceof AggregateError);
    assert.equal(cause.code, "SWEEP_INCOMPLETE");
    return cause.cause.errors.map(({ code }) => code);
  };
  before(async () => {
    team = await startTeam({ clock: HASTY, now: () => Date.now() + ahead, sweepMs: 86_400_000 });
    await until(() => team.stand.requests.some(({ operation }) => operation === "pulls/list"));
    await team.settle();
  });
  after(async () => {
    await team.close();
    for (const remove of removals) remove();
  });

  /** A pull request in another repository, of whose webhooks none arrives. */
  async function unheard(owner: Account): Promise<Pull> {
    const { play, github } = team.stand;
    const { maria } = team.people;
    const source = await scratchRepository({ bare: true });
    removals.push(() => source.remove());
    const repository = github.addRepository(`second-of-${owner.login}`, source.directory, { owner });
    github.people.grant(repository, maria, "write");
    play.push(repository, { branch: "main", by: maria, files: { "README.md": "Models\n" } });
    const parents = [tip(repository, "main")];
    play.push(repository, { branch: "change", by: maria, parents, files: { "README.md": "Words\n" } });
    return play.openPull(repository, { head: "change", by: maria });
  }

  const isJudged = async (pull: Pull) => {
    await team.settle();
    return team.checkOf(pull.head.sha).conclusion === "success";
  };

  test("C76: a repository that answers 403 keeps no other back, and its other parts neither", async () => {
    const { github } = team.stand;
    github.hooks.take(() => undefined);
    const pull = await unheard(github.owner);
    team.stand.fail({
      match: "pulls/list",
      effect: { kind: "reply", reply: problem(403, "Repository access blocked") },
    });
    assert.deepEqual(await failures(), ["GITHUB_FORBIDDEN"]);
    assert.ok(await isJudged(pull));
    const told = team.log.filter((line) => line.includes("Cannot look for stale pull requests"));
    assert.deepEqual(
      told.map((line) => JSON.parse(line).repository),
      [team.repository.id],
    );
  });

  test("C76: an installation that cannot be listed keeps no other back", async () => {
    const { play, github } = team.stand;
    const globex = github.addAccount("globex", { type: "Organization" });
    play.install(team.registration, { by: globex, on: globex });
    const pull = await unheard(globex);
    team.stand.fail({
      match: "apps/list-repos-accessible-to-installation",
      effect: { kind: "reply", reply: problem(403, "Resource not accessible by integration") },
    });
    assert.deepEqual(await failures(), ["GITHUB_FORBIDDEN"]);
    assert.ok(await isJudged(pull));
    assert.ok(team.log.some((line) => line.includes("Cannot list an installation")));
    github.hooks.take(undefined);
  });

  test("a machine without git is told to have it, and the trail is not said to be verified", async () => {
    const { running, repository, installation } = team;
    const { PATH } = process.env;
    await team.propose(nextModel(2));
    await team.trail();
    const place = {
      ...{ installationId: installation.id, repositoryId: repository.id },
      ...{ owner: repository.owner.login, repo: repository.name },
    };
    process.env.PATH = "/nowhere";
    try {
      await assert.rejects(auditTrail(running.services, place), { code: "GIT_MISSING" });
    } finally {
      process.env.PATH = PATH;
    }
    const kept = await findVerification(running.services.store.archive, repository.id);
    assert.deepEqual([kept?.failure?.code, kept?.undecided], ["GIT_MISSING", 1]);
    assert.match(kept?.failure?.fix ?? "", /^Install git/);
    ahead += 2 * 3_600_000;
  });

  test("a trail whose branch is gone keeps nobody back, and is not said to be verified", async () => {
    const { play, github } = team.stand;
    const { services } = team.running;
    const { archive } = services.store;
    const verified = () => findVerification(archive, team.repository.id);
    await team.propose(nextModel());
    await team.trail();
    await sweep();
    assert.equal((await verified())?.findings, 0);
    play.deleteBranch(team.repository, { branch: "weighbridge-trail", by: team.people.maria });
    await team.settle();
    github.hooks.take(() => undefined);
    const initech = github.addAccount("initech", { type: "Organization" });
    const pull = await unheard(initech);
    play.install(team.registration, { by: initech, on: initech });
    ahead += 25 * 3_600_000;
    assert.ok((await failures()).includes("GIT_FAILED"));
    assert.ok(await isJudged(pull));
    const { failure, undecided, at = 0 } = (await verified()) ?? {};
    assert.deepEqual([failure?.code, undecided], ["GIT_FAILED", 1]);
    assert.match(failure?.fix ?? "", /still has the branch weighbridge-trail/);
    await sweep();
    assert.equal((await verified())?.at, at);
    ahead += 3_600_000;
    await failures();
    assert.ok(((await verified())?.at ?? 0) > at);
  });
});
