import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { canonical, sha256Of } from "../../../gate/parse/canonical.ts";
import { readAsOf } from "../../../gate/trail/as-of.ts";
import { SUBJECTS_MAX } from "../../../gate/trail/decision-content.ts";
import { openGitStore } from "../../../gate/trail/git-store.ts";
import { git, tip } from "../../github/git-data.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, LAX, nextSecond } from "./scene.ts";

/** What may run, and what ran: answered and written down by the digests of the models in the commit. */

const IN_ORDER = `  - id: staging-first
    rule: deployment.promotion
    with: { environment: production, after: [staging] }
    severity: block
`;

let team: Team;
/** Commits of main: as it began, and with the next two versions, each by its gate. */
const commits: string[] = [];

before(async () => {
  team = await startTeam({ policy: POLICY.replace("gates:\n", `gates:\n${IN_ORDER}`) });
  commits.push(tip(team.repository, "main"));
  for (const version of [2, 3]) {
    const pull = await team.propose(nextModel(version));
    await approve(team, pull);
    commits.push(team.stand.play.merge(pull, { by: team.people.maria }));
    await team.settle();
  }
});
after(() => team.close());

/** A decision record under the digest of its content. */
function sealed(content: object) {
  const digest = sha256Of(Buffer.from(canonical(content), "utf8"));
  return { digest, record: canonical({ ...content, digest }) };
}

/** What the App answers to a run that wants to deploy the commit. */
async function answerFor(sha: string, environment = "staging") {
  const { play, github } = team.stand;
  const run = play.completeRun(team.repository, {
    ...{ by: team.people.maria, head: sha, branch: "main" },
    ...{ event: "push", path: ".github/workflows/deploy.yml" },
  });
  const known = github.gateReviews.length;
  play.deploy(team.repository, { by: team.people.maria, sha, run, environment });
  await team.settle();
  assert.equal(github.gateReviews.length, known + 1);
  return github.gateReviews.at(-1);
}

/** The digest of the model's file in a commit. */
function weightsAt(sha: string): string {
  const bytes = git(team.repository, "show", `${sha}:models/credit-pd/model.safetensors`);
  return sha256Of(bytes ?? "");
}

