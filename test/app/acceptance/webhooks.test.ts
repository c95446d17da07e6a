import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { scratchRepository } from "../../git.ts";
import { hang, locked, RESET, secondaryLimit, serverError } from "../../github/faults.ts";
import { tip } from "../../github/git-data.ts";
import type { Delivery } from "../../github/hooks.ts";
import type { Pull } from "../../github/nouns.ts";
import type { Files } from "../../github/play/pushes.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, until } from "./scene.ts";

/** What arrives twice, late, never or from the wrong hand; and an API that does not answer as it should. */

let team: Team;

before(async () => {
  team = await startTeam({ clock: HASTY });
});
after(async () => {
  await team.close();
  for (const remove of removals) remove();
});

/** What the App uses until it has ended. */
const removals: (() => void)[] = [];

const ours = (pull: Pull) =>
  team.stand.github.comments.filter(({ thread, app }) => thread === pull && app?.id === team.registration.id);

function post(body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(String(team.registration.hookUrl), {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "x-github-event": "pull_request", ...headers },
  });
}

describe("a delivery", () => {
  it("C69: that comes twice, with others before it that came first, is worked on once", async () => {
    const { github, play } = team.stand;
    const taken: Delivery[] = [];
    github.hooks.take((delivery) => taken.push(delivery));
    const { repository, people } = team;
    const parents = [tip(repository, "main")];
    play.push(repository, { branch: "twice", by: people.maria, parents, files: nextModel(2) });
    const pull = play.openPull(repository, { head: "twice", by: people.maria });
    play.push(repository, { branch: "twice", by: people.maria, files: nextModel(3) });
    github.hooks.take(undefined);
    await Promise.all([...taken.toReversed(), ...taken].map((delivery) => github.hooks.post(delivery)));
    await team.settle();
    assert.equal(ours(pull).length, 1);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    const entries = kindsOf(await team.trail());
    for (const delivery of taken) github.hooks.redeliver(delivery);
    await team.settle();
    assert.deepEqual(kindsOf(await team.trail()), entries);
  });

  it("C70: that nobody signed, or only with SHA-1, or that was signed for other bytes, does nothing", async () => {
    const { github } = team.stand;
    const last = github.hooks.deliveries.findLast(({ event }) => event === "pull_request");
    assert.ok(last !== undefined);
    const sha1 = createHmac("sha1", team.registration.webhookSecret).update(last.body).digest("hex");
    const good = last.headers["x-hub-signature-256"] ?? "";
    const attempts: readonly (readonly [body: string, headers: Record<string, string>])[] = [
      [last.body, {}],
      [last.body, { "x-hub-signature": `sha1=${sha1}` }],
      [last.body, { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }],
      [`${last.body} `, { "x-hub-signature-256": good }],
    ];
    const known = team.stand.requests.length;
    for (const [index, [body, headers]] of attempts.entries()) {
      const response = await post(body, { ...headers, "x-github-delivery": `forged-${index}` });
      assert.equal(response.status, 401, `${index}`);
    }
    await team.settle();
    assert.equal(team.stand.requests.length, known);
  });

  it("C71: that never arrived is made good by the sweep when the process starts again", async () => {
    const { github, play } = team.stand;
    const { repository, people } = team;
    github.hooks.take(() => undefined);
    const parents = [tip(repository, "main")];
    play.push(repository, { branch: "lost", by: people.maria, parents, files: nextModel(4) });
    const pull = play.openPull(repository, { head: "lost", by: people.maria });
    github.hooks.take(undefined);
    await team.restart();
    await until(() => github.checks.runsFor(repository, pull.head.sha).length > 0);
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    assert.equal(ours(pull).length, 1);
  });

  it("C71: of a review that never arrived is made good, too", async () => {
    const { github, play } = team.stand;
    const pull = await team.propose(nextModel(5));
    // GitHub tells the time of a change in whole seconds.
    await sleep(1_100);
    github.hooks.take(() => undefined);
    play.review(pull, { by: team.people.olga, state: "APPROVED" });
    github.hooks.take(undefined);
    await team.restart();
    await until(() => team.checkOf(pull.head.sha).conclusion === "success");
  });
});

