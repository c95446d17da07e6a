import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { deflateRawSync } from "node:zlib";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { type Answered, type Asked, ask as askStandIn, jwt } from "./client.ts";
import type { Account, Pull, Repository } from "./nouns.ts";
import { type StandIn, startServer } from "./server.ts";
import type { Registration } from "./state/apps.ts";

/** What GitHub limits, leaves out or does in its own way. */

let source: ScratchRepository;
let stand: StandIn;
let repository: Repository;
let app: Registration;
let maria: Account;
let pull: Pull;
let token: string;

before(async () => {
  source = await scratchRepository({ bare: true });
  stand = await startServer();
  const { github, play } = stand;
  repository = github.addRepository("credit", source.directory);
  app = github.addApp("weighbridge");
  const installation = github.apps.install(app, github.owner);
  const issued = github.apps.issue(installation);
  github.tokens.push(issued);
  token = issued.text;
  maria = github.addAccount("maria");
  play.push(repository, { branch: "main", by: maria, files: { "a.txt": "a\n" } });
  play.push(repository, { branch: "next", by: maria, sha: source.git("rev-parse", "main") });
  play.push(repository, { branch: "next", by: maria, files: { "b.txt": "b\n" } });
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

describe("pulls", () => {
  it("lists 250 commits at most, linked to accounts by their e-mail", async () => {
    const { play } = stand;
    const stranger = { name: "Stranger", email: "stranger@example.org", at: new Date() };
    const noreply = { ...stranger, email: `${maria.id}+was-maria@users.noreply.github.com` };
    let sha = source.git("rev-parse", "main");
    const authors = [stranger, noreply];
    for (let n = 0; n < 260; n++) {
      const author = authors[n] ?? maria;
      sha = play.commit(repository, { parents: [sha], files: { [`f${n}`]: "x" }, author });
    }
    play.push(repository, { branch: "many", by: maria, sha });
    const { number } = play.openPull(repository, { head: "many", by: maria });
    const pages = [1, 2, 3, 4].map((page) =>
      ask(`${REPO}/pulls/${number}/commits?per_page=100&page=${page}`),
    );
    const commits = (await Promise.all(pages)).flatMap(({ body }) => body);
    assert.equal(commits.length, 250);
    assert.deepEqual(
      commits.slice(0, 3).map(({ author }) => author?.id),
      [undefined, maria.id, maria.id],
    );
    assert.equal((await ask(`${REPO}/pulls/${number}`)).body.commits, 260);
  });

  it("lists 3,000 files at most, each with its status and its name before", async () => {
    const { play } = stand;
    const files = Object.fromEntries(Array.from({ length: 3010 }, (_, n) => [`d/${n}`, `${n}\n`]));
    const main = source.git("rev-parse", "main");
    play.push(repository, { branch: "wide", by: maria, parents: [main], files });
    const { number } = play.openPull(repository, { head: "wide", by: maria });
    const last = await ask(`${REPO}/pulls/${number}/files?per_page=100&page=30`);
    assert.deepEqual([last.body.length, /rel="next"/.test(last.headers.get("link") ?? "")], [100, false]);
    const changes = {
      "a.txt": null,
      "moved.txt": "a\n",
      link: { mode: "120000", content: "a.txt" },
      bin: "\0\x01",
    };
    play.push(repository, { branch: "odd", by: maria, parents: [main], files: changes });
    const odd = play.openPull(repository, { head: "odd", by: maria });
    const shown = (await ask(`${REPO}/pulls/${odd.number}/files`)).body.map(
      ({ filename, status, previous_filename: from, patch }: Record<string, string>) => [
        ...[filename, status, from, patch?.split("\n").length],
      ],
    );
    assert.deepEqual(shown, [
      ["bin", "added", undefined, undefined],
      ["link", "added", undefined, 3],
      ["moved.txt", "renamed", "a.txt", undefined],
    ]);
  });

  it("knows a pull request that conflicts, waits for a check, or is a draft", async () => {
    const { github, play } = stand;
    const path = `${REPO}/pulls/${pull.number}`;
    const state = async () => {
      await ask(path);
      return (await ask(path)).body.mergeable_state;
    };
    assert.equal(await state(), "clean");
    const required = [{ context: "weighbridge", integration_id: app.id }];
    github.rules.rulesets.push({
      ...{ id: 7, repository, name: "main", enforcement: "active", include: ["~DEFAULT_BRANCH"], bypass: [] },
      rules: [
        {
          type: "required_status_checks",
          parameters: { required_status_checks: required, strict_required_status_checks_policy: false },
        },
      ],
      createdAt: github.now(),
    });
    assert.equal(await state(), "blocked");
    const body = { name: "weighbridge", head_sha: pull.head.sha, conclusion: "neutral" };
    await ask(`${REPO}/check-runs`, { method: "POST", body });
    assert.equal(await state(), "clean");
    play.convertToDraft(pull, { by: maria });
    assert.equal(await state(), "draft");
    play.markReady(pull, { by: maria });
    play.push(repository, { branch: "main", by: maria, files: { "b.txt": "other\n" } });
    assert.equal(await state(), "dirty");
    const rules = await ask(`${REPO}/rules/branches/main`);
    assert.deepEqual(
      [rules.body[0].ruleset_id, (await ask(`${REPO}/rulesets/7`)).body.enforcement],
      [7, "active"],
    );
    assert.equal((await ask(`${REPO}/branches/main`)).body.protected, true);
    assert.equal((await ask(`${REPO}/branches/main/protection/required_status_checks`)).status, 404);
  });
});

describe("a pull request of an App", () => {
  const create = (body: object, as = token) => ask(`${REPO}/pulls`, { method: "POST", body, as });

  it("is its bot's, and everybody is told that it was opened", async () => {
    const { github, play } = stand;
    play.push(repository, { branch: "back", by: maria, parents: [pull.base.sha], files: { "a.txt": null } });
    const told = github.hooks.deliveries.length;
    const made = await create({ title: "Back", head: "back", base: "main", body: "Why" });
    assert.deepEqual([made.status, made.body.user.login], [201, "weighbridge[bot]"]);
    assert.equal((await ask(`${REPO}/pulls?head=acme:back`)).body[0].number, made.body.number);
    assert.deepEqual(
      github.hooks.deliveries.slice(told).map(({ event, action }) => [event, action]),
      [["pull_request", "opened"]],
    );
  });

  it("is refused twice, without commits, without a branch, and without the permission", async () => {
    const twice = await create({ title: "Back", head: "acme:back", base: "main" });
    assert.equal(twice.body.errors[0].message, "A pull request already exists for acme:back.");
    const none = await create({ title: "None", head: "main", base: "main" });
    assert.match(none.body.errors[0].message, /No commits between/);
    const unknown = await create({ title: "None", head: "nowhere", base: "main" });
    assert.deepEqual([unknown.status, unknown.body.errors[0].field], [422, "head"]);
    const [installation] = stand.github.apps.installations;
    const narrow = stand.github.apps.issue(installation!, { permissions: { pull_requests: "read" } });
    stand.github.tokens.push(narrow);
    const refused = await create({ title: "None", head: "back", base: "main" }, narrow.text);
    assert.equal(refused.status, 403);
  });
});

describe("checks", () => {
  it("takes a check run from an App, for a commit that is there, and from no other App after that", async () => {
    const create = (body: object, as = token) => ask(`${REPO}/check-runs`, { method: "POST", body, as });
    const unknown = await create({ name: "x", head_sha: "0".repeat(40) });
    assert.match(unknown.body.message, /No commit found for SHA/);
    const made = await create({ name: "x", head_sha: pull.head.sha });
    assert.equal(made.body.status, "queued");
    const other = stand.github.addApp("other");
    const foreign = stand.github.apps.issue(stand.github.apps.install(other, stand.github.owner));
    stand.github.tokens.push(foreign);
    const path = `${REPO}/check-runs/${made.body.id}`;
    const refused = await ask(path, { method: "PATCH", as: foreign.text, body: { conclusion: "success" } });
    assert.equal(refused.status, 403);
    await create({ name: "x", head_sha: pull.head.sha, conclusion: "failure" });
    await create({ name: "x", head_sha: pull.head.sha, conclusion: "success" }, foreign.text);
    const list = async (query: string) =>
      (await ask(`${REPO}/commits/next/check-runs?${query}`)).body.total_count;
    assert.deepEqual(
      [
        await list("check_name=x&filter=all"),
        await list("check_name=x"),
        await list(`check_name=x&app_id=${app.id}`),
      ],
      [3, 2, 1],
    );
  });

  it("adds statuses up by context", async () => {
    const path = `${REPO}/statuses/${pull.head.sha}`;
    for (const state of ["failure", "success"])
      await ask(path, { method: "POST", body: { state, context: "ci" } });
    const { body } = await ask(`${REPO}/commits/${pull.head.sha}/status`);
    assert.deepEqual([body.state, body.total_count], ["success", 1]);
  });
});

describe("deliveries of an App", () => {
  it("are listed from the newest, a page at a time, for three days, and are sent again when asked", async () => {
    const as = jwt(app);
    const first = await ask("/app/hook/deliveries?per_page=2", { as });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await ask(next.slice(stand.origin.length), { as });
    const ids = [...first.body, ...second.body].map(({ id }: { id: number }) => id);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => b - a),
    );
    const path = `/app/hook/deliveries/${ids[3]}`;
    const one = await ask(path, { as });
    assert.equal(one.body.request.payload.repository.id, repository.id);
    assert.equal((await ask(`${path}/attempts`, { method: "POST", as })).status, 202);
    const [again] = (await ask("/app/hook/deliveries", { as })).body;
    assert.deepEqual([again.guid, again.redelivery], [one.body.guid, true]);
    stand.github.now = () => new Date(Date.now() + 4 * 24 * 60 * 60 * 1000);
    const later = Math.floor(stand.github.now().getTime() / 1000);
    const old = await ask("/app/hook/deliveries", { as: jwt(app, { iat: later - 30, exp: later + 500 }) });
    stand.github.now = () => new Date();
    assert.deepEqual(old.body, []);
  });
});

