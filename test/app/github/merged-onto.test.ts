import assert from "node:assert/strict";
import { test } from "node:test";
import { readComparison } from "../../../app/github/comparison.ts";
import { findMergedOnto } from "../../../app/github/merged-onto.ts";
import { tip } from "../../github/git-data.ts";
import { openScene } from "./scene.ts";

/** A main branch, a pull request of three commits into it, and what others merged after it was judged. */
async function withPull() {
  const scene = await openScene();
  const { stand, repository, maria, address, client } = scene;
  const push = (branch: string, message: string, files: Readonly<Record<string, string>>, parent?: string) =>
    stand.play.push(repository, {
      ...{ branch, by: maria, files, message },
      ...(parent !== undefined && { parents: [parent] }),
    });
  const former = push("main", "first", { "a.md": "a\n" });
  push("change", "one", { "one.md": "1\n" }, former);
  push("change", "two", { "two.md": "2\n" });
  const head = push("change", "three", { "three.md": "3\n" });
  const pull = stand.play.openPull(repository, { head: "change", by: maria });
  const find = async (sha: string) => {
    const { commits } = await readComparison(client, { ...address, base: former, head });
    return findMergedOnto(client, address, { sha, head, former, commits });
  };
  return { ...scene, push, former, head, pull, find };
}

for (const method of ["merge", "squash", "rebase"] as const) {
  test(`a ${method} is undone to what the branch had, and no further`, async () => {
    for (const isMoved of [false, true]) {
      const { stand, push, pull, maria, repository, find } = await withPull();
      if (isMoved) push("main", "theirs", { "theirs.md": "theirs\n" });
      const before = tip(repository, "main");
      assert.equal(await find(stand.play.merge(pull, { by: maria, method })), before);
    }
  });
}

test("a squash that bears the message of one of its commits is still one commit", async () => {
  const { push, former, find } = await withPull();
  const theirs = push("main", "theirs", { "theirs.md": "theirs\n" });
  assert.equal(await find(push("main", "three", { "one.md": "1\n", "three.md": "3\n" })), theirs);
  assert.notEqual(theirs, former);
});

test("a rebase that left commits out is undone as far as it goes", async () => {
  const { push, find } = await withPull();
  const theirs = push("main", "theirs", { "theirs.md": "theirs\n" });
  push("main", "one", { "one.md": "1\n" });
  assert.equal(await find(push("main", "three", { "three.md": "3\n" })), theirs);
});

test("a head that became the branch as it is, is undone to before its first commit", async () => {
  const { find, head, former } = await withPull();
  assert.equal(await find(head), former);
});

test("of a merge of something else it cannot be told", async () => {
  const { stand, push, repository, maria, former, head, find } = await withPull();
  const other = push("other", "other", { "o.md": "o\n" }, former);
  const merge = (parents: readonly string[]) =>
    stand.play.commit(repository, { parents, files: {}, author: maria, message: "merge" });
  assert.equal(await find(merge([head, other])), undefined);
  assert.equal(await find(merge([former, other, head])), undefined);
  assert.equal(await find(merge([former, head])), former);
});
