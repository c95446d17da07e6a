import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { workflowText } from "../../../cli/commands/workflow.ts";
import type { Files } from "../../acceptance/governed.ts";
import { tip } from "../../github/git-data.ts";
import type { Pull } from "../../github/nouns.ts";
import { zipFile } from "../github/zip-file.ts";
import { nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, completeRun, EVIDENCE, runOf, until } from "./scene.ts";

/** What was measured in a run, and what cannot pass for it. A number in a committed file does not do in tier T2. */

const WORKFLOW = ".github/workflows/weighbridge.yml";
const WORKFLOW_TEXT = workflowText(`weighbridge/weighbridge@${"a".repeat(40)}`);
const T2 = POLICY.replace("tier: T3", "tier: T2");
const METRICS = "models/credit-pd/metrics.json";
const MEASURED = { [METRICS]: '{ "roc_auc": 0.9 }\n' };
const HOUR_MS = 3_600_000;

let team: Team;
let later = 0;

before(async () => {
  team = await startTeam({
    policy: T2,
    files: { [WORKFLOW]: WORKFLOW_TEXT },
    now: () => Date.now() + later,
  });
});
after(() => team.close());

/** The numbers of a change alone: who has to agree is another matter. */
function lacksEvidence(pull: Pull): boolean {
  const { conclusion, text } = team.checkOf(pull.head.sha);
  return conclusion === "failure" && /is only declared, tier T2 asks for ci/.test(text);
}

/** Until when the run is waited for; undefined where none is. */
function deadlineOf({ repository, number, head }: Pull): Promise<string | undefined> {
  return team.running.services.store.archive.get(`deadline/${repository.id}/${number}/${head.sha}`);
}

describe("the evidence of a run", () => {
  it("C62: is taken from the run about the head, and then people are asked", async () => {
    const pull = await team.propose(nextModel());
    assert.ok(lacksEvidence(pull), team.checkOf(pull.head.sha).text);
    await completeRun(team, pull, { files: MEASURED });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
    await approve(team, pull);
    await approve(team, pull, team.people.vera);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  });

  it("C77: of a pull request is that of its group in the merge queue, where nothing else came to its model", async () => {
    const { play } = team.stand;
    const pull = await team.propose(nextModel(9));
    await completeRun(team, pull, { files: MEASURED });
    await approve(team, pull);
    await approve(team, pull, team.people.vera);
    const beside = await team.propose({ "README.md": "Words\n" });
    const group = play.enqueue([beside, pull], { by: team.people.maria });
    await team.settle();
    const check = team.checkOf(group.head.sha);
    assert.equal(check.conclusion, "success", check.text);
    const decided = (await team.trail()).findLast(({ predicate }) => predicate.group !== undefined);
    assert.equal(decided?.predicate.decision?.verdict, "pass");
    play.destroyGroup(group, { reason: "dequeued" });
    await team.settle();
  });

  it("C61: of a fork, whose token may only read, is shown by the App", async () => {
    const { play, github } = team.stand;
    const stranger = github.addAccount("stranger");
    const from = play.fork(team.repository, { by: stranger });
    play.push(from, { branch: "better", by: stranger, parents: [tip(from, "main")], files: nextModel(4) });
    const pull = play.openPull(team.repository, { head: "better", from, by: stranger });
    await team.settle();
    assert.ok(lacksEvidence(pull), team.checkOf(pull.head.sha).text);
    await completeRun(team, pull, { from, by: stranger, files: MEASURED });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
    assert.match(team.commentOn(pull), /0\.9/);
  });

  it("C62: of another pull request, of another event or of another repository is not", async () => {
    const other = await team.propose(nextModel(5));
    const pull = await team.propose(nextModel(6));
    await completeRun(team, other, { files: MEASURED });
    assert.ok(!lacksEvidence(other));
    await completeRun(team, pull, { files: MEASURED, head: other.head.sha, pulls: [pull] });
    await completeRun(team, pull, { files: MEASURED, event: "push" });
    await completeRun(team, pull, { files: MEASURED, event: "workflow_dispatch" });
    const stranger = team.stand.github.addAccount("mallory");
    const from = team.stand.play.fork(team.repository, { by: stranger });
    await completeRun(team, pull, { files: MEASURED, from, by: stranger });
    assert.ok(lacksEvidence(pull));
  });

  const archives: Readonly<Record<string, Buffer>> = {
    "that leaves its folder": zipFile([{ name: "../../x.json", content: "{}" }]),
    "that is a bomb": zipFile([{ name: METRICS, content: Buffer.alloc(40_000_000) }]),
    "with a link": zipFile([{ name: METRICS, content: "/etc/passwd", mode: 0o120777 }]),
    "that is none": Buffer.from("PK\u0003\u0004 and nothing else"),
  };
  for (const [name, zip] of Object.entries(archives)) {
    it(`C62: in an archive ${name} closes the change and harms nobody`, async () => {
      const pull = await team.propose(nextModel(7));
      await completeRun(team, pull, { artifacts: { [EVIDENCE]: zip } });
      const { conclusion, title } = team.checkOf(pull.head.sha);
      assert.deepEqual([conclusion, title], ["failure", "This change could not be judged"]);
    });
  }

  const texts: Readonly<Record<string, string>> = {
    "not a number": '{ "roc_auc": NaN }',
    "a text": '{ "roc_auc": "0.9" }',
    "there twice": '{ "roc_auc": 0.1, "roc_auc": 0.9 }',
    "about another model": '{ "other": 0.9 }',
  };
  for (const [name, text] of Object.entries(texts)) {
    it(`C62: whose number is ${name} does not open the gate`, async () => {
      const pull = await team.propose(nextModel(8));
      await completeRun(team, pull, { files: { [METRICS]: text } });
      assert.equal(team.checkOf(pull.head.sha).conclusion, "failure", team.commentOn(pull));
    });
  }
});

