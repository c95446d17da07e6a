import assert from "node:assert/strict";
import { test } from "node:test";
import { openIssue } from "../../../app/github/issue.ts";
import { react } from "../../../app/github/reaction.ts";
import * as faults from "../../github/faults.ts";
import { memoryArchive, openScene } from "./scene.ts";

const MARKER = "<!-- weighbridge:bypass:abc -->";

async function withRepository() {
  const scene = await openScene();
  const archive = memoryArchive();
  const wanted = {
    ...scene.address,
    repositoryId: scene.repository.id,
    marker: MARKER,
    title: "Bypassed",
    body: "Why",
  };
  return { ...scene, wanted, archive, issues: scene.stand.github.issues };
}

test("C79: an issue about an occasion is opened once, even if it was closed meanwhile", async () => {
  const { client, wanted, archive, issues } = await withRepository();
  const number = await openIssue(client, wanted, archive);
  issues[0]!.state = "closed";
  assert.equal(await openIssue(client, wanted, archive), number);
  assert.equal(await openIssue(client, wanted, memoryArchive()), number, "though nothing is remembered");
  await openIssue(client, { ...wanted, marker: "<!-- weighbridge:bypass:abcd -->" }, archive);
  assert.equal(issues.length, 2);
  assert.equal(issues[0]?.body, `${MARKER}\nWhy`);
});

test("C72: an issue that may have been opened is looked for before another is", async () => {
  for (const when of ["before", "after"] as const) {
    const { client, wanted, archive, issues, stand } = await withRepository();
    stand.fail({ match: "issues/create", when, effect: faults.RESET });
    await openIssue(client, wanted, archive);
    assert.equal(issues.length, 1, when);
  }
});

test("C73: an issue with our marker by anybody else is not ours", async () => {
  const { client, wanted, archive, issues, stand, repository, maria } = await withRepository();
  stand.github.addIssue(repository, maria, { title: "Bypassed", body: `${MARKER}\nWhy` });
  await openIssue(client, wanted, archive);
  assert.equal(issues.length, 2);
});

test("C33: a reaction that is given twice is there once", async () => {
  const { client, stand, repository, maria, address } = await withRepository();
  const issue = stand.github.addIssue(repository, maria, { title: "one" });
  const comment = stand.github.addComment(issue, maria, "/weighbridge approve");
  for (let time = 0; time < 2; time++) await react(client, { ...address, commentId: comment.id }, "confused");
  assert.deepEqual(
    stand.github.reactions.map(({ content }) => content),
    ["confused"],
  );
});
