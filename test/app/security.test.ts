import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { workflowText } from "../../cli/commands/workflow.ts";
import { digestOf, type Files, weightsOf } from "../acceptance/governed.ts";
import { tip } from "../github/git-data.ts";
import type { Pull } from "../github/nouns.ts";
import { type Member, zipFile } from "./github/zip-file.ts";
import { nextModel, POLICY, startTeam, type Team } from "./team.ts";

/**
 * Attacks on the App as it runs, each by the way that an attacker has: a request to its port, a pull request, a
 * comment, an artifact. What a part alone can show is shown beside it: server, sign-in, pages, archives.
 */

/** Tier T2: a number counts only if a run of the trusted workflow measured it. */
const STRICT = POLICY.replace("tier: T3", "tier: T2");
const WORKFLOW = {
  ".github/workflows/weighbridge.yml": workflowText(`weighbridge/weighbridge@${"a".repeat(40)}`),
};

describe("whoever attacks the App", () => {
  let team: Team;

  before(async () => {
    team = await startTeam({ policy: STRICT, files: WORKFLOW });
  });
  after(() => team.close());

  const strict = (version: number, auc = 0.9): Files =>
    Object.fromEntries(
      Object.entries(nextModel(version, auc)).map(([path, content]) => [
        path,
        typeof content === "string" ? content.replace("tier: T3", "tier: T2") : content,
      ]),
    );

  const portOf = () => `http://127.0.0.1:${team.running.port}`;

  function post(body: string, headers: Readonly<Record<string, string>>): Promise<Response> {
    return fetch(`${portOf()}/api/github/webhooks`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-github-delivery": randomUUID(), ...headers },
      body,
    });
  }

  const signed = (body: string, secret: string) =>
    `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

  /** The evaluation of a version of the model, as the workflow's first job writes it. */
  function measured(version: number, auc: number): Member {
    const record = {
      ...{ schema: "evidence/v1", kind: "metric", name: "roc_auc", value: auc, direction: "higher" },
      subject: { model: "credit-pd", digest: digestOf(weightsOf(version)) },
      dataset: { name: "holdout", role: "test" },
      ...{ n: 100_000, positives: 50_000, ci: [auc - 0.01, auc + 0.01] },
      source: { tool: "test", produced_at: new Date().toISOString().replace(/\.\d+/, "") },
    };
    return { name: "credit.json", content: JSON.stringify([record]) };
  }

  /** The pull request's own run ends and leaves an archive. */
  async function leave(pull: Pull, archive: Buffer): Promise<void> {
    team.stand.play.completeRun(team.repository, {
      ...{ by: team.people.maria, head: pull.head.sha, branch: pull.head.ref, pulls: [pull] },
      artifacts: { "weighbridge-evidence": archive },
    });
    await team.settle();
  }

  const verdictOf = (pull: Pull) => team.checkOf(pull.head.sha).conclusion;

  test("C70: cannot say anything in GitHub's name: a forged approval is no approval", async () => {
    const { stand, people, registration } = team;
    const pull = await team.propose(strict(2));
    await leave(pull, zipFile([measured(2, 0.9)]));
    assert.equal(verdictOf(pull), "action_required");
    // A real delivery of a review shows what one looks like; the forger changes who gave it.
    stand.play.review(pull, { by: people.maria, state: "COMMENTED" });
    await team.settle();
    const { body } = stand.github.hooks.deliveries.findLast(({ event }) => event === "pull_request_review")!;
    const forged = body.replaceAll('"commented"', '"approved"').replaceAll('"maria"', '"olga"');
    const key = `/pull/${pull.number}"`;
    const worked = () =>
      team.log.filter((line) => line.includes('"Work ended"') && line.includes(key)).length;
    assert.notEqual(worked(), 0);
    const before = worked();
    for (const signature of [
      signed(forged, "webhook-secret"),
      signed(body, registration.webhookSecret),
      `sha1=${createHmac("sha1", registration.webhookSecret).update(forged).digest("hex")}`,
      "",
    ]) {
      const answer = await post(forged, {
        "x-github-event": "pull_request_review",
        "x-hub-signature-256": signature,
      });
      assert.equal(answer.status, 401);
    }
    await team.settle();
    assert.equal(worked(), before, "nothing was worked on");
    assert.equal(verdictOf(pull), "action_required");
  });

  test("C69: cannot bring a word back by sending its delivery again", async () => {
    const { stand, people } = team;
    const pull = stand.github.pulls.at(-1)!;
    stand.play.comment(pull, { by: people.olga, body: "/weighbridge approve" });
    await team.settle();
    const said = stand.github.hooks.deliveries.findLast(
      ({ event, body }) => event === "issue_comment" && body.includes("/weighbridge approve"),
    )!;
    const seated = (who: string) => team.commentOn(pull).includes(`✅ approved | ${who}`);
    assert.ok(seated("olga"), team.commentOn(pull));
    stand.play.comment(pull, { by: people.olga, body: "/weighbridge withdraw" });
    await team.settle();
    assert.ok(!seated("olga"), team.commentOn(pull));
    // The same delivery, and the same words under ids that were never seen: both are signed.
    for (let time = 0; time < 3; time++) await stand.github.hooks.post(said);
    for (let time = 0; time < 3; time++) {
      const answer = await post(said.body, { ...said.headers, "x-github-delivery": randomUUID() });
      assert.equal(answer.status, 202);
    }
    await team.settle();
    assert.ok(!seated("olga"), team.commentOn(pull));
    assert.equal(verdictOf(pull), "action_required");
  });

  test("C33: gets one quiet sign for every command, and nothing else, without a right to write", async () => {
    const { stand, people } = team;
    const pull = stand.github.pulls.at(-1)!;
    const before = { comment: team.commentOn(pull), comments: stand.github.comments.length };
    const commands = [
      ...["approve", "reject", "withdraw", "recheck", "help", "explain CORE-12"],
      "waive CORE-09 until 2030-01-01 because I say so",
      "break-glass because it is urgent",
    ];
    for (const command of commands) {
      stand.play.comment(pull, { by: people.sid, body: `/weighbridge ${command}` });
    }
    await team.settle();
    const signs = stand.github.reactions.filter(({ comment }) => comment.author === people.sid);
    assert.deepEqual(
      signs.map(({ content }) => content),
      commands.map(() => "-1"),
    );
    assert.equal(team.commentOn(pull), before.comment);
    assert.equal(stand.github.comments.length, before.comments + commands.length);
    assert.equal(verdictOf(pull), "action_required");
  });

  test("C62: gains nothing by the artifact of another pull request's run", async () => {
    const { stand, people, repository } = team;
    const good = zipFile([measured(3, 0.95)]);
    const honest = await team.propose(strict(3, 0.95));
    await leave(honest, good);
    assert.equal(verdictOf(honest), "action_required", "the honest one only waits for people");
    // The same bytes, brought as the thief's own.
    const thief = await team.propose(strict(4, 0.95));
    await leave(thief, good);
    assert.equal(verdictOf(thief), "failure");
    // A run about the honest head that claims the thief's pull request.
    stand.play.completeRun(repository, {
      ...{ by: people.maria, head: honest.head.sha, branch: thief.head.ref, pulls: [thief] },
      artifacts: { "weighbridge-evidence": zipFile([measured(4, 0.95)]) },
    });
    await team.settle();
    assert.equal(verdictOf(thief), "failure");
    assert.equal(verdictOf(honest), "action_required");
  });

  const ARCHIVES: readonly (readonly [name: string, archive: () => Buffer])[] = [
    ["a bomb", () => zipFile([{ name: "a.json", content: Buffer.alloc(100 * 1024 * 1024) }])],
    ["a bomb that lies", () => zipFile([{ name: "a.json", content: Buffer.alloc(8_000_000), bytes: 10 }])],
    [
      "a way out of its folder",
      () => zipFile([{ name: "../../models/credit-pd/metrics.json", content: "{}" }]),
    ],
    ["a symbolic link", () => zipFile([{ name: "a.json", content: "/etc/passwd", mode: 0o120777 }])],
  ];
  test("C62: closes its own gate, and stops nobody else, by an archive that is hostile", async () => {
    const auc = 0.93;
    for (const [at, [name, archive]] of ARCHIVES.entries()) {
      const pull = await team.propose(strict(10 + at, auc));
      await leave(pull, archive());
      const { conclusion, title } = team.checkOf(pull.head.sha);
      assert.equal(conclusion, "failure", name);
      assert.equal(title, "This change could not be judged", name);
    }
    const honest = await team.propose(strict(20, auc));
    await leave(honest, zipFile([measured(20, auc)]));
    assert.equal(verdictOf(honest), "action_required");
  });

  test("cannot send the App anywhere by what a policy extends", async (context) => {
    const asked: string[] = [];
    const trap = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end("weighbridge: 1\n");
    });
    await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
    context.after(() => trap.close());
    const address = trap.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const sha = "b".repeat(40);
    const parents = [
      `http://127.0.0.1:${port}/a//policy.yml@${sha}`,
      `//127.0.0.1:${port}/a//policy.yml@${sha}`,
      `127.0.0.1:${port}/a//policy.yml@${sha}`,
      `acme/..%2f..%2fapp//policy.yml@${sha}`,
      `acme/credit//../../../app@${sha}`,
      `acme/credit//policy.yml?x=@${sha}`,
      `acme/credit//policy.yml@main`,
      "file:///etc/passwd",
    ];
    const { stand, repository, people } = team;
    const main = tip(repository, "main");
    for (const [at, parent] of parents.entries()) {
      const base = `extends-${at}`;
      const policy = STRICT.replace("[core@1, performance@1]", `[core@1, ${JSON.stringify(parent)}]`);
      const files = { ".weighbridge/policy.yml": policy };
      stand.play.push(repository, { branch: base, by: people.maria, parents: [main], files });
      const before = stand.requests.length;
      const pull = await team.propose(strict(30 + at), { base });
      assert.equal(verdictOf(pull), "failure", parent);
      const elsewhere = stand.requests
        .slice(before)
        .filter(({ path }) => path.startsWith("/repos/") && !path.startsWith("/repos/acme/credit"));
      assert.deepEqual(elsewhere, [], parent);
    }
    assert.deepEqual(asked, []);
  });

  test("C70: does not bring it down by JSON that is deep or long, though it be signed", async () => {
    const { registration } = team;
    const deep = `{"repository":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    const long = JSON.stringify({ repository: { id: 1 }, action: "x".repeat(20 * 1024 * 1024) });
    for (const body of [deep, long]) {
      const answer = await post(body, {
        "x-github-event": "pull_request",
        "x-hub-signature-256": signed(body, registration.webhookSecret),
      });
      assert.ok([202, 400].includes(answer.status), String(answer.status));
    }
    const tooLong = `{"a":"${"x".repeat(26 * 1024 * 1024)}"}`;
    const refused = await post(tooLong, {
      "x-github-event": "pull_request",
      "x-hub-signature-256": signed(tooLong, registration.webhookSecret),
    }).then(
      ({ status }) => status,
      // It may also hang up on who goes on sending.
      () => 413,
    );
    assert.equal(refused, 413);
    await team.settle();
    assert.equal((await fetch(`${portOf()}/healthz`)).status, 200);
    assert.equal((await team.running.services.store.inbox.depth()).dead, 0);
  });
});
