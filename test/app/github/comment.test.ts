import assert from "node:assert/strict";
import { test } from "node:test";
import { publishComment } from "../../../app/github/comment.ts";
import { commentMarker } from "../../../gate/report/markdown.ts";
import * as faults from "../../github/faults.ts";
import { openScene } from "./scene.ts";

async function withPull() {
  const scene = await openScene();
  const { stand, repository, maria, client, address } = scene;
  const { play, github } = stand;
  const main = play.push(repository, { branch: "main", by: maria, files: { a: "1" } });
  play.push(repository, { branch: "next", by: maria, parents: [main], files: { a: "2" } });
  const pull = play.openPull(repository, { head: "next", by: maria });
  const marker = commentMarker(pull.number);
  const publish = (body: string, commentId?: number, begin?: () => Promise<boolean>) =>
    publishComment(client, {
      pull: { ...address, number: pull.number },
      marker,
      toBody: () => `${marker}\n${body}`,
      ...(commentId !== undefined && { commentId }),
      ...(begin !== undefined && { begin }),
    });
  const ours = () => github.comments.filter(({ app }) => app !== undefined).map(({ body }) => body);
  return { ...scene, pull, marker, publish, ours };
}

test("C69: there is one comment, and it is edited in its place", async () => {
  const { publish, ours, stand, marker } = await withPull();
  const first = await publish("one");
  assert.equal(first.kind, "published");
  const id = first.kind === "published" ? first.commentId : 0;
  assert.deepEqual(await publish("two", id), { kind: "published", commentId: id });
  assert.equal(stand.count("issues/list-comments"), 1, "what is known is not looked for");
  assert.deepEqual(await publish("three"), { kind: "published", commentId: id });
  assert.deepEqual(ours(), [`${marker}\nthree`]);
});

test("C69: what a process began to write before it ended is looked for until GitHub has to show it", async () => {
  const { publish, ours, stand, marker } = await withPull();
  stand.fail({ match: "issues/list-comments", times: 2, effect: faults.STALE });
  await publish("one", undefined, async () => true);
  await publish("two", undefined, async () => false);
  assert.deepEqual(ours(), [`${marker}\ntwo`]);
  assert.ok(stand.count("issues/list-comments") > 2, "it was looked for more than once");
});

test("C69: where nobody has said anything ours is not looked for, unless it was begun before", async () => {
  const { client, address, pull, marker, ours, stand } = await withPull();
  const publish = (body: string, isFirst: boolean) =>
    publishComment(client, {
      pull: { ...address, number: pull.number },
      ...{ marker, toBody: () => `${marker}\n${body}`, isUncommented: true, begin: async () => isFirst },
    });
  await publish("one", true);
  assert.equal(stand.count("issues/list-comments"), 0);
  // What it was looked at before was too early to show it.
  await publish("two", false);
  assert.deepEqual(ours(), [`${marker}\ntwo`]);
});

test("C73: a comment with our marker by anybody else is left alone", async () => {
  const { publish, stand, maria, pull, marker, app } = await withPull();
  const { github, play } = stand;
  const forged = play.comment(pull, { by: maria, body: `${marker}\nAll gates pass` });
  const other = github.addApp("other");
  github.addComment(pull, other.bot, `${marker}\nAll gates pass`, other);
  // What a person writes through our App is the person's.
  github.addComment(pull, maria, `${marker}\nAll gates pass`, app);
  await publish("one");
  assert.equal(github.comments.length, 4);
  assert.equal(forged.body, `${marker}\nAll gates pass`);
  assert.equal(github.comments.at(-1)?.author, app.bot);
});

test("C40: our comment that is about another pull request is not taken for this one's", async () => {
  const { publish, stand, pull, app, ours } = await withPull();
  stand.github.addComment(pull, app.bot, `${commentMarker(99)}\nother`, app);
  stand.github.addComment(pull, app.bot, "Type /weighbridge approve", app);
  await publish("one");
  assert.equal(ours().length, 3);
});

