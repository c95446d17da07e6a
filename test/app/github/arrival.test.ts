import assert from "node:assert/strict";
import { test } from "node:test";
import { readArrival } from "../../../app/github/arrival.ts";
import * as faults from "../../github/faults.ts";
import { git } from "../../github/git-data.ts";
import { openScene } from "./scene.ts";

test("a commit that came to a branch has the pull requests that it was merged by, and no others", async () => {
  const { stand, repository, maria, client, address } = await openScene();
  const { play } = stand;
  const main = play.push(repository, { branch: "main", by: maria, files: { a: "1" } });
  const head = play.push(repository, { branch: "next", by: maria, parents: [main], files: { a: "2" } });
  const read = (commit: string) => readArrival(client, { ...address, commit });
  const tree = (commit: string) => String(git(repository, "rev-parse", `${commit}^{tree}`)).trim();
  assert.deepEqual(await read(main), { commit: main, tree: tree(main), merged: [] });
  const pull = play.openPull(repository, { head: "next", by: maria });
  assert.deepEqual((await read(head)).merged, [], "it is only wanted");
  const merge = play.merge(pull, { by: maria });
  const merged = [{ number: pull.number, head, baseRef: "main" }];
  assert.deepEqual(await read(merge), { commit: merge, tree: tree(merge), merged });
  await assert.rejects(read("f".repeat(40)), { code: "GITHUB_NOT_FOUND" });
  const data = { repository: { object: { tree: { oid: "main" }, associatedPullRequests: { nodes: [] } } } };
  stand.fail({ match: "graphql associatedPullRequests", times: 4, effect: faults.answer(200, { data }) });
  await assert.rejects(read(merge), { code: "GITHUB_UNAVAILABLE" });
});
