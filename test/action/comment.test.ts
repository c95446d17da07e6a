import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { type Publication, publishComment } from "../../action/comment.ts";
import { connect } from "../../action/github.ts";
import type { Waiting } from "../../action/waiting.ts";
import * as faults from "../github/faults.ts";
import { type StandIn, startServer } from "../github/server.ts";
import type { Account, Comment, Pull } from "../github/state.ts";

/** The real client against the stand-in; only the pauses are not real. */

const MARKER = "<!-- weighbridge:1 -->";
const HEAD = "a".repeat(40);
const directory = mkdtempSync(join(tmpdir(), "weighbridge-comment-"));

let stand: StandIn;
let pull: Pull;
let maria: Account;
let slept: number[];

beforeEach(async () => {
  stand = await startServer();
  const { github } = stand;
  const repository = github.addRepository("credit", directory);
  maria = github.addAccount("maria");
  const head = { ref: "feature", sha: HEAD, repository };
  pull = github.addPull(repository, { author: maria, base: { ref: "main", sha: HEAD }, head });
  github.addWorkflowToken("writer", { pull_requests: "write" });
  github.addWorkflowToken("reader", { pull_requests: "read" });
  slept = [];
});

afterEach(() => stand.close());
after(() => rmSync(directory, { recursive: true }));

async function publish({
  token = "writer",
  body = `${MARKER}\nverdict`,
  head = HEAD,
} = {}): Promise<Publication> {
  const waiting: Waiting = {
    leftMs: 60_000,
    sleep: async (ms) => {
      slept.push(ms);
    },
  };
  const repository = { owner: "acme", name: "credit" };
  const client = await connect({ token, apiUrl: stand.origin, repository }, waiting);
  return publishComment(client, { pull: 1, head, marker: MARKER, body }, waiting);
}

function bodies(author: Account | null = stand.github.actionsBot): string[] {
  return stand.github.comments.filter((comment) => comment.author === author).map(({ body }) => body);
}

function reasonOf(publication: Publication): string {
  return publication.kind === "skipped" ? (publication.reason ?? "") : "";
}

function addOurs(body: string): Comment {
  return stand.github.addComment(pull, stand.github.actionsBot, body, stand.github.actions);
}

