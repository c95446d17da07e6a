import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Files } from "../../acceptance/governed.ts";
import * as faults from "../../github/faults.ts";
import { tip } from "../../github/git-data.ts";
import type { Delivery } from "../../github/hooks.ts";
import type { Pull } from "../../github/nouns.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, issuesOf, LAX, requireCheck, until } from "./scene.ts";

/** Heads and bases that move: a verdict is about one content under one policy, and about nothing else. */

const STRICT = POLICY.replace("min: 0.8", "min: 0.95");

let team: Team;

before(async () => {
  team = await startTeam({ clock: HASTY, staleMs: 0 });
});
after(() => team.close());

/** A branch of its own that pull requests enter, so that the cases leave one another alone. */
function line(name: string, policy = POLICY): string {
  const { repository, stand } = team;
  const parents = [tip(repository, "main")];
  const files = { ".weighbridge/policy.yml": policy };
  stand.play.push(repository, { branch: name, by: stand.github.owner, parents, files });
  requireCheck(team, name);
  return name;
}

async function push(pull: Pull, change: { files: Files; parents?: readonly string[] } | { sha: string }) {
  team.stand.play.push(team.repository, { branch: pull.head.ref, by: team.people.maria, ...change });
  await team.settle();
}

async function green(files: Files, base: string): Promise<Pull> {
  const pull = await team.propose(files, { base });
  await approve(team, pull);
  assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  return pull;
}

function conclusionsOf(head: string) {
  return team.stand.github.checks.runs
    .filter(({ suite, name }) => suite.head === head && name === "weighbridge")
    .map(({ conclusion }) => conclusion);
}

/** What GitHub answers now to what the App asked last about the pull request. */
async function shownNow({ number }: Pull): Promise<unknown> {
  const asked = team.stand.requests.findLast(
    ({ operation, body }) => operation === "graphql" && JSON.stringify(body).includes(`"number":${number}`),
  );
  const headers = {
    authorization: asked?.authorization ?? "",
    "content-type": "application/json",
    "user-agent": "a test",
    "x-github-api-version": "2022-11-28",
  };
  const body = JSON.stringify(asked?.body);
  return (await fetch(`${team.stand.origin}${asked?.path}`, { method: "POST", headers, body })).json();
}

describe("a base that is another than before", () => {
  it("C11: a pull request for another branch is judged by that branch's policy, and nothing of before counts", async () => {
    const pull = await green(nextModel(11), line("c11"));
    team.stand.play.editPull(pull, { by: team.people.maria, base: line("c11-strict", STRICT) });
    await team.settle();
    const check = team.checkOf(pull.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(check.text, /auc-floor/);
    assert.match(team.commentOn(pull), /\(approval, stale\)/);
  });

  it("C11: a base that comes back to where it was is a move as well", async () => {
    const { play, github } = team.stand;
    const { repository } = team;
    const pull = await green(nextModel(112), line("c11-back"));
    const move = async (to: { files: Files } | { sha: string }) => {
      const sha = play.push(repository, { branch: "c11-back", by: github.owner, ...to });
      await team.settle();
      return sha;
    };
    const lax = tip(repository, "c11-back");
    const strict = await move({ files: { ".weighbridge/policy.yml": STRICT } });
    for (const [sha, conclusion] of [
      [lax, "success"],
      [strict, "failure"],
      [lax, "success"],
      [strict, "failure"],
    ] as const) {
      await move({ sha });
      assert.equal(team.checkOf(pull.head.sha).conclusion, conclusion);
    }
  });

  it("C11: a merge into another branch than the one that was judged has passed no gate", async () => {
    const pull = await green(nextModel(111), line("c11-here"));
    team.stand.play.editPull(pull, { by: team.people.maria, base: line("c11-there", STRICT) });
    const sha = team.stand.play.merge(pull, { by: team.people.maria, bypass: true });
    await team.settle();
    const moves = (await team.trail()).filter(({ predicate }) => predicate.move?.after === sha);
    assert.deepEqual(kindsOf(moves), ["bypass.detected"]);
  });

  it("with two merge bases is not judged by one of them, beside which a change shows nothing", async () => {
    const { play, github } = team.stand;
    const { repository } = team;
    const { maria } = team.people;
    const base = line("crossed");
    const root = tip(repository, base);
    const note = play.commit(repository, { parents: [root], author: maria, files: { note: "1" } });
    const better = play.commit(repository, { parents: [root], author: maria, files: nextModel(113) });
    const crossed = play.commit(repository, { parents: [better, note], author: maria, files: { note: "1" } });
    play.push(repository, { branch: base, by: github.owner, sha: crossed });
    // It has the better model in its history and the one of before in its tree.
    const parents = [note, better];
    play.push(repository, { branch: "back", by: maria, parents, files: { note: "2" } });
    const pull = play.openPull(repository, { head: "back", base, by: maria });
    await team.settle();
    const { conclusion, text } = team.checkOf(pull.head.sha);
    assert.equal(conclusion, "failure");
    assert.match(text, /more than one merge base/);
    await push(pull, { files: nextModel(113), parents: [pull.head.sha, crossed] });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success");
  });

  it("C12: a policy that becomes stricter closes what it let pass before", async () => {
    const base = line("c12");
    const pull = await green(nextModel(12), base);
    team.stand.play.push(team.repository, {
      ...{ branch: base, by: team.stand.github.owner },
      files: { ".weighbridge/policy.yml": STRICT },
    });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "failure");
  });
});

