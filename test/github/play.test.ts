import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import type { Account, Pull, Repository } from "./nouns.ts";
import { type StandIn, startServer } from "./server.ts";
import type { Installation, Registration } from "./state/apps.ts";

/** What people do on the stand-in: the state it leaves and the deliveries that it makes, each checked as it is made. */

let source: ScratchRepository;
let stand: StandIn;
let repository: Repository;
let app: Registration;
let installation: Installation;
let maria: Account;
let jan: Account;
let pull: Pull;

beforeEach(async () => {
  source = await scratchRepository({ bare: true });
  stand = await startServer();
  const { github, play } = stand;
  repository = github.addRepository("credit", source.directory);
  maria = github.addAccount("maria");
  jan = github.addAccount("jan");
  const main = play.push(repository, { branch: "main", by: maria, files: { "a.txt": "1\n2\n3\n4\n5\n" } });
  const files = { "a.txt": "one\n2\n3\n4\n5\n", "b.txt": "b\n" };
  play.push(repository, { branch: "next", by: maria, parents: [main], files });
  app = github.addApp("weighbridge");
  installation = play.install(app, { by: github.owner });
  pull = play.openPull(repository, { head: "next", by: maria });
});

afterEach(async () => {
  source.remove();
  await stand.close();
});

/** Deliveries since the last time, as `event.action`. */
function told(): string[] {
  const fresh = stand.github.hooks.deliveries.splice(0);
  return fresh.map(({ event, action }) => (action === null ? event : `${event}.${action}`));
}

