import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Files, modelFiles } from "../../acceptance/governed.ts";
import { tip } from "../../github/git-data.ts";
import type { Delivery } from "../../github/hooks.ts";
import type { Account, Pull } from "../../github/nouns.ts";
import type { MergeGroup } from "../../github/play/merges.ts";
import { current, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, nextSecond } from "./scene.ts";

/** Groups of the merge queue with several pull requests: what each was approved for, and nothing else, comes in. */

const SECOND = { folder: "models/churn", id: "churn" };
const TWO_MODELS = POLICY.replace("gates:\n", "  - { id: churn, path: models/churn, tier: T3 }\ngates:\n");
const MANIFEST = "models/credit-pd/model.yml";
const METRICS = "models/credit-pd/metrics.json";
const CARD = "models/credit-pd/README.md";
const UNDECIDED = /credit-pd as this group has it was part of no passing decision/;

let team: Team;

before(async () => {
  team = await startTeam({ clock: HASTY, policy: TWO_MODELS, files: current(modelFiles(SECOND)) });
});
after(() => team.close());

/** Approved by all whom any class of change asks for, and green. */
async function passing(files: Files): Promise<Pull> {
  const pull = await team.propose(files);
  for (const by of [team.people.olga, team.people.vera]) await approve(team, pull, by);
  assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  return pull;
}

function nextChurn(version: number): Files {
  return current(modelFiles({ ...SECOND, version, auc: 0.9 }));
}

async function enqueued(pulls: readonly Pull[]): Promise<MergeGroup> {
  const group = team.stand.play.enqueue(pulls, { by: team.people.maria });
  await team.settle();
  return group;
}

/** The group comes to nothing, and its pull requests are closed. */
async function end(group: MergeGroup): Promise<void> {
  const { play } = team.stand;
  play.destroyGroup(group, { reason: "invalidated" });
  for (const pull of group.pulls) play.closePull(pull, { by: team.people.maria });
  await team.settle();
}

function assertRefused({ head }: MergeGroup, why: RegExp): void {
  const { conclusion, text } = team.checkOf(head.sha);
  assert.equal(conclusion, "failure", text);
  assert.match(text, why);
}

function without(files: Files, path: string): Files {
  return Object.fromEntries(Object.entries(files).filter(([name]) => name !== path));
}

describe("a group of several pull requests", () => {
  /** One of two changes of the same model, which git combines without a conflict. */
  const others: Readonly<Record<string, (version: number) => readonly [Files, Files]>> = {
    manifest: (version) => [
      nextModel(version),
      {
        [MANIFEST]: String(nextModel(1)[MANIFEST]).replace("Ranks applications", "Declines applications"),
      },
    ],
    evaluation: (version) => [without(nextModel(version), METRICS), { [METRICS]: '{ "roc_auc": 0.99 }\n' }],
    card: (version) => [nextModel(version), { [CARD]: "# Use it for employment, too\n" }],
  };
  for (const [index, [name, changes]] of Object.entries(others).entries()) {
    it(`C77: does not pass with the weights of one and the ${name} of another, for nobody saw the two together`, async () => {
      const [weights, rest] = changes(10 + index);
      const group = await enqueued([await passing(weights), await passing(rest)]);
      assertRefused(group, UNDECIDED);
      await end(group);
    });
  }

  const late: Readonly<Record<string, (files: Files) => Files>> = {
    manifest: (files) => ({ [MANIFEST]: String(files[MANIFEST]).replace("Ranks", "Declines") }),
    evaluation: () => ({ [METRICS]: '{ "roc_auc": 0.99 }\n' }),
    card: () => ({ [CARD]: "# Nobody approved this\n" }),
    // Nothing that is governed; and still nobody knows of the verdict that this head has.
    README: () => ({ "README.md": "Late words\n" }),
  };
  for (const [index, [name, change]] of Object.entries(late).entries()) {
    it(`C77: does not pass with a commit about the ${name} that nobody told the App of`, async () => {
      const { play, github } = team.stand;
      const version = 20 + index;
      const files = nextModel(version);
      const pull = await passing(files);
      const beside = await passing(nextChurn(version));
      github.hooks.take(() => undefined);
      play.push(team.repository, { branch: pull.head.ref, by: team.people.maria, files: change(files) });
      // The App hears of the group, and of nothing that came before it.
      const told: Delivery[] = [];
      github.hooks.take((delivery) => told.push(delivery));
      const group = play.enqueue([pull, beside], { by: team.people.maria });
      github.hooks.take(undefined);
      for (const delivery of told) if (delivery.event === "merge_group") await github.hooks.post(delivery);
      await team.settle();
      assertRefused(group, new RegExp(`Pull request ${pull.number} of this group has another head`));
      await end(group);
    });
  }

  it("C77: passes with two changes of one model where the later one was approved with the other in it", async () => {
    const { play } = team.stand;
    const { maria } = team.people;
    const pull = await passing(nextModel(30));
    const files = { [CARD]: "# The card of the new weights\n" };
    play.push(team.repository, { branch: "upper", by: maria, parents: [pull.head.sha], files });
    const upper = play.openPull(team.repository, { head: "upper", by: maria });
    await team.settle();
    await approve(team, upper);
    const group = await enqueued([pull, upper]);
    const { conclusion, text } = team.checkOf(group.head.sha);
    assert.equal(conclusion, "success", text);
    await end(group);
  });
});