describe("runs and deployments", () => {
  it("gives an artifact by a redirect that wants no token", async () => {
    const zip = deflateRawSync(Buffer.from("zip"));
    const head = pull.head.sha;
    const run = stand.play.completeRun(repository, {
      by: maria,
      head,
      branch: "next",
      artifacts: { out: zip },
    });
    const runs = await ask(`${REPO}/actions/runs?head_sha=${head}`);
    assert.equal(runs.body.workflow_runs[0].id, run.id);
    const listed = await ask(`${REPO}/actions/runs/${run.id}/artifacts?name=out`);
    const [artifact] = listed.body.artifacts;
    const sent = await ask(`${REPO}/actions/artifacts/${artifact.id}/zip`);
    assert.equal(sent.status, 302);
    const bytes = await (await fetch(sent.headers.get("location") ?? "")).arrayBuffer();
    assert.deepEqual(Buffer.from(bytes), zip);
    stand.github.artifacts[0]!.expired = true;
    assert.equal((await ask(`${REPO}/actions/artifacts/${artifact.id}/zip`)).status, 410);
  });

  it("takes the App's answer to a deployment that waits", async () => {
    const head = pull.head.sha;
    const run = stand.play.completeRun(repository, { by: maria, head, branch: "next" });
    const path = `${REPO}/actions/runs/${run.id}/deployment_protection_rule`;
    const body = { environment_name: "production", state: "rejected", comment: "no" };
    assert.equal((await ask(path, { method: "POST", body })).status, 204);
    assert.equal(stand.github.gateReviews.at(-1)?.state, "rejected");
    const made = await ask(`${REPO}/deployments`, { method: "POST", body: { ref: "main" } });
    const statuses = `${REPO}/deployments/${made.body.id}/statuses`;
    await ask(statuses, { method: "POST", body: { state: "success" } });
    assert.equal((await ask(statuses)).body[0].state, "success");
    assert.equal((await ask(`${REPO}/deployments?environment=production`)).body.length, 1);
  });
});