describe("a deployment", () => {
  it("of what a decision let pass goes on", async () => {
    const answer = await answerFor(commits[1] ?? "");
    assert.equal(answer?.state, "approved", answer?.comment);
  });

  it("of what was there before anybody decided anything does not", async () => {
    const answer = await answerFor(commits[0] ?? "");
    assert.equal(answer?.state, "rejected");
    assert.match(answer?.comment ?? "", /credit-pd/);
  });

  it("of a model that went around the gate does not", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    const parents = [tip(repository, "main")];
    const sha = play.push(repository, { branch: "hotfix", by: people.maria, parents, files: nextModel(66) });
    assert.equal((await answerFor(sha))?.state, "rejected");
  });

  it("of what another branch's policy let pass does not, and its many decisions hide none that counts", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    const parents = [tip(repository, "main")];
    const files = { ".weighbridge/policy.yml": LAX };
    play.push(repository, { branch: "scratch", by: people.maria, parents, files });
    const pull = await team.propose(nextModel(60, 0.4), { base: "scratch" });
    const answer = await answerFor(pull.head.sha);
    assert.equal(answer?.state, "rejected", answer?.comment);
    assert.match(answer?.comment ?? "", /credit-pd was not approved for main/);
    const { archive } = team.running.services.store;
    const filter = { repositoryId: repository.id, number: pull.number, countMax: 1 };
    const [passed] = await archive.decisions(filter);
    assert.equal(passed?.verdict, "pass");
    for (let at = 0; at < 201 && passed !== undefined; at++) {
      await archive.keepDecision({ ...passed, digest: `sha256:${at}`, decidedAt: Date.now() });
    }
    assert.equal((await answerFor(commits[1] ?? ""))?.state, "approved");
  });

  it("of a model file that nobody described, or of one behind a link, does not", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    const weights = nextModel(9)["models/credit-pd/model.safetensors"] ?? "";
    const parents = [tip(repository, "main")];
    const hidden = { "models/other/model.safetensors": weights };
    const linked = { "models/credit-pd/model.safetensors": { mode: "120000", content: "../x.safetensors" } };
    for (const [index, files] of [hidden, linked].entries()) {
      const sha = play.push(repository, { branch: `sly-${index}`, by: people.maria, parents, files });
      assert.equal((await answerFor(sha))?.state, "rejected", `${index}`);
    }
  });

  it("does not go on because the App's own store says that it was approved", async ({ mock }) => {
    const { archive } = team.running.services.store;
    const pull = await team.propose(nextModel(50));
    const repositoryId = team.repository.id;
    const [waiting] = await archive.decisions({ repositoryId, number: pull.number, countMax: 1 });
    const [passed] = await archive.decisions({ repositoryId, verdict: "pass", countMax: 1 });
    if (waiting?.verdict !== "wait" || passed === undefined) assert.fail("no decisions to forge from");
    const { digest: _, ...content } = JSON.parse(waiting.record);
    const { digest: real, ...approved } = JSON.parse(passed.record);
    // A verdict that nobody gave, and one that was given for another content, under its own and under the old digest.
    const verdict = sealed({ ...content, verdict: "pass" });
    const moved = sealed({ ...approved, input: { ...approved.input, change: content.input.change } });
    const kept = { digest: real, record: canonical({ ...JSON.parse(moved.record), digest: real }) };
    mock.method(archive, "decisions", async () =>
      [verdict, moved, kept].map((forged) => ({ ...passed, ...forged })),
    );
    const answer = await answerFor(pull.head.sha);
    assert.equal(answer?.state, "rejected");
    assert.match(answer?.comment ?? "", /credit-pd was approved, and the trail does not hold it/);
  });

  it("goes to production after exactly this content has run in staging, and not before", async () => {
    const { play } = team.stand;
    const sha = commits[1] ?? "";
    const early = await answerFor(sha, "production");
    assert.equal(early?.state, "rejected");
    assert.match(early?.comment ?? "", /credit-pd has not run in staging as it is/);
    // For GitHub it is the same environment.
    assert.equal((await answerFor(sha, "PRODUCTION"))?.state, "rejected");
    const run = async (of: string, state: "success" | "failure", environment: string) => {
      const deployment = play.deploy(team.repository, { by: team.people.maria, sha: of, environment });
      play.finishDeployment(deployment, { by: team.people.maria, state });
      await team.settle();
    };
    await run(sha, "failure", "staging");
    await run(commits[2] ?? "", "success", "staging");
    assert.equal((await answerFor(sha, "production"))?.state, "rejected");
    await run(sha, "success", "Staging");
    const answer = await answerFor(sha, "production");
    assert.equal(answer?.state, "approved", answer?.comment);
  });

  it("is in the trail with its end, and the way back to an earlier version is its own kind", async () => {
    const { play } = team.stand;
    const known = (await team.trail()).length;
    for (const [sha, state] of [
      [commits[1], "success"],
      [commits[2], "failure"],
      [commits[2], "success"],
      [commits[1], "success"],
    ] as const) {
      const deployment = play.deploy(team.repository, { by: team.people.maria, sha: sha ?? "" });
      play.finishDeployment(deployment, { by: team.people.maria, state });
      await team.settle();
    }
    const entries = (await team.trail()).slice(known);
    assert.deepEqual(kindsOf(entries), [
      "deploy.succeeded",
      "deploy.failed",
      "deploy.succeeded",
      "deploy.rolled_back",
    ]);
    assert.equal(entries.at(-1)?.predicate.deployment?.sha, commits[1]);
  });

  it("of what was gone back from is one forward, and back is told by what is in a commit", async () => {
    const { play, github } = team.stand;
    const { repository, people } = team;
    const parents = [commits[2] ?? ""];
    const files = nextModel(2);
    const reverted = play.push(repository, { branch: "reverted", by: people.maria, parents, files });
    const kindsAfter = async (sha: string) => {
      const known = (await team.trail()).length;
      const deployment = play.deploy(repository, { by: people.maria, sha });
      play.finishDeployment(deployment, { by: people.maria });
      await team.settle();
      return kindsOf((await team.trail()).slice(known));
    };
    assert.deepEqual(await kindsAfter(commits[2] ?? ""), ["deploy.succeeded"]);
    const [forward] = github.hooks.deliveries.filter(({ event }) => event === "deployment_status").slice(-1);
    assert.equal(weightsAt(reverted), weightsAt(commits[1] ?? ""));
    assert.deepEqual(await kindsAfter(reverted), ["deploy.rolled_back"]);
    // Whoever tells the App of it once more, under another id, tells it nothing.
    const known = (await team.trail()).length;
    assert.ok(forward !== undefined);
    const headers = { ...forward.headers, "x-github-delivery": randomUUID() };
    assert.ok((await github.hooks.post({ ...forward, headers })) < 300);
    await team.settle();
    assert.deepEqual(kindsOf((await team.trail()).slice(known)), []);
  });

  it("of more files than an entry holds is in the trail by the digest of each model, as its decision is", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    const folder = "models/credit-pd";
    const next = nextModel(70);
    const names = Array.from({ length: SUBJECTS_MAX }, (_, at) => `shards/${at}.safetensors`);
    const files = {
      ...next,
      [`${folder}/model.yml`]: String(next[`${folder}/model.yml`]).replace(
        "artifacts:\n",
        `artifacts:\n${names.map((name) => `  - path: ${name}\n`).join("")}`,
      ),
      ...Object.fromEntries(
        names.map((name) => [`${folder}/${name}`, next[`${folder}/model.safetensors`] ?? ""]),
      ),
    };
    const parents = [tip(repository, "main")];
    const sha = play.push(repository, { branch: "sharded", by: people.maria, parents, files });
    const known = (await team.trail()).length;
    play.openPull(repository, { head: "sharded", by: people.maria });
    await team.settle();
    const deployment = play.deploy(repository, { by: people.maria, sha, environment: "shadow" });
    play.finishDeployment(deployment, { by: people.maria });
    await team.settle();
    const entries = (await team.trail()).slice(known);
    assert.deepEqual(kindsOf(entries), ["decision.made fail", "deploy.succeeded"]);
    const [decided, deployed] = entries.map(({ subject }) => subject);
    assert.deepEqual(
      decided?.map(({ name }) => name),
      ["credit-pd"],
    );
    assert.deepEqual(deployed, decided);
  });

  it("to an environment of any name is in the trail, and the log says what it was", async () => {
    const { play } = team.stand;
    const known = (await team.trail()).length;
    const names = ["Production EU", "prod (eu)", "Zürich", "z".repeat(200)];
    for (const environment of names) {
      const deployment = play.deploy(team.repository, {
        ...{ by: team.people.maria, sha: commits[1] ?? "", environment },
      });
      play.finishDeployment(deployment, { by: team.people.maria });
      await team.settle();
    }
    const entries = (await team.trail()).slice(known);
    const tokens = entries.map(({ predicate }) => predicate.deployment?.environment ?? "");
    assert.deepEqual(tokens.slice(0, 3), [
      "escaped:Production+20EU",
      "escaped:prod+20+28eu+29",
      "escaped:Z+C3+BCrich",
    ]);
    assert.match(tokens[3] ?? "", /^sha256:[0-9a-f]{64}$/);
    const said = team.log.map((line) => JSON.parse(line)).filter(({ written }) => written !== undefined);
    assert.deepEqual(
      said.map(({ environment, written }) => [environment, written]),
      names.map((name, at) => [name, tokens[at]]),
    );
  });

  it("that went back is what runs, for whoever asks the trail", async () => {
    const [, restored, left] = commits.map(weightsAt);
    const store = await openGitStore(team.repository.directory);
    const { deployed } = await readAsOf(store, new Date(Date.now() + 60_000).toISOString());
    await store.close();
    const running = deployed.filter(({ environment }) => environment === "production");
    assert.notEqual(restored, left);
    assert.deepEqual(
      running.map(({ digest, decision }) => [digest, decision?.pr]),
      [[restored, 1]],
    );
  });
});