describe("a repository that goes on", () => {
  it("C76: that was renamed is the same one, with its comment and its check", async () => {
    const { play, github } = team.stand;
    const pull = await team.propose(nextModel(25));
    play.renameRepository(team.repository, { by: github.owner, name: "credit-models" });
    await team.settle();
    await approve(team, pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    assert.equal(ours(pull).length, 1);
  });

  it("C76: whose installation is suspended rests, and is judged when it is let in again", async () => {
    const { play, github } = team.stand;
    const pull = await team.propose(nextModel(26));
    play.suspend(team.installation, { by: github.owner });
    play.review(pull, { by: team.people.olga, state: "APPROVED" });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    play.unsuspend(team.installation, { by: github.owner });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  });
});

describe("an API that fails", () => {
  const faults = [
    ["answers 502 after it wrote the comment", "issues/create-comment", serverError(502), "after"],
    ["cuts the line after it wrote the comment", "issues/create-comment", RESET, "after"],
    ["answers 502 before it wrote the comment", "issues/create-comment", serverError(502), "before"],
    ["answers 502 after it opened the check", "checks/create", serverError(502), "after"],
    ["hangs up after it concluded the check", "checks/update", hang(50), "after"],
    ["limits the writing of comments", "issues/create-comment", secondaryLimit(1), "before"],
    ["limits reading with 429", "graphql pullRequest", secondaryLimit(1, 429), "before"],
    ["answers 502 to a read", "graphql pullRequest", serverError(502), "before"],
  ] as const;
  for (const [index, [name, match, effect, when]] of faults.entries()) {
    it(`C72: because it ${name} leaves one check and one comment`, async () => {
      team.stand.fail({ match, effect, when });
      const pull = await team.propose(nextModel(10 + index));
      assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
      assert.equal(ours(pull).length, 1);
      assert.equal(team.stand.github.checks.runsFor(team.repository, pull.head.sha).length, 1);
    });
  }

  it("C72: for long shows the change as not judged, and judges it when it is back", async () => {
    const { stand } = team;
    stand.fail({ match: "git/get-tree", effect: serverError(502), times: 14 });
    const shown: string[] = [];
    const watch = setInterval(() => {
      for (const { conclusion, output } of stand.github.checks.runs) {
        if (conclusion === "failure" && output.title !== null) shown.push(output.title);
      }
    }, 20);
    const pull = await team.propose(nextModel(20));
    clearInterval(watch);
    assert.ok(shown.includes("This change could not be judged yet"), `${new Set(shown).size}`);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    assert.equal(ours(pull).length, 1);
  });
});

describe("our comment", () => {
  it("C73: is not taken from whoever writes its marker, and comes back once if it is deleted or edited", async () => {
    const { play, github } = team.stand;
    const pull = await team.propose(nextModel(21));
    const [own] = ours(pull);
    assert.ok(own !== undefined);
    const forged = play.comment(pull, { by: team.people.maria, body: own.body.replace("❌", "✅") });
    play.editComment(own, { by: github.owner, body: "All is well" });
    await team.settle();
    assert.match(team.commentOn(pull), /Weighbridge/);
    play.deleteComment(own, { by: github.owner });
    await team.settle();
    assert.equal(ours(pull).length, 1);
    assert.match(team.commentOn(pull), /approval/);
    assert.notEqual(team.commentOn(pull), forged.body);
    assert.match(forged.body, /✅|⏳/);
  });

  it("C73: is left out where the conversation is locked; the check has everything", async () => {
    const { stand, people, repository } = team;
    stand.fail({ match: "issues/create-comment", effect: locked() });
    const parents = [tip(repository, "main")];
    stand.play.push(repository, { branch: "quiet", by: people.maria, parents, files: nextModel(22) });
    const pull = stand.play.openPull(repository, { head: "quiet", by: people.maria });
    pull.locked = true;
    await team.settle();
    assert.equal(ours(pull).length, 0);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    assert.match(team.checkOf(pull.head.sha).text, /CORE-12/);
  });

  it("C65: C73: C74: of very many findings, with hostile names, fits, and marks no more than GitHub takes", async () => {
    const weights = nextModel(23)["models/credit-pd/model.safetensors"] ?? "";
    const name = "<details> @olga #1 ![x](evil.example) |`<b>\u202e";
    const files = Object.fromEntries(
      Array.from({ length: 260 }, (_, index) => [
        `models/${name}/${"long-".repeat(20)}${index}.safetensors`,
        weights,
      ]),
    );
    const pull = await team.propose(files);
    const body = team.commentOn(pull);
    assert.ok(body.length <= 65_536 && body.startsWith(`<!-- weighbridge:${pull.number} -->`));
    assert.equal(body.split("<details>").length, body.split("</details>").length);
    const run = team.stand.github.checks.runsFor(team.repository, pull.head.sha)[0];
    assert.equal(run?.conclusion, "failure");
    for (const text of [body, `${run?.output.title}\n${run?.output.summary}\n${run?.output.text}`]) {
      assert.match(text, /olga/);
      assert.doesNotMatch(text, /(?<![`\w;])@olga|<b>|!\[x\]\(|(?<![`\w;&])#1\b|\u202e/);
    }
    assert.equal(run?.annotations.length, 200);
    assert.match(run?.output.summary ?? "", /200 of \d+ findings/);
  });
});

/** A pull request from a fork of somebody who may only read. */
async function proposeFromFork(files: Files): Promise<Pull> {
  const { play } = team.stand;
  const by = team.people.sid;
  const from = play.fork(team.repository, { by });
  play.push(from, { branch: "work", by, parents: [tip(from, "main")], files });
  const pull = play.openPull(team.repository, { head: "work", from, by });
  await team.settle();
  return pull;
}

describe("a button of the check", () => {
  it("C75: judges the head that stands again, and explains, for those who may write", () =>
    pressButtons(() => team.propose(nextModel(24))));

  it("C75: does the same of a fork, whose pull requests GitHub does not name with it", () =>
    pressButtons(() => proposeFromFork(nextModel(25))));

  async function pressButtons(propose: () => Promise<Pull>): Promise<void> {
    const { play, github } = team.stand;
    const pull = await propose();
    const runOf = () => {
      const [run] = github.checks.runsFor(team.repository, pull.head.sha);
      assert.ok(run !== undefined);
      return run;
    };
    const judged = () => team.log.filter((line) => /Verdict shown/.test(line)).length;
    const before = judged();
    play.rerequestRun(runOf(), { by: team.people.sid });
    play.requestAction(runOf(), { by: team.people.sid, identifier: "recheck" });
    play.requestAction(runOf(), { by: team.people.sid, identifier: "explain" });
    await team.settle();
    assert.equal(judged(), before);
    play.rerequestRun(runOf(), { by: team.people.maria });
    await team.settle();
    play.requestAction(runOf(), { by: team.people.maria, identifier: "recheck" });
    await team.settle();
    assert.equal(judged(), before + 2);
    play.requestAction(runOf(), { by: team.people.maria, identifier: "explain" });
    play.requestAction(runOf(), { by: team.people.maria, identifier: "explain" });
    await team.settle();
    assert.equal(judged(), before + 2);
    const answers = ours(pull).filter(({ body }) => /weighbridge:explained:/.test(body));
    assert.equal(answers.length, 1);
    assert.match(answers[0]?.body ?? "", /\*\*CORE-12\*\*/);
    play.rerequestSuite(runOf().suite, { by: team.people.sid });
    await team.settle();
    assert.equal(judged(), before + 2);
    play.rerequestSuite(runOf().suite, { by: team.people.maria });
    await team.settle();
    assert.equal(judged(), before + 3);
  }
});

describe("an installation", () => {
  it("C80: and another, each with a pull request of the same number, know nothing of each other", async () => {
    const { github, play } = team.stand;
    const [first] = github.pulls.filter(({ repository }) => repository === team.repository);
    const mine = first ?? (await team.propose(nextModel(30)));
    assert.equal(mine.number, 1);
    const before = team.checkOf(mine.head.sha);
    const source = await scratchRepository({ bare: true });
    const other = github.addAccount("globex", { type: "Organization" });
    const repository = github.addRepository("credit", source.directory, { private: true, owner: other });
    const by = github.addAccount("gus");
    github.people.grant(repository, by, "write");
    const policy = POLICY.replace("min: 0.8", "min: 0.99").replace("[olga]", "[gus]");
    play.install(team.registration, { by, on: other });
    play.push(repository, {
      ...{ branch: "main", by },
      files: { ".weighbridge/policy.yml": policy, ...nextModel(1, 0.995) },
    });
    play.push(repository, {
      ...{ branch: "next", by, parents: [tip(repository, "main")], files: nextModel(2, 0.9) },
    });
    const theirs = play.openPull(repository, { head: "next", by });
    await team.settle();
    assert.equal(theirs.number, 1);
    assert.equal(team.checkOf(theirs.head.sha).conclusion, "failure");
    assert.deepEqual(team.checkOf(mine.head.sha), before);
    assert.equal(ours(theirs).length, 1);
    assert.equal(ours(mine).length, 1);
    for (const { authorization, path } of team.stand.requests) {
      const token = github.tokens.find(({ text }) => authorization?.endsWith(text));
      if (token?.installation === undefined) continue;
      const isForeign = token.installation.id === team.installation.id;
      assert.doesNotMatch(path, isForeign ? /\/repos\/globex\// : /\/repos\/acme\//);
    }
    removals.push(() => source.remove());
  });
});

describe("a repository that ends", () => {
  it("C76: that is archived, and then taken from the App, crashes nothing and leaves nothing to be tried", async () => {
    const { play, github } = team.stand;
    const { inbox } = team.running.services.store;
    const pull = await team.propose(nextModel(28));
    const outOfReach = () => team.log.filter((line) => line.includes('"Out of reach')).length;
    const isEmpty = async () => (await inbox.depth()).waiting === 0;
    play.archiveRepository(team.repository, { by: github.owner });
    play.comment(pull, { by: team.people.maria, body: "/weighbridge recheck" });
    await until(() => outOfReach() > 0);
    await until(isEmpty);
    team.repository.archived = false;
    const before = outOfReach();
    play.comment(pull, { by: team.people.maria, body: "/weighbridge recheck" });
    play.uninstall(team.installation, { by: github.owner });
    await until(() => outOfReach() > before);
    // What was under way when it was taken is tried once more, and then it is known.
    await until(isEmpty);
    const health = await fetch(String(team.registration.hookUrl).replace(/\/api.*/, "/healthz"));
    assert.equal(health.status, 200);
    assert.deepEqual(await inbox.depth(), { waiting: 0, dead: 0 });
  });
});