describe("play", () => {
  it("moves pull requests along with their branch, and asks for checks", () => {
    told();
    const before = pull.head.sha;
    const after = stand.play.push(repository, { branch: "next", by: jan, files: { "c.txt": "c\n" } });
    const payloads = stand.github.hooks.deliveries.map(({ body }) => JSON.parse(body));
    assert.deepEqual(told(), ["push", "check_suite.requested", "pull_request.synchronize"]);
    assert.equal(pull.head.sha, after);
    assert.deepEqual(
      [payloads[0].commits.length, payloads[0].forced, payloads[0].installation.id],
      [1, false, installation.id],
    );
    assert.deepEqual([payloads[2].before, payloads[2].after, payloads[2].sender.id], [before, after, jan.id]);
    stand.play.push(repository, { branch: "next", by: jan, sha: before });
    assert.equal(JSON.parse(stand.github.hooks.deliveries[0]?.body ?? "").forced, true);
    assert.deepEqual(
      stand.github.activities.slice(-2).map(({ kind, actor }) => [kind, actor]),
      [
        ["push", jan],
        ["force_push", jan],
      ],
    );
  });

  it("tells of what becomes of a pull request, its reviews and its comments", () => {
    const { github, play } = stand;
    told();
    play.editPull(pull, { by: maria, title: "Another", base: "next" });
    play.convertToDraft(pull, { by: maria });
    play.markReady(pull, { by: maria });
    play.closePull(pull, { by: maria });
    play.reopenPull(pull, { by: maria });
    const review = play.review(pull, { by: jan, state: "APPROVED" });
    play.review(pull, { by: jan, state: "PENDING" });
    play.editReview(review, { by: jan, body: "Fine" });
    play.dismissReview(review, { by: maria });
    const comment = play.comment(pull, { by: jan, body: "/approve" });
    play.editComment(comment, { by: maria, body: "/reject" });
    play.deleteComment(comment, { by: jan });
    const issue = github.addIssue(repository, jan);
    play.comment(issue, { by: jan, body: "/approve" });
    const last = JSON.parse(github.hooks.deliveries.at(-1)?.body ?? "");
    assert.equal(last.issue.pull_request, undefined);
    assert.deepEqual(told(), [
      "pull_request.edited",
      "pull_request.converted_to_draft",
      "pull_request.ready_for_review",
      "pull_request.closed",
      "pull_request.reopened",
      "pull_request_review.submitted",
      "pull_request_review.edited",
      "pull_request_review.dismissed",
      "issue_comment.created",
      "issue_comment.edited",
      "issue_comment.deleted",
      "issue_comment.created",
    ]);
    assert.throws(() => play.review(pull, { by: maria, state: "APPROVED" }), /the author/);
  });

  for (const [method, count] of [
    ["merge", 3],
    ["squash", 2],
    ["rebase", 2],
  ] as const) {
    it(`really merges by ${method}, as web-flow`, () => {
      const { play } = stand;
      play.push(repository, { branch: "main", by: jan, files: { "a.txt": "1\n2\n3\n4\nfive\n" } });
      told();
      const sha = play.merge(pull, { by: jan, method });
      assert.equal(source.git("rev-parse", "main"), sha);
      assert.equal(source.git("show", "main:a.txt"), "one\n2\n3\n4\nfive");
      assert.equal(source.git("rev-list", "--count", "main"), String(count + 1));
      assert.equal(source.git("log", "-1", "--format=%cn", "main"), "GitHub");
      source.git("fsck", "--strict");
      assert.deepEqual([pull.state, pull.merged?.by], ["closed", jan]);
      assert.deepEqual(told(), ["pull_request.closed", "push", "check_suite.requested"]);
    });
  }

  it("merges nothing that conflicts, lacks a required check, or is a draft, unless by an administrator", () => {
    const { github, play } = stand;
    github.rules.protections.push({
      ...{ repository, branch: "main", strict: false, checks: [{ context: "weighbridge", appId: app.id }] },
    });
    assert.throws(() => play.merge(pull, { by: jan }), /weighbridge is expected/);
    play.push(repository, { branch: "main", by: jan, files: { "a.txt": "uno\n2\n3\n4\n5\n" } });
    assert.throws(() => play.merge(pull, { by: jan, bypass: true }), /conflicts with main/);
    play.push(repository, { branch: "main", by: jan, files: { "a.txt": "1\n2\n3\n4\n5\n" } });
    play.merge(pull, { by: jan, bypass: true });
    assert.equal(pull.state, "closed");
  });

  it("takes a direct push of a pull request's head for its merge", () => {
    stand.play.push(repository, { branch: "main", by: jan, sha: pull.head.sha });
    assert.equal(pull.merged?.sha, pull.head.sha);
  });

  it("builds the commit of a merge group, merges it or takes it apart", () => {
    const { play } = stand;
    play.push(repository, { branch: "other", by: jan, parents: [pull.base.sha], files: { "d.txt": "d\n" } });
    const other = play.openPull(repository, { head: "other", by: jan });
    told();
    const dropped = play.enqueue([pull], { by: jan });
    play.destroyGroup(dropped, { reason: "invalidated" });
    const group = play.enqueue([pull, other], { by: jan });
    const files = source.git("ls-tree", "--name-only", group.head.sha).split("\n");
    assert.deepEqual(files, ["a.txt", "b.txt", "d.txt"]);
    play.mergeGroup(group);
    assert.equal(source.git("rev-parse", "main"), group.head.sha);
    assert.deepEqual(told(), [
      "pull_request.enqueued",
      "merge_group.checks_requested",
      "merge_group.destroyed",
      "pull_request.dequeued",
      "pull_request.enqueued",
      "pull_request.enqueued",
      "merge_group.checks_requested",
      "pull_request.closed",
      "pull_request.closed",
      "push",
      "check_suite.requested",
      "merge_group.destroyed",
    ]);
  });

  it("has a fork's commits where its pull request is", () => {
    const { github, play } = stand;
    const outsider = github.addAccount("outsider");
    const forked = play.fork(repository, { by: outsider });
    play.push(forked, { branch: "idea", by: outsider, files: { "e.txt": "e\n" } });
    const opened = play.openPull(repository, { head: "idea", from: forked, by: outsider });
    play.push(forked, { branch: "idea", by: outsider, files: { "f.txt": "f\n" } });
    assert.equal(source.git("rev-parse", `refs/pull/${opened.number}/head`), opened.head.sha);
    rmSync(forked.directory, { recursive: true });
  });

  it("tells of installations, repositories, people, runs and deployments", () => {
    const { github, play } = stand;
    const by = github.owner;
    told();
    play.suspend(installation, { by });
    play.comment(pull, { by: jan, body: "nobody is told" });
    play.unsuspend(installation, { by });
    play.changePermissions(installation, { by, permissions: { ...app.permissions, checks: "read" } });
    const other = github.addRepository("other", source.directory);
    play.selectRepositories(installation, { by, repositories: [other] });
    play.selectRepositories(installation, { by, repositories: [other, repository] });
    play.renameRepository(repository, { by, name: "credits" });
    play.archiveRepository(other, { by });
    const team = github.people.addTeam(github.owner, "Owners", { members: [jan] });
    play.joinTeam(team, { by, account: maria });
    play.leaveTeam(team, { by, account: jan });
    play.renameTeam(team, { by, name: "Model owners" });
    play.deleteTeam(team, { by });
    github.people.grant(repository, jan, "write");
    play.removeCollaborator(repository, { by, account: jan });
    const head = pull.head.sha;
    const run = play.completeRun(repository, { by: jan, head, branch: "next", pulls: [pull] });
    const deployment = play.deploy(repository, { by: jan, sha: head, run, pulls: [pull] });
    play.finishDeployment(deployment, { by: jan });
    github.logins.issue(app, jan);
    play.revokeAuthorization(app, { by: jan });
    // To and fro between organisations that both have the App, and on to a person who has not.
    const globex = github.addAccount("globex", { type: "Organization" });
    play.install(app, { by, on: globex });
    play.transferRepository(repository, { by, to: globex });
    play.transferRepository(repository, { by, to: github.owner });
    assert.deepEqual(repository.formerNames, ["acme/credit", "globex/credits"]);
    play.transferRepository(repository, { by, to: jan });
    play.uninstall(installation, { by });
    assert.deepEqual(told(), [
      "installation.suspend",
      "installation.unsuspend",
      "installation.new_permissions_accepted",
      "installation_repositories.removed",
      "installation_repositories.added",
      "repository.renamed",
      "repository.archived",
      "membership.added",
      "membership.removed",
      "team.edited",
      "team.deleted",
      "member.removed",
      "workflow_run.completed",
      "deployment_protection_rule.requested",
      "deployment_status.created",
      "github_app_authorization.revoked",
      "installation.created",
      "repository.transferred",
      "repository.transferred",
      "installation.deleted",
    ]);
  });

  it("posts a delivery that is signed, and once more only when it is asked to", async () => {
    const got: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
    const receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(500).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    app.hookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    stand.play.comment(pull, { by: jan, body: "é" });
    await stand.github.hooks.settled();
    const [delivery] = stand.github.hooks.kept();
    assert.deepEqual([got.length, delivery?.status], [1, 500]);
    const digest = createHmac("sha256", app.webhookSecret)
      .update(got[0]?.body ?? "")
      .digest("hex");
    assert.equal(got[0]?.headers["x-hub-signature-256"], `sha256=${digest}`);
    stand.github.hooks.redeliver(delivery!);
    await stand.github.hooks.settled();
    assert.equal(got[1]?.headers["x-github-delivery"], got[0]?.headers["x-github-delivery"]);
    receiver.close();
  });
});