describe("history", () => {
  it("is compared from the merge base", async () => {
    const { body } = await ask(`${REPO}/compare/main...next`);
    assert.deepEqual(
      [
        body.status,
        body.ahead_by,
        body.behind_by,
        body.files.map(({ filename }: { filename: string }) => filename),
      ],
      ["diverged", 1, 1, ["b.txt"]],
    );
  });

  it("tells who moved a branch", async () => {
    const { body } = await ask(`${REPO}/activity?ref=refs/heads/next`);
    assert.deepEqual(
      body.map(({ activity_type: kind, actor }: { activity_type: string; actor: { id: number } }) => [
        kind,
        actor.id,
      ]),
      [
        ["push", maria.id],
        ["branch_creation", maria.id],
      ],
    );
  });

  it("tells which pull requests have a commit", async () => {
    const { body } = await ask(`${REPO}/commits/${pull.head.sha}/pulls`);
    assert.deepEqual(
      body.map(({ number }: { number: number }) => number),
      [pull.number],
    );
    assert.equal((await ask(`${REPO}/commits/${pull.head.sha}`)).body.files.length, 1);
  });
});

describe("issues", () => {
  it("share their numbers with pull requests, and are listed with them", async () => {
    const made = await ask(`${REPO}/issues`, {
      method: "POST",
      body: { title: "bypass", labels: ["weighbridge"] },
    });
    assert.equal(made.body.performed_via_github_app.id, app.id);
    const path = `${REPO}/issues/${made.body.number}`;
    assert.equal((await ask(`${REPO}/issues?labels=weighbridge`)).body.length, 1);
    assert.equal((await ask(`${REPO}/issues?state=all`)).body.length, stand.github.pulls.length + 1);
    assert.equal((await ask(path, { method: "PATCH", body: { state: "closed" } })).body.state, "closed");
    assert.equal((await ask(path)).body.closed_at !== null, true);
  });
});
