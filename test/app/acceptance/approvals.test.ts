import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as faults from "../../github/faults.ts";
import { tip } from "../../github/git-data.ts";
import type { Account, Pull } from "../../github/nouns.ts";
import type { CommitRequest } from "../../github/play/pushes.ts";
import { nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, nextSecond, requireCheck, until } from "./scene.ts";

/** Who may agree, as whom, and how often: seen at the check and in the comment. */

let team: Team;
let versions = 2;

before(async () => {
  team = await startTeam({ clock: HASTY, staleMs: 0 });
});
after(() => team.close());

function person(login: string): Account {
  const { github } = team.stand;
  const account = github.addAccount(login);
  github.people.grant(team.repository, account, "write");
  return account;
}

/** It may write as a person may, and is in no role but by a team. */
function machine(login: string): Account {
  const { github } = team.stand;
  const account = github.addAccount(login, { type: "Bot" });
  github.people.grant(team.repository, account, "write");
  return account;
}

/** A branch that pull requests enter, whose policy says who is in which role. */
function line(name: string, roles: string, more = ""): string {
  const { repository, stand } = team;
  const policy = POLICY.replace(/roles:\n(?: {2}.*\n)+/, `roles:\n${roles}`) + more;
  stand.play.push(repository, {
    ...{ branch: name, by: stand.github.owner, parents: [tip(repository, "main")] },
    files: { ".weighbridge/policy.yml": policy },
  });
  requireCheck(team, name);
  return name;
}

const BOTH = `  - id: both
    rule: approvals.required
    with: { B: { T3: [owner, validator] } }
    severity: block
`;

async function open(base = "main"): Promise<Pull> {
  return team.propose(nextModel(++versions), { base });
}

/** A pull request of maria's, of a commit that others had a hand in. */
async function openWith(commit: Partial<CommitRequest> & { readonly by?: Account }): Promise<Pull> {
  const { play } = team.stand;
  const { maria } = team.people;
  const branch = `hands-${++versions}`;
  const parents = [tip(team.repository, "main")];
  play.push(team.repository, {
    ...{ branch, by: maria, author: maria, parents, files: nextModel(versions), ...commit },
  });
  const pull = play.openPull(team.repository, { head: branch, by: maria });
  await team.settle();
  return pull;
}

async function say(pull: Pull, by: Account, body: string): Promise<void> {
  team.stand.play.comment(pull, { by, body });
  await team.settle();
}

function conclusionOf({ head }: Pull): string | null {
  return team.checkOf(head.sha).conclusion;
}

function assertWaits(pull: Pull, reason?: RegExp): void {
  const comment = team.commentOn(pull);
  assert.equal(conclusionOf(pull), "action_required", comment);
  if (reason !== undefined) assert.match(comment, reason);
}

describe("a role that nobody can be found in", () => {
  it("C9: that the policy does not name closes the change, and is never 'none needed'", async () => {
    const pull = await open(line("c9-role", "  owner: { users: [olga] }\n", BOTH));
    await approve(team, pull);
    assert.equal(conclusionOf(pull), "failure");
    assert.match(team.commentOn(pull), /does not say who is in the role validator/);
  });

  it("C9: whose team does not exist, or is deleted, closes the change whoever approves", async () => {
    const unknown = await open(line("c9-team", "  owner: { teams: [acme/nobody] }\n"));
    await approve(team, unknown);
    assert.equal(conclusionOf(unknown), "failure");
    assert.match(team.commentOn(unknown), /acme\/nobody does not exist/);
    const { github, play } = team.stand;
    const owners = github.people.addTeam(github.owner, "C9 Owners", { members: [team.people.olga] });
    const pull = await open(line("c9-gone", "  owner: { teams: [acme/c9-owners] }\n"));
    await approve(team, pull);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
    play.deleteTeam(owners, { by: github.owner });
    await team.settle();
    assert.equal(conclusionOf(pull), "failure");
  });
});

