import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openPages } from "../../../app/pages/pages.ts";
import { STYLE_PATH } from "../../../app/pages/style.ts";
import { findVerification, keepFailure, keepVerification } from "../../../app/pages/verification.ts";
import { GateError } from "../../../gate/model/error.ts";
import { verifyTrail } from "../../../gate/trail/verify.ts";
import {
  ask,
  type Dashboard,
  decisionOf,
  MODELS,
  openDashboard,
  pullRow,
  rowOf,
  seed,
  signIn,
  VAULT,
} from "./world.ts";

let dashboard: Dashboard;
let digest: string;
/** Sessions of three people: maria sees acme/models, olu sees secret/vault. */
let maria: string;
let olu: string;

before(async () => {
  dashboard = await openDashboard();
  const { waiting, rig } = await seed(dashboard);
  digest = waiting.digest;
  const { report } = await verifyTrail({ store: rig.store, level: 1 });
  await keepVerification(dashboard.archive, MODELS.id, { report, at: dashboard.clock.time });
  maria = await signIn(dashboard, "maria");
  olu = await signIn(dashboard, "olu");
});

after(() => dashboard?.close());

const as = (cookie: string) => ({ headers: { cookie } });
const see = async (target: string, cookie = maria) => (await ask(dashboard, target, as(cookie))).body;

const PAGES = (): readonly string[] => [
  "/",
  "/r/acme/models",
  "/r/acme/models/trail",
  "/r/acme/models/pulls/17",
  "/r/acme/models/models/credit-pd",
  "/r/acme/models/models/credit-pd/chart.svg?metric=roc_auc&dataset=holdout&scheme=dark",
  `/r/acme/models/decisions/${digest}`,
  `/r/acme/models/decisions/${digest}/decision.json`,
  `/r/acme/models/decisions/${digest}/proof`,
  `/r/acme/models/decisions/${digest}/entry.json`,
  `/r/acme/models/decisions/${digest}/entry.tlog-proof`,
];

test("whoever may see a repository sees every page of it", async () => {
  for (const target of PAGES()) assert.equal((await ask(dashboard, target, as(maria))).status, 200, target);
});

test("no answer lets a browser run, frame, guess or keep anything", async () => {
  const others = [
    STYLE_PATH,
    "/weighbridge.svg",
    "/style.0000000000000000.css",
    "/r/x/y",
    "/login/callback",
    "/logout",
  ];
  for (const target of [...PAGES(), ...others]) {
    for (const cookie of [maria, ""]) {
      for (const method of ["GET", "HEAD", "DELETE"]) {
        const { status, headers } = await ask(dashboard, target, { method, headers: { cookie } });
        const name = `${method} ${target}: ${status}`;
        assert.equal(
          headers["content-security-policy"],
          "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
          name,
        );
        assert.equal(headers["x-content-type-options"], "nosniff", name);
        assert.equal(headers["referrer-policy"], "same-origin", name);
        assert.equal(headers["cross-origin-opener-policy"], "same-origin", name);
        const isPublic = status === 200 && (target === STYLE_PATH || target === "/weighbridge.svg");
        assert.match(headers["cache-control"] ?? "", isPublic ? /^public, / : /^no-store$/, name);
      }
    }
  }
});

test("HEAD is GET without the body", async () => {
  for (const target of [...PAGES(), "/r/acme/models/pulls/99", STYLE_PATH]) {
    const get = await ask(dashboard, target, as(maria));
    const head = await ask(dashboard, target, { method: "HEAD", ...as(maria) });
    assert.deepEqual([head.status, head.body], [get.status, ""], target);
    assert.equal(head.headers["content-type"], get.headers["content-type"]);
  }
});

test("pages only read: every other method is refused, and says which are not", async () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    const { status, headers } = await ask(dashboard, "/r/acme/models", { method, ...as(maria) });
    assert.deepEqual([status, headers.allow], [405, "GET, HEAD"]);
  }
  for (const [target, allow] of [
    ["/logout", "POST"],
    ["/login", "GET"],
    ["/login/callback", "GET"],
  ] as const) {
    const { status, headers } = await ask(dashboard, target, { method: "HEAD", ...as(maria) });
    assert.deepEqual([status, headers.allow], [405, allow]);
  }
});