describe("a workflow that the change brings", () => {
  const edits: Readonly<Record<string, Files>> = {
    "edits the workflow": { [WORKFLOW]: `${workflowText("weighbridge/weighbridge@v1")}# and more\n` },
    "renames its jobs": {
      [WORKFLOW]: WORKFLOW_TEXT.replaceAll("evaluate", "assess").replaceAll("weigh:", "judge:"),
    },
    "brings another": { ".github/workflows/mine.yml": `# ${EVIDENCE}\njobs: {}\n` },
  };
  for (const [name, files] of Object.entries(edits)) {
    it(`C63: and that ${name} measures nothing that is believed`, async () => {
      const pull = await team.propose({ ...nextModel(9), ...files });
      const [path = WORKFLOW] = Object.keys(files);
      await completeRun(team, pull, { files: MEASURED, path });
      assert.ok(lacksEvidence(pull), team.checkOf(pull.head.sha).text);
    });
  }

  /** A change of the model alone, from a branch as it is on main, with a run as another branch has the workflow. */
  async function measuredFor(bent: string, version: number): Promise<Pull> {
    const { repository, people, stand } = team;
    const by = people.maria;
    const parents = [tip(repository, "main")];
    const text = `${WORKFLOW_TEXT}# says what is wanted\n`;
    stand.play.push(repository, { branch: bent, by, parents, files: { [WORKFLOW]: text } });
    stand.play.push(repository, { branch: `${bent}-head`, by, parents, files: nextModel(version) });
    const pull = stand.play.openPull(repository, { head: `${bent}-head`, base: bent, by });
    await team.settle();
    await completeRun(team, pull, { files: MEASURED });
    return pull;
  }

  /** GitHub says of a run which commit it was about, and never into which branch that was to go. */
  const offers: Readonly<Record<string, (elsewhere: Pull) => Pull>> = {
    "wanted to enter another branch before": (elsewhere) => {
      team.stand.play.editPull(elsewhere, { by: team.people.maria, base: "main" });
      return elsewhere;
    },
    "is that of a pull request into another branch": (elsewhere) => {
      const { play } = team.stand;
      play.closePull(elsewhere, { by: team.people.maria });
      return play.openPull(team.repository, { head: elsewhere.head.ref, by: team.people.maria });
    },
  };
  for (const [index, [name, offer]] of Object.entries(offers).entries()) {
    it(`C63: to another branch measures nothing that is believed of a change that ${name}`, async () => {
      const pull = offer(await measuredFor(`bent-${index}`, 20 + index));
      await team.settle();
      assert.ok(lacksEvidence(pull), team.checkOf(pull.head.sha).text);
      const told = /is no evidence: the commit was to go into another branch as well/;
      assert.match(team.commentOn(pull), told);
      assert.match(team.checkOf(pull.head.sha).text, told);
      const by = team.people.maria;
      team.stand.play.push(team.repository, { branch: pull.head.ref, by, files: { "notes.md": "New\n" } });
      await team.settle();
      await completeRun(team, pull, { files: MEASURED });
      assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
    });
  }

  it("C63: to another branch, from a fork with the same commit, takes nothing from what was measured", async () => {
    const { play, github } = team.stand;
    const pull = await team.propose(nextModel(30));
    await completeRun(team, pull, { files: MEASURED });
    const stranger = github.addAccount("trudy");
    const from = play.fork(team.repository, { by: stranger });
    play.push(from, { branch: "same", by: stranger, sha: pull.head.sha });
    const parents = [tip(team.repository, "main")];
    play.push(team.repository, { branch: "anybody", by: team.people.maria, parents, files: { notes: "" } });
    const same = play.openPull(team.repository, { head: "same", from, base: "anybody", by: stranger });
    await team.settle();
    play.closePull(same, { by: stranger });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
  });

  it("C63: cannot stand in for the App's own check, though it has its name", async () => {
    const { repository, registration, people, stand } = team;
    const { play, github } = stand;
    const checks = [{ context: "weighbridge", appId: registration.id }];
    const protection = { repository, branch: "main", strict: false, checks };
    github.rules.protections.push(protection);
    const pull = await team.propose(nextModel(10));
    // The commit heads two, so which run of it is the newest has to be asked.
    play.push(repository, { branch: "c63", by: github.owner, sha: tip(repository, "main") });
    const guarded = { repository, branch: "c63", strict: false, checks };
    github.rules.protections.push(guarded);
    const beside = play.openPull(repository, { head: pull.head.ref, base: "c63", by: people.maria });
    await team.settle();
    const ours = () =>
      github.checks.runsFor(repository, pull.head.sha).find(({ suite }) => suite.app.id === registration.id);
    const actions = github.addApp("actions");
    const suite = github.checks.suite(repository, pull.head.sha, actions);
    const [newest] = github.checks.runsFor(repository, pull.head.sha);
    assert.ok(newest !== undefined);
    const forged = { ...newest, id: github.nextId(), suite, conclusion: "success" };
    const as = JSON.stringify(forged.output);
    github.checks.runs.push(forged);
    await completeRun(team, pull, { files: MEASURED });
    assert.match(`${ours()?.output.summary}${ours()?.output.text}`, /0\.9/, "ours is judged again");
    assert.equal(ours()?.conclusion, "action_required");
    const isAsked = stand.requests.some(({ path }) => path.endsWith(`/check-runs/${forged.id}`));
    assert.ok(!isAsked, "the other is none of ours");
    assert.deepEqual([forged.conclusion, JSON.stringify(forged.output)], ["success", as]);
    assert.throws(() => play.merge(pull, { by: people.maria }), /weighbridge/);
    play.closePull(beside, { by: people.maria });
    play.closePull(pull, { by: people.maria });
    github.rules.protections.splice(github.rules.protections.indexOf(protection), 1);
    github.rules.protections.splice(github.rules.protections.indexOf(guarded), 1);
    await team.settle();
  });
});

