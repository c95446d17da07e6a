import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectCache } from "../../../app/github/cache.ts";
import type { Comparison } from "../../../app/github/comparison.ts";
import { History } from "../../../app/github/history.ts";
import { chance } from "../../github/chance.ts";
import { git } from "../../github/git-data.ts";
import type { CommitRequest } from "../../github/play/pushes.ts";
import { memoryArchive, openScene } from "./scene.ts";

const COMPARE = "repos/compare-commits-with-basehead";

/** A repository with commits that no branch needs to name, and what is known of them across judgements. */
async function known() {
  const { stand, repository, maria, client, address } = await openScene();
  const archive = memoryArchive();
  let files = 0;
  const commit = (parents: readonly string[], by: CommitRequest["author"] = maria) =>
    stand.play.commit(repository, { parents, author: by, files: { [`${++files}`]: "1" } });
  const open = () => new History({ client, ...address, cache: new ObjectCache(repository.id, archive) });
  const asked = () => stand.count(COMPARE);
  return { stand, repository, maria, client, address, commit, open, asked };
}

/** What a comparison says of two commits, whatever their trees. */
function said({ trees: _, ...rest }: Comparison) {
  return rest;
}

test("two commits that were compared are compared no more, by whoever comes later", async () => {
  const { commit, open, asked } = await known();
  const base = commit([]);
  const head = commit([commit([base])]);
  const first = await open().compare(base, head);
  assert.deepEqual(said(await open().compare(base, head)), said(first));
  assert.equal(first.commits.length, 2);
  assert.equal(asked(), 1);
});

test("C23: who owns an address that nobody owned is asked again", async () => {
  const { stand, commit, open, asked } = await known();
  const base = commit([]);
  const email = "somebody@elsewhere.example";
  const head = commit([base], { name: "Somebody", email, at: new Date() });
  const [stranger] = (await open().compare(base, head)).commits;
  assert.equal(stranger?.author.account, undefined);
  const vera = stand.github.addAccount("vera");
  vera.emails = [...vera.emails, email];
  const [now] = (await open().compare(base, head)).commits;
  assert.equal(now?.author.account?.id, vera.id);
  assert.equal(asked(), 2);
});

test("a base that went on is compared with what stood there, once for all heads", async () => {
  const { commit, open, asked } = await known();
  const former = commit([]);
  const heads = [1, 2, 3].map(() => commit([commit([former])]));
  const before = await Promise.all(heads.map((head) => open().compare(former, head)));
  const base = commit([commit([former])]);
  for (const [index, head] of heads.entries()) {
    const history = open();
    await history.follow(former, base, head);
    assert.deepEqual(said(await history.compare(base, head)), { ...said(before[index]!), base });
  }
  assert.equal(asked(), heads.length + 1);
});

test("a base that went on to another line, or to a part of the head, is compared with the head itself", async () => {
  const { commit, open, asked } = await known();
  const root = commit([]);
  const former = commit([root]);
  const part = commit([former]);
  const head = commit([part]);
  await open().compare(former, head);
  for (const base of [commit([root]), commit([former, part]), part]) {
    const history = open();
    const before = asked();
    await history.follow(former, base, head);
    await history.compare(base, head);
    assert.equal(asked() - before, 2, base);
  }
  const gone = "f".repeat(40);
  await open().follow(former, gone, head);
  await assert.rejects(open().compare(gone, head), { code: "REVISION_UNKNOWN" });
});

test("whatever the commits, following a base tells what comparing with it tells", async () => {
  const { commit, open, client, address } = await known();
  const next = chance(7);
  const commits = [commit([])];
  const one = () => commits[Math.floor(next() * commits.length)]!;
  while (commits.length < 12) commits.push(commit([...new Set([one(), ...(next() < 0.4 ? [one()] : [])])]));
  let followed = 0;
  for (let round = 0; round < 150; round++) {
    const [former, base, head] = [one(), one(), one()];
    const known = open();
    await known.compare(former, head);
    await known.follow(former, base, head);
    const told = await known.compare(base, head);
    const fresh = await new History({ client, ...address, cache: new ObjectCache(1) }).compare(base, head);
    assert.deepEqual(
      new Set(told.commits.map(({ sha }) => sha)),
      new Set(fresh.commits.map(({ sha }) => sha)),
    );
    assert.deepEqual([told.mergeBase, told.total], [fresh.mergeBase, fresh.total]);
    if (told.trees.size === 0) followed += 1;
  }
  assert.ok(followed > 20, `${followed}`);
});

test("whatever the commits, a merge base is told if it is the only one that git knows", async () => {
  const { repository, commit, open } = await known();
  const next = chance(11);
  const commits = [commit([]), commit([])];
  const one = () => commits[Math.floor(next() * commits.length)]!;
  while (commits.length < 40) commits.push(commit([...new Set([one(), ...(next() < 0.6 ? [one()] : [])])]));
  const counts = { none: 0, one: 0, several: 0 };
  for (let round = 0; round < 200; round++) {
    const [base, head] = [one(), one()];
    const told = open().mergeBase(base, head);
    const listed = git(repository, "merge-base", "--all", base, head)?.toString().trim() ?? "";
    const [found, ...others] = listed.split("\n");
    const kind = others.length > 0 ? "several" : found === "" ? "none" : "one";
    counts[kind] += 1;
    if (kind === "one") assert.equal(await told, found);
    else await assert.rejects(told, { code: kind === "none" ? "MERGE_BASE_NONE" : "MERGE_BASE_SEVERAL" });
  }
  assert.ok(Math.min(...Object.values(counts)) > 5, JSON.stringify(counts));
});

test("a base that was merged into the head again and again costs one question more", async () => {
  const { commit, open, asked } = await known();
  const root = commit([]);
  let [base, head] = [commit([root]), commit([root])];
  for (let merge = 0; merge < 20; merge++) {
    head = commit([head, base]);
    base = commit([base]);
  }
  assert.notEqual(await open().mergeBase(base, head), base);
  assert.equal(asked(), 2);
  await open().mergeBase(base, head);
  assert.equal(asked(), 2);
});
