import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { type Answered, type Asked, ask as askStandIn, jwt } from "./client.ts";
import type { Account, Repository, Token } from "./nouns.ts";
import { type StandIn, startServer } from "./server.ts";
import type { Installation, Registration } from "./state/apps.ts";

/** Who may do what: keys, tokens, installations, people. */

let source: ScratchRepository;
let stand: StandIn;
let repository: Repository;
let secret: Repository;
let app: Registration;
let installation: Installation;
let maria: Account;

before(async () => {
  source = await scratchRepository({ bare: true });
  stand = await startServer();
  const { github, play } = stand;
  maria = github.addAccount("maria");
  repository = github.addRepository("credit", source.directory);
  secret = github.addRepository("secret", source.directory, { private: true });
  play.push(repository, { branch: "main", by: maria, files: { a: "a\n" } });
});

beforeEach(() => {
  app = stand.github.addApp(`app-${stand.github.apps.registrations.length}`);
  installation = stand.github.apps.install(app, stand.github.owner);
});

after(async () => {
  source.remove();
  await stand.close();
});

function ask(path: string, asked: Asked = {}): Promise<Answered> {
  return askStandIn(stand, path, asked);
}

function tokenOf(narrowed: Parameters<typeof stand.github.apps.issue>[1] = {}): Token {
  const token = stand.github.apps.issue(installation, narrowed);
  stand.github.tokens.push(token);
  return token;
}

const CHECK = "/repos/acme/credit/check-runs";

describe("a JSON Web Token", () => {
  const now = Math.floor(Date.now() / 1000);
  const cases: [name: string, claims: object, message: RegExp][] = [
    ["is over", { exp: now - 1 }, /'exp'\) must be a numeric value representing the future time/],
    ["lasts for more than ten minutes", { exp: now + 700 }, /'exp'\) is too far in the future/],
    ["was made in the future", { iat: now + 60 }, /'iat'\) must be an Integer/],
    ["has an issuer that is no number", { iss: "Iv23li1" }, /could not be decoded/],
    ["has an issuer that is nobody", { iss: 1 }, /Integration not found/],
  ];
  for (const [name, claims, message] of cases) {
    it(`is refused when it ${name}`, async () => {
      const answered = await ask("/app", { as: jwt(app, claims) });
      assert.equal(answered.status, 401);
      assert.match(answered.body.message, message);
    });
  }

  it("is refused when another key signed it, and where an installation's token is asked for", async () => {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    assert.equal((await ask("/app", { as: jwt(app, {}, privateKey) })).status, 401);
    assert.equal((await ask("/repos/acme/credit/pulls", { as: jwt(app) })).status, 403);
    assert.equal((await ask("/app", { as: tokenOf().text })).status, 401);
  });
});

describe("an installation's token", () => {
  const make = (body?: object) =>
    ask(`/app/installations/${installation.id}/access_tokens`, { method: "POST", as: jwt(app), body });

  it("may be narrowed, and not widened", async () => {
    const made = await make({ repositories: ["credit"], permissions: { contents: "read" } });
    assert.deepEqual([made.status, made.body.permissions], [201, { contents: "read" }]);
    const as = made.body.token;
    assert.equal((await ask("/repos/acme/credit/git/ref/heads/main", { as })).status, 200);
    assert.equal((await ask("/repos/acme/secret", { as })).status, 404);
    assert.equal((await ask(CHECK, { method: "POST", as, body: { name: "x", head_sha: "x" } })).status, 403);
    assert.equal((await make({ permissions: { administration: "write" } })).status, 422);
    assert.equal((await make({ repositories: ["unknown"] })).status, 422);
    const listed = await ask("/installation/repositories", { as });
    assert.deepEqual(
      listed.body.repositories.map(({ name }: { name: string }) => name),
      ["credit"],
    );
  });

  it("is good for an hour by the stand-in's clock", async () => {
    const as = tokenOf().text;
    assert.equal((await ask("/repos/acme/secret", { as })).status, 200);
    stand.github.now = () => new Date(Date.now() + 60 * 60 * 1000);
    const answered = await ask("/repos/acme/secret", { as });
    stand.github.now = () => new Date();
    assert.deepEqual([answered.status, answered.body.message], [401, "Bad credentials"]);
  });

  it("is refused while the installation is suspended, and when it is gone", async () => {
    const as = tokenOf().text;
    stand.play.suspend(installation, { by: maria });
    assert.equal((await ask("/repos/acme/credit/pulls", { as })).status, 403);
    assert.equal((await make()).status, 403);
    const shown = await ask(`/app/installations/${installation.id}`, { as: jwt(app) });
    assert.equal(shown.body.suspended_by.id, maria.id);
    stand.play.unsuspend(installation, { by: maria });
    stand.play.uninstall(installation, { by: maria });
    assert.equal((await ask("/repos/acme/credit/pulls", { as })).status, 401);
    assert.equal((await make()).status, 404);
    assert.equal((await ask("/repos/acme/credit/installation", { as: jwt(app) })).status, 404);
  });

  it("reaches what its own installation covers, and nothing else that is private", async () => {
    const other = stand.github.addApp("other");
    installation = stand.github.apps.install(other, stand.github.owner, { repositories: [secret] });
    const as = tokenOf().text;
    assert.equal((await ask("/repos/acme/secret", { as })).status, 200);
    assert.equal((await ask("/repos/acme/credit", { as })).status, 200);
    const body = { body: "x" };
    stand.github.addIssue(repository, maria);
    assert.equal(
      (await ask("/repos/acme/credit/issues/1/comments", { method: "POST", as, body })).status,
      403,
    );
  });

  it("is limited to so many requests an hour", async () => {
    const as = tokenOf().text;
    const first = await ask("/rate_limit", { as });
    const { limit } = stand.github.rates;
    assert.deepEqual([first.headers.get("x-ratelimit-limit"), first.body.rate.used], [String(limit), 1]);
    stand.github.rates.limit = 2;
    assert.equal((await ask("/repos/acme/credit", { as })).headers.get("x-ratelimit-remaining"), "0");
    const refused = await ask("/repos/acme/credit", { as });
    stand.github.rates.limit = limit;
    assert.equal(refused.status, 403);
    assert.match(refused.body.message, /API rate limit exceeded/);
  });

  it("finds a repository by its old name, its new name and its id", async () => {
    const as = tokenOf().text;
    stand.play.renameRepository(secret, { by: maria, name: "hidden" });
    const moved = await ask("/repos/acme/secret/pulls?state=all", { as });
    assert.equal(moved.status, 301);
    const location = new URL(moved.headers.get("location") ?? "");
    assert.equal(location.pathname, `/repositories/${secret.id}/pulls`);
    assert.equal((await ask(`${location.pathname}${location.search}`, { as })).status, 200);
    for (const prefix of ["", "/api/v3"]) {
      assert.equal((await ask(`${prefix}/repos/acme/hidden`, { as })).body.id, secret.id);
    }
  });

  it("writes nothing to an archived repository", async () => {
    const as = tokenOf().text;
    repository.archived = true;
    const answered = await ask(CHECK, { method: "POST", as, body: { name: "x", head_sha: "x" } });
    repository.archived = false;
    assert.match(answered.body.message, /archived/);
  });
});

