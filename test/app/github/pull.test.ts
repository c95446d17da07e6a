import assert from "node:assert/strict";
import { test } from "node:test";
import { readPull, toPull } from "../../../app/github/pull.ts";
import { openScene } from "./scene.ts";

test("a pull request as GitHub has it now, by the names that it has now", async () => {
  const { stand, repository, maria, client, address } = await openScene();
  const { play } = stand;
  const main = play.push(repository, { branch: "main", by: maria, files: { a: "1" } });
  const head = play.push(repository, { branch: "next", by: maria, parents: [main], files: { a: "2" } });
  const pull = play.openPull(repository, { head: "next", by: maria, title: "Better", draft: true });
  play.renameRepository(repository, { by: maria, name: "scoring" });
  const read = await readPull(client, { ...address, number: pull.number });
  const { updatedAt, ...rest } = read;
  assert.ok(updatedAt > 0);
  assert.deepEqual(rest, {
    ...{
      owner: "acme",
      repo: "scoring",
      number: 1,
      repositoryId: repository.id,
      id: pull.id,
      title: "Better",
    },
    ...{ state: "open", draft: true, locked: false, merged: false },
    author: { id: maria.id, login: "maria", isBot: false },
    head: { sha: head, ref: "next", repositoryId: repository.id },
    base: { sha: main, ref: "main" },
  });
});

test("a merged pull request names the commit of its merge", async () => {
  const { stand, repository, maria, client, address } = await openScene();
  const { play } = stand;
  const main = play.push(repository, { branch: "main", by: maria, files: { a: "1" } });
  play.push(repository, { branch: "next", by: maria, parents: [main], files: { a: "2" } });
  const pull = play.openPull(repository, { head: "next", by: maria });
  play.merge(pull, { by: maria });
  const read = await readPull(client, { ...address, number: pull.number });
  assert.equal(read.merged, true);
  assert.equal(read.state, "closed");
  assert.equal(read.mergeSha, pull.merged?.sha);
});

test("C76: a deleted author and a deleted fork are absent; any other hole is refused", () => {
  const side = { sha: "a".repeat(40), ref: "next", repo: null };
  const repo = { id: 7, name: "credit", owner: { login: "acme" } };
  const data = {
    ...{
      number: 1,
      id: 2,
      title: "t",
      state: "open",
      draft: false,
      locked: false,
      merged_at: null,
      user: null,
    },
    ...{ head: side, base: { ...side, repo }, updated_at: "2026-11-20T10:00:00Z" },
  };
  const pull = toPull(data);
  assert.equal(pull.author, undefined);
  assert.equal(pull.head.repositoryId, undefined);
  for (const hole of [
    { head: null },
    { number: "1" },
    { title: null },
    { updated_at: "soon" },
    { base: side },
  ]) {
    assert.throws(() => toPull({ ...data, ...hole }), { code: "GITHUB_UNAVAILABLE" }, JSON.stringify(hole));
  }
  assert.throws(() => toPull({ ...data, head: { ...side, sha: "main" } }), { code: "GITHUB_UNAVAILABLE" });
});
