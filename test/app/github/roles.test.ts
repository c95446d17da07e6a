import assert from "node:assert/strict";
import { test } from "node:test";
import { holdersOf } from "../../../app/github/roles.ts";
import { writersAmong } from "../../../app/github/writers.ts";
import type { Policy } from "../../../gate/model/policy.ts";
import { openScene, type Scene } from "./scene.ts";

const NOW = "2026-11-21T12:00:00Z";

function role(terms: Partial<Policy["roles"][string]>): Policy["roles"][string] {
  return { teams: [], users: [], exclusiveWith: [], ...terms };
}

async function asked(scene: Scene, roles: Policy["roles"], userIds: readonly number[], more: object = {}) {
  const { roles: held, unresolved } = await holdersOf(scene.client, { roles, userIds, now: NOW, ...more });
  return { held: Object.fromEntries(held), unresolved };
}

test("roles by team and by login, in one question", async () => {
  const scene = await openScene();
  const { github } = scene.stand;
  const [vera, olga] = [github.addAccount("vera"), github.addAccount("olga")];
  github.people.addTeam(github.owner, "Model Validation", { members: [vera, scene.maria] });
  const roles = {
    validator: role({ teams: ["acme/model-validation"] }),
    owner: role({ users: ["olga", "vera"] }),
  };
  const { held, unresolved } = await asked(scene, roles, [vera.id, olga.id, scene.maria.id, 4]);
  assert.deepEqual(held, {
    [vera.id]: ["validator", "owner"],
    [olga.id]: ["owner"],
    [scene.maria.id]: ["validator"],
    4: [],
  });
  assert.deepEqual(unresolved, []);
  assert.equal(scene.stand.count("graphql"), 1);
});

test("C27: who is invited, and who is in a team below, does not count", async () => {
  const scene = await openScene();
  const { github, play } = scene.stand;
  const [invited, below] = [github.addAccount("invited"), github.addAccount("below")];
  const team = github.people.addTeam(github.owner, "Risk", { privacy: "secret" });
  play.joinTeam(team, { by: github.owner, account: invited, state: "pending" });
  github.people.addTeam(github.owner, "Risk interns", { parent: team, members: [below] });
  const { held } = await asked(scene, { risk: role({ teams: ["acme/risk"] }) }, [invited.id, below.id]);
  assert.deepEqual(held, { [invited.id]: [], [below.id]: [] });
});

test("C25: who left the team, or is suspended, holds the role no more", async () => {
  const scene = await openScene();
  const { github, play } = scene.stand;
  const [left, suspended] = [github.addAccount("left"), github.addAccount("suspended")];
  const team = github.people.addTeam(github.owner, "Risk", { members: [left, suspended] });
  play.leaveTeam(team, { by: github.owner, account: left });
  play.suspendAccount(suspended);
  const { held } = await asked(scene, { risk: role({ teams: ["acme/risk"] }) }, [left.id, suspended.id]);
  assert.deepEqual(held, { [left.id]: [], [suspended.id]: [] });
});

test("C9: a role with a team, an organisation or a login that does not exist is unresolved", async () => {
  const scene = await openScene();
  const roles = {
    risk: role({ teams: ["acme/nobody"], users: ["maria"] }),
    owner: role({ teams: ["elsewhere/team"] }),
    validator: role({ users: ["gone"] }),
  };
  const { held, unresolved } = await asked(scene, roles, [scene.maria.id]);
  assert.deepEqual(unresolved, [
    { role: "risk", reason: "team acme/nobody does not exist, or cannot be seen" },
    { role: "owner", reason: "team elsewhere/team does not exist, or cannot be seen" },
    { role: "validator", reason: "user gone does not exist, or cannot be seen" },
  ]);
  assert.deepEqual(held, { [scene.maria.id]: ["risk"] });
});

