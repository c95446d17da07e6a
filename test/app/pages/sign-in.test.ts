import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, cookieIn, type Dashboard, openDashboard, type Reply, signIn } from "./world.ts";

let dashboard: Dashboard;

before(async () => {
  dashboard = await openDashboard();
});

after(() => dashboard?.close());

/** A browser that stands before GitHub's question. */
async function begin(
  target = "/login",
): Promise<{ attempt: string; state: string; challenge: string; reply: Reply }> {
  const reply = await ask(dashboard, target);
  const { searchParams } = new URL(reply.headers.location ?? "");
  return {
    attempt: cookieIn(reply, /login$/),
    state: searchParams.get("state") ?? "",
    challenge: searchParams.get("challenge") ?? "",
    reply,
  };
}

const come = (query: Record<string, string>, cookie: string) =>
  ask(dashboard, `/login/callback?${new URLSearchParams(query)}`, { headers: { cookie } });

test("signing in leads back to where the person wanted to go", async () => {
  const { attempt, state, challenge } = await begin("/login?return=%2Fr%2Facme%2Fmodels%2Fpulls%2F17");
  const code = dashboard.github.agree("maria", challenge);
  const { status, headers } = await come({ code, state }, attempt);
  assert.deepEqual([status, headers.location], [303, "/r/acme/models/pulls/17"]);
});

test("signing in never leads to another place", async () => {
  for (const target of [
    "//evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "/logout",
    "/r/x\r\nlocation: //evil.example",
  ]) {
    const { attempt, state, challenge } = await begin(`/login?return=${encodeURIComponent(target)}`);
    const { headers } = await come({ code: dashboard.github.agree("maria", challenge), state }, attempt);
    assert.equal(headers.location, "/", target);
  }
});

test("a state is good in the browser that it was given to, and in no other", async () => {
  const [mallory, maria] = [await begin(), await begin()];
  // Mallory's link, followed in the browser of somebody else: it must not sign them in as Mallory.
  const code = dashboard.github.agree("olu", mallory.challenge);
  for (const cookie of ["", maria.attempt]) {
    const reply = await come({ code, state: mallory.state }, cookie);
    assert.equal(reply.status, 400);
    assert.equal(cookieIn(reply, /^weighbridge$/), "");
  }
});

test("a state is good once", async () => {
  const { attempt, state, challenge } = await begin();
  const first = await come({ code: dashboard.github.agree("maria", challenge), state }, attempt);
  assert.equal(first.status, 303);
  const second = await come({ code: dashboard.github.agree("maria", challenge), state }, attempt);
  assert.equal(second.status, 400);
});

test("a state is good for ten minutes", async () => {
  const { attempt, state, challenge } = await begin();
  dashboard.clock.time += 10 * 60_000 + 1;
  assert.equal(
    (await come({ code: dashboard.github.agree("maria", challenge), state }, attempt)).status,
    400,
  );
});

test("a code that another sign-in asked for is refused, for its verifier is another", async () => {
  const [one, other] = [await begin(), await begin()];
  const code = dashboard.github.agree("maria", other.challenge);
  const reply = await come({ code, state: one.state }, one.attempt);
  assert.equal(reply.status, 400);
  assert.match(reply.body, /GitHub did not confirm who you are/);
});

test("whoever does not agree at GitHub is not signed in", async () => {
  const { attempt, state } = await begin();
  const reply = await come({ error: "access_denied", state }, attempt);
  assert.equal(reply.status, 400);
  assert.equal(cookieIn(reply, /^weighbridge$/), "");
});

test("an altered or foreign cookie of a sign-in is no sign-in", async () => {
  const { attempt, state, challenge } = await begin();
  const code = dashboard.github.agree("maria", challenge);
  const [name = "", value = ""] = attempt.split("=");
  const flipped = value.startsWith("A") ? `B${value.slice(1)}` : `A${value.slice(1)}`;
  for (const cookie of [`${name}=${flipped}`, `${name}=e30`, `${name}=`]) {
    assert.equal((await come({ code, state }, cookie)).status, 400);
  }
});

test("the session after signing in is a new one: what was planted before opens nothing", async () => {
  const planted = `weighbridge=${"A".repeat(43)}`;
  const session = await signIn(dashboard, "maria", planted);
  assert.notEqual(session, planted);
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie: planted } })).status, 303);
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie: session } })).status, 200);
  // A session that was open is ended by signing in again over it.
  const renewed = await signIn(dashboard, "maria", session);
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie: session } })).status, 303);
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie: renewed } })).status, 200);
});

test("a session lasts no longer than GitHub's token", async () => {
  const session = await signIn(dashboard, "maria");
  dashboard.clock.time += 8 * 60 * 60_000 - 1;
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie: session } })).status, 200);
  dashboard.clock.time += 1;
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie: session } })).status, 303);
});

test("signing out ends the session, and only a page of ours can ask for it", async () => {
  const cookie = await signIn(dashboard, "maria");
  for (const origin of [undefined, "null", "https://evil.example", `${dashboard.origin}.evil.example`]) {
    const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
    const reply = await ask(dashboard, "/logout", { method: "POST", headers });
    assert.deepEqual([reply.status, reply.headers["set-cookie"]], [403, undefined], origin);
  }
  assert.equal((await ask(dashboard, "/logout", { headers: { cookie } })).status, 405);
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie } })).status, 200);
  const headers = { cookie, origin: dashboard.origin };
  const reply = await ask(dashboard, "/logout", { method: "POST", headers });
  assert.deepEqual([reply.status, reply.headers.location], [303, "/"]);
  assert.match(reply.headers["set-cookie"]?.[0] ?? "", /^weighbridge=; Max-Age=0/);
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie } })).status, 303);
});

test("an authorization that is revoked signs the person out everywhere", async () => {
  const [phone, desk] = [await signIn(dashboard, "maria"), await signIn(dashboard, "maria")];
  const other = await signIn(dashboard, "olu");
  dashboard.github.revoked.add("token of maria");
  dashboard.clock.time += 2 * 60_000 + 1;
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie: phone } })).status, 303);
  dashboard.github.revoked.clear();
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie: desk } })).status, 303);
  assert.equal((await ask(dashboard, "/r/secret/vault", { headers: { cookie: other } })).status, 200);
});

test("the webhook of a revoked authorization ends the sessions without waiting for the next question", async () => {
  const cookie = await signIn(dashboard, "maria");
  const { userId } = await dashboard.github.user("token of maria");
  await dashboard.archive.removeSessionsOf(userId);
  assert.equal((await ask(dashboard, "/r/acme/models", { headers: { cookie } })).status, 303);
});

test("behind https every cookie is bound to the host and to encrypted ways", async () => {
  const secure = await openDashboard({ publicUrl: "https://weighbridge.example" });
  try {
    const reply = await ask(secure, "/login");
    const line = reply.headers["set-cookie"]?.[0] ?? "";
    assert.match(
      line,
      /^__Host-weighbridge-login=[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    assert.equal(reply.headers["strict-transport-security"], "max-age=31536000");
    assert.match(await signIn(secure, "maria"), /^__Host-weighbridge=[\w-]{43}$/);
  } finally {
    await secure.close();
  }
});