describe("publishComment", () => {
  it("creates one comment, and edits it the second time", async () => {
    const first = await publish();
    const second = await publish({ body: `${MARKER}\nanother verdict` });
    assert.deepEqual(first, second);
    assert.equal(first.kind, "published");
    assert.deepEqual(bodies(), [`${MARKER}\nanother verdict`]);
  });

  it("leaves a comment alone that somebody else wrote with our marker", async () => {
    stand.github.addComment(pull, maria, `${MARKER}\nforged`);
    stand.github.addComment(pull, null, `${MARKER}\nof a deleted account`);
    await publish();
    assert.deepEqual(bodies(maria), [`${MARKER}\nforged`]);
    assert.deepEqual(bodies(), [`${MARKER}\nverdict`]);
  });

  it("leaves a comment alone that another workflow wrote, even one that quotes our marker", async () => {
    addOurs(`Thank you for writing:\n${MARKER}`);
    await publish();
    assert.equal(bodies().length, 2);
  });

  it("finds its comment on the last of many pages", async () => {
    for (let n = 0; n < 250; n++) stand.github.addComment(pull, maria, `comment ${n}`);
    addOurs(`${MARKER}\nold`);
    await publish();
    assert.deepEqual(bodies(), [`${MARKER}\nverdict`]);
    assert.equal(stand.count("issues/list-comments"), 3);
  });

  it("writes its comment again after somebody deleted it", async () => {
    const ours = addOurs(`${MARKER}\nold`);
    stand.github.removeComment(ours);
    await publish();
    assert.deepEqual(bodies(), [`${MARKER}\nverdict`]);
  });

  it("writes its comment again when it is deleted between reading and writing", async () => {
    addOurs(`${MARKER}\nold`);
    stand.fail({
      match: "issues/update-comment",
      when: "before",
      effect: faults.answer(404, { message: "Not Found" }),
    });
    assert.equal((await publish()).kind, "published");
    assert.deepEqual(bodies(), [`${MARKER}\nverdict`]);
  });

  it("brings several of its own down to one", async () => {
    addOurs(`${MARKER}\nof one run`);
    addOurs(`${MARKER}\nof another at the same time`);
    await publish();
    assert.deepEqual(bodies(), [`${MARKER}\nverdict`]);
  });

  it("says nothing about a commit that the pull request has left", async () => {
    pull.head.sha = "d".repeat(40);
    assert.deepEqual(await publish(), {
      kind: "skipped",
      reason: `the pull request has moved on to ${"d".repeat(40)}`,
    });
    assert.deepEqual(bodies(), []);
  });

  const refusals: [name: string, prepare: () => void, reason: RegExp][] = [
    ["a fork's token, which only reads", () => {}, /^Resource not accessible by integration/],
    [
      "a conversation that is locked",
      () => {
        pull.locked = true;
      },
      /issue is locked/,
    ],
    [
      "a limit that lasts too long",
      () => stand.fail({ match: "issues/create-comment", effect: faults.secondaryLimit(3600) }),
      /secondary rate limit/,
    ],
    [
      "the hour's budget used up",
      () => stand.fail({ match: "issues/list-comments", effect: faults.primaryLimit(4_000_000_000) }),
      /API rate limit exceeded/,
    ],
  ];
  for (const [name, prepare, reason] of refusals) {
    it(`gives up at ${name}, without trying again`, async () => {
      prepare();
      const publication = await publish({ token: name.includes("fork") ? "reader" : "writer" });
      assert.equal(publication.kind, "skipped");
      assert.match(reasonOf(publication), reason);
      assert.deepEqual(slept, []);
      assert.ok(stand.count("issues/create-comment") <= 1);
    });
  }

  it("gives up a comment that is too long", async () => {
    const publication = await publish({ body: `${MARKER}\n${"x".repeat(70_000)}` });
    assert.match(reasonOf(publication), /Body is too long/);
  });

  const limits: [name: string, effect: faults.Effect, waits: number[]][] = [
    ["retry-after", faults.secondaryLimit(7), [7_000]],
    ["a 429 with retry-after", faults.secondaryLimit(2, 429), [2_000]],
    ["a limit that names no time", faults.secondaryLimit(), [60_000]],
    ["a 429 that names no time", faults.secondaryLimit(undefined, 429), [60_000]],
  ];
  for (const [name, effect, waits] of limits) {
    it(`waits as long as GitHub asks: ${name}`, async () => {
      stand.fail({ match: "issues/create-comment", effect });
      assert.equal((await publish()).kind, "published");
      assert.deepEqual(slept, waits);
      assert.deepEqual(bodies(), [`${MARKER}\nverdict`]);
    });
  }

  it("waits for the end of the hour by GitHub's clock, not by its own", async () => {
    stand.github.now = () => new Date("2031-01-01T00:00:00Z");
    const reset = Date.parse("2031-01-01T00:00:20Z") / 1000;
    stand.fail({ match: "issues/create-comment", effect: faults.primaryLimit(reset) });
    assert.equal((await publish()).kind, "published");
    assert.deepEqual(slept, [20_000]);
  });

  it("spends no more than a minute on all limits together", async () => {
    stand.fail({ match: "issues/create-comment", times: 3, effect: faults.secondaryLimit(25) });
    assert.equal((await publish()).kind, "skipped");
    assert.deepEqual(slept, [25_000, 25_000]);
  });

  const broken: [name: string, effect: faults.Effect][] = [
    ["a 502", faults.serverError(502)],
    ["a page of HTML", faults.html(503)],
    ["a cut connection", faults.RESET],
    ["a cut answer", faults.cutJson()],
  ];
  for (const [name, effect] of broken) {
    for (const when of ["before", "after"] as const) {
      it(`looks before it writes again: ${name} ${when} the effect`, async () => {
        stand.fail({ match: "issues/create-comment", when, effect });
        assert.equal((await publish()).kind, "published");
        assert.deepEqual(bodies(), [`${MARKER}\nverdict`]);
        assert.deepEqual(
          [stand.count("issues/create-comment"), stand.count("issues/update-comment")],
          when === "after" ? [1, 1] : [2, 0],
        );
      });
    }

    it(`reads again after ${name}`, async () => {
      addOurs(`${MARKER}\nold`);
      stand.fail({ match: "graphql", times: 2, effect });
      stand.fail({ match: "issues/list-comments", times: 2, effect });
      assert.equal((await publish()).kind, "published");
      assert.deepEqual(bodies(), [`${MARKER}\nverdict`]);
    });
  }

  it("gives up when GitHub keeps failing, and has not written twice", async () => {
    stand.fail({ match: "issues/create-comment", times: 9, effect: faults.serverError(500) });
    const publication = await publish();
    assert.deepEqual(publication, { kind: "skipped", reason: "Server Error - https://docs.github.com/rest" });
    assert.equal(stand.count("issues/create-comment"), 3);
  });
});

describe("connect", () => {
  it("knows GitHub's clock from the first answer", async () => {
    stand.github.now = () => new Date("2031-01-01T00:00:00Z");
    const waiting: Waiting = { leftMs: 0, sleep: async () => undefined };
    const repository = { owner: "acme", name: "credit" };
    const client = await connect({ token: "reader", apiUrl: stand.origin, repository }, waiting);
    assert.deepEqual(client.serverTime, new Date("2031-01-01T00:00:00Z"));
    assert.equal(client.actorId, 41898282);
  });

  it("fails for a token that GitHub does not know", async () => {
    const waiting: Waiting = { leftMs: 0, sleep: async () => undefined };
    const repository = { owner: "acme", name: "credit" };
    await assert.rejects(connect({ token: "nobody", apiUrl: stand.origin, repository }, waiting), {
      name: "GitHubFailure",
      failure: { kind: "refused", status: 401, message: "Bad credentials - https://docs.github.com/rest" },
    });
  });
});