describe("who had a hand in the change", () => {
  it("C22: the author approves nothing, by a comment or through a bot", async () => {
    const { github } = team.stand;
    const bot = machine("maria-helper[bot]");
    github.people.addTeam(github.owner, "C22 Owners", { members: [team.people.maria, bot] });
    const pull = await open(line("c22", "  owner: { teams: [acme/c22-owners] }\n"));
    await say(pull, team.people.maria, "/weighbridge approve");
    await say(pull, bot, "/weighbridge approve");
    assertWaits(pull, /maria \(approval, ignored\): .*wrote it/);
    assert.doesNotMatch(team.commentOn(pull), /maria-helper/, "what a bot writes is no command");
    const spoken = github.comments.find(({ thread, author }) => thread === pull && author === bot);
    assert.ok(spoken !== undefined && !github.reactions.some(({ comment }) => comment === spoken));
    await approve(team, pull, bot);
    assertWaits(pull, /maria-helper\\\[bot\\\] \(approval, ignored\): a bot gave it/);
  });

  const HANDS: readonly (readonly [string, () => Partial<CommitRequest> & { by?: Account }, RegExp])[] = [
    ["a committer", () => ({ committer: team.people.olga }), /committed to it/],
    ["a co-author", () => ({ message: "A change\n\nCo-authored-by: O <olga@example.com>\n" }), /co-author/],
    ["who pushed", () => ({ by: team.people.olga }), /pushed it/],
  ];
  for (const [who, commit, reason] of HANDS) {
    it(`C23: ${who} does not approve`, async () => {
      const pull = await openWith(commit());
      await approve(team, pull);
      assertWaits(pull, reason);
    });
  }

  it("C23: of a fork, who opened the pull request is not taken for who pushed there", async () => {
    const { play } = team.stand;
    const { maria, olga, vera } = team.people;
    const from = play.fork(team.repository, { by: olga });
    // Signed off with maria's name, for that is what a commit says of itself.
    const parents = [tip(from, "main")];
    play.push(from, { branch: "hers", by: olga, author: maria, parents, files: nextModel(77) });
    const pull = play.openPull(team.repository, { head: "hers", from, by: maria });
    await team.settle();
    await approve(team, pull);
    assertWaits(pull, /another person/);
    await approve(team, pull, vera);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });

  it("C23: who pushed an earlier commit of it, under another's name, does not approve", async () => {
    const { play } = team.stand;
    const { maria, olga } = team.people;
    const branch = `hands-${++versions}`;
    const parents = [tip(team.repository, "main")];
    const commit = { branch, author: maria, committer: maria };
    play.push(team.repository, { ...commit, by: olga, parents, files: nextModel(versions) });
    play.push(team.repository, { ...commit, by: maria, files: { "NOTES.md": "Words\n" } });
    const pull = play.openPull(team.repository, { head: branch, by: maria });
    await team.settle();
    await approve(team, pull);
    assertWaits(pull, /olga \(approval, ignored\): .*pushed it/);
  });

  it("C23: of a fork, who pushed an earlier commit of it does not approve either", async () => {
    const { play } = team.stand;
    const { maria, olga } = team.people;
    const from = play.fork(team.repository, { by: maria });
    const commit = { branch: "x", author: maria, committer: maria };
    const files = nextModel(++versions);
    play.push(from, { ...commit, by: maria, parents: [tip(from, "main")], files: { "NOTES.md": "Words\n" } });
    const pull = play.openPull(team.repository, { head: "x", from, by: maria });
    await team.settle();
    play.push(from, { ...commit, by: olga, files });
    await team.settle();
    play.push(from, { ...commit, by: maria, files: { "NOTES.md": "More\n" } });
    await team.settle();
    await approve(team, pull);
    assertWaits(pull, /olga \(approval, ignored\): .*pushed it/);
  });

  it("C23: an address that no account stands behind asks for one person more", async () => {
    const stranger = { name: "O", email: "o@elsewhere.example", at: new Date() };
    const pull = await openWith({ author: stranger });
    await approve(team, pull);
    assertWaits(pull, /another person/);
    await approve(team, pull, team.people.vera);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });
});