test("C73: a comment that was deleted is written again, once", async () => {
  const { publish, stand, maria, ours, marker } = await withPull();
  const first = await publish("one");
  assert.ok(first.kind === "published");
  stand.play.deleteComment(stand.github.comments[0]!, { by: maria });
  const second = await publish("two", first.commentId);
  assert.ok(second.kind === "published");
  assert.notEqual(second.commentId, first.commentId);
  await publish("three", second.commentId);
  assert.deepEqual(ours(), [`${marker}\nthree`]);
});

test("C73: where the conversation is locked, the check is all there is", async () => {
  const { publish, stand, ours } = await withPull();
  stand.fail({ match: "issues/create-comment", effect: faults.locked() });
  const { kind } = await publish("one");
  assert.equal(kind, "refused");
  assert.deepEqual(ours(), []);
});

test("C72: a comment that may have been created is looked for before another is", async () => {
  for (const when of ["before", "after"] as const) {
    for (const effect of [faults.RESET, faults.serverError(502), faults.cutJson()]) {
      const { publish, stand, ours, marker } = await withPull();
      stand.fail({ match: "issues/create-comment", when, effect });
      assert.equal((await publish("one")).kind, "published");
      assert.deepEqual(ours(), [`${marker}\none`], when);
    }
  }
});

test("C72: an answer from before the write does not make a second comment", async () => {
  const { publish, stand, ours, marker, clock } = await withPull();
  stand.fail({ match: "issues/create-comment", when: "after", effect: faults.RESET });
  // The first look before the write is answered as it is, the two after it as it was.
  stand.fail({ match: "issues/list-comments", effect: faults.delay(0) });
  stand.fail({ match: "issues/list-comments", times: 2, effect: faults.STALE });
  assert.equal((await publish("one")).kind, "published");
  assert.deepEqual(ours(), [`${marker}\none`]);
  assert.deepEqual(clock.slept.slice(0, 3), [3000, 10_000, 20_000]);
});

test("C72: an edit that may have been done is done again", async () => {
  for (const when of ["before", "after"] as const) {
    const { publish, stand, ours, marker } = await withPull();
    const first = await publish("one");
    assert.ok(first.kind === "published");
    stand.fail({ match: "issues/update-comment", when, effect: faults.serverError() });
    await publish("two", first.commentId);
    assert.deepEqual(ours(), [`${marker}\ntwo`]);
  }
});

test("C72: where GitHub stays away, the failure says so", async () => {
  const { publish, stand, ours } = await withPull();
  stand.fail({ match: "issues/create-comment", times: 9, effect: faults.serverError() });
  await assert.rejects(publish("one"), { code: "GITHUB_UNAVAILABLE" });
  assert.equal(stand.count("issues/create-comment"), 3);
  assert.deepEqual(ours(), []);
});

test("C69: two comments of ours become one", async () => {
  const { publish, stand, pull, app, marker, ours } = await withPull();
  for (const text of ["old", "older"]) stand.github.addComment(pull, app.bot, `${marker}\n${text}`, app);
  await publish("new");
  assert.deepEqual(ours(), [`${marker}\nnew`]);
});

test("C73: a comment that GitHub finds too long is written shorter, its marker counted", async () => {
  const { client, stand, address, pull, marker } = await withPull();
  const budgets: number[] = [];
  await publishComment(client, {
    pull: { ...address, number: pull.number },
    marker,
    toBody: ({ charactersMax }) => {
      budgets.push(charactersMax);
      return `${marker}\n${"x".repeat(budgets.length === 1 ? 70_000 : charactersMax - marker.length - 1)}`;
    },
  });
  assert.deepEqual(budgets, [65_000, 30_000]);
  assert.equal(stand.github.comments[0]?.body.length, 30_000);
});

test("C69: our comment is found beyond the first page", async () => {
  const { publish, stand, pull, maria, ours, app, marker } = await withPull();
  for (let index = 0; index < 130; index++) stand.github.addComment(pull, maria, `talk ${index}`);
  stand.github.addComment(pull, app.bot, `${marker}\nold`, app);
  await publish("new");
  assert.deepEqual(ours(), [`${marker}\nnew`]);
});
