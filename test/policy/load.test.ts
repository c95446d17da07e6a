import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadPolicy } from "../../gate/policy/load.ts";
import { rejectionOf } from "./refusal.ts";
import { packsOf, SHIPPED, worldOf } from "./world.ts";

const POLICY = ".weighbridge/policy.yml";
const own = (min: number) => `weighbridge: 1
policy: { name: acme, version: 1.0.0 }
extends: [core@1]
gates:
  - { id: auc-floor, rule: metric.floor, with: { metric: roc_auc, min: ${min} } }
`;
const waiver = (id: string) => `weighbridge: 1
id: ${id}
model: credit-pd
gates: [auc-floor]
scope: { change_class: B }
reason: The bureau feed is down until the end of the month, so that the refresh uses the older one.
risk_accepted: Slightly more defaults for two weeks.
requested_by: 1
approvals:
  - role: risk
    user_id: 2
    review_url: https://github.com/acme/credit/pull/12#pullrequestreview-1
    head_sha: 3f786850e387550fdab836ed7e6dc881de23001b
created: "2026-11-01T00:00:00Z"
expires: "2026-11-20T00:00:00Z"
`;
const WAIVER = ".weighbridge/waivers/WVR-2026-0001.yml";

describe("loadPolicy()", () => {
  it("C1: reads the commit that it is asked for and no other", async () => {
    const world = worldOf({ base: { [POLICY]: own(0.8) }, head: { [POLICY]: own(0.1) } });
    const { policy } = await loadPolicy("base", world);
    assert.equal(policy.gates.find(({ id }) => id === "auc-floor")?.with.min, 0.8);
    assert.deepEqual(world.reads, [POLICY]);
    assert.deepEqual(
      [policy.mode, policy.path, policy.name, policy.version],
      ["enforcing", POLICY, "acme", "1.0.0"],
    );
  });

  it("records every file that the policy was made of, with its digest", async () => {
    const { policy } = await loadPolicy("base", worldOf({ base: { [POLICY]: own(0.8) } }));
    assert.deepEqual(
      policy.sources.map(({ name }) => name),
      [POLICY, "core@1.0.0"],
    );
    for (const { digest } of policy.sources) assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    const changed = await loadPolicy("base", worldOf({ base: { [POLICY]: own(0.9) } }));
    assert.notEqual(changed.policy.sources[0]?.digest, policy.sources[0]?.digest);
  });

  it("sorts gates by id, and keeps those of the parents", async () => {
    const { policy } = await loadPolicy("base", worldOf({ base: { [POLICY]: own(0.8) } }));
    const ids = policy.gates.map(({ id }) => id);
    assert.deepEqual(ids, ids.toSorted());
    assert.ok(ids.includes("SUP-01") && ids.includes("auc-floor"), ids.join(" "));
  });

  it("C3: falls to an advisory policy of core@1 where the commit has none, and closes nothing", async () => {
    const { policy } = await loadPolicy("base", worldOf({ base: { "README.md": "" } }));
    assert.equal(policy.mode, "advisory");
    assert.ok(!Object.hasOwn(policy, "path"));
    assert.deepEqual(
      policy.sources.map(({ name }) => name),
      ["core@1.0.0"],
    );
    assert.ok(policy.gates.some(({ rule }) => rule === "artifact.format"));
    const words = policy.gates.flatMap(({ severity }) => Object.values(severity));
    assert.deepEqual([...new Set(words)], ["warn"]);
  });

  it("C3: does not fall to anything where the pack cannot be had", async () => {
    const error = await rejectionOf(loadPolicy("base", worldOf({ base: {} }, packsOf({}))));
    assert.equal(error.code, "PACK_UNKNOWN");
  });

  it("C2: does not take a deleted or renamed policy for none, if another looks like one", async () => {
    const world = worldOf({ base: { ".weighbridge/policy.yaml": own(0.8) } });
    assert.equal((await rejectionOf(loadPolicy("base", world))).code, "POLICY_AMBIGUOUS");
    assert.deepEqual(world.reads, []);
  });

  it("C4: does not fall to anything where the policy is broken", async () => {
    const world = worldOf({ base: { [POLICY]: "gates: [" } });
    const { code, place } = await rejectionOf(loadPolicy("base", world));
    assert.deepEqual([code, place?.path, place?.line], ["YAML_SYNTAX", POLICY, 1]);
  });

  it("C4: refuses an empty policy, which is not the same as none", async () => {
    const world = worldOf({ base: { [POLICY]: "" } });
    assert.equal((await rejectionOf(loadPolicy("base", world))).code, "POLICY_INVALID");
  });

  it("C8: refuses a policy that weakens a shipped pack", async () => {
    const weaker = own(0.8).replace("gates:", "gates:\n  - { id: SUP-01, severity: warn }");
    const error = await rejectionOf(loadPolicy("base", worldOf({ base: { [POLICY]: weaker } })));
    assert.equal(error.code, "POLICY_WEAKENS");
    assert.match(error.message, /gate SUP-01\n- severity\.T1: block \(core@1\.0\.0\)\n\+ severity\.T1: warn/);
  });

  it("C47: never follows a link in the policy's place", async () => {
    const world = worldOf({ base: { [POLICY]: { kind: "symlink", content: "../../etc/passwd" } } });
    assert.equal((await rejectionOf(loadPolicy("base", world))).code, "PATH_UNSAFE");
    assert.deepEqual(world.reads, []);
  });

  it("C46: brings the waivers of the commit, so that one that a head adds has no effect", async () => {
    const world = worldOf({
      base: { [POLICY]: own(0.8) },
      head: { [POLICY]: own(0.8), [WAIVER]: waiver("WVR-2026-0001") },
    });
    assert.deepEqual((await loadPolicy("base", world)).waivers, []);
    const [first] = (await loadPolicy("head", world)).waivers;
    assert.deepEqual([first?.id, first?.place.path], ["WVR-2026-0001", WAIVER]);
  });

  it("refuses the policy where a waiver beside it cannot be read", async () => {
    const world = worldOf({ base: { [POLICY]: own(0.8), [WAIVER]: waiver("WVR-2026-0002") } });
    const { code, place } = await rejectionOf(loadPolicy("base", world));
    assert.deepEqual([code, place?.path, place?.line], ["WAIVER_MISNAMED", WAIVER, 2]);
  });

  it("brings the test vectors of the policy and of its packs", async () => {
    const { vectors } = await loadPolicy("base", worldOf({ base: { [POLICY]: own(0.8) } }, SHIPPED));
    assert.ok(vectors.some(({ file }) => file.name === "core@1.0.0"));
  });
});
