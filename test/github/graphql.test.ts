import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { ask } from "./client.ts";
import { type StandIn, startServer } from "./server.ts";

let source: ScratchRepository;
let stand: StandIn;

before(async () => {
  source = await scratchRepository({ bare: true });
  stand = await startServer();
});

after(async () => {
  source.remove();
  await stand.close();
});

describe("GraphQL", () => {
  it("executes a document with its aliases, variables and what it selects", async () => {
    const { github, play } = stand;
    const maria = github.addAccount("maria");
    const repository = github.addRepository("credit", source.directory);
    const head = play.push(repository, { branch: "main", by: maria, files: { a: "a\n" } });
    github.addWorkflowToken("token", { contents: "write" });
    const query = `mutation ($input: CreateCommitOnBranchInput!) {
      made: createCommitOnBranch(input: $input) { commit { oid } }
    }`;
    const input = {
      branch: { repositoryNameWithOwner: "acme/credit", branchName: "main" },
      ...{ expectedHeadOid: head, message: { headline: "next" } },
      fileChanges: { additions: [{ path: "b", contents: Buffer.from("b\n").toString("base64") }] },
    };
    const send = () =>
      ask(stand, "/graphql", { method: "POST", as: "token", body: { query, variables: { input } } });
    const { body } = await send();
    assert.equal(body.data.made.commit.oid, source.git("rev-parse", "main"));
    assert.equal((await send()).body.errors[0].type, "STALE_DATA");
  });

  it("shows a pull request to whoever may read pull requests, and its base to whoever may read contents", async () => {
    const other = await startServer();
    const { github, play } = other;
    const maria = github.addAccount("maria");
    const repository = github.addRepository("scoring", source.directory);
    const base = play.push(repository, { branch: "trunk", by: maria, files: { a: "a\n" } });
    play.push(repository, { branch: "next", by: maria, parents: [base], files: { b: "b\n" } });
    const { number } = play.openPull(repository, { head: "next", base: "trunk", by: maria });
    github.addWorkflowToken("reader", { contents: "read", pull_requests: "read" });
    github.addWorkflowToken("blind", { pull_requests: "read" });
    github.addWorkflowToken("other", { contents: "read" });
    const query = `query ($number: Int!) { repository(owner: "acme", name: "scoring") { pullRequest(number: $number) {
      state baseRef { target { oid } }
    } } }`;
    const see = async (as: string, wanted = number) => {
      const body = { query, variables: { number: wanted } };
      const { data, errors } = (await ask(other, "/graphql", { method: "POST", as, body })).body;
      return errors?.[0].type ?? data.repository.pullRequest;
    };
    assert.deepEqual(await see("reader"), { state: "OPEN", baseRef: { target: { oid: base } } });
    assert.equal(await see("blind"), "FORBIDDEN");
    assert.equal(await see("other"), "FORBIDDEN");
    assert.equal(await see("reader", 99), "NOT_FOUND");
    assert.equal(other.count("graphql pullRequest"), 4);
    assert.equal(other.count("graphql issue"), 0);
    await other.close();
  });

  const wrong: [name: string, body: object, violation: RegExp][] = [
    ["is no GraphQL", { query: "{" }, /Syntax Error/],
    [
      "asks for a field that is not in GitHub's schema",
      { query: "{ viewer { name2 } }" },
      /Cannot query field "name2"/,
    ],
    [
      "gives a variable of another type",
      {
        query:
          "mutation ($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { clientMutationId } }",
        variables: { input: {} },
      },
      /Variable "\$input" got invalid value/,
    ],
    [
      "asks for what nobody serves",
      { query: "{ meta { gitHubServicesSha } }" },
      /Cannot return null for non-nullable/,
    ],
  ];
  for (const [name, body, violation] of wrong) {
    it(`fails the test for a document that ${name}`, async () => {
      const other = await startServer();
      other.github.addWorkflowToken("token", {});
      await ask(other, "/graphql", { method: "POST", as: "token", body });
      await assert.rejects(other.close(), violation);
    });
  }
});