test("what a person may not see answers byte for byte as what is not there", async () => {
  const decision = decisionOf({
    number: 1,
    auc: 0.8,
    verdict: "pass",
    now: "2026-11-01T00:00:00Z",
    id: "cloaked",
  });
  await dashboard.archive.keepDecision(rowOf(decision, { repositoryId: VAULT.id, number: 1 }));
  await dashboard.archive.keepPull(pullRow({ repositoryId: VAULT.id, number: 1, title: "cloaked" }));
  const hidden = [
    "/r/secret/vault",
    "/r/secret/vault/trail",
    "/r/secret/vault/pulls/1",
    "/r/secret/vault/models/cloaked",
    `/r/secret/vault/decisions/${decision.digest}`,
    `/r/secret/vault/decisions/${decision.digest}/decision.json`,
    // A digest of one repository, asked for in another.
    `/r/acme/models/decisions/${decision.digest}`,
  ];
  const nothing = await ask(dashboard, "/r/nobody/nothing", as(maria));
  for (const target of hidden) {
    const answer = await ask(dashboard, target, as(maria));
    assert.deepEqual([answer.status, answer.body], [404, nothing.body], target);
  }
  for (const target of hidden.slice(2, 6)) {
    assert.equal((await ask(dashboard, target, as(olu))).status, 200, target);
  }
  assert.doesNotMatch(await see("/"), /cloaked|vault/);
  assert.match(await see("/", olu), /cloaked/);
  assert.equal((await ask(dashboard, "/r/acme/models", as(olu))).status, 404);
});

test("the name of a repository is the same however it is capitalized", async () => {
  assert.equal((await ask(dashboard, "/r/ACME/Models/pulls/17", as(maria))).status, 200);
});

test("whoever is not signed in is led to sign in, whether there is anything or not", async () => {
  for (const target of ["/r/acme/models/pulls/17", "/r/nobody/nothing", "/r/", "/r/acme/models/x/y/z"]) {
    const { status, headers, body } = await ask(dashboard, target);
    assert.equal(status, 303);
    assert.match(headers.location ?? "", /^\/\?return=%2F/);
    assert.equal(body, "");
  }
  const { status, body } = await ask(dashboard, "/?return=%2Fr%2Facme%2Fmodels%2Fpulls%2F17");
  assert.equal(status, 200);
  assert.match(body, /href="\/login\?return=%2Fr%2Facme%2Fmodels%2Fpulls%2F17"/);
});

test("a secret that was never given opens nothing", async () => {
  const secrets = [
    "weighbridge=",
    `weighbridge=${"A".repeat(43)}`,
    "weighbridge='; DROP TABLE session; --",
    `${maria}; ${olu}`,
  ];
  for (const cookie of secrets) {
    assert.equal((await ask(dashboard, "/r/acme/models", as(cookie))).status, 303, cookie);
  }
});

test("a lost right is gone after two minutes at the latest, and GitHub is asked no more often", async () => {
  const session = await signIn(dashboard, "maria");
  await see("/r/acme/models", session);
  const asked = dashboard.github.questions;
  await Promise.all([
    see("/r/acme/models", session),
    see("/", session),
    see("/r/acme/models/trail", session),
  ]);
  assert.equal(dashboard.github.questions, asked);
  dashboard.github.sight.set("maria", []);
  dashboard.clock.time += 2 * 60_000 + 1;
  assert.equal((await ask(dashboard, "/r/acme/models", as(session))).status, 404);
  assert.equal(dashboard.github.questions, asked + 1);
  dashboard.github.sight.set("maria", [MODELS]);
  dashboard.clock.time += 2 * 60_000 + 1;
});

test("addresses and cookies of any size are answered", async () => {
  const long = "a".repeat(14_000);
  assert.equal((await ask(dashboard, `/r/acme/models/models/${long}`, as(maria))).status, 404);
  assert.equal((await ask(dashboard, `/r/${long}`, as(maria))).status, 404);
  assert.equal((await ask(dashboard, "/r/acme/models", as(`${maria}; x=${"y".repeat(9_000)}`))).status, 303);
  for (const target of [
    "/r/acme/models/%2e%2e/%2e%2e/etc/passwd",
    "/r/../../etc/passwd",
    "/r/acme/models/models/..%2f..%2fetc%2fpasswd",
  ]) {
    assert.equal((await ask(dashboard, target, as(maria))).status, 404, target);
  }
});

