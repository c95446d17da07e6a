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
