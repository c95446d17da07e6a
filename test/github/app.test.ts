import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { type Answered, type Asked, ask as askStandIn, jwt } from "./client.ts";
import type { Account, Pull, Repository } from "./nouns.ts";
import { type StandIn, startServer } from "./server.ts";
import type { Installation, Registration } from "./state/apps.ts";

/** The way of an App through the stand-in, each step as GitHub's description and its documentation have it. */

let source: ScratchRepository;
let stand: StandIn;
let repository: Repository;
let app: Registration;
let installation: Installation;
let maria: Account;
let pull: Pull;
let token: string;

before(async () => {
  source = await scratchRepository({ bare: true });
  stand = await startServer();
  const { github, play } = stand;
  repository = github.addRepository("credit", source.directory);
  app = github.addApp("weighbridge");
  installation = play.install(app, { by: github.owner });
  maria = github.addAccount("maria");
  play.push(repository, { branch: "main", by: maria, files: { "a.txt": "1\n2\n3\n" } });
  play.push(repository, { branch: "next", by: maria, sha: source.git("rev-parse", "main") });
  play.push(repository, { branch: "next", by: maria, files: { "a.txt": "1\n2\n4\n", "b/c.txt": "c\n" } });
  pull = play.openPull(repository, { head: "next", by: maria });
});

after(async () => {
  source.remove();
  await stand.close();
});

function ask(path: string, asked: Asked = {}): Promise<Answered> {
  return askStandIn(stand, path, { as: token, ...asked });
}

const REPO = "/repos/acme/credit";

describe("the stand-in for an App", () => {
  it("knows an App by its key, and gives its installation a token", async () => {
    assert.equal((await ask("/app", { as: jwt(app) })).body.slug, "weighbridge");
    const found = await ask(`${REPO}/installation`, { as: jwt(app) });
    assert.equal(found.body.id, installation.id);
    const made = await ask(`/app/installations/${installation.id}/access_tokens`, {
      method: "POST",
      as: jwt(app),
    });
    assert.equal(made.status, 201);
    token = made.body.token;
  });

  it("shows a pull request with its files, commits and reviews", async () => {
    const shown = await ask(`${REPO}/pulls/1`);
    assert.deepEqual(
      [shown.body.mergeable, shown.body.changed_files, shown.body.commits, shown.body.additions],
      [null, 2, 1, 2],
    );
    assert.equal((await ask(`${REPO}/pulls/1`)).body.mergeable, true);
    const files = await ask(`${REPO}/pulls/1/files`);
    assert.deepEqual(
      files.body.map(({ filename, status, patch }: Record<string, string>) => [filename, status, patch]),
      [
        ["a.txt", "modified", "@@ -1,3 +1,3 @@\n 1\n 2\n-3\n+4"],
        ["b/c.txt", "added", "@@ -0,0 +1 @@\n+c"],
      ],
    );
    const [commit] = (await ask(`${REPO}/pulls/1/commits`)).body;
    assert.equal(commit.author.id, maria.id);
    assert.equal((await ask(`${REPO}/pulls`)).body.length, 1);
    stand.play.review(pull, { by: stand.github.addAccount("jan"), state: "APPROVED" });
    const reviews = await ask(`${REPO}/pulls/1/reviews`);
    assert.deepEqual([reviews.body[0].state, reviews.body[0].commit_id], ["APPROVED", pull.head.sha]);
  });

  it("keeps check runs with their annotations, and tells of them", async () => {
    const annotation = {
      path: "a.txt",
      start_line: 1,
      end_line: 1,
      annotation_level: "notice",
      message: "m",
    };
    const output = { title: "t", summary: "s", annotations: [annotation] };
    const made = await ask(`${REPO}/check-runs`, {
      method: "POST",
      body: { name: "weighbridge", head_sha: pull.head.sha, status: "in_progress", output },
    });
    assert.equal(made.status, 201);
    const path = `${REPO}/check-runs/${made.body.id}`;
    const body = { conclusion: "success", output };
    const updated = await ask(path, { method: "PATCH", body });
    assert.deepEqual([updated.body.status, updated.body.output.annotations_count], ["completed", 2]);
    assert.equal((await ask(`${path}/annotations`)).body.length, 2);
    const listed = await ask(`${REPO}/commits/${pull.head.sha}/check-runs?check_name=weighbridge`);
    assert.deepEqual([listed.body.total_count, listed.body.check_runs[0].app.id], [1, app.id]);
    stand.play.rerequestRun(stand.github.checks.runs[0]!, { by: maria });
    const events = stand.github.hooks.deliveries.map(({ event, action }) => `${event}.${action}`);
    assert.deepEqual(events.slice(-4), [
      "pull_request_review.submitted",
      "check_run.created",
      "check_run.completed",
      "check_run.rerequested",
    ]);
  });

  it("keeps comments of the App with its name, and their reactions", async () => {
    const made = await ask(`${REPO}/issues/1/comments`, { method: "POST", body: { body: "x" } });
    assert.equal(made.body.performed_via_github_app.id, app.id);
    const path = `${REPO}/issues/comments/${made.body.id}/reactions`;
    assert.equal((await ask(path, { method: "POST", body: { content: "+1" } })).status, 201);
    assert.equal((await ask(path, { method: "POST", body: { content: "+1" } })).status, 200);
    assert.equal((await ask(path)).body[0].user.id, app.bot.id);
  });

  it("knows teams and what people may do", async () => {
    const { github, play } = stand;
    const parent = github.people.addTeam(github.owner, "Credit Risk");
    const team = github.people.addTeam(github.owner, "Model Owners", { members: [maria], parent });
    parent.repositories.set(repository, "write");
    assert.equal((await ask("/orgs/acme/teams/model-owners")).body.parent.slug, "credit-risk");
    for (const path of ["/orgs/acme/teams/credit-risk/members", `/teams/${team.id}/members`]) {
      assert.deepEqual(
        (await ask(path)).body.map(({ id }: { id: number }) => id),
        [maria.id],
      );
    }
    const membership = await ask("/orgs/acme/teams/credit-risk/memberships/maria");
    assert.deepEqual([membership.body.state, membership.body.role], ["active", "member"]);
    const permission = await ask(`${REPO}/collaborators/maria/permission`);
    assert.deepEqual([permission.body.permission, permission.body.role_name], ["write", "write"]);
    play.leaveTeam(team, { by: github.owner, account: maria });
    assert.equal((await ask("/orgs/acme/teams/credit-risk/memberships/maria")).status, 404);
    assert.equal((await ask(`${REPO}/collaborators/maria/permission`)).body.permission, "read");
    assert.equal((await ask(`/user/${maria.id}`)).body.login, "maria");
  });
});
