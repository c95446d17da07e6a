import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { mergeGroupEvent, pullRequestEvent, pushEvent, workflowDispatchEvent } from "./deliveries.ts";
import * as faults from "./faults.ts";
import { type StandIn, startServer } from "./server.ts";
import type { Pull, Repository } from "./state.ts";

/** The stand-in is checked by the oracle at each request; these tests check the two against each other. */

let source: ScratchRepository;
let commit: string;
let stand: StandIn;
let repository: Repository;
let pull: Pull;

before(async () => {
  source = await scratchRepository();
  commit = source.commit("first", { "models/a.yml": "id: a\n", "docs/x.md": "x\n" });
  stand = await startServer();
  const { github } = stand;
  repository = github.addRepository("credit", source.directory);
  const author = github.addAccount("maria");
  pull = github.addPull(repository, { author, head: { ref: "main", sha: commit, repository } });
  github.addWorkflowToken("writer", { contents: "read", pull_requests: "write" });
  github.addWorkflowToken("reader", { contents: "read", pull_requests: "read" });
});

after(async () => {
  source.remove();
  await stand.close();
});

async function ask(
  path: string,
  { method = "GET", body, token = "writer" }: { method?: string; body?: unknown; token?: string } = {},
): Promise<Response> {
  return fetch(`${stand.origin}${path}`, {
    method,
    headers: { authorization: `token ${token}`, "x-github-api-version": "2022-11-28" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const REPO = "/repos/acme/credit";

describe("the stand-in", () => {
  it("answers for the repository and its git data as GitHub's description says", async () => {
    const tree = source.git("rev-parse", "HEAD^{tree}");
    const blob = source.git("rev-parse", "HEAD:models/a.yml");
    const paths = [
      "",
      "/pulls/1",
      "/git/ref/heads/main",
      `/git/commits/${commit}`,
      `/git/trees/${tree}?recursive=1`,
      `/git/blobs/${blob}`,
      `/contents/models/a.yml?ref=${commit}`,
      "/contents/models",
    ];
    for (const path of paths) assert.equal((await ask(`${REPO}${path}`)).status, 200, path);
    const file: unknown = await (await ask(`${REPO}/contents/models/a.yml`)).json();
    assert.equal((file as { content: string }).content, Buffer.from("id: a\n").toString("base64"));
    assert.equal((await ask(`${REPO}/contents/models/b.yml`)).status, 404);
  });

  it("keeps comments, a page at a time", async () => {
    for (let n = 1; n <= 5; n++) {
      const created = await ask(`${REPO}/issues/1/comments`, {
        method: "POST",
        body: { body: `comment ${n}` },
      });
      assert.equal(created.status, 201);
    }
    const first = await ask(`${REPO}/issues/1/comments?per_page=2&page=2`);
    assert.match(first.headers.get("link") ?? "", /page=3>; rel="next".*page=3>; rel="last"/);
    const comments = (await first.json()) as { id: number; body: string; user: { id: number } }[];
    assert.deepEqual(
      comments.map(({ body, user }) => [body, user.id]),
      [
        ["comment 3", 41898282],
        ["comment 4", 41898282],
      ],
    );
    const path = `${REPO}/issues/comments/${comments[0]?.id}`;
    assert.equal((await ask(path, { method: "PATCH", body: { body: "edited" } })).status, 200);
    assert.equal(stand.github.comments[2]?.body, "edited");
    assert.equal((await ask(path, { method: "DELETE" })).status, 204);
    assert.equal((await ask(path)).status, 404);
  });

  it("refuses what the token may not do", async () => {
    const body = { body: "x" };
    const path = `${REPO}/issues/1/comments`;
    assert.equal((await ask(path, { method: "POST", body, token: "reader" })).status, 403);
    assert.equal((await ask(path, { method: "POST", body, token: "nobody" })).status, 401);
    assert.equal((await ask("/user")).status, 403);
  });

  it("tells whom a token acts as by GraphQL", async () => {
    const query = "query { viewer { login databaseId } }";
    const answer = await ask("/graphql", { method: "POST", body: { query } });
    assert.deepEqual(await answer.json(), {
      data: { viewer: { login: "github-actions[bot]", databaseId: 41898282 } },
    });
  });

  it("refuses a body that is too long and a pull request that is locked", async () => {
    const path = `${REPO}/issues/1/comments`;
    const long = await ask(path, { method: "POST", body: { body: "é".repeat(65_537) } });
    assert.equal(long.status, 422);
    assert.match(await long.text(), /Body is too long \(maximum is 65536 characters\)/);
    pull.locked = true;
    assert.equal((await ask(path, { method: "POST", body: { body: "x" } })).status, 403);
    pull.locked = false;
  });

  it("fails as it is told: before the effect, after it, without an answer, or late", async () => {
    const path = `${REPO}/issues/1/comments`;
    const write = () => ask(path, { method: "POST", body: { body: "x" } });
    const count = stand.github.comments.length;
    stand.fail({ match: "issues/create-comment", effect: faults.secondaryLimit(7) });
    const limited = await write();
    assert.deepEqual([limited.status, limited.headers.get("retry-after")], [403, "7"]);
    assert.equal(stand.github.comments.length, count);
    stand.fail({ match: "issues/create-comment", when: "after", effect: faults.serverError(502) });
    assert.equal((await write()).status, 502);
    assert.equal(stand.github.comments.length, count + 1);
    stand.fail({ match: "issues/create-comment", effect: faults.RESET });
    await assert.rejects(write());
    stand.fail({ match: "issues/create-comment", effect: faults.delay(1) });
    assert.equal((await write()).status, 201);
  });

  it("gives the time of its own clock", async () => {
    stand.github.now = () => new Date("2026-03-04T05:06:07Z");
    assert.equal((await ask("/rate_limit")).headers.get("date"), "Wed, 04 Mar 2026 05:06:07 GMT");
    stand.github.now = () => new Date();
  });

  it("writes deliveries that GitHub's description allows", () => {
    const zero = "0".repeat(40);
    pullRequestEvent(stand, pull);
    pullRequestEvent(stand, pull, "synchronize");
    pushEvent(stand, repository, { ref: "refs/heads/main", before: zero, after: commit });
    mergeGroupEvent(stand, repository, { base: commit, head: commit });
    workflowDispatchEvent(stand, repository, { base: "main" });
  });

  it("fails the test for a request that GitHub's description does not allow", async () => {
    const other = await startServer();
    await fetch(`${other.origin}/repos/acme/credit/issues/1/comments?perpage=1`);
    await assert.rejects(other.close(), /X-GitHub-Api-Version is undefined\n.*query parameter perpage/);
  });
});
