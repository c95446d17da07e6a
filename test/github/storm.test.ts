import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import * as faults from "./faults.ts";
import type { Account, Pull, Repository } from "./nouns.ts";
import { Scheduler } from "./scheduler.ts";
import { type StandIn, startServer } from "./server.ts";

/** What goes wrong by chance: with requests, and with deliveries. */

let source: ScratchRepository;
let stand: StandIn;
let repository: Repository;
let maria: Account;
let pull: Pull;

before(async () => {
  source = await scratchRepository({ bare: true });
  stand = await startServer();
  const { github, play } = stand;
  repository = github.addRepository("credit", source.directory);
  maria = github.addAccount("maria");
  play.push(repository, { branch: "main", by: maria, files: { a: "a\n" } });
  play.push(repository, { branch: "next", by: maria, files: { b: "b\n" } });
  pull = play.openPull(repository, { head: "next", by: maria });
  github.addWorkflowToken("token", { contents: "read", pull_requests: "write" });
});

after(async () => {
  source.remove();
  await stand.close();
});

async function comments(): Promise<string[]> {
  const response = await fetch(`${stand.origin}/repos/acme/credit/issues/1/comments`, { headers: HEADERS });
  return ((await response.json()) as { body: string }[]).map(({ body }) => body);
}

const HEADERS = { authorization: "token token", "x-github-api-version": "2022-11-28" };

describe("the stand-in", () => {
  it("answers a read as before the last write, for half a minute", async () => {
    const { github } = stand;
    assert.deepEqual(await comments(), []);
    stand.fail({ match: "issues/list-comments", times: 2, effect: faults.STALE });
    await comments();
    github.addComment(pull, maria, "new");
    assert.deepEqual(await comments(), []);
    assert.deepEqual(await comments(), ["new"]);
    stand.fail({ match: "issues/list-comments", effect: faults.STALE });
    github.now = () => new Date(Date.now() + 60_000);
    assert.deepEqual(await comments(), ["new"]);
    github.now = () => new Date();
  });

  it("answers a question of GraphQL as before the last write, like any other read", async () => {
    const query = '{ repository(owner: "acme", name: "credit") { pullRequest(number: 1) { title } } }';
    const title = async (): Promise<string> => {
      const body = JSON.stringify({ query });
      const response = await fetch(`${stand.origin}/graphql`, { method: "POST", headers: HEADERS, body });
      const { data } = (await response.json()) as { data: { repository: { pullRequest: Pull } } };
      return data.repository.pullRequest.title;
    };
    stand.fail({ match: "graphql pullRequest", times: 2, effect: faults.STALE });
    const before = await title();
    pull.title = "Another";
    assert.equal(await title(), before);
    assert.equal(await title(), "Another");
  });

  it("fails by chance as often as it is told, and in the same way for the same seed", async () => {
    const run = async () => {
      stand.storm({ seed: 7, share: 0.3, retryAfter: 0, hangMs: 1 });
      const statuses: number[] = [];
      for (let n = 0; n < 100; n++) {
        const url = `${stand.origin}/repos/acme/credit`;
        statuses.push(
          await fetch(url, { headers: HEADERS }).then(
            ({ status }) => status,
            () => 0,
          ),
        );
      }
      stand.storm(undefined);
      return statuses;
    };
    const [first, second] = [await run(), await run()];
    assert.deepEqual(first, second);
    const failed = first.filter((status) => status !== 200);
    assert.ok(failed.length > 15 && failed.length < 45, String(failed.length));
    assert.deepEqual([...new Set(failed)].sort(), [0, 403, 429, 502]);
  });
});

describe("Scheduler", () => {
  it("lets deliveries arrive in another order, some twice and some never", async () => {
    const { github, play } = stand;
    const got: string[] = [];
    const receiver = createServer((request, response) => {
      got.push(String(request.headers["x-github-delivery"]));
      request.resume();
      response.writeHead(202).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const hookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const app = github.addApp("weighbridge", { hookUrl });
    const scheduler = new Scheduler(github.hooks, { seed: 3, drop: 0.2, duplicate: 0.2, concurrent: 2 });
    play.install(app, { by: github.owner });
    for (let n = 0; n < 30; n++) play.comment(pull, { by: maria, body: `${n}` });
    await scheduler.run();
    const sent = github.hooks.deliveries.map(({ guid }) => guid);
    const arrived = new Set(got);
    assert.ok(got.length > arrived.size, "some arrive twice");
    assert.deepEqual(
      sent.filter((guid) => !arrived.has(guid)),
      scheduler.dropped.map(({ guid }) => guid),
    );
    assert.ok(scheduler.dropped.length > 0, "some never arrive");
    assert.notDeepEqual(
      [...arrived],
      sent.filter((guid) => arrived.has(guid)),
    );
    scheduler.stop();
    receiver.close();
    receiver.closeAllConnections();
  });
});
