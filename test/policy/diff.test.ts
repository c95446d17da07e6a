import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Policy } from "../../gate/model/policy.ts";
import { diffPolicies } from "../../gate/policy/diff.ts";
import { inherit } from "../../gate/policy/inherit.ts";
import { loadPolicy } from "../../gate/policy/load.ts";
import { parsePolicy } from "../../gate/policy/parse.ts";
import { worldOf } from "./world.ts";

function policyOf(members: string): Policy {
  const text = `weighbridge: 1\npolicy: { name: acme, version: 1.0.0 }\n${members}`;
  return inherit({ file: parsePolicy(Buffer.from(text), ".weighbridge/policy.yml"), parents: [] }).policy;
}

/** One line for each difference: `gate what: from → to (effect)`. */
function diff(old: string, next: string): readonly string[] {
  return diffPolicies(policyOf(old), policyOf(next)).map(
    ({ gate, what, from, to, effect }) => `${gate} ${what}: ${from} → ${to} (${effect})`,
  );
}

const gate = (more = "", args = "metric: f1, min: 0.8") =>
  `gates: [{ id: g, rule: metric.floor, with: { ${args} }${more === "" ? "" : `, ${more}`} }]`;

const trusted = (more: string) =>
  `gates: [{ id: g, rule: evidence.trust, with: { minimum_by_tier: { T1: attested }${more} } }]`;

