import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseReference } from "../../gate/policy/reference.ts";

const SHA = "3f786850e387550fdab836ed7e6dc881de23001b";

describe("parseReference()", () => {
  it("takes a pack by name and major version", () => {
    assert.deepEqual(parseReference("core@1"), { kind: "pack", text: "core@1" });
  });

  it("takes a file of another repository at a commit, an @ in its path included", () => {
    const text = `acme/model-policy//packs/credit@2.yml@${SHA}`;
    const parent = { owner: "acme", repo: "model-policy", path: "packs/credit@2.yml", commit: SHA };
    assert.deepEqual(parseReference(text), { kind: "remote", text, parent });
  });

  for (const revision of [
    "main",
    "v1.2.0",
    SHA.slice(0, 7),
    SHA.toUpperCase(),
    `${SHA}0`,
    "refs/heads/main",
  ]) {
    it(`C6: refuses the revision ${revision}, which may come to mean another file`, () => {
      const reference = parseReference(`acme/model-policy//policy.yml@${revision}`);
      assert.equal(reference.kind === "bad" && reference.code, "PARENT_NOT_PINNED");
    });
  }

  for (const text of [
    "core",
    "core@",
    "core@0",
    "core@01",
    "core@1.0.0",
    "core@latest",
    "Core@1",
    "../core@1",
    "core@1\n",
    " core@1",
    "__proto__@1x",
    `acme/model-policy/policy.yml@${SHA}`,
    `acme/model-policy//@${SHA}`,
    `acme/..//policy.yml@${SHA}`,
    `acme/model-policy//../policy.yml@${SHA}`,
    `acme/model-policy//a//policy.yml@${SHA}`,
    `acme/model-policy//a/./policy.yml@${SHA}`,
    `acme/model-policy///etc/passwd@${SHA}`,
    `https://github.com/acme/model-policy//policy.yml@${SHA}`,
    `acme/model policy//policy.yml@${SHA}`,
    `-acme/model-policy//policy.yml@${SHA}`,
    "",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const reference = parseReference(text);
      assert.equal(reference.kind === "bad" && reference.code, "PARENT_REFERENCE");
    });
  }

  it("says what to write instead of a branch", () => {
    assert.deepEqual(parseReference("acme/model-policy//policy.yml@main"), {
      kind: "bad",
      code: "PARENT_NOT_PINNED",
      message:
        'Cannot extend "acme/model-policy//policy.yml@main": "main" may move, expected the 40 hex digits of a commit',
      fix: "Write the commit that main stands for, as git rev-parse prints it",
    });
  });
});
