import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { trailApi } from "../../../app/github/trail-api.ts";
import { openGitHubStore } from "../../../gate/trail/github-store.ts";
import type { AppendAnswer, TrailCommit, TrailStore } from "../../../gate/trail/store.ts";
import { problem } from "../../github/exchange.ts";
import * as faults from "../../github/faults.ts";
import { readRef, writeRef } from "../../github/git/refs.ts";
import { openScene } from "./scene.ts";

/** What a trail makes of GitHub's answers when they come through the App's own client. */

const BRANCH = "weighbridge-trail";
const REF = `refs/heads/${BRANCH}`;

const scene = await openScene();
const { source, repository } = scene;
const tree = source.git("-c", "alias.t=!git mktree < /dev/null", "t");
source.git("update-ref", "refs/heads/main", source.git("commit-tree", "-m", "first", tree));
assert.equal((await storeOf().append(commitOn(undefined))).kind, "landed");
const first = readRef(repository, REF)!;

function storeOf(commits: "graphql" | "rest" = "graphql"): TrailStore {
  return openGitHubStore(trailApi(scene.client), { ...scene.address, branch: BRANCH, commits });
}
function commitOn(parent: string | undefined): TrailCommit {
  const writes = new Map([["checkpoint", Buffer.from(`after ${parent}`)]]);
  return { parent, message: "trail: 0..0 [skip ci]\n", time: 0, writes, deletes: [] };
}
const brief = (answer: AppendAnswer) => (answer.kind === "wait" ? `wait ${answer.seconds}` : answer.kind);
const refusal = (status: number, message: string): faults.Effect => ({
  kind: "reply",
  reply: problem(status, message),
});
const graphqlError = (error: Readonly<Record<string, string>>) =>
  faults.answer(200, { data: { createCommitOnBranch: null }, errors: [error] });

const cases: readonly [answer: string, operation: string, effect: faults.Effect, expected: string][] = [
  ["502", "graphql", faults.serverError(), "unknown"],
  ["a cut connection", "graphql", faults.RESET, "unknown"],
  ["half an answer", "graphql", faults.cutJson(), "unknown"],
  ["a proxy's page", "graphql", faults.html(), "unknown"],
  ["that something went wrong", "graphql", graphqlError({ message: "Something went wrong" }), "unknown"],
  ["another head", "graphql", graphqlError({ type: "STALE_DATA", message: "Pull and try again" }), "moved"],
  ["a limit longer than the client waits", "graphql", faults.secondaryLimit(900), "wait 900"],
  ["no permission", "graphql", graphqlError({ type: "FORBIDDEN", message: "no" }), "refused"],
  [
    "a rule",
    "graphql",
    graphqlError({ type: "UNPROCESSABLE", message: "Repository rule violations found" }),
    "refused",
  ],
  ["a suspension", "graphql", refusal(403, "This installation has been suspended"), "refused"],
  ["502 to the move", "git/update-ref", faults.serverError(), "unknown"],
  ["another head to the move", "git/update-ref", refusal(422, "Update is not a fast forward"), "moved"],
  ["a rule to the move", "git/update-ref", refusal(422, "Repository rule violations found"), "refused"],
  ["502 to a file", "git/create-blob", faults.serverError(), "wait 30"],
];
for (const [answer, operation, effect, expected] of cases) {
  test(`an append that is answered by ${answer} is ${expected}, and is asked once`, async () => {
    const { stand, repository } = scene;
    const asked = stand.count(operation);
    stand.fail({ match: operation, effect });
    const store = storeOf(operation === "graphql" ? "graphql" : "rest");
    const outcome = await store.append(commitOn(first));
    assert.equal(brief(outcome), expected);
    if (outcome.kind === "wait") await scene.clock.sleep(1_000 * outcome.seconds);
    assert.equal(stand.count(operation), asked + 1);
    assert.equal(readRef(repository, REF), first);
  });
}

describe("through the client", () => {
  test("an append lands, both ways, and what was written is read", async () => {
    for (const commits of ["graphql", "rest"] as const) {
      const store = storeOf(commits);
      const head = (await store.head())!;
      const answer = await store.append(commitOn(head));
      assert.equal(answer.kind, "landed");
      const [bytes] = await storeOf().read((await store.head())!, ["checkpoint"]);
      assert.equal(String(bytes), `after ${head}`);
      assert.equal(await store.countAbove(first, (await store.head())!), commits === "graphql" ? 1 : 2);
    }
    assert.equal((await storeOf("rest").append(commitOn(undefined))).kind, "moved");
  });

  test("a branch that is gone is gone, and a repository that is hidden cannot be read", async () => {
    const { repository, installation } = scene;
    const tip = readRef(repository, REF);
    writeRef(repository, REF, undefined);
    assert.equal(await storeOf().head(), undefined);
    writeRef(repository, REF, tip);
    installation.repositories = [];
    await assert.rejects(storeOf().head(), { code: "TRAIL_STORE_UNAVAILABLE" });
    installation.repositories = "all";
  });
});