describe("diffPolicies()", () => {
  it("finds nothing between a policy and itself", () => {
    assert.deepEqual(diff(gate(), gate()), []);
  });

  const cases: readonly (readonly [name: string, old: string, next: string, expected: readonly string[]])[] =
    [
      ["a gate that is added", "", gate(), ["g gate: none → added (tightened)"]],
      ["a gate that is removed", gate(), "", ["g gate: present → removed (loosened)"]],
      [
        "a threshold that is raised",
        gate(),
        gate("", "metric: f1, min: 0.9"),
        ["g with.min: 0.8 → 0.9 (tightened)"],
      ],
      [
        "a threshold that is lowered",
        gate(),
        gate("", "metric: f1, min: 0.7"),
        ["g with.min: 0.8 → 0.7 (loosened)"],
      ],
      ["another metric", gate(), gate("", "metric: mcc, min: 0.8"), ["g with.metric: f1 → mcc (loosened)"]],
      [
        "an argument that is added",
        gate(),
        gate("", "metric: f1, min: 0.8, level: 0.95"),
        ["g with.level: none → 0.95 (tightened)"],
      ],
      [
        "a workflow whose word is taken where nobody's was",
        trusted(""),
        trusted(", workflows: [acme/ml/.github/workflows/e.yml@main]"),
        ["g with.workflows: none → [acme/ml/.github/workflows/e.yml@main] (loosened)"],
      ],
      [
        "nobody's word where a workflow's was taken",
        trusted(", workflows: [acme/ml/.github/workflows/e.yml@main]"),
        trusted(""),
        ["g with.workflows: [acme/ml/.github/workflows/e.yml@main] → none (tightened)"],
      ],
      [
        "a level where the gate opens on what is inconclusive",
        gate("on_inconclusive: open"),
        gate("on_inconclusive: open", "metric: f1, min: 0.8, level: 0.95"),
        ["g with.level: none → 0.95 (loosened)"],
      ],
      [
        "severities, each tier by itself",
        gate("severity: { T1: block, T2: block, T3: warn, T4: info }"),
        gate("severity: { T1: block, T2: warn, T3: block, T4: info }"),
        ["g severity.T2: block → warn (loosened)", "g severity.T3: warn → block (tightened)"],
      ],
      ["a waiver that is allowed", gate("waivable: false"), gate(), ["g waivable: false → true (loosened)"]],
      [
        "what is inconclusive",
        gate("on_inconclusive: open"),
        gate(),
        ["g on_inconclusive: open → close (tightened)"],
      ],
      [
        "a condition that is dropped, which nothing proves to be stricter",
        gate(`when: 'model.tier == "T1"'`),
        gate(),
        [`g when: model.tier == "T1" → none (loosened)`],
      ],
      [
        "another rule, whose arguments mean something else",
        gate(),
        "gates: [{ id: g, rule: metric.ceiling, with: { metric: f1, max: 0.8 } }]",
        [
          "g rule: metric.floor → metric.ceiling (loosened)",
          "g title: A metric reaches its floor → A metric stays below its ceiling (changed)",
        ],
      ],
      [
        "texts, which demand nothing",
        gate(),
        gate("why: it matters"),
        ["g why: acme 1.0.0 asks for it and states no reason → it matters (changed)"],
      ],
      [
        "people who are added to a role, and taken out of it",
        "roles: { risk: { users: [octocat], teams: [acme/risk] } }",
        "roles: { risk: { users: [octocat, hubot] } }",
        [
          "roles risk.teams: [acme/risk] → [] (tightened)",
          "roles risk.users: [octocat] → [octocat, hubot] (loosened)",
        ],
      ],
      [
        "a role that is added and an exclusion that ends",
        "roles: { owner: { users: [octocat], exclusive_with: [risk] } }",
        "roles: { owner: { users: [octocat] }, risk: { users: [octocat] } }",
        ["roles owner.exclusive_with: [risk] → [] (loosened)", "roles risk.users: [] → [octocat] (loosened)"],
      ],
      [
        "the tiers of models",
        "models: [{ id: a, path: a, tier: T2 }, { id: b, path: b }, { id: c, path: c }]",
        "models: [{ id: a, path: a, tier: T3 }, { id: b, path: b, tier: T1 }, { id: d, path: d }]",
        [
          "models a.tier: T2 → T3 (loosened)",
          "models b.tier: none → T1 (tightened)",
          "models c: present → removed (loosened)",
          "models d: none → added (tightened)",
        ],
      ],
      [
        "a tier for a model about which nothing was said, which is T1",
        "models: [{ id: a, path: a }, { id: b, path: b, tier: T3 }]",
        "models: [{ id: a, path: a, tier: T4 }, { id: b, path: b }, { id: c, path: c, tier: T2 }, { id: d, path: d, tier: T1 }]",
        [
          "models a.tier: none → T4 (loosened)",
          "models b.tier: T3 → none (loosened)",
          "models c: none → added (tightened)",
          "models c.tier: none → T2 (loosened)",
          "models d: none → added (tightened)",
        ],
      ],
      [
        "a gate that is added and takes the word of a workflow",
        "",
        trusted(", workflows: [acme/x/.github/workflows/e.yml@refs/heads/main]"),
        [
          "g gate: none → added (tightened)",
          "g with.workflows: none → [acme/x/.github/workflows/e.yml@refs/heads/main] (loosened)",
        ],
      ],
      [
        "a model that moves",
        "models: [{ id: a, path: a }]",
        "models: [{ id: a, path: b }]",
        ["models a.path: a → b (loosened)"],
      ],
    ];
  for (const [name, old, next, expected] of cases) {
    it(`tells ${name}`, () => {
      assert.deepEqual(diff(old, next), expected);
    });
  }

  it("C2: tells that a policy which is deleted loosens everything", async () => {
    const text = "weighbridge: 1\npolicy: { name: acme, version: 1.0.0 }\nextends: [core@1]\n";
    const world = worldOf({ base: { ".weighbridge/policy.yml": text }, head: {} });
    const [base, head] = [await loadPolicy("base", world), await loadPolicy("head", world)];
    const differences = diffPolicies(base.policy, head.policy);
    assert.ok(differences.some(({ gate: about }) => about === "mode"));
    assert.deepEqual([...new Set(differences.map(({ effect }) => effect))], ["loosened"]);
    const back = diffPolicies(head.policy, base.policy);
    assert.deepEqual([...new Set(back.map(({ effect }) => effect))], ["tightened"]);
  });
});
