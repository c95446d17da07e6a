import assert from "node:assert/strict";
import { test } from "node:test";
import { openGitHub } from "../../../app/github/client.ts";
import * as faults from "../../github/faults.ts";
import { openScene } from "./scene.ts";

const REPOSITORY = "GET /repos/{owner}/{repo}";
const COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";

test("an installation reads with its own token, asked for once", async () => {
  const { client, address, stand } = await openScene();
  for (let time = 0; time < 3; time++) {
    const { status, data } = await client.rest(REPOSITORY, address);
    assert.equal(status, 200);
    assert.equal((data as { name: string }).name, "credit");
  }
  assert.equal(stand.count("apps/create-installation-access-token"), 1);
  assert.equal(stand.count("repos/get"), 3);
});

test("the App asks in its own name", async () => {
  const { hub, app } = await openScene();
  const { data } = await hub.app().rest("GET /app");
  assert.equal((data as { id: number }).id, app.id);
});

test("every request is counted, tokens too", async () => {
  const { client, address, calls } = await openScene();
  await client.rest(REPOSITORY, address);
  assert.deepEqual(
    calls.map(({ route, status }) => `${status} ${route}`),
    ["201 POST /app/installations/{installation_id}/access_tokens", `200 ${REPOSITORY}`],
  );
});

test("C72: a read is asked again after what may pass, and no more than four times", async () => {
  for (const effect of [faults.serverError(), faults.RESET, faults.html(), faults.cutJson()]) {
    const { client, address, stand, clock } = await openScene();
    stand.fail({ match: "repos/get", times: 2, effect });
    assert.equal((await client.rest(REPOSITORY, address)).status, 200);
    assert.deepEqual(clock.slept, [500, 1000]);
    stand.fail({ match: "repos/get", times: 9, effect });
    await assert.rejects(client.rest(REPOSITORY, address), { code: "GITHUB_UNAVAILABLE" });
    assert.equal(stand.count("repos/get"), 3 + 4);
  }
});

test("C72: a write is sent exactly once, whatever becomes of it", async () => {
  for (const when of ["before", "after"] as const) {
    for (const effect of [faults.serverError(500), faults.serverError(502), faults.RESET, faults.cutJson()]) {
      const { client, address, stand, repository, maria } = await openScene();
      const issue = stand.github.addIssue(repository, maria, { title: "one" });
      stand.fail({ match: "issues/create-comment", when, effect });
      const wanted = { ...address, issue_number: issue.number, body: "hello" };
      await assert.rejects(client.rest(COMMENT, wanted), { code: "GITHUB_UNAVAILABLE" });
      assert.equal(stand.count("issues/create-comment"), 1);
      assert.equal(stand.github.comments.length, when === "after" ? 1 : 0);
    }
  }
});

test("C72: a write that a limit refused was not done, and is sent again when the limit is over", async () => {
  const { client, address, stand, repository, maria, clock } = await openScene();
  const issue = stand.github.addIssue(repository, maria, { title: "one" });
  stand.fail({ match: "issues/create-comment", effect: faults.secondaryLimit(7) });
  stand.fail({ match: "issues/create-comment", effect: faults.secondaryLimit(3, 429) });
  await client.rest(COMMENT, { ...address, issue_number: issue.number, body: "hello" });
  assert.equal(stand.github.comments.length, 1);
  assert.deepEqual(clock.slept, [7000, 3000]);
});

test("C72: a failure to get a token is no failure of the write that needs it", async () => {
  const { client, address, stand, repository, maria } = await openScene();
  const issue = stand.github.addIssue(repository, maria, { title: "one" });
  stand.fail({ match: "apps/create-installation-access-token", times: 2, effect: faults.serverError() });
  await client.rest(COMMENT, { ...address, issue_number: issue.number, body: "hello" });
  assert.equal(stand.github.comments.length, 1);
});

test("C72: a primary limit is waited for by the server's clock", async () => {
  const { client, address, stand, clock } = await openScene();
  const reset = Math.floor(stand.github.now().getTime() / 1000) + 20;
  stand.fail({ match: "repos/get", effect: faults.primaryLimit(reset) });
  await client.rest(REPOSITORY, address);
  assert.equal(clock.slept.length, 1);
  assert.ok(clock.slept[0]! >= 19_000 && clock.slept[0]! <= 21_000, String(clock.slept));
});

test("C72: without a word of GitHub's own, a limit is waited for a minute", async () => {
  const { client, address, stand, clock } = await openScene();
  stand.fail({ match: "repos/get", effect: faults.secondaryLimit() });
  await client.rest(REPOSITORY, address);
  assert.deepEqual(clock.slept, [60_000]);
});

test("C72: waiting is bounded in all, and what is left of the limit is told", async () => {
  const { client, address, stand, clock, hub, installation } = await openScene({ waitMsMax: 10_000 });
  stand.fail({ match: "repos/get", effect: faults.secondaryLimit(8) });
  await client.rest(REPOSITORY, address);
  stand.fail({ match: "repos/get", effect: faults.secondaryLimit(9) });
  await assert.rejects(client.rest(REPOSITORY, address), { code: "GITHUB_LIMITED", afterSeconds: 9 });
  assert.deepEqual(clock.slept, [8000]);
  // Who comes later meets the same limit without asking.
  const before = stand.requests.length;
  const other = hub.installation(installation.id);
  assert.equal((await other.rest(REPOSITORY, address)).status, 200);
  assert.deepEqual(clock.slept, [8000, 9000]);
  assert.equal(stand.requests.length, before + 1);
});