describe("who developed a model before", () => {
  it("C23: a proposal that bears a validator's name, and is given up, keeps nobody from validating", async () => {
    const { play, github } = team.stand;
    const { vera } = team.people;
    const base = line("c23-forged", "  owner: { users: [olga] }\n  validator: { users: [vera] }\n", BOTH);
    const mallory = github.addAccount("mallory");
    const from = play.fork(team.repository, { by: mallory });
    const parents = [tip(from, base)];
    const files = nextModel(++versions);
    play.push(from, { branch: "x", by: mallory, author: vera, committer: vera, parents, files });
    const forged = play.openPull(team.repository, { head: "x", from, base, by: mallory });
    await team.settle();
    const pull = await open(base);
    await approve(team, pull);
    await approve(team, pull, vera);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
    play.closePull(forged, { by: mallory });
    await team.settle();
    await say(pull, team.people.maria, "/weighbridge recheck");
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });

  for (const method of ["merge", "squash", "rebase"] as const) {
    it(`C23: whose change was merged (${method}) validates no other of the model for a while`, async () => {
      const { vera, maria } = team.people;
      const roles = "  owner: { users: [olga] }\n  validator: { users: [vera, maria] }\n";
      const base = line(`c23-${method}`, roles, BOTH);
      const pull = await team.propose(nextModel(++versions), { base, by: vera, author: vera });
      await approve(team, pull);
      await approve(team, pull, maria);
      assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
      team.stand.play.merge(pull, { by: maria, method });
      await team.settle();
      const next = await open(base);
      await approve(team, next);
      await approve(team, next, vera);
      assertWaits(next, /validator/);
    });
  }
});

describe("people and seats", () => {
  it("C24: one person takes one seat, however often and in however many roles they approve", async () => {
    const other = person("carla");
    const base = line("c24", "  owner: { users: [olga] }\n  validator: { users: [olga, carla] }\n", BOTH);
    const pull = await open(base);
    await approve(team, pull);
    await approve(team, pull);
    await say(pull, team.people.olga, "/weighbridge approve");
    assertWaits(pull, /1 of/);
    await approve(team, pull, other);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });

  it("C43: people are seated so that every role that can be filled is filled", async () => {
    const [both, one] = [person("berta"), person("otto")];
    const base = line("c43", "  owner: { users: [berta, otto] }\n  validator: { users: [berta] }\n", BOTH);
    const pull = await open(base);
    await approve(team, pull, both);
    assertWaits(pull);
    await approve(team, pull, one);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });

  it("C28: a bot's approval counts in no role", async () => {
    const { github } = team.stand;
    const bot = machine("approver[bot]");
    github.people.addTeam(github.owner, "C28 Owners", { members: [team.people.olga, bot] });
    const pull = await open(line("c28", "  owner: { teams: [acme/c28-owners] }\n"));
    await approve(team, pull, bot);
    assertWaits(pull, /approver\\\[bot\\\] \(approval, ignored\): a bot gave it/);
    await approve(team, pull);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });

  it("C29: who may not write does not approve, whatever GitHub calls them", async () => {
    const { github } = team.stand;
    github.people.addMember(github.owner, team.people.sid);
    const pull = await open(line("c29", "  owner: { users: [olga, sid] }\n"));
    await approve(team, pull, team.people.sid);
    assertWaits(pull, /sid \(approval, ignored\): .*may not write/);
  });
});

