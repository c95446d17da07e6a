import assert from "node:assert/strict";
import { test } from "node:test";
import { readParticipants } from "../../../app/github/participants.ts";
import { type PullAddress, readPull } from "../../../app/github/pull.ts";
import type { Account, Pull } from "../../github/nouns.ts";
import { openScene, type Scene } from "./scene.ts";

async function withPull(head: Partial<Parameters<Scene["stand"]["play"]["push"]>[1]> = {}) {
  const scene = await openScene();
  const { stand, repository, maria } = scene;
  const main = stand.play.push(repository, { branch: "main", by: maria, files: { a: "1" } });
  const push = { branch: "next", by: maria, parents: [main], files: { a: "2" }, ...head };
  stand.play.push(repository, push as Parameters<typeof stand.play.push>[1]);
  const pull = stand.play.openPull(repository, { head: "next", by: maria });
  return { ...scene, pull, main };
}

function addressOf({ address }: Scene, { number }: Pull): PullAddress {
  return { ...address, number };
}

async function people(scene: Scene, pull: Pull, known: Parameters<typeof readParticipants>[2] = {}) {
  const read = await readPull(scene.client, addressOf(scene, pull));
  return readParticipants(scene.client, read, known);
}

test("C23: author, committer, co-author and pusher all had a hand in the change", async () => {
  const scene = await withPull();
  const { github, play } = scene.stand;
  const [author, committer, friend, pusher] = ["anna", "karl", "fred", "paul"].map((login) =>
    github.addAccount(login),
  ) as [Account, Account, Account, Account];
  play.push(scene.repository, {
    ...{ branch: "next", by: pusher, files: { b: "1" }, author, committer },
    message: `Work\n\nCo-authored-by: Fred <${friend.emails[0]}>\n`,
  });
  const { participants, complete } = await people(scene, scene.pull);
  assert.deepEqual(
    participants,
    [
      { part: "author", userId: scene.maria.id },
      { part: "author", userId: author.id },
      { part: "co-author", userId: friend.id },
      { part: "committer", userId: scene.maria.id },
      { part: "committer", userId: committer.id },
      { part: "pusher", userId: scene.maria.id },
      { part: "pusher", userId: pusher.id },
    ].sort((a, b) => (a.part < b.part ? -1 : a.part > b.part ? 1 : a.userId - b.userId)),
  );
  assert.equal(complete, true);
});

test("C23: an address that no account owns is somebody without a number", async () => {
  const scene = await withPull({
    author: { name: "Somebody", email: "somebody@elsewhere.example", at: new Date() },
    message: "Work\n\nCo-Authored-By: Other <other@elsewhere.example>",
  });
  const { participants } = await people(scene, scene.pull);
  assert.ok(participants.some(({ part, userId }) => part === "author" && userId === undefined));
  assert.ok(participants.some(({ part, userId }) => part === "co-author" && userId === undefined));
});

test("C23: a co-author who wrote other commits of the change is known without asking", async () => {
  const scene = await withPull({ message: "Work\n\nCo-authored-by: Maria <MARIA@example.com>" });
  const { participants } = await people(scene, scene.pull);
  assert.ok(participants.some(({ part, userId }) => part === "co-author" && userId === scene.maria.id));
  assert.equal(scene.stand.count("graphql"), 0);
});

test("C23: GitHub's own address of an account is one that only GitHub can tell", async () => {
  const scene = await withPull();
  const vera = scene.stand.github.addAccount("vera");
  const addresses = [
    `${vera.id}+vera@users.noreply.github.com`,
    `${vera.id}+vera@users.noreply.evil.example`,
  ];
  for (const email of addresses) {
    const message = `Work\n\nCo-authored-by: Vera <${email}>`;
    scene.stand.play.push(scene.repository, { branch: "next", by: scene.maria, files: {}, message });
  }
  const { participants } = await people(scene, scene.pull);
  const coAuthors = participants.filter(({ part }) => part === "co-author");
  assert.deepEqual(coAuthors, [{ part: "co-author", userId: vera.id }, { part: "co-author" }]);
});

test("C55: more than 250 commits are read to the last", async () => {
  const scene = await openScene();
  const { stand, repository, maria } = scene;
  const { github, play } = stand;
  const main = play.push(repository, { branch: "main", by: maria, files: { a: "1" } });
  const last = github.addAccount("last");
  let head = main;
  for (let index = 0; index < 260; index++) {
    head = play.commit(repository, { parents: [head], files: {}, author: index === 259 ? last : maria });
  }
  play.push(repository, { branch: "next", by: maria, sha: head });
  const pull = play.openPull(repository, { head: "next", by: maria });
  const { participants, complete } = await people(scene, pull);
  assert.equal(complete, true);
  assert.ok(participants.some(({ part, userId }) => part === "author" && userId === last.id));
});

test("who pushed to a fork is known from deliveries alone; else it may be anybody", async () => {
  const scene = await withPull();
  const { stand, repository, maria } = scene;
  const stranger = stand.github.addAccount("stranger");
  const fork = stand.play.fork(repository, { by: stranger });
  stand.play.push(fork, { branch: "theirs", by: stranger, parents: [scene.main], files: { c: "1" } });
  const pull = stand.play.openPull(repository, { head: "theirs", from: fork, by: stranger });
  const unknown = await people(scene, pull);
  assert.deepEqual(
    unknown.participants.filter(({ part }) => part === "pusher"),
    [{ part: "pusher" }],
  );
  const told = await people(scene, pull, { pusherOf: async () => maria.id });
  assert.ok(told.participants.some(({ part, userId }) => part === "pusher" && userId === maria.id));
});
