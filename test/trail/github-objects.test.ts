import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openGitStore } from "../../gate/trail/git-store.ts";
import type { GitHubApi } from "../../gate/trail/github-api.ts";
import { openGitHubStore } from "../../gate/trail/github-store.ts";
import type { TrailCommit, TrailStore } from "../../gate/trail/store.ts";
import { type GitHubSite, openSite } from "./github-rig.ts";
import { TRAIL } from "./place.ts";

/** What was just written is not read again, and what GitHub says of it is only believed where it has to be so. */

let site: GitHubSite;
let first: string;

before(async () => {
  site = await openSite();
  first = await write(site.open(), undefined, { "trail.json": "{}\n", "tail/0/0/00": "first\n" });
});
after(() => site.close());

type Files = Readonly<Record<string, string | undefined>>;

async function write(store: TrailStore, parent: string | undefined, files: Files): Promise<string> {
  const given = Object.entries(files);
  const commit: TrailCommit = {
    ...{ parent, message: "trail: 1..1 [skip ci]\n\nBatch-Id: one\nTree-Size: 2\n", time: 0 },
    writes: new Map(given.flatMap(([path, text]) => (text === undefined ? [] : [[path, Buffer.from(text)]]))),
    deletes: given.flatMap(([path, text]) => (text === undefined ? [path] : [])),
  };
  const answer = await store.append(commit);
  assert.equal(answer.kind, "landed");
  return answer.kind === "landed" ? answer.commit : "";
}

const CHANGES: readonly Files[] = [
  { checkpoint: "1\n", "tail/0/0/01": "second\n" },
  { checkpoint: "2\n", "tail/0/1/10": "third\n", "evidence/ab/cd": "a file\n" },
  // A fold: the tail begins anew, and the tiles go deeper.
  { checkpoint: "3\n", "tail/0/0/00": undefined, "tail/0/0/01": undefined, "tail/0/1/10": undefined },
  { checkpoint: "4\n", "tail/1/0/00": "fourth\n", "tile/0/x001/000": "t\n", "tile/0/x001-b": "t\n" },
];

describe("a commit that was just made", () => {
  test("is known as git has it, without a question", async () => {
    const [store, own] = [site.open(), await openGitStore(site.source.directory)];
    // Known from here on: what is changed is known before.
    await store.list(first, "tail");
    let tip = first;
    const before = site.stand.requests.length;
    for (const [index, files] of CHANGES.entries()) {
      tip = await write(store, tip, files);
      for (const folder of ["tail", "tile"]) {
        assert.deepEqual(await store.list(tip, folder), await own.list(tip, folder), `${folder} of ${index}`);
      }
      const paths = Object.keys(files).filter((path) => !path.startsWith("evidence/"));
      const texts = (await store.read(tip, paths)).map((bytes) => bytes && String(Buffer.from(bytes)));
      assert.deepEqual(
        texts,
        paths.map((path) => files[path]),
      );
    }
    assert.equal(site.stand.requests.length - before, CHANGES.length);
    await own.close();
  });

  test("is read where GitHub says of it what cannot be", async () => {
    for (const lie of [
      { tree: undefined },
      { tree: { oid: "0".repeat(40), entries: [] } },
      { tree: { oid: site.source.git("rev-parse", "main^{tree}"), entries: [{ name: "x" }] } },
    ]) {
      const api: GitHubApi = {
        request: site.api.request,
        async graphql(document, variables) {
          const answer = await site.api.graphql(document, variables);
          const { data } = answer.data as { data: { createCommitOnBranch: { commit: object } } };
          Object.assign(data.createCommitOnBranch.commit, lie);
          return answer;
        },
      };
      const store = openGitHubStore(api, { ...TRAIL });
      const tip = await write(store, site.tip(), { checkpoint: `${JSON.stringify(lie)}\n` });
      const before = site.stand.requests.length;
      const [bytes] = await store.read(tip, ["checkpoint"]);
      assert.equal(String(Buffer.from(bytes ?? [])), `${JSON.stringify(lie)}\n`);
      assert.equal(site.stand.requests.length - before, 2, "its commit and its tree");
    }
  });
});