describe("a deployment after the default branch was called otherwise", () => {
  /** A change that passes on a branch of this name, whose policy somebody wrote who wants everything to pass. */
  const letIn = async (branch: string, version: number) => {
    const { play } = team.stand;
    const { repository, people } = team;
    const parents = [tip(repository, repository.defaultBranch)];
    play.push(repository, {
      ...{ branch, by: people.maria, parents, files: { ".weighbridge/policy.yml": LAX } },
    });
    const pull = await team.propose(nextModel(version, 0.4), { base: branch });
    const filter = { repositoryId: repository.id, number: pull.number, countMax: 1 };
    const [passed] = await team.running.services.store.archive.decisions(filter);
    assert.equal(passed?.verdict, "pass");
    play.closePull(pull, { by: people.maria });
    play.deleteBranch(repository, { branch, by: people.maria });
    await team.settle();
    return pull.head.sha;
  };

  it("goes on with what was approved before, and with nothing that only bears one of its names", async () => {
    const { play, github } = team.stand;
    const { repository } = team;
    const early = await letIn("trunk", 70);
    const next = async (act: () => void) => {
      await nextSecond();
      act();
      await team.settle();
      await nextSecond();
    };
    await next(() => play.renameDefaultBranch(repository, { by: github.owner, name: "trunk" }));
    const late = await letIn("main", 71);
    for (const sha of commits.slice(1)) {
      const answer = await answerFor(sha);
      assert.equal(answer?.state, "approved", answer?.comment);
    }
    for (const sha of [early, late]) assert.equal((await answerFor(sha))?.state, "rejected");
    const pull = await team.propose(nextModel(72), { base: "trunk" });
    await approve(team, pull);
    const merged = play.merge(pull, { by: team.people.maria });
    await team.settle();
    // And back again: what was approved under each of its names still is.
    await next(() => play.renameDefaultBranch(repository, { by: github.owner, name: "main" }));
    for (const sha of [commits[1] ?? "", merged]) {
      const answer = await answerFor(sha);
      assert.equal(answer?.state, "approved", answer?.comment);
    }
    for (const sha of [early, late]) assert.equal((await answerFor(sha))?.state, "rejected");
  });
});
