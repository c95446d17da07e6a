import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LIMITS } from "./limits.ts";

describe("LIMITS", () => {
  const check = (output: object) => ({ name: "weighbridge", head_sha: "a", output });
  const annotation = { path: "a", start_line: 1, end_line: 1, annotation_level: "notice", message: "m" };
  const cases: [name: string, operation: string, body: Record<string, unknown>, refused: boolean][] = [
    ["a comment of 65,536 characters", "issues/create-comment", { body: "x".repeat(65_536) }, false],
    ["a comment of 65,537 characters", "issues/create-comment", { body: "x".repeat(65_537) }, true],
    [
      "65,536 characters beyond the basic plane, in bytes",
      "issues/create-comment",
      { body: "🛑".repeat(65_536) },
      false,
    ],
    ["a comment of nothing", "issues/update-comment", { body: " \n" }, true],
    ["a status of 140 characters", "repos/create-commit-status", { description: "x".repeat(140) }, false],
    ["a status of 141 characters", "repos/create-commit-status", { description: "x".repeat(141) }, true],
    ["a check that is completed without a conclusion", "checks/create", { status: "completed" }, true],
    ["a check with a conclusion", "checks/update", { status: "completed", conclusion: "success" }, false],
    ["a check's text of 65,535 characters", "checks/create", check({ text: "x".repeat(65_535) }), false],
    ["a check's text of 65,536 characters", "checks/create", check({ text: "x".repeat(65_536) }), true],
    ["50 annotations", "checks/create", check({ annotations: Array(50).fill(annotation) }), false],
    ["51 annotations", "checks/create", check({ annotations: Array(51).fill(annotation) }), true],
    [
      "an annotation whose title is too long",
      "checks/update",
      check({ annotations: [{ ...annotation, title: "x".repeat(256) }] }),
      true,
    ],
    [
      "an annotation whose message is too long",
      "checks/update",
      check({ annotations: [{ ...annotation, message: "é".repeat(33_000) }] }),
      true,
    ],
  ];
  for (const [name, operation, body, refused] of cases) {
    it(`${refused ? "refuses" : "takes"} ${name}`, () => {
      assert.equal(LIMITS[operation]?.(body)?.status, refused ? 422 : undefined);
    });
  }
});