describe("a run that brings nothing", () => {
  it("C66: is waited for while it goes on, and no longer than an hour; what comes later is judged then", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    const parents = [tip(repository, "main")];
    const head = play.push(repository, { branch: "slow", by: people.maria, parents, files: nextModel(11) });
    const run = runOf(team, { head, branch: "slow" });
    run.status = "in_progress";
    run.conclusion = null;
    const pull = play.openPull(repository, { head: "slow", by: people.maria });
    await until(async () => (await deadlineOf(pull)) !== undefined);
    assert.equal(team.checkOf(head).status, "in_progress");
    later += HOUR_MS + 60_000;
    await team.settle();
    const late = team.checkOf(head);
    assert.deepEqual([late.conclusion, late.title], ["failure", "The evaluation did not end in time"]);
    run.status = "completed";
    run.conclusion = "success";
    await completeRun(team, pull, { files: MEASURED });
    assert.equal(team.checkOf(head).conclusion, "action_required", team.commentOn(pull));
  });

  for (const conclusion of ["cancelled", "timed_out", "startup_failure", "action_required"]) {
    it(`C66: and ends ${conclusion} leaves the change closed, whatever it has measured until then`, async () => {
      const pull = await team.propose(nextModel(12));
      await completeRun(team, pull, { conclusion, files: MEASURED, jobs: { evaluate: "success" } });
      assert.ok(lacksEvidence(pull), team.checkOf(pull.head.sha).text);
    });
  }

  it("C66: and whose evaluation was killed for its memory leaves the change closed, though a step had left a file", async () => {
    const pull = await team.propose(nextModel(12));
    const jobs = { evaluate: "failure", weigh: "success" };
    await completeRun(team, pull, { conclusion: "failure", files: MEASURED, jobs });
    assert.ok(lacksEvidence(pull), team.checkOf(pull.head.sha).text);
  });

  it("C66: fails because its gate is closed, and its evaluation is believed all the same", async () => {
    const pull = await team.propose(nextModel(12));
    const jobs = { evaluate: "success", weigh: "failure" };
    await completeRun(team, pull, { conclusion: "failure", files: MEASURED, jobs });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
  });

  it("C67: because no workflow ran leaves a change of a model closed, with what to do about it", async () => {
    const pull = await team.propose(nextModel(13));
    assert.ok(lacksEvidence(pull));
    assert.match(team.commentOn(pull), /Have it measured in this run, and hand the file over/);
  });

  it("C67: because no workflow ran keeps nobody who touches no model, and says nothing", async () => {
    const pull = await team.propose({ "docs/notes.md": "Words\n" });
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success");
    assert.equal(team.commentOn(pull), "");
  });
});

describe("a default branch that is called otherwise", () => {
  it("C63: takes nothing from what was measured for it under its former name", async () => {
    const pull = await team.propose(nextModel(31));
    await completeRun(team, pull, { files: MEASURED });
    team.stand.play.renameDefaultBranch(team.repository, { by: team.stand.github.owner, name: "trunk" });
    await team.settle();
    assert.equal(pull.base.ref, "trunk");
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", team.commentOn(pull));
  });
});