describe("people who change", () => {
  it("C25: who leaves the team, or may not write any more, has approved nothing", async () => {
    const { github, play } = team.stand;
    const [nina, paul] = [person("nina"), person("paul")];
    const owners = github.people.addTeam(github.owner, "C25 Owners", { members: [nina, paul] });
    const base = line("c25", "  owner: { teams: [acme/c25-owners] }\n");
    const [left, lost] = [await open(base), await open(base)];
    await approve(team, left, nina);
    await approve(team, lost, paul);
    assert.deepEqual([left, lost].map(conclusionOf), ["success", "success"]);
    play.leaveTeam(owners, { by: github.owner, account: nina });
    play.removeCollaborator(team.repository, { by: github.owner, account: paul });
    await team.settle();
    assertWaits(left);
    assertWaits(lost, /may not write/);
  });

  it("C25: an account that is suspended or deleted approves nothing, and breaks nothing", async () => {
    const { github, play } = team.stand;
    const [sue, dan] = [person("sue"), person("dan")];
    github.people.addTeam(github.owner, "C25 Others", { members: [sue, dan] });
    const base = line("c25-others", "  owner: { teams: [acme/c25-others] }\n");
    const [suspended, deleted] = [await open(base), await open(base)];
    await approve(team, suspended, sue);
    await approve(team, deleted, dan);
    assert.deepEqual([suspended, deleted].map(conclusionOf), ["success", "success"]);
    play.suspendAccount(sue);
    play.deleteAccount(dan);
    for (const pull of [suspended, deleted]) await say(pull, team.people.maria, "/weighbridge recheck");
    assertWaits(suspended);
    assertWaits(deleted);
  });

  it("C26: a login that somebody else has taken is not the person whom the policy means", async () => {
    const nora = person("nora");
    const pull = await open(line("c26", "  owner: { users: [nora] }\n"));
    await approve(team, pull, nora);
    assert.equal(conclusionOf(pull), "success");
    team.stand.play.renameAccount(nora, "nora-of-old");
    await approve(team, pull, person("nora"));
    assert.equal(conclusionOf(pull), "failure");
    assert.match(team.commentOn(pull), /is another than when the policy was first used/);
  });

  it("C27: an invitation and a child team make nobody an owner, and a renamed team is none", async () => {
    const { github, play } = team.stand;
    const [iris, carl, olaf] = [person("iris"), person("carl"), person("olaf")];
    const owners = github.people.addTeam(github.owner, "C27 Owners", { members: [olaf], privacy: "secret" });
    github.people.addTeam(github.owner, "C27 Children", { members: [carl], parent: owners });
    play.joinTeam(owners, { by: github.owner, account: iris, state: "pending" });
    const pull = await open(line("c27", "  owner: { teams: [acme/c27-owners] }\n"));
    await approve(team, pull, iris);
    await approve(team, pull, carl);
    assertWaits(pull);
    await approve(team, pull, olaf);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
    play.renameTeam(owners, { by: github.owner, name: "C27 Keepers" });
    await team.settle();
    assert.equal(conclusionOf(pull), "failure");
  });
});

