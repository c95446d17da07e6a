import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Environment, readRequest } from "../../action/inputs.ts";
import { mergeGroupEvent, pullRequestEvent, pushEvent, workflowDispatchEvent } from "../github/deliveries.ts";
import type { Members } from "../github/description.ts";
import { GitHubState, type Pull, type Repository } from "../github/state.ts";
import { readInputs } from "./metadata.ts";
import { variableOf } from "./runner.ts";

const BASE = "b".repeat(40);
const HEAD = "a".repeat(40);
const MERGE = "c".repeat(40);
const ZERO = "0".repeat(40);

const directory = mkdtempSync(join(tmpdir(), "weighbridge-inputs-"));
const github = new GitHubState();
github.origin = "https://api.github.com";
const sender = { origin: "https://api.github.com", github };
let repository: Repository;
let pull: Pull;

before(() => {
  repository = github.addRepository("credit", directory);
  pull = github.addPull(repository, {
    author: github.addAccount("maria"),
    base: { ref: "main", sha: BASE },
    head: { ref: "feature", sha: HEAD, repository },
  });
});

after(() => rmSync(directory, { recursive: true }));

function environment(
  event: string,
  payload: unknown,
  inputs: Readonly<Record<string, string>> = {},
): Environment {
  const file = join(directory, "event.json");
  writeFileSync(file, typeof payload === "string" ? payload : JSON.stringify(payload));
  return {
    GITHUB_EVENT_NAME: event,
    GITHUB_EVENT_PATH: file,
    GITHUB_REPOSITORY: "acme/credit",
    GITHUB_RUN_ID: "7",
    GITHUB_SHA: MERGE,
    GITHUB_WORKSPACE: "/workspace",
    RUNNER_TEMP: "/temp",
    ...inputs,
  };
}