describe("a head that moves", () => {
  it("C13: a push while its predecessor is judged leaves that one without a verdict", async () => {
    const base = line("c13");
    const before = team.stand.count("graphql pullRequest");
    team.stand.fail({ match: "graphql pullRequest", times: 1, when: "before", effect: faults.delay(400) });
    const { play } = team.stand;
    const by = team.people.maria;
    const parents = [tip(team.repository, base)];
    const first = play.push(team.repository, { branch: "c13-change", by, parents, files: nextModel(13) });
    const pull = play.openPull(team.repository, { head: "c13-change", base, by });
    await until(() => team.stand.count("graphql pullRequest") > before);
    assert.equal(team.checkOf(first).status, "in_progress");
    const second = play.push(team.repository, { branch: "c13-change", by, files: nextModel(130) });
    await team.settle();
    assert.deepEqual(conclusionsOf(first), [null]);
    assert.equal(team.checkOf(second).conclusion, "action_required", team.commentOn(pull));
  });

  it("C13: a head that comes after another is in progress at once, before anything is known of it", async () => {
    const { play } = team.stand;
    const pull = await team.propose(nextModel(136), { base: line("c13-at-once") });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
    const before = team.stand.count("graphql pullRequest");
    team.stand.fail({ match: "graphql pullRequest", times: 1, when: "before", effect: faults.delay(400) });
    play.push(team.repository, { branch: pull.head.ref, by: team.people.maria, files: nextModel(137) });
    await until(() => team.stand.count("graphql pullRequest") > before);
    const { status, conclusion } = team.checkOf(pull.head.sha);
    assert.deepEqual([status, conclusion], ["in_progress", null]);
    await team.settle();
    assert.deepEqual(conclusionsOf(pull.head.sha), ["action_required"]);
  });

  it("C13: an answer of the same second that still shows the former head does not open that one again", async ({
    mock,
  }) => {
    // However long the App takes, its answer is not older than GitHub may be.
    const at = new Date(Date.now() + 30_000);
    mock.method(team.stand.github, "now", () => at);
    const pull = await team.propose(nextModel(132), { base: line("c13-second") });
    const first = pull.head.sha;
    const shown = JSON.stringify(await shownNow(pull));
    const { play } = team.stand;
    play.push(team.repository, { branch: pull.head.ref, by: team.people.maria, files: nextModel(133) });
    const second = `${pull.updatedAt.toISOString().slice(0, 19)}Z`;
    const former = JSON.parse(shown.replace(/"updatedAt":"[^"]+"/, `"updatedAt":"${second}"`));
    team.stand.fail({ match: "graphql pullRequest", effect: faults.answer(200, former) });
    await team.settle();
    assert.deepEqual(conclusionsOf(first), ["action_required"]);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
  });

  it("C13: a delivery about the former head that comes late does not open that one again", async () => {
    const { github, play } = team.stand;
    const base = line("c13-late");
    const by = team.people.maria;
    const parents = [tip(team.repository, base)];
    const late: Delivery[] = [];
    play.push(team.repository, { branch: "c13-late-change", by, parents, files: nextModel(134) });
    const pull = play.openPull(team.repository, { head: "c13-late-change", base, by });
    await team.settle();
    const first = pull.head.sha;
    github.hooks.take((delivery) => late.push(delivery));
    play.editPull(pull, { by, title: "Another word for it" });
    github.hooks.take(undefined);
    await sleep(1_100);
    await push(pull, { files: nextModel(135) });
    for (const delivery of late) await github.hooks.post(delivery);
    await team.settle();
    assert.deepEqual(conclusionsOf(first), ["action_required"]);
    assert.deepEqual(conclusionsOf(pull.head.sha), ["action_required"]);
  });

  it("C14: a force push back to a head that was approved brings its approvals back, and the trail tells of it", async () => {
    const pull = await green(nextModel(14), line("c14"));
    const approved = pull.head.sha;
    await push(pull, { files: nextModel(140) });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    await push(pull, { sha: approved });
    assert.equal(team.checkOf(approved).conclusion, "success", team.commentOn(pull));
    const own = (await team.trail()).filter(({ predicate }) => predicate.pr?.number === pull.number);
    assert.deepEqual(
      own.flatMap(({ predicate: { kind, approval } }) =>
        kind.startsWith("approval") ? [`${kind} ${approval?.state ?? ""}`.trim()] : [],
      ),
      ["approval.granted approve", "approval.stale", "approval.granted approve.again-1"],
    );
  });

  it("C14: a force push back within the second of the push is seen as one", async ({ mock }) => {
    const pull = await green(nextModel(141), line("c14-second"));
    const approved = pull.head.sha;
    const at = new Date();
    mock.method(team.stand.github, "now", () => at);
    await push(pull, { files: nextModel(142) });
    const between = pull.head.sha;
    await push(pull, { sha: approved });
    assert.deepEqual(conclusionsOf(between), ["action_required"]);
    assert.equal(team.checkOf(approved).conclusion, "success", team.commentOn(pull));
    const approvals = (await team.trail()).flatMap(({ predicate: { kind, pr, approval } }) =>
      kind === "approval.granted" && pr?.number === pull.number ? [approval?.state] : [],
    );
    assert.deepEqual(approvals, ["approve", "approve.again-1"]);
  });

  it("C15: an approval of other content is void, and listed as stale with its reason", async () => {
    const pull = await green(nextModel(15), line("c15"));
    const parents = [tip(team.repository, "c15")];
    await push(pull, { files: nextModel(150), parents });
    const comment = team.commentOn(pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    assert.match(comment, /olga \(approval, stale\)/);
    assert.match(comment, /is another than when it was given/);
  });

  it("C16: a commit that was published before is approved by nobody when the branch comes to it", async () => {
    const base = line("c16");
    const pull = await team.propose(nextModel(16), { base });
    const { play } = team.stand;
    const elsewhere = play.push(team.repository, {
      ...{ branch: "c16-elsewhere", by: team.people.maria, parents: [pull.head.sha] },
      files: nextModel(160),
    });
    const other = play.openPull(team.repository, { head: "c16-elsewhere", base, by: team.people.maria });
    await team.settle();
    await approve(team, other);
    await approve(team, pull);
    assert.deepEqual(
      [pull.head.sha, elsewhere].map((head) => team.checkOf(head).conclusion),
      ["success", "success"],
    );
    play.closePull(other, { by: team.people.maria });
    await team.settle();
    await push(pull, { sha: elsewhere });
    assert.equal(pull.head.sha, elsewhere);
    assert.equal(team.checkOf(elsewhere).conclusion, "action_required", team.commentOn(pull));
    assert.match(team.commentOn(pull), /olga \(approval, stale\)/);
  });

  it("C17: a review of an earlier head counts only if the content is the same", async () => {
    const pull = await team.propose(nextModel(17), { base: line("c17") });
    const seen = pull.head.sha;
    await push(pull, { files: { "docs/notes.md": "Nothing that anybody weighs\n" } });
    team.stand.play.review(pull, { by: team.people.olga, state: "APPROVED", commit: seen });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    await push(pull, { files: nextModel(170) });
    team.stand.play.review(pull, { by: team.people.olga, state: "APPROVED", commit: seen });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
  });

  it("C17: a comment that arrives after a push is about what stood when it was written", async () => {
    const pull = await team.propose(nextModel(171), { base: line("c17-late") });
    const { github, play } = team.stand;
    const held: Parameters<typeof github.hooks.post>[0][] = [];
    const real = github.now;
    await sleep(1_000);
    github.hooks.take((delivery) => void held.push(delivery));
    const written = new Date(Date.now() - 1_000);
    github.now = () => written;
    play.comment(pull, { by: team.people.olga, body: "/weighbridge approve" });
    github.now = real;
    play.push(team.repository, { branch: pull.head.ref, by: team.people.maria, files: nextModel(172) });
    const comment = held.filter(({ event }) => event === "issue_comment");
    const others = held.filter(({ event }) => event !== "issue_comment");
    for (const delivery of others) await github.hooks.post(delivery);
    await team.settle();
    for (const delivery of comment) await github.hooks.post(delivery);
    github.hooks.take(undefined);
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    assert.match(team.commentOn(pull), /olga \(approval, stale\)/);
  });

  it("C18: an update from the base keeps approvals where it is clean, and voids them where it edits the model", async () => {
    const base = line("c18");
    const pull = await green(nextModel(18), base);
    const readme = { "README.md": "Models and more\n" };
    team.stand.play.push(team.repository, { branch: base, by: team.stand.github.owner, files: readme });
    await team.settle();
    const parents = () => [pull.head.sha, tip(team.repository, base)];
    await push(pull, { files: readme, parents: parents() });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    await push(pull, { files: nextModel(180), parents: parents() });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
  });

  it("C20: what is judged is the head that is there, not the one that a delivery told of", async () => {
    const base = line("c20");
    const { play } = team.stand;
    const by = team.people.maria;
    const parents = [tip(team.repository, base)];
    const first = play.push(team.repository, { branch: "c20-change", by, parents, files: nextModel(20) });
    play.openPull(team.repository, { head: "c20-change", base, by });
    const second = play.push(team.repository, { branch: "c20-change", by, files: nextModel(200) });
    await team.settle();
    assert.deepEqual(
      conclusionsOf(first).filter((conclusion) => conclusion !== null),
      [],
    );
    assert.equal(team.checkOf(second).conclusion, "action_required");
  });
});

describe("one commit at the head of two pull requests", () => {
  it("C19: is closed by the one that does not pass, whatever the other says, and open again without it", async () => {
    const { play } = team.stand;
    const by = team.people.maria;
    const pull = await green(nextModel(19), line("c19"));
    const head = pull.head.ref;
    const strict = play.openPull(team.repository, { head, base: line("c19-strict", STRICT), by });
    await team.settle();
    const check = team.checkOf(pull.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(check.text, /heads 2 pull requests/);
    play.closePull(strict, { by });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success");
  });

  it("C19: a green check of the one does not stand while the other is judged", async () => {
    const { play } = team.stand;
    const by = team.people.maria;
    const pull = await green(nextModel(190), line("c19-green"));
    const before = team.stand.count("graphql pullRequest");
    team.stand.fail({ match: "graphql pullRequest", times: 1, when: "before", effect: faults.delay(400) });
    const other = play.openPull(team.repository, { head: pull.head.ref, base: line("c19-other"), by });
    await until(() => team.stand.count("graphql pullRequest") > before);
    assert.equal(team.checkOf(pull.head.sha).status, "in_progress");
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    await approve(team, other);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success");
    play.review(pull, { by: team.people.olga, state: "CHANGES_REQUESTED" });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "failure");
  });
});

describe("one commit in two pull requests that are judged in one second", () => {
  it("C19: each has a decision of its own, and words about it count", async () => {
    const { play, github } = team.stand;
    const { archive } = team.running.services.store;
    const by = team.people.maria;
    const base = line("c19-twice");
    const parents = [tip(team.repository, base)];
    const sha = play.push(team.repository, { branch: "c19-one", by, parents, files: nextModel(195) });
    play.push(team.repository, { branch: "c19-two", by, sha });
    await team.settle();
    await sleep(1_010 - (Date.now() % 1_000));
    // Nothing tells their records apart.
    const pulls = ["c19-one", "c19-two"].map((head) => play.openPull(team.repository, { head, base, by }));
    await team.settle();
    const decided = await Promise.all(
      pulls.map(({ number }) => archive.decisions({ repositoryId: team.repository.id, number, countMax: 1 })),
    );
    assert.deepEqual(
      decided.map(({ length }) => length),
      [1, 1],
    );
    for (const pull of pulls) {
      const comment = play.comment(pull, { by: team.people.olga, body: "/weighbridge approve" });
      await team.settle();
      const reaction = github.reactions.find((each) => each.comment === comment);
      assert.equal(reaction?.content, "+1", `of ${pull.number}`);
    }
  });
});

describe("a commit that passes for a branch with a policy of its own", () => {
  it("C19: is not green where nobody asks for it, before and after a pull request into the default branch", async () => {
    const { play } = team.stand;
    const by = team.people.maria;
    const parents = [tip(team.repository, "main")];
    play.push(team.repository, { branch: "scratch", by, parents, files: { ".weighbridge/policy.yml": LAX } });
    const pull = await team.propose(nextModel(196, 0.3), { base: "scratch" });
    const assertUnasked = () => {
      assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
      assert.match(team.checkOf(pull.head.sha).title, /Passes for scratch/);
    };
    assertUnasked();
    const guarded = play.openPull(team.repository, { head: pull.head.ref, by });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "failure");
    play.closePull(guarded, { by });
    await team.settle();
    assertUnasked();
  });

  it("C19: is green where it passes for the default branch as well", async () => {
    const { play } = team.stand;
    const by = team.people.maria;
    const pull = await green(nextModel(197), "main");
    play.push(team.repository, { branch: "unasked", by, parents: [tip(team.repository, "main")], files: {} });
    play.openPull(team.repository, { head: pull.head.ref, base: "unasked", by });
    await team.settle();
    await approve(team, team.stand.github.pulls.at(-1)!);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success");
  });

  it("C19: is not green while a pull request that it heads for another branch is not judged with it", async () => {
    const { github, play } = team.stand;
    const by = team.people.maria;
    const pull = await team.propose(nextModel(193), { base: line("c19-guarded") });
    const lax = line("c19-lax", LAX);
    await team.settle();
    const held: Parameters<typeof github.hooks.post>[0][] = [];
    github.hooks.take((delivery) => void held.push(delivery));
    play.push(team.repository, { branch: pull.head.ref, by, files: nextModel(194, 0.3) });
    const other = play.openPull(team.repository, { head: pull.head.ref, base: lax, by });
    github.hooks.take(undefined);
    const isEarly = ({ body }: Delivery) => JSON.parse(body).number === other.number;
    for (const delivery of held.filter(isEarly)) await github.hooks.post(delivery);
    await team.settle();
    const check = team.checkOf(pull.head.sha);
    assert.equal(check.conclusion, "failure");
    assert.match(check.title, /not judged yet/);
    for (const delivery of held.filter((each) => !isEarly(each))) await github.hooks.post(delivery);
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "failure");
    assert.match(team.checkOf(pull.head.sha).text, /auc-floor/);
  });
});

describe("a merge that comes quickly", () => {
  it("C21: approved and merged within a second, it has no verdict, and is flagged", async () => {
    const pull = await team.propose(nextModel(21), { base: line("c21") });
    team.stand.play.review(pull, { by: team.people.olga, state: "APPROVED" });
    const sha = team.stand.play.merge(pull, { by: team.people.maria, bypass: true });
    await team.settle();
    const moves = (await team.trail()).filter(({ predicate }) => predicate.pr?.merge_sha === sha);
    assert.deepEqual(kindsOf(moves), ["bypass.detected"]);
    assert.ok(issuesOf(team).some(({ title }) => title.includes(sha.slice(0, 12))));
  });

  it("C21: merged with its verdict, the trail has the merge beside the decision", async () => {
    const pull = await green(nextModel(210), line("c21-green"));
    const sha = team.stand.play.merge(pull, { by: team.people.maria, bypass: true });
    await team.settle();
    const own = (await team.trail()).filter(({ predicate }) => predicate.pr?.number === pull.number);
    assert.deepEqual(kindsOf(own).slice(-2), ["decision.made pass", "merge.observed"]);
    assert.equal(own.at(-1)?.predicate.merge?.sha, sha);
  });
});