describe("reviews", () => {
  it("C30: a review that is dismissed leaves nothing, nor what was said before it", async () => {
    const pull = await open();
    const { play } = team.stand;
    const { olga } = team.people;
    play.review(pull, { by: olga, state: "APPROVED" });
    await team.settle();
    const last = play.review(pull, { by: olga, state: "APPROVED" });
    await team.settle();
    assert.equal(conclusionOf(pull), "success");
    play.dismissReview(last, { by: team.people.maria });
    await team.settle();
    assertWaits(pull);
  });

  it("C30: the trail tells who dismissed a review, an approval or a refusal", async () => {
    const { play } = team.stand;
    const { maria, olga } = team.people;
    const pull = await open();
    const known = (await team.trail()).length;
    for (const state of ["CHANGES_REQUESTED", "APPROVED"] as const) {
      const review = play.review(pull, { by: olga, state });
      await team.settle();
      play.dismissReview(review, { by: maria });
      await team.settle();
    }
    const entries = (await team.trail()).slice(known).map(({ predicate }) => predicate);
    const [said, ended] = ["approval.granted", "approval.withdrawn"].map((kind) =>
      entries.filter((entry) => entry.kind === kind),
    );
    assert.deepEqual(
      said?.map(({ actor, approval }) => [actor?.id, approval?.state]),
      [
        [olga.id, "reject"],
        [olga.id, "approve"],
      ],
    );
    assert.deepEqual(
      ended?.map(({ actor, reason, refs }) => [actor?.id, reason?.code, refs]),
      said?.map(({ id }) => [maria.id, "dismissed", [id]]),
    );
  });

  it("C31: the later of approval and request for changes holds, and a remark changes neither", async () => {
    const pull = await open();
    const review = async (state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED") => {
      team.stand.play.review(pull, { by: team.people.olga, state });
      await team.settle();
      return conclusionOf(pull);
    };
    assert.equal(await review("APPROVED"), "success");
    assert.equal(await review("COMMENTED"), "success");
    assert.equal(await review("CHANGES_REQUESTED"), "failure");
    assert.match(team.commentOn(pull), /rejected/);
    assert.equal(await review("COMMENTED"), "failure");
    assert.equal(await review("APPROVED"), "success");
  });

  it("C32: a review that is not submitted says nothing", async () => {
    const pull = await open();
    team.stand.play.review(pull, { by: team.people.olga, state: "PENDING" });
    await say(pull, team.people.maria, "/weighbridge recheck");
    assertWaits(pull);
  });

  it("C42: a review while the head is judged counts when it is judged", async () => {
    const { play } = team.stand;
    const { maria, olga } = team.people;
    const before = team.stand.count("graphql pullRequest");
    team.stand.fail({ match: "graphql pullRequest", times: 1, when: "before", effect: faults.delay(300) });
    const parents = [tip(team.repository, "main")];
    play.push(team.repository, { branch: "c42", by: maria, parents, files: nextModel(42_000) });
    const pull = play.openPull(team.repository, { head: "c42", by: maria });
    await until(() => team.stand.count("graphql pullRequest") > before);
    assert.equal(team.checkOf(pull.head.sha).status, "in_progress");
    await approve(team, pull, olga);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });
});

describe("what somebody had before them", () => {
  function pushNext(pull: Pull): void {
    const { play } = team.stand;
    play.push(team.repository, {
      ...{ branch: pull.head.ref, by: team.people.maria, author: team.people.maria },
      files: nextModel(++versions),
    });
  }

  it("C17: is not what was decided and could not be shown: who approves then has not approved it", async () => {
    const pull = await open();
    await nextSecond();
    const isFailed = () => team.log.filter((line) => line.includes("Work failed")).length;
    const failures = isFailed();
    team.stand.fail({ match: "checks/update", times: 4, effect: faults.serverError() });
    pushNext(pull);
    await until(() => isFailed() > failures);
    const { archive } = team.running.services.store;
    const about = { repositoryId: team.repository.id, number: pull.number, countMax: 9 };
    assert.equal((await archive.decisions({ ...about, head: pull.head.sha })).length, 1);
    await nextSecond();
    await say(pull, team.people.olga, "/weighbridge approve");
    assertWaits(pull);
    await nextSecond();
    await say(pull, team.people.olga, "/weighbridge approve");
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });
});

describe("a change of the policy", () => {
  it("C1: CORE-17 waits for risk whatever else was approved, and shows what becomes weaker", async () => {
    const weaker = POLICY.replace("min: 0.8", "min: 0.5");
    const pull = await team.propose({ ".weighbridge/policy.yml": weaker });
    await approve(team, pull);
    assertWaits(pull, /auc-floor: .*0\.8 → 0\.5/);
    const decided = "This change edits its own policy; the policy of the base decided. 1 demand loosened.";
    assert.ok(team.checkOf(pull.head.sha).text.includes(decided));
    assert.match(team.checkOf(pull.head.sha).text, /^\| risk \| ⏳ waiting \| – \|$/m);
    await approve(team, pull, team.people.rita);
    assert.match(team.checkOf(pull.head.sha).text, /^\| risk \| ✅ approved \| rita/m);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });
});