describe("a person's token", () => {
  const callback = "http://127.0.0.1:9/callback";

  async function signIn(account: Account): Promise<Answered> {
    app.callbackUrls = [callback];
    stand.github.logins.signedIn = account;
    const query = new URLSearchParams({ client_id: app.clientId, redirect_uri: callback, state: "s" });
    const sent = await ask(`/login/oauth/authorize?${query}`);
    const back = new URL(sent.headers.get("location") ?? "");
    assert.equal(back.searchParams.get("state"), "s");
    return exchange({ code: back.searchParams.get("code") ?? "", redirect_uri: callback });
  }

  function exchange(body: Record<string, string>): Promise<Answered> {
    const client = { client_id: app.clientId, client_secret: app.clientSecret };
    return ask("/login/oauth/access_token", { method: "POST", body: { ...client, ...body } });
  }

  it("shows what both the person and the App can see", async () => {
    const { people } = stand.github;
    people.grant(secret, maria, "read");
    const as = (await signIn(maria)).body.access_token;
    assert.equal((await ask("/user", { as })).body.id, maria.id);
    const installations = await ask("/user/installations", { as });
    assert.deepEqual(
      installations.body.installations.map(({ id }: { id: number }) => id),
      [installation.id],
    );
    const path = `/user/installations/${installation.id}/repositories`;
    const names = async () => (await ask(path, { as })).body.repositories.map(({ id }: { id: number }) => id);
    assert.deepEqual(await names(), [repository.id, secret.id]);
    people.grant(secret, maria, "none");
    assert.deepEqual(await names(), [repository.id]);
    assert.equal((await ask(CHECK, { method: "POST", as, body: { name: "x", head_sha: "x" } })).status, 403);
  });

  it("ends after eight hours, when it is refreshed, deleted or revoked", async () => {
    const { body } = await signIn(maria);
    const status = async (as: string) => (await ask("/user", { as })).status;
    stand.github.now = () => new Date(Date.now() + 8 * 60 * 60 * 1000);
    assert.equal(await status(body.access_token), 401);
    const refreshed = await exchange({ grant_type: "refresh_token", refresh_token: body.refresh_token });
    assert.equal(await status(refreshed.body.access_token), 200);
    stand.github.now = () => new Date();
    assert.equal(await status(body.access_token), 401);
    const basic = Buffer.from(`${app.clientId}:${app.clientSecret}`).toString("base64");
    const deleted = await ask(`/applications/${app.clientId}/token`, {
      ...{ method: "DELETE", as: `basic ${basic}`, body: { access_token: refreshed.body.access_token } },
    });
    assert.deepEqual([deleted.status, await status(refreshed.body.access_token)], [204, 401]);
    const again = (await signIn(maria)).body.access_token;
    stand.play.revokeAuthorization(app, { by: maria });
    assert.equal(await status(again), 401);
  });

  it("is given once for each code, to the App that the code was made for", async () => {
    const wrong = await exchange({ code: "unknown" });
    assert.equal(wrong.body.error, "bad_verification_code");
    const code = stand.github.logins.authorize({
      app,
      account: maria,
      redirectUri: callback,
      challenge: undefined,
    });
    assert.equal((await exchange({ code })).body.token_type, "bearer");
    assert.equal((await exchange({ code })).body.error, "bad_verification_code");
    const bad = await exchange({ code, client_secret: "x" });
    assert.equal(bad.body.error, "incorrect_client_credentials");
  });

  it("asks who it is when nobody is signed in, and sends nobody elsewhere", async () => {
    app.callbackUrls = [callback];
    stand.github.logins.signedIn = undefined;
    const query = new URLSearchParams({ client_id: app.clientId });
    assert.match((await ask(`/login/oauth/authorize?${query}`)).body, /Authorize as maria/);
    query.set("login", "maria");
    assert.equal((await ask(`/login/oauth/authorize?${query}`)).status, 302);
    query.set("redirect_uri", "http://127.0.0.1:9/callbacks");
    assert.match((await ask(`/login/oauth/authorize?${query}`)).body, /not associated/);
  });
});
