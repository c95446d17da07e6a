import assert from "node:assert/strict";
import { test } from "node:test";
import { toActor } from "../../../app/github/actor.ts";
import { readPull } from "../../../app/github/pull.ts";
import { readPullView } from "../../../app/github/pull-view.ts";
import * as faults from "../../github/faults.ts";
import type { Pull } from "../../github/nouns.ts";
import { openScene, type Scene } from "./scene.ts";

async function opened() {
  const scene = await openScene();
  const { stand, repository, maria } = scene;
  const main = stand.play.push(repository, { branch: "main", by: maria, files: { a: "1" } });
  stand.play.push(repository, { branch: "next", by: maria, parents: [main], files: { a: "2" } });
  return { ...scene, pull: stand.play.openPull(repository, { head: "next", by: maria, draft: true }) };
}

function read({ client, address }: Scene, { number }: Pull) {
  return readPull(client, { ...address, number });
}

test("a pull request is the same by both APIs: open, renamed, of a bot, merged", async () => {
  const scene = await opened();
  const { stand, repository, maria, client } = scene;
  const known = await read(scene, scene.pull);
  assert.deepEqual((await readPullView(client, known)).pull, known);
  stand.play.renameRepository(repository, { by: maria, name: "scoring" });
  scene.pull.locked = true;
  const renamed = (await readPullView(client, known)).pull;
  assert.deepEqual([renamed.repo, renamed.locked], ["scoring", true]);
  assert.deepEqual(renamed, await read(scene, scene.pull));
  const bot = stand.github.addAccount("helper[bot]", { type: "Bot" });
  stand.play.push(repository, { branch: "bot", by: bot, parents: [known.base.sha], files: { b: "2" } });
  const other = stand.play.openPull(repository, { head: "bot", by: bot });
  stand.play.merge(other, { by: maria });
  const merged = await read(scene, other);
  assert.deepEqual([merged.author?.login, merged.mergeSha], ["helper[bot]", other.merged?.sha]);
  assert.deepEqual((await readPullView(client, merged)).pull, merged);
});

test("the tip of the base is that of the branch, whatever the pull request was opened on", async () => {
  const scene = await opened();
  const { stand, repository, maria, client } = scene;
  const known = await read(scene, scene.pull);
  const tip = stand.play.push(repository, { branch: "main", by: maria, files: { c: "3" } });
  assert.equal((await readPullView(client, known)).baseTip, tip);
  scene.pull.base = { ...scene.pull.base, ref: "gone" };
  assert.equal((await readPullView(client, known)).baseTip, undefined);
});

test("a fork is the one that was known, and a branch of the repository is its own", async () => {
  const scene = await opened();
  const known = await read(scene, scene.pull);
  const foreign = { ...known, head: { ...known.head, repositoryId: 7 } };
  const own = (await readPullView(scene.client, foreign)).pull.head.repositoryId;
  assert.equal(own, scene.repository.id);
  scene.pull.head = { ...scene.pull.head, repository: null };
  assert.equal((await readPullView(scene.client, foreign)).pull.head.repositoryId, 7);
});

test("what else is asked is answered with it, and comments are counted", async () => {
  const scene = await opened();
  scene.stand.play.comment(scene.pull, { by: scene.maria, body: "Well" });
  const question = { fields: "one: user(login: $one) { databaseId }", variables: { one: "maria" } };
  const view = await readPullView(scene.client, await read(scene, scene.pull), question);
  assert.equal(view.comments, 1);
  assert.deepEqual((view.answer as { one: object }).one, { databaseId: scene.maria.id });
});

test("without the permission, and without the pull request, there is no answer", async () => {
  const scene = await opened();
  const known = await read(scene, scene.pull);
  await assert.rejects(readPullView(scene.client, { ...known, number: 99 }), { code: "GITHUB_NOT_FOUND" });
  await assert.rejects(readPullView(scene.client, { ...known, repo: "none" }), { code: "GITHUB_NOT_FOUND" });
  const errors = [{ type: "FORBIDDEN", message: "Resource not accessible by integration" }];
  scene.stand.fail({ match: "graphql pullRequest", effect: faults.answer(200, { data: null, errors }) });
  await assert.rejects(readPullView(scene.client, known), { code: "GITHUB_FORBIDDEN" });
});

test("an answer with a hole is refused, whatever is missing", async () => {
  const scene = await opened();
  const known = await read(scene, scene.pull);
  scene.stand.play.review(scene.pull, { by: scene.stand.github.addAccount("vera"), state: "APPROVED" });
  const { answer } = await readPullView(scene.client, known);
  const holes = ["headRefOid", "state", "isDraft", "isCrossRepository", "reviews", "hasNextPage"];
  for (const hole of [...holes, "fullDatabaseId", "submittedAt", "totalCount", "databaseId"]) {
    const data = JSON.parse(JSON.stringify(answer, (name, value) => (name === hole ? null : value)));
    const effect = faults.answer(200, { data });
    scene.stand.fail({ match: "graphql pullRequest", times: 4, effect });
    await assert.rejects(readPullView(scene.client, known), { code: "GITHUB_UNAVAILABLE" }, hole);
  }
});

test("C25, C28: an actor is a person, or not, or was deleted", () => {
  const of = (type: string, rest: object = { databaseId: 7 }) =>
    toActor({ __typename: type, login: "vera", ...rest });
  assert.deepEqual(of("User"), { id: 7, login: "vera", isBot: false });
  assert.deepEqual(of("Bot"), { id: 7, login: "vera[bot]", isBot: true });
  for (const type of ["Mannequin", "Organization"]) assert.equal(of(type)?.isBot, true);
  assert.deepEqual(of("EnterpriseUserAccount", { user: { databaseId: 7 } }), of("User"));
  assert.equal(toActor(null), undefined);
  assert.throws(() => of("EnterpriseUserAccount"), { code: "GITHUB_UNAVAILABLE" });
  assert.throws(() => of("User", {}), { code: "GITHUB_UNAVAILABLE" });
});
