import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EntryKind, Tree } from "../../gate/model/change.ts";
import { locatePolicy, WAIVERS_MAX } from "../../gate/policy/locate.ts";
import { refusalOf } from "./refusal.ts";

const POLICY = ".weighbridge/policy.yml";

function treeOf(paths: readonly string[], kind: EntryKind = "file"): Tree {
  return new Map(paths.map((path) => [path, { path, kind, oid: path }]));
}

function paths(tree: Tree): unknown {
  const { policy, waivers } = locatePolicy(tree);
  return { policy: policy?.path, waivers: waivers.map(({ path }) => path) };
}

describe("locatePolicy()", () => {
  it("finds the policy and the waivers, and leaves everything else alone", () => {
    const waivers = [".weighbridge/waivers/WVR-2026-0002.yml", ".weighbridge/waivers/WVR-2026-0010.yml"];
    const others = [
      ".weighbridge/controls/own.json",
      ".weighbridge/waivers/README.md",
      "policy.yml",
      "src/a.py",
    ];
    const found = paths(treeOf([...others, ...waivers.toReversed(), POLICY]));
    assert.deepEqual(found, { policy: POLICY, waivers });
  });

  it("finds nothing where there is nothing", () => {
    assert.deepEqual(paths(treeOf(["README.md"])), { policy: undefined, waivers: [] });
  });

  for (const path of [
    ".weighbridge/policy.yaml",
    ".weighbridge/policy.json",
    ".weighbridge/Policy.yml",
    ".Weighbridge/policy.yml",
    ".weighbridge/policy.yml/part.yml",
    ".weighbridge.yml",
    ".github/weighbridge.yaml",
    ".weighbridge",
  ]) {
    it(`C2: refuses ${path}, which looks like a policy, beside the policy and instead of it`, () => {
      for (const all of [[path], [path, POLICY]]) {
        const error = refusalOf(() => locatePolicy(treeOf(all)));
        assert.deepEqual([error.code, error.place?.path], ["POLICY_AMBIGUOUS", path]);
      }
    });
  }

  for (const kind of ["symlink", "submodule"] as const) {
    for (const path of [
      POLICY,
      ".weighbridge",
      ".weighbridge/waivers",
      ".weighbridge/waivers/WVR-2026-0001.yml",
    ]) {
      it(`C47: refuses ${path} as a ${kind}, and does not look where it leads`, () => {
        const error = refusalOf(() => locatePolicy(treeOf([path], kind)));
        assert.deepEqual([error.code, error.place?.path], ["PATH_UNSAFE", path]);
      });
    }
  }

  it("takes a policy whose file mode is executable", () => {
    assert.deepEqual(paths(treeOf([POLICY], "executable")), { policy: POLICY, waivers: [] });
  });

  for (const name of [
    "WVR-2026-0001.yaml",
    "wvr-2026-0001.yml",
    "WVR-1.yml",
    "WVR-2026-0001.yml/a",
    "WVR-2026-0001",
  ]) {
    it(`refuses the waiver ${name}, which would have no effect`, () => {
      const error = refusalOf(() => locatePolicy(treeOf([`.weighbridge/waivers/${name}`])));
      assert.equal(error.code, "WAIVER_MISPLACED");
    });
  }

  it("refuses more waivers than the limit before it reads one", () => {
    const many = Array.from({ length: WAIVERS_MAX + 1 }, (_, index) => {
      return `.weighbridge/waivers/WVR-2026-${String(index).padStart(4, "0")}.yml`;
    });
    assert.equal(refusalOf(() => locatePolicy(treeOf(many))).code, "WAIVERS_TOO_MANY");
  });

  it("says what to do about a policy in the wrong place", () => {
    const { message, fix } = refusalOf(() => locatePolicy(treeOf([".weighbridge/policy.yaml"])));
    assert.equal(
      message,
      "Cannot load the policy: .weighbridge/policy.yaml looks like one, and only .weighbridge/policy.yml is read",
    );
    assert.equal(fix, "Rename it to .weighbridge/policy.yml");
  });
});