describe("a group of more commits than one answer has", () => {
  const COMMITS = 120;

  async function long(files: Files): Promise<Pull> {
    const { play } = team.stand;
    const { repository, people } = team;
    let sha = tip(repository, "main");
    for (let count = 0; count < COMMITS; count++) {
      const brought = count === 0 ? files : { "notes.md": `${count}\n` };
      sha = play.commit(repository, { parents: [sha], files: brought, author: people.maria });
    }
    const branch = `long-${sha}`;
    play.push(repository, { branch, by: people.maria, sha });
    const pull = play.openPull(repository, { head: branch, by: people.maria });
    await team.settle();
    await approve(team, pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    return pull;
  }

  it("C77: passes where each of its pull requests does, and not with a last one that waits", async () => {
    const pulls = [await long(nextModel(40)), await passing(nextChurn(40))];
    const good = await enqueued(pulls);
    const { conclusion, text } = team.checkOf(good.head.sha);
    assert.equal(conclusion, "success", text);
    team.stand.play.destroyGroup(good, { reason: "invalidated" });
    const waiting = await team.propose({ [CARD]: "# Nobody approved this\n" });
    assert.equal(team.checkOf(waiting.head.sha).conclusion, "action_required");
    const group = await enqueued([...pulls, waiting]);
    assertRefused(group, new RegExp(`Pull request ${waiting.number} of this group has no passing decision`));
    team.stand.play.destroyGroup(group, { reason: "invalidated" });
    // What the last one is called after is not what makes it known.
    const between = await enqueued([pulls[0]!, waiting, pulls[1]!]);
    assertRefused(
      between,
      new RegExp(`Pull request ${waiting.number} of this group has no passing decision`),
    );
    await end(between);
  });
});

describe("the check of a group", () => {
  const runOf = ({ head }: MergeGroup) => {
    const [run] = team.stand.github.checks.runsFor(team.repository, head.sha);
    assert.ok(run !== undefined);
    return run;
  };

  /** A group that nobody let in when it was judged, though by now somebody would. */
  async function outdated(version: number): Promise<MergeGroup> {
    const pull = await team.propose(nextModel(version));
    const group = await enqueued([pull]);
    assertRefused(group, /has no passing decision/);
    for (const by of [team.people.olga, team.people.vera]) await approve(team, pull, by);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    assertRefused(group, /has no passing decision/);
    return group;
  }

  const clicks: Readonly<Record<string, (group: MergeGroup, by: Account) => void>> = {
    "Judge again": (group, by) => team.stand.play.requestAction(runOf(group), { by, identifier: "recheck" }),
    "Re-run": (group, by) => team.stand.play.rerequestRun(runOf(group), { by }),
    "Re-run all": (group, by) => team.stand.play.rerequestSuite(runOf(group).suite, { by }),
  };
  for (const [index, [name, click]] of Object.entries(clicks).entries()) {
    it(`C77: C75: is concluded anew on "${name}", for those who may write`, async () => {
      const group = await outdated(50 + index);
      click(group, team.people.sid);
      await team.settle();
      assertRefused(group, /has no passing decision/);
      click(group, team.people.maria);
      await team.settle();
      const { conclusion, text } = team.checkOf(group.head.sha);
      assert.equal(conclusion, "success", text);
      await end(group);
    });
  }

  it("C77: has no button for what a group does not do", async () => {
    const group = await enqueued([await passing(nextModel(55))]);
    assert.deepEqual(
      runOf(group).actions.map(({ identifier }) => identifier),
      ["recheck"],
    );
    await end(group);
  });

  it("C77: is left as it is when the group comes to its end, and afterwards by every click", async () => {
    const { play } = team.stand;
    const group = await outdated(56);
    const { id } = runOf(group);
    const asked = team.stand.requests.length;
    play.destroyGroup(group, { reason: "invalidated" });
    await team.settle();
    for (const click of Object.values(clicks)) click(group, team.people.maria);
    await team.settle();
    assertRefused(group, /has no passing decision/);
    const about = [group.head.sha, `check-runs/${id}`];
    const requests = team.stand.requests.slice(asked).map(({ path, body }) => path + JSON.stringify(body));
    assert.deepEqual(
      requests.filter((request) => about.some((word) => request.includes(word))),
      [],
    );
    for (const pull of group.pulls) play.closePull(pull, { by: team.people.maria });
    await team.settle();
  });
});

describe("a group that was let in, and waits for its other checks", () => {
  const taken: Readonly<Record<string, (pull: Pull) => void>> = {
    "has been dismissed": (pull) => {
      const { play, github } = team.stand;
      const review = github.reviews.find((each) => each.pull === pull && each.author === team.people.olga);
      assert.ok(review !== undefined);
      play.dismissReview(review, { by: github.owner });
    },
    "was taken back": (pull) => {
      team.stand.play.comment(pull, { by: team.people.olga, body: "/weighbridge withdraw" });
    },
  };
  for (const [index, [name, takeBack]] of Object.entries(taken).entries()) {
    it(`C77: is let in no more once the approval of a part ${name}`, async () => {
      const pull = await passing(nextModel(60 + index));
      const group = await enqueued([pull]);
      assert.equal(team.checkOf(group.head.sha).conclusion, "success", team.checkOf(group.head.sha).text);
      await nextSecond();
      takeBack(pull);
      await team.settle();
      assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
      assertRefused(group, new RegExp(`Pull request ${pull.number} of this group has no passing decision`));
      await end(group);
    });
  }
});
