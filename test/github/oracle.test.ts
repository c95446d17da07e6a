import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OPERATION_LIST, WEBHOOK_SCHEMAS } from "./description.ts";
import { OPERATIONS, WEBHOOKS } from "./operations.ts";
import { findOperation, requestProblems, responseProblems, webhookProblems } from "./oracle.ts";
import { toJsonSchema } from "./schema.ts";

const REPO = "/repos/acme/credit";

describe("the trimmed description", () => {
  it("holds the operations and deliveries of the list, and no other", () => {
    assert.deepEqual(OPERATION_LIST.map(({ id }) => id).sort(), [...OPERATIONS].sort());
    assert.deepEqual(Object.keys(WEBHOOK_SCHEMAS).sort(), [...WEBHOOKS].sort());
  });
});

describe("findOperation", () => {
  const cases: [method: string, path: string, id: string | undefined, parameters?: Record<string, string>][] =
    [
      ["GET", `${REPO}/issues/comments/7`, "issues/get-comment", { comment_id: "7" }],
      ["GET", `${REPO}/issues/7/comments`, "issues/list-comments", { issue_number: "7" }],
      ["GET", `${REPO}/git/ref/heads/feature/x`, "git/get-ref", { ref: "heads/feature/x" }],
      ["GET", `${REPO}/git/ref/heads%2Fmain`, "git/get-ref", { ref: "heads/main" }],
      ["GET", `${REPO}/contents/models/a%20b.yml`, "repos/get-content", { path: "models/a b.yml" }],
      ["GET", `${REPO}/compare/main...feature/x`, "repos/compare-commits-with-basehead"],
      ["DELETE", `${REPO}/issues/7/comments`, undefined],
      ["GET", `${REPO}/issues/7/comments/extra`, undefined],
      ["GET", "/repos/acme", undefined],
    ];
  for (const [method, path, id, parameters = {}] of cases) {
    it(`takes ${method} ${path} for ${id ?? "nothing"}`, () => {
      const match = findOperation(method, path);
      assert.equal(match?.operation.id, id);
      for (const [name, value] of Object.entries(parameters)) assert.equal(match?.parameters[name], value);
    });
  }
});

describe("requestProblems", () => {
  const comment = `${REPO}/issues/7/comments`;
  const check = `${REPO}/check-runs`;
  const checkRun = { name: "weighbridge", head_sha: "a".repeat(40) };
  const cases: [
    name: string,
    method: string,
    path: string,
    query: string,
    body: unknown,
    problems: RegExp[],
  ][] = [
    ["a right request", "POST", comment, "", { body: "x" }, []],
    ["a right query", "GET", comment, "per_page=100&page=2", undefined, []],
    ["an unknown query name", "GET", comment, "perpage=100", undefined, [/query parameter perpage/]],
    ["a page that is no number", "GET", comment, "page=two", undefined, [/query page must be integer/]],
    ["a missing body", "POST", comment, "", undefined, [/the body is missing/]],
    ["a body where none is taken", "GET", comment, "", {}, [/a body is not in the description/]],
    ["a missing member", "POST", comment, "", {}, [/must have required property 'body'/]],
    ["a misspelt member", "POST", comment, "", { body: "x", boby: "y" }, [/body\/boby is not in/]],
    ["a member of the wrong kind", "POST", comment, "", { body: 7 }, [/body\/body must be string/]],
    [
      "a misspelt member further in",
      "POST",
      check,
      "",
      { ...checkRun, output: { title: "t", summary: "s", sumary: "s" } },
      [/body\/output\/sumary is not in/],
    ],
    [
      "a misspelt member of a list's item",
      "POST",
      check,
      "",
      {
        ...checkRun,
        output: {
          title: "t",
          summary: "s",
          annotations: [
            { path: "a", start_line: 1, end_line: 1, annotation_level: "notice", message: "m", line: 1 },
          ],
        },
      },
      [/annotations\/0\/line is not in/],
    ],
    [
      "a free member",
      "POST",
      `${REPO}/deployments`,
      "",
      { ref: "main", payload: { anything: { goes: true } } },
      [],
    ],
    [
      "an issue number that is none",
      "GET",
      `${REPO}/issues/x/comments`,
      "",
      undefined,
      [/path issue_number/],
    ],
  ];
  for (const [name, method, path, query, body, problems] of cases) {
    it(`${problems.length === 0 ? "passes" : "finds"} ${name}`, () => {
      const match = findOperation(method, path);
      assert.ok(match);
      const found = requestProblems(match, new URLSearchParams(query), body);
      assert.equal(found.length, problems.length, found.join("\n"));
      for (const [index, problem] of problems.entries()) assert.match(found[index] ?? "", problem);
    });
  }
});

describe("responseProblems", () => {
  const { operation } = findOperation("GET", `${REPO}/issues/comments/7`)!;

  it("finds what is missing from an answer", () => {
    assert.match(responseProblems(operation, 200, { id: 7 }).join(), /required property 'user'/);
  });

  it("finds a status that the operation does not have", () => {
    assert.deepEqual(responseProblems(operation, 201, {}), [
      "issues/get-comment: status 201 is not in the description",
    ]);
  });

  it("passes the statuses that every operation has", () => {
    assert.deepEqual(responseProblems(operation, 502, { message: "Server Error" }), []);
  });
});

describe("webhookProblems", () => {
  it("knows a delivery by its event and action", () => {
    assert.deepEqual(webhookProblems("pull_request", { action: "imagined" }), [
      "webhook pull-request-imagined is not in the description",
    ]);
    assert.match(webhookProblems("push", {}).join(), /required property 'before'/);
  });
});

describe("toJsonSchema", () => {
  const cases: [name: string, schema: Parameters<typeof toJsonSchema>[0], converted: unknown][] = [
    ["a nullable type", { type: "string", nullable: true }, { type: ["string", "null"] }],
    [
      "a nullable enum",
      { type: "string", enum: ["a"], nullable: true },
      { type: ["string", "null"], enum: ["a", null] },
    ],
    [
      "a nullable reference",
      { allOf: [{ $ref: "#/x" }], nullable: true },
      { anyOf: [{ type: "null" }, { allOf: [{ $ref: "#/x" }] }] },
    ],
    [
      "a property that is named like a keyword",
      { type: "object", properties: { nullable: { type: "boolean" } } },
      { type: "object", properties: { nullable: { type: "boolean" } } },
    ],
  ];
  for (const [name, schema, converted] of cases) {
    it(`converts ${name}`, () => assert.deepEqual(toJsonSchema(schema), converted));
  }
});