test("C26: a login or a team's name that another has taken resolves no role", async () => {
  const scene = await openScene();
  const { github, play } = scene.stand;
  const vera = github.addAccount("vera");
  const team = github.people.addTeam(github.owner, "Risk", { members: [scene.maria] });
  const pins = new Map<string, number>();
  const pin = async (name: string, id: number) => {
    if (!pins.has(name)) pins.set(name, id);
    return pins.get(name)!;
  };
  const roles = { risk: role({ teams: ["acme/risk"], users: ["vera"] }) };
  assert.deepEqual((await asked(scene, roles, [vera.id], { pin })).unresolved, []);
  play.renameAccount(vera, "vera-now");
  const impostor = github.addAccount("vera");
  play.renameTeam(team, { by: github.owner, name: "Old risk" });
  const other = github.people.addTeam(github.owner, "Risk", { members: [impostor] });
  const { held, unresolved } = await asked(scene, roles, [impostor.id], { pin });
  assert.deepEqual(held, { [impostor.id]: [] });
  assert.deepEqual(unresolved, [
    {
      role: "risk",
      reason: `team acme/risk is another than when the policy was first used: ${other.id}, it was ${team.id}`,
    },
    {
      role: "risk",
      reason: `user vera is another than when the policy was first used: ${impostor.id}, it was ${vera.id}`,
    },
  ]);
});

test("a team of more than a hundred is read to its end", async () => {
  const scene = await openScene();
  const { github } = scene.stand;
  const members = Array.from({ length: 205 }, (_, index) => github.addAccount(`m${index}`));
  github.people.addTeam(github.owner, "Everybody", { members });
  const last = members.at(-1)!.id;
  const { held } = await asked(scene, { owner: role({ teams: ["acme/everybody"] }) }, [last]);
  assert.deepEqual(held, { [last]: ["owner"] });
  assert.equal(scene.stand.count("graphql"), 3);
});

test("who stands in for somebody holds the role on those days alone", async () => {
  const scene = await openScene();
  const delegates = [{ user: "maria", from: "2026-11-20", until: "2026-11-21" }];
  const roles = { owner: role({ delegates }) };
  assert.deepEqual((await asked(scene, roles, [scene.maria.id])).held, { [scene.maria.id]: ["owner"] });
  const { held } = await asked(scene, roles, [scene.maria.id], { now: "2026-11-22T00:00:00Z" });
  assert.deepEqual(held, { [scene.maria.id]: [] });
});

test("C29: GitHub is asked who may write, whatever an association says", async () => {
  const scene = await openScene();
  const { github } = scene.stand;
  const { repository, address, client } = scene;
  const grants = ["none", "read", "triage", "write", "maintain", "admin"] as const;
  const people = grants.map((grant) => {
    const account = github.addAccount(`may-${grant}`);
    github.people.grant(repository, account, grant);
    return { userId: account.id, login: account.login };
  });
  const writers = await writersAmong(client, address, people);
  assert.deepEqual(
    grants.filter((_, index) => writers.has(people[index]!.userId)),
    ["write", "maintain", "admin"],
  );
});

test("C26: a person who was renamed may still write; who took the login may not in their place", async () => {
  const scene = await openScene();
  const { github, play } = scene.stand;
  const vera = github.addAccount("vera");
  github.people.grant(scene.repository, vera, "write");
  const person = { userId: vera.id, login: "vera" };
  play.renameAccount(vera, "vera-now");
  assert.deepEqual([...(await writersAmong(scene.client, scene.address, [person]))], [vera.id]);
  const impostor = github.addAccount("vera");
  github.people.grant(scene.repository, impostor, "admin");
  github.people.grant(scene.repository, vera, "none");
  assert.deepEqual([...(await writersAmong(scene.client, scene.address, [person]))], []);
});

test("C25: an account that was deleted may not write", async () => {
  const scene = await openScene();
  const { github, play } = scene.stand;
  const vera = github.addAccount("vera");
  github.people.grant(scene.repository, vera, "write");
  play.deleteAccount(vera);
  assert.equal(
    (await writersAmong(scene.client, scene.address, [{ userId: vera.id, login: "vera" }])).size,
    0,
  );
});
