import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { checkPulls } from "../../../app/upkeep.ts";
import type { Delivery } from "../../github/hooks.ts";
import type { Account, Pull } from "../../github/nouns.ts";
import type { Installation } from "../../github/state/apps.ts";
import type { Team as People } from "../../github/state/people.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, until } from "./scene.ts";

/** The App is installed anew, and repositories pass from one installation to another: what they approved stays theirs. */

const BY_TEAM = POLICY.replace("owner: { users: [olga] }", "owner: { teams: [acme/owners] }");
const HOUR_MS = 3_600_000;

let team: Team;
// The App's clock begins at half past: no hour ends, and asks for a heartbeat, but those that a test has end.
let ahead = HOUR_MS * 1.5 - (Date.now() % HOUR_MS);
/** Members of the team of owners. */
let owners: Readonly<Record<"nina" | "paul" | "dora", Account>>;
let ownersTeam: People;
let standing: Installation;

before(async () => {
  const now = () => Date.now() + ahead;
  team = await startTeam({ clock: HASTY, policy: BY_TEAM, now, sweepMs: 86_400_000 });
  await until(() => team.stand.requests.some(({ operation }) => operation === "apps/list-installations"));
  const { github } = team.stand;
  const person = (login: string) => {
    const account = github.addAccount(login);
    github.people.grant(team.repository, account, "write");
    return account;
  };
  owners = { nina: person("nina"), paul: person("paul"), dora: person("dora") };
  ownersTeam = github.people.addTeam(github.owner, "Owners", { members: Object.values(owners) });
  standing = team.installation;
});
after(() => team.close());

const conclusionOf = ({ head }: Pull) => team.checkOf(head.sha).conclusion;
const places = ({ id }: Installation) => team.running.services.store.archive.places(id);

/** A green pull request that somebody of the team of owners let in. */
async function approvedBy(account: Account, version: number): Promise<Pull> {
  const pull = await team.propose(nextModel(version));
  await approve(team, pull, account);
  assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  return pull;
}

function reinstall(): void {
  const { play, github } = team.stand;
  play.uninstall(standing, { by: github.owner });
  standing = play.install(team.registration, { by: github.owner });
}

async function sweep(): Promise<void> {
  await checkPulls(team.running.services);
  await team.settle();
}

describe("an approval", () => {
  it("C25: by who leaves the team after the App was installed anew counts no more", async () => {
    const { play, github } = team.stand;
    const pull = await approvedBy(owners.nina, 2);
    reinstall();
    await team.settle();
    play.leaveTeam(ownersTeam, { by: github.owner, account: owners.nina });
    await team.settle();
    assert.equal(conclusionOf(pull), "action_required");
  });

  it("C25: neither does it where nobody heard that the App was installed anew", async () => {
    const { play, github } = team.stand;
    const pull = await approvedBy(owners.paul, 3);
    const former = standing;
    github.hooks.take(() => undefined);
    reinstall();
    github.hooks.take(undefined);
    await sweep();
    assert.deepEqual(await places(former), []);
    play.leaveTeam(ownersTeam, { by: github.owner, account: owners.paul });
    await team.settle();
    assert.equal(conclusionOf(pull), "action_required");
  });

  it("C25: of an account that was deleted without a word counts for an hour at most", async () => {
    const { play } = team.stand;
    const pull = await approvedBy(owners.dora, 4);
    play.deleteAccount(owners.dora);
    await sweep();
    assert.equal(conclusionOf(pull), "success");
    ahead += HOUR_MS + 1_000;
    await sweep();
    assert.equal(conclusionOf(pull), "action_required");
  });
});

describe("a green pull request", () => {
  it("is judged anew once an hour, with few questions, and nothing new in the trail", async () => {
    const { services } = team.running;
    const { play, github } = team.stand;
    play.joinTeam(ownersTeam, { by: github.owner, account: team.people.olga });
    await team.settle();
    const pull = await approvedBy(team.people.olga, 5);
    await sweep();
    ahead += HOUR_MS + 1_000;
    const decided = async () =>
      kindsOf(await team.trail()).filter((kind) => kind.startsWith("decision")).length;
    const [from, before] = [team.stand.requests.length, await decided()];
    await sweep();
    const judged = await services.store.archive.get(`judged/${team.repository.id}/${pull.number}`);
    assert.ok(Number(judged) >= services.now() - 60_000);
    assert.equal(await decided(), before);
    const asked = team.stand.requests.slice(from);
    const writes = asked.filter(({ method, operation }) => method !== "GET" && operation !== "graphql");
    // What stands is written over with the same words: nobody is notified, and nothing is added.
    assert.deepEqual(
      writes.map(({ operation }) => operation),
      ["checks/update", "issues/update-comment"],
    );
    // The trail is looked at by its own clock.
    const judging = asked.filter(({ path }) => !path.endsWith("weighbridge-trail"));
    assert.ok(judging.length <= 16, judging.map(({ operation }) => operation).join());
    const again = team.stand.requests.length;
    await sweep();
    assert.ok(team.stand.requests.slice(again).every(({ operation }) => operation !== "graphql"));
  });
});

describe("a repository that is transferred", () => {
  it("C76: to another installation keeps what was approved, and takes what is said afterwards", async () => {
    const { play, github } = team.stand;
    const { inbox } = team.running.services.store;
    const { repository, people } = team;
    const byName = { ".weighbridge/policy.yml": POLICY };
    play.push(repository, { branch: "main", by: github.owner, files: byName });
    await team.settle();
    const [earlier, later] = [await approvedBy(people.olga, 6), await team.propose(nextModel(7))];
    const globex = github.addAccount("globex", { type: "Organization" });
    const there = play.install(team.registration, { by: github.owner, on: globex });
    await team.settle();
    // Said before the move, and heard after it.
    const late: Delivery[] = [];
    github.hooks.take((delivery) => late.push(delivery));
    play.review(later, { by: people.olga, state: "APPROVED" });
    github.hooks.take(undefined);
    play.transferRepository(repository, { by: github.owner, to: globex });
    await team.settle();
    assert.deepEqual(await places(standing), []);
    const moved = { installationId: there.id, repositoryId: repository.id, owner: "globex", repo: "credit" };
    assert.deepEqual(await places(there), [moved]);
    assert.equal(conclusionOf(earlier), "success", team.commentOn(earlier));
    await Promise.all(late.map((delivery) => github.hooks.post(delivery)));
    await team.settle();
    assert.equal(conclusionOf(later), "success", team.commentOn(later));
    const last = await approvedBy(people.olga, 8);
    for (const pull of [earlier, later, last]) assert.notEqual(team.commentOn(pull), "");
    assert.equal((await inbox.depth()).dead, 0);
  });
});