test("C76: what GitHub refuses has a code, and is not asked twice", async () => {
  const { client, stand, address, installation, maria, hub } = await openScene();
  await assert.rejects(client.rest(REPOSITORY, { owner: "acme", repo: "nothing" }), {
    code: "GITHUB_NOT_FOUND",
  });
  stand.fail({ match: "repos/get", effect: faults.readOnly() });
  await assert.rejects(client.rest(REPOSITORY, address), { code: "GITHUB_FORBIDDEN", status: 403 });
  await assert.rejects(
    client.rest("GET /repos/{owner}/{repo}/commits/{ref}", { ...address, ref: "0".repeat(40) }),
    {
      code: "GITHUB_REFUSED",
      message: `Cannot ask GitHub for GET /repos/{owner}/{repo}/commits/{ref}: it answered 422, No commit found for SHA: ${"0".repeat(40)} - https://docs.github.com/rest`,
    },
  );
  stand.play.suspend(installation, { by: maria });
  const fresh = openGitHub({
    apiUrl: stand.origin,
    appId: client.appId,
    privateKey: installation.app.privateKey,
  });
  await assert.rejects(fresh.installation(installation.id).rest(REPOSITORY, address), {
    code: "GITHUB_FORBIDDEN",
  });
  await assert.rejects(hub.installation(4).rest(REPOSITORY, address), { code: "GITHUB_NOT_FOUND" });
  assert.equal(stand.requests.filter(({ status }) => status >= 400).length, 5);
});

test("a token that GitHub does not know any more is replaced once", async (context) => {
  const { client, address, stand } = await openScene();
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  await client.rest(REPOSITORY, address);
  stand.github.tokens.length = 0;
  // A younger one may not be known yet to all of GitHub, which the library waits for.
  context.mock.timers.tick(6_000);
  assert.equal((await client.rest(REPOSITORY, address)).status, 200);
  assert.equal(stand.count("apps/create-installation-access-token"), 2);
});

test("C80: each installation has its own token, and sees its own repositories alone", async () => {
  const { hub, stand, app, address, source } = await openScene();
  const other = stand.github.addAccount("rival", { type: "Organization" });
  stand.github.addRepository("credit", source.directory, { private: true, owner: other });
  const theirs = hub.installation(stand.play.install(app, { by: other, on: other }).id);
  await assert.rejects(theirs.rest(REPOSITORY, address), { code: "GITHUB_NOT_FOUND" });
  assert.equal((await theirs.rest(REPOSITORY, { owner: "rival", repo: "credit" })).status, 200);
  const used = new Set(
    stand.requests.map(({ authorization }) => authorization).filter((text) => /^token /.test(text!)),
  );
  assert.equal(used.size, 1);
});

test("C76: a repository that was renamed is still found", async () => {
  const { client, address, stand, repository, maria } = await openScene();
  stand.play.renameRepository(repository, { by: maria, name: "scoring" });
  const { data } = await client.rest(REPOSITORY, address);
  assert.equal((data as { name: string }).name, "scoring");
});

test("writes follow one another a second apart, reads do not wait for them", async () => {
  const { client, address, stand, repository, maria, clock } = await openScene();
  const issue = stand.github.addIssue(repository, maria, { title: "one" });
  const write = () => client.rest(COMMENT, { ...address, issue_number: issue.number, body: "hello" });
  await Promise.all([write(), write(), write(), client.rest(REPOSITORY, address)]);
  assert.deepEqual(clock.slept, [1000, 1000]);
});

test("a query's data is given, and null for what does not exist", async () => {
  const { client, app } = await openScene();
  assert.deepEqual(await client.graphql("query { viewer { login } }"), { viewer: { login: app.bot.login } });
});

test("a refused document tells why, with what GitHub said as its cause", async () => {
  const { client, stand } = await openScene();
  const refusals = [
    ["FORBIDDEN", "GITHUB_FORBIDDEN"],
    ["STALE_DATA", "GITHUB_REFUSED"],
    ["NOT_FOUND", "GITHUB_NOT_FOUND"],
  ] as const;
  for (const [type, code] of refusals) {
    const errors = [{ type, message: `It is ${type}` }];
    stand.fail({ match: "graphql", effect: faults.answer(200, { data: null, errors }) });
    const sent = client.graphql("mutation { __typename }");
    await assert.rejects(sent, (error: { code: string; message: string; cause: { errors: unknown } }) => {
      assert.equal(error.code, code);
      assert.equal(error.message, `Cannot ask GitHub for POST /graphql mutation: It is ${type}`);
      assert.deepEqual(error.cause.errors, errors);
      return true;
    });
  }
  stand.fail({ match: "graphql", effect: faults.cutJson() });
  await assert.rejects(client.graphql("mutation { __typename }"), { code: "GITHUB_UNAVAILABLE" });
  assert.equal(stand.count("graphql"), 4);
});

test("C72: a query is asked again, its limit waited for", async () => {
  const { client, stand, clock } = await openScene();
  stand.fail({ match: "graphql", effect: faults.serverError() });
  stand.fail({
    match: "graphql",
    effect: faults.answer(200, { errors: [{ message: "Something went wrong" }] }),
  });
  stand.fail({ match: "graphql", effect: faults.cutJson() });
  stand.fail({
    match: "graphql",
    effect: faults.answer(200, { errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded" }] }),
  });
  await client.graphql("query { viewer { login } }");
  assert.deepEqual(clock.slept, [500, 1000, 1500, 60_000]);
});
