import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { gitHubLogin } from "../../../app/pages/github-login.ts";
import type { Login } from "../../../app/pages/login.ts";

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

let server: Server;
let login: Login;
let handler: Handler;
let asked: { readonly target: string; readonly body: string; readonly authorization: string | undefined }[];

before(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      asked.push({ target: request.url ?? "", body, authorization: request.headers.authorization });
      handler(request, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  login = gitHubLogin({
    clientId: "Iv1.weighbridge",
    clientSecret: "client secret",
    webUrl: origin,
    apiUrl: `${origin}/api/v3`,
    publicUrl: "https://weighbridge.example",
  });
});

beforeEach(() => {
  asked = [];
});

after(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

const answering =
  (status: number, value: unknown, headers: Record<string, string> = {}): Handler =>
  (_, __, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof value === "string" ? value : JSON.stringify(value));
  };

test("the way to GitHub has the client, the callback, the state and the challenge, and no scope", () => {
  const url = new URL(login.authorizeUrl({ state: "s", challenge: "c" }));
  assert.equal(url.pathname, "/login/oauth/authorize");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    client_id: "Iv1.weighbridge",
    redirect_uri: "https://weighbridge.example/login/callback",
    state: "s",
    code_challenge: "c",
    code_challenge_method: "S256",
  });
});

test("a code becomes a token with its verifier", async () => {
  handler = answering(200, { access_token: "ghu_1", token_type: "bearer", expires_in: 28_800 });
  assert.deepEqual(await login.exchange("code", "verifier"), { token: "ghu_1", seconds: 28_800 });
  assert.deepEqual(Object.fromEntries(new URLSearchParams(asked[0]?.body)), {
    client_id: "Iv1.weighbridge",
    client_secret: "client secret",
    code: "code",
    code_verifier: "verifier",
    redirect_uri: "https://weighbridge.example/login/callback",
  });
});

test("a token that does not end counts for as long as a session may", async () => {
  handler = answering(200, { access_token: "ghu_1", token_type: "bearer" });
  assert.equal((await login.exchange("code", "verifier")).seconds, 28_800);
});

for (const [name, status, value] of [
  ["an error with status 200", 200, { error: "bad_verification_code" }],
  ["no token", 200, {}],
  ["a list", 200, []],
  ["an error page", 404, "<html>"],
] as const) {
  test(`${name} in place of a token is a refusal`, async () => {
    handler = answering(status, value);
    await assert.rejects(login.exchange("code", "verifier"), { code: "LOGIN_REFUSED" });
  });
}

test("no error says the client's secret or the code", async () => {
  handler = answering(200, { error: "incorrect_client_credentials" });
  const error = await login.exchange("secret-code", "verifier").catch((reason: unknown) => reason);
  assert.equal(
    String(error),
    "GateError: Cannot sign in: GitHub does not give a token, incorrect_client_credentials",
  );
});

test("who it is, is asked with the token", async () => {
  handler = answering(200, { id: 7, login: "maria", email: "maria@example.com" });
  assert.deepEqual(await login.user("ghu_1"), { userId: 7, login: "maria" });
  assert.deepEqual([asked[0]?.target, asked[0]?.authorization], ["/api/v3/user", "Bearer ghu_1"]);
});

const repository = (id: number) => ({ id, name: `r${id}`, owner: { login: "acme" } });

test("every page of every installation is read, but for those that are suspended", async () => {
  handler = (request, body, response) => {
    const url = new URL(request.url ?? "", "http://github");
    const page = Number(url.searchParams.get("page"));
    const items = (count: number, toItem: (id: number) => unknown) =>
      Array.from({ length: Math.max(0, Math.min(100, count - 100 * (page - 1))) }, (_, at) =>
        toItem(100 * (page - 1) + at + 1),
      );
    if (url.pathname === "/api/v3/user/installations") {
      const suspended = (id: number) => (id === 101 ? "2026-01-01T00:00:00Z" : null);
      const installations = items(102, (id) => ({ id, suspended_at: suspended(id) }));
      return answering(200, { total_count: 102, installations })(request, body, response);
    }
    const count = url.pathname.endsWith("/102/repositories") ? 250 : 0;
    return answering(200, { total_count: count, repositories: items(count, repository) })(
      request,
      body,
      response,
    );
  };
  const { repositories, complete } = await login.repositories("ghu_1");
  assert.deepEqual([repositories.length, complete], [250, true]);
  assert.deepEqual(repositories.at(-1), { id: 250, installationId: 102, owner: "acme", name: "r250" });
  assert.ok(!asked.some(({ target }) => target.includes("/101/")));
});

test("an installation that the person may not read is left out, and said to be", async () => {
  handler = (request, body, response) => {
    const isFirst = request.url?.includes("/1/repositories") === true;
    if (isFirst)
      return answering(403, { message: "Resource protected by organization SAML enforcement" })(
        request,
        body,
        response,
      );
    const found = request.url?.includes("/2/")
      ? { repositories: [repository(5)] }
      : { installations: [{ id: 1 }, { id: 2 }] };
    return answering(200, found)(request, body, response);
  };
  const { repositories, complete } = await login.repositories("ghu_1");
  assert.deepEqual([repositories.map(({ id }) => id), complete], [[5], false]);
});

for (const [name, status, headers, code] of [
  ["a token that is not valid", 401, {}, "LOGIN_REVOKED"],
  ["the rate limit", 403, { "x-ratelimit-remaining": "0" }, "GITHUB_LIMITED"],
  ["the secondary limit", 403, { "retry-after": "60" }, "GITHUB_LIMITED"],
  ["too many requests", 429, {}, "GITHUB_LIMITED"],
  ["a bad gateway", 502, {}, "GITHUB_UNAVAILABLE"],
  ["a redirect", 302, { location: "https://evil.example/" }, "GITHUB_UNAVAILABLE"],
] as const) {
  test(`${name} is ${code}, and never an empty list`, async () => {
    handler = answering(status, { message: "no" }, headers);
    await assert.rejects(login.repositories("ghu_1"), { code });
  });
}

for (const [name, value] of [
  ["no JSON", "<html>"],
  ["another form", { installations: [{ id: "1" }] }],
  ["no list", { total_count: 1 }],
  ["more bytes than any page has", `{"installations":[],"x":"${"y".repeat(5 * 1024 * 1024)}"}`],
] as const) {
  test(`an answer that is ${name} is an error, and never an empty list`, async () => {
    handler = answering(200, value);
    await assert.rejects(login.repositories("ghu_1"), { code: "GITHUB_UNAVAILABLE" });
  });
}

test("a connection that is cut is an error that says where", async () => {
  handler = (request) => request.socket.destroy();
  await assert.rejects(login.user("ghu_1"), {
    code: "GITHUB_UNAVAILABLE",
    message: "Cannot reach GitHub at /api/v3/user",
  });
});