describe("readRequest", () => {
  const push = (before: string, after: string) =>
    pushEvent(sender, repository, { ref: "refs/heads/main", before, after });
  const events: [
    name: string,
    event: string,
    payload: () => Members,
    base: string,
    head: string,
    pull?: number,
  ][] = [
    ["a pull request's own commits", "pull_request", () => pullRequestEvent(sender, pull), BASE, HEAD, 1],
    [
      "the same of pull_request_target",
      "pull_request_target",
      () => pullRequestEvent(sender, pull),
      BASE,
      HEAD,
      1,
    ],
    [
      "a merge group's commits",
      "merge_group",
      () => mergeGroupEvent(sender, repository, { base: BASE, head: HEAD }),
      BASE,
      HEAD,
    ],
    ["what a push replaced", "push", () => push(BASE, HEAD), BASE, HEAD],
    ["a new branch against the default branch", "push", () => push(ZERO, HEAD), "main", HEAD],
    [
      "a run by hand against the default branch",
      "workflow_dispatch",
      () => workflowDispatchEvent(sender, repository, {}),
      "main",
      MERGE,
    ],
  ];
  for (const [name, event, payload, base, head, number] of events) {
    it(`compares ${name}`, () => {
      const request = readRequest(environment(event, payload()));
      assert.deepEqual([request.base, request.head, request.pull], [base, head, number]);
    });
  }

  it("takes the inputs before the event, on every event", () => {
    const inputs = { INPUT_BASE: "release/2", INPUT_HEAD: HEAD };
    assert.partialDeepStrictEqual(readRequest(environment("schedule", {}, inputs)), {
      base: "release/2",
      head: HEAD,
    });
    const request = readRequest(environment("push", push(BASE, MERGE), { INPUT_HEAD: "main" }));
    assert.deepEqual([request.base, request.head], [BASE, "main"]);
  });

  const entering: [event: string, payload: () => Members][] = [
    ["pull_request", () => pullRequestEvent(sender, pull)],
    ["pull_request_target", () => pullRequestEvent(sender, pull)],
    ["merge_group", () => mergeGroupEvent(sender, repository, { base: BASE, head: HEAD })],
  ];
  for (const [event, payload] of entering) {
    it(`takes of ${event} no base but its own, by commit or by branch`, () => {
      const named = (base: string) => readRequest(environment(event, payload(), { INPUT_BASE: base })).base;
      assert.deepEqual([BASE, "main", "refs/heads/main", ""].map(named), [BASE, "main", "main", BASE]);
      // `${{ github.head_ref }}` is the first of these.
      for (const base of ["feature", HEAD, MERGE, "origin/main", "refs/tags/main", "Main"]) {
        assert.throws(() => named(base), {
          code: "RUN_INPUT",
          message: `Cannot take "${base}" as the base: the event ${event} wants to enter main at ${BASE}`,
          fix: /^Leave "base" away/,
        });
        const both = environment(event, payload(), { INPUT_BASE: base, INPUT_HEAD: HEAD });
        assert.throws(() => readRequest(both), { code: "RUN_INPUT" });
      }
    });
  }

  it("gives every input its default, and freezes the whole", () => {
    const request = readRequest(environment("pull_request", pullRequestEvent(sender, pull)));
    assert.deepEqual(request, {
      base: BASE,
      head: HEAD,
      pull: 1,
      repository: { owner: "acme", name: "credit" },
      workspace: "/workspace",
      evidence: [],
      evidenceDirectory: "/workspace",
      requirePolicy: false,
      comment: "auto",
      outputDirectory: "/temp/weighbridge",
      apiUrl: "https://api.github.com",
      serverUrl: "https://github.com",
      runUrl: "https://github.com/acme/credit/actions/runs/7",
    });
    assert.ok(Object.isFrozen(request));
  });

  it("reads inputs by the names that the runner makes of them", () => {
    const inputs = {
      "INPUT_REQUIRE-POLICY": "True",
      INPUT_EVIDENCE: " results/*.json \n\n metrics/** ",
      INPUT_COMMENT: "never",
      INPUT_TOKEN: " secret ",
      "INPUT_EVIDENCE-DIRECTORY": "/temp",
      "INPUT_DVC-CACHE": ".dvc/cache",
      "INPUT_OUTPUT-DIRECTORY": "out",
      GITHUB_STEP_SUMMARY: "/summary",
    };
    assert.partialDeepStrictEqual(readRequest(environment("push", push(BASE, HEAD), inputs)), {
      requirePolicy: true,
      evidence: ["results/*.json", "metrics/**"],
      comment: "never",
      token: "secret",
      evidenceDirectory: "/temp",
      dvcCache: "/workspace/.dvc/cache",
      outputDirectory: "/workspace/out",
      summaryFile: "/summary",
    });
  });

  it("reads what action.yml declares, and nothing else", () => {
    const read = new Set<string>();
    const env = new Proxy(environment("push", push(BASE, HEAD)), {
      get(all, name: string) {
        if (name.startsWith("INPUT_")) read.add(name);
        return all[name];
      },
    });
    readRequest(env);
    const declared = readInputs().map(({ name }) => variableOf(name));
    assert.deepEqual([...read].sort(), declared.sort());
  });

  it("is told of inputs by texts without expressions, with which no runner would load the Action", () => {
    const expression = `\${{ runner.temp }}`;
    const said = (key: string) => `inputs: { a: { ${key}: "in ${expression}" } }`;
    assert.throws(() => readInputs(said("description")), /an expression in description/);
    assert.deepEqual(readInputs(said("default")), [{ name: "a", default: `in ${expression}` }]);
  });

  const wrong: [name: string, event: string, payload: () => unknown, changed: Environment, code: string][] = [
    ["an event that compares nothing", "issues", () => ({}), {}, "RUN_EVENT"],
    ["a push that deletes", "push", () => push(BASE, ZERO), {}, "RUN_EVENT"],
    ["an event that is not JSON", "push", () => "{", {}, "RUN_EVENT"],
    ["an event without a file", "push", () => ({}), { GITHUB_EVENT_PATH: "/nowhere" }, "RUN_EVENT"],
    ["a pull request without a number", "pull_request", () => ({ pull_request: {} }), {}, "RUN_EVENT"],
    [
      "a head that is no commit id",
      "pull_request",
      () => ({ pull_request: { number: 1, base: { sha: BASE }, head: { sha: "--upload-pack=x" } } }),
      {},
      "RUN_EVENT",
    ],
    ["a payload of inherited members", "push", () => ({ constructor: 1 }), {}, "RUN_EVENT"],
    ["an option as a revision", "push", () => push(BASE, HEAD), { INPUT_BASE: "--output=x" }, "RUN_INPUT"],
    ["a range as a revision", "push", () => push(BASE, HEAD), { INPUT_HEAD: "a..b" }, "RUN_INPUT"],
    ["a refspec as a revision", "push", () => push(BASE, HEAD), { INPUT_HEAD: "a:b" }, "RUN_INPUT"],
    [
      "a word that is no boolean",
      "push",
      () => push(BASE, HEAD),
      { "INPUT_REQUIRE-POLICY": "1" },
      "RUN_INPUT",
    ],
    ["an unknown way to comment", "push", () => push(BASE, HEAD), { INPUT_COMMENT: "always" }, "RUN_INPUT"],
    ["no workspace", "push", () => push(BASE, HEAD), { GITHUB_WORKSPACE: "" }, "RUN_ENVIRONMENT"],
    [
      "a repository without an owner",
      "push",
      () => push(BASE, HEAD),
      { GITHUB_REPOSITORY: "x" },
      "RUN_ENVIRONMENT",
    ],
    ["a run by hand without a commit", "workflow_dispatch", () => ({}), { GITHUB_SHA: "" }, "RUN_EVENT"],
  ];
  for (const [name, event, payload, changed, code] of wrong) {
    it(`refuses ${name} with ${code}`, () => {
      assert.throws(() => readRequest({ ...environment(event, payload()), ...changed }), {
        name: "GateError",
        code,
      });
    });
  }

  it("says what it read and what it expected", () => {
    const env = environment("push", push(BASE, HEAD), { INPUT_COMMENT: "always" });
    assert.throws(() => readRequest(env), {
      message: 'Cannot read the input comment: "always", expected auto or never',
      fix: 'Correct "comment" under "with:" of the step that uses Weighbridge',
    });
  });
});