test("the overview says who is waited for, and how each model stands", async () => {
  const text = await see("/");
  assert.match(
    text,
    /Retrain the scorecard on the third quarter[\s\S]*Waits for<\/li><li>validator<\/li><li>owner/,
  );
  assert.match(text, /1 open pull request touches no model/);
  assert.match(text, /Probability of default, retail<\/a> <span class="tier">Tier T2/);
  // The newest that passed and was merged: 17 waits, 13 failed.
  assert.match(text, /Champion<\/dt><dd><code>[0-9a-f]{12}<\/code><br><a [^>]*>by #15</);
  assert.match(text, /Next review<\/dt><dd><time datetime="2027-03-31">31 Mar 2027/);
});

test("a pull request shows what people said, and about which state of it", async () => {
  const text = await see("/r/acme/models/pulls/17");
  assert.match(text, /chen approved[\s\S]*about what stands now/);
  assert.match(text, /href="https:\/\/github\.com\/acme\/models\/pull\/17"/);
});

test("a model's page has each number of its charts in a table beside them", async () => {
  const text = await see("/r/acme/models/models/credit-pd");
  for (const number of ["0.7812", "0.7934", "0.7712", "0.8021", "0.8018", "0.8102"]) {
    assert.ok(text.includes(`<td class="number">${number}</td><td class="number">≥ 0.78</td>`), number);
  }
});

test("the record that is given away replays, and the proof holds with nothing but the key", async () => {
  const record = JSON.parse(await see(`/r/acme/models/decisions/${digest}/decision.json`));
  assert.equal(record.digest, digest);
  assert.match(await see(`/r/acme/models/decisions/${digest}/entry.json`), new RegExp(digest.slice(7)));
});

test("the trail's page says when it was verified and what came of it", async () => {
  const text = await see("/r/acme/models/trail");
  assert.match(text, /Nothing is wrong/);
  assert.match(text, /every commit of the branch/);
  assert.match(text, /None are named in <code>trail\.json/);
});

test("a trail that could not be verified is not said to be, and a remedy is named", async () => {
  const { archive, clock } = dashboard;
  const before = await findVerification(archive, MODELS.id);
  const failure = { code: "GIT_FAILED", fix: "See that the branch <b>is there</b>" };
  await keepFailure(archive, MODELS.id, { failure, at: clock.time });
  const text = await see("/r/acme/models/trail");
  assert.doesNotMatch(text, /Nothing is wrong|every commit of the branch/);
  assert.match(text, /It could not be told whether the trail is whole/);
  assert.match(text, /GIT_FAILED[\s\S]*See that the branch &lt;b&gt;is there/);
  await archive.set(`trail/${MODELS.id}/verified`, JSON.stringify(before));
});

test("a page that cannot be made says so with a code and nothing else", async () => {
  const cause = new GateError("GITHUB_LIMITED", "Cannot read /user/installations: secret detail");
  const broken = await openDashboard({
    trail: { status: () => Promise.reject(cause), prove: () => Promise.reject(new Error("inner")) },
  });
  try {
    const session = await signIn(broken, "maria");
    const answer = await ask(broken, "/r/acme/models/trail", as(session));
    assert.equal(answer.status, 503);
    assert.match(answer.body, /GITHUB_LIMITED/);
    assert.doesNotMatch(answer.body, /secret detail/);
    assert.deepEqual(broken.errors, [cause]);
    const proof = await ask(broken, `/r/acme/models/decisions/${digest}/proof`, as(session));
    assert.equal(proof.status, 404);
  } finally {
    await broken.close();
  }
});

test("models of many repositories are on several pages, and each is on one", async () => {
  const decision = decisionOf({ number: 1, auc: 0.8, verdict: "pass", now: "2026-11-01T00:00:00Z" });
  const many = Array.from({ length: 45 }, (_, at) => ({
    ...{ id: 5_000 + at, installationId: 11, owner: "many", name: `m${String(at).padStart(2, "0")}` },
  }));
  // Every third has no model.
  for (const { id } of many.filter((_, at) => at % 3 !== 0)) {
    await dashboard.archive.keepDecision(rowOf(decision, { repositoryId: id, number: 1 }));
  }
  dashboard.github.sight.set("nobody", many);
  const session = await signIn(dashboard, "nobody");
  const seen: string[] = [];
  for (let target: string | undefined = "/"; target !== undefined; ) {
    const text: string = await see(target, session);
    seen.push(
      ...[...text.matchAll(/<h3 class="group"><a href="\/r\/many\/(m\d\d)"/g)].map(([, name]) => name ?? ""),
    );
    target = text.match(/href="(\/\?from=\d+)"/)?.[1];
  }
  assert.deepEqual(
    seen,
    many.filter((_, at) => at % 3 !== 0).map(({ name }) => name),
  );
});

test("what the store keeps opens no session and speaks to nobody", async () => {
  const secret = maria.split("=")[1] ?? "";
  const files = readdirSync(dashboard.folder).map((name) =>
    readFileSync(join(dashboard.folder, name), "latin1"),
  );
  assert.ok(files.some((content) => content.includes("maria")));
  assert.ok(!files.some((content) => content.includes(secret) || content.includes("token of maria")));
});

test("a session key of another length, or a public URL with a path, is refused at the start", () => {
  const setting = {
    archive: dashboard.archive,
    login: dashboard.github,
    trail: { status: async () => undefined, prove: async () => undefined },
    report: () => {},
  };
  const config = {
    publicUrl: "https://weighbridge.example",
    sessionKey: Buffer.alloc(32),
    webUrl: "https://github.com",
  };
  openPages({ ...setting, config });
  for (const wrong of [{ sessionKey: Buffer.alloc(31) }, { publicUrl: "https://weighbridge.example/app" }]) {
    assert.throws(() => openPages({ ...setting, config: { ...config, ...wrong } }), {
      code: "CONFIG_INVALID",
    });
  }
});
