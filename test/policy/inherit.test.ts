import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Gate } from "../../gate/model/gate.ts";
import type { Policy } from "../../gate/model/policy.ts";
import { inherit, type Lineage } from "../../gate/policy/inherit.ts";
import { parsePolicy, parseRemote } from "../../gate/policy/parse.ts";
import { refusalOf } from "./refusal.ts";

const PATH = ".weighbridge/policy.yml";

/** A parent that holds these members. */
function parent(name: string, members: string, parents: readonly Lineage[] = []): Lineage {
  const text = `weighbridge: 1\npolicy: { name: ${name}, version: 1.0.0 }\n${members}`;
  return { file: parseRemote(Buffer.from(text), name), parents };
}

function policyOf(members: string, parents: readonly Lineage[] = []): Policy {
  return inherit(child(members, parents)).policy;
}

function child(members: string, parents: readonly Lineage[] = []): Lineage {
  const text = `weighbridge: 1\npolicy: { name: child, version: 2.0.0 }\n${members}`;
  return { file: parsePolicy(Buffer.from(text), PATH), parents };
}

function gateOf(policy: Policy, id: string): Gate {
  return policy.gates.find((gate) => gate.id === id) ?? assert.fail(`there is no gate ${id}`);
}

const FLOOR = `gates:
  - id: auc-floor
    rule: metric.floor
    title: AUC
    why: because
    fix: retrain
    with: { metric: roc_auc, dataset: holdout, min: 0.80 }
    severity: { T1: block, T2: block, T3: warn, T4: info }
    maps_to: [MEASURE 2.3]
`;

describe("a gate of its own", () => {
  it("is filled in with what the format says", () => {
    const policy = policyOf(
      "gates:\n  - id: fast\n    rule: metric.ceiling\n    with: { metric: p95_ms, max: 9 }\n",
    );
    assert.deepEqual(gateOf(policy, "fast"), {
      id: "fast",
      rule: "metric.ceiling",
      with: { metric: "p95_ms", max: 9 },
      severity: { T1: "block", T2: "block", T3: "block", T4: "block" },
      title: "A metric stays below its ceiling",
      why: "child 2.0.0 asks for it and states no reason",
      fix: "Run weighbridge explain fast",
      waivable: true,
      onInconclusive: "close",
      mapsTo: [],
      origin: PATH,
      place: { path: PATH, line: 4, column: 5 },
    });
  });

  const refused: readonly (readonly [
    name: string,
    gate: string,
    code: string,
    line: number,
    message: RegExp,
  ])[] = [
    ["an unknown rule", "rule: metric.flor", "RULE_UNKNOWN", 5, /expected one of .*metric\.floor/],
    ["no rule", "severity: block", "GATE_WITHOUT_RULE", 4, /no parent has a gate x/],
    ["an argument that is missing", "rule: metric.floor", "ARGUMENT_INVALID", 4, /Gate x: with lacks/],
    [
      "an unknown argument",
      "rule: metric.floor\n    with: { metric: a, min: 1, mni: 2 }",
      "ARGUMENT_INVALID",
      6,
      /unknown key "mni", expected one of metric, dataset, min, level/,
    ],
    [
      "C4: a threshold that is not a number",
      "rule: metric.floor\n    with: { metric: a, min: .nan }",
      "ARGUMENT_INVALID",
      6,
      /with\.min is NaN/,
    ],
    [
      "C4: a threshold that is infinite",
      "rule: metric.floor\n    with: { metric: a, min: -.inf }",
      "ARGUMENT_INVALID",
      6,
      /with\.min is -Infinity/,
    ],
    [
      "C4: a threshold that is a text",
      'rule: metric.floor\n    with: { metric: a, min: "0.8" }',
      "ARGUMENT_INVALID",
      6,
      /with\.min is "0\.8", expected a number/,
    ],
    [
      "a format that there is not",
      "rule: artifact.format\n    with: { allow: [safetensor] }",
      "ARGUMENT_INVALID",
      6,
      /with\.allow\[0\] is "safetensor" \(did you mean "safetensors"\?\)/,
    ],
    [
      "a severity that leaves out a tier",
      "rule: metric.present\n    severity: { T1: block }",
      "SEVERITY_INCOMPLETE",
      6,
      /no severity for T2, T3, T4/,
    ],
    [
      "CEL that does not parse",
      'rule: metric.present\n    when: "model.tier =="',
      "CEL_SYNTAX",
      6,
      /model\.tier ==/,
    ],
    [
      "a when that looks at metrics",
      "rule: metric.present\n    when: metrics.roc_auc.head > 0.5",
      "WHEN_VARIABLE",
      6,
      /sees only model and change/,
    ],
    [
      "a when that asks for what no model has",
      `rule: metric.present\n    when: 'model.teir == "T1"'`,
      "CEL_FIELD",
      6,
      /model has no teir/,
    ],
    [
      "an expression that does not parse",
      'rule: expression\n    with: { require: "metrics.a.head >" }',
      "CEL_SYNTAX",
      6,
      /metrics\.a\.head/,
    ],
  ];
  for (const [name, gate, code, line, message] of refused) {
    it(`is refused with ${name}`, () => {
      const error = refusalOf(() => policyOf(`gates:\n  - id: x\n    ${gate}\n`));
      assert.equal(error.code, code, error.message);
      assert.equal(error.place?.line, line);
      assert.match(error.message, message);
    });
  }

  it("is refused together with all others that are wrong", () => {
    const error = refusalOf(() =>
      policyOf("gates:\n  - id: a\n    rule: nothing\n  - id: b\n    rule: metric.floor\n"),
    );
    assert.equal(error.code, "POLICY_INVALID");
    assert.match(error.message, /^Cannot load \S+: 3 problems\n.*Gate a .*\n.*Gate b: .*\n.*Gate b: /);
  });
});

describe("a child", () => {
  it("inherits what it leaves out, and its tightenings are listed", () => {
    const base = parent("base", FLOOR);
    const policy = policyOf(
      "gates:\n  - id: auc-floor\n    with: { min: 0.85, level: 0.9 }\n    waivable: false\n",
      [base],
    );
    assert.deepEqual(gateOf(policy, "auc-floor"), {
      ...gateOf(inherit(base).policy, "auc-floor"),
      with: { metric: "roc_auc", dataset: "holdout", min: 0.85, level: 0.9 },
      waivable: false,
    });
    assert.deepEqual(policy.tightenings, [
      { gate: "auc-floor", what: "waivable", from: "true", to: "false", by: PATH },
      { gate: "auc-floor", what: "with.level", from: "none", to: "0.9", by: PATH },
      { gate: "auc-floor", what: "with.min", from: "0.80", to: "0.85", by: PATH },
    ]);
  });

  it("may say things better and name more controls, which is no tightening", () => {
    const members = "gates: [{ id: auc-floor, why: worse loses money, maps_to: [EUAIA-15, MEASURE 2.3] }]";
    const policy = policyOf(members, [parent("base", FLOOR)]);
    const { why, mapsTo } = gateOf(policy, "auc-floor");
    assert.deepEqual({ why, mapsTo }, { why: "worse loses money", mapsTo: ["MEASURE 2.3", "EUAIA-15"] });
    assert.deepEqual(policy.tightenings, []);
  });

  it("moves each tier of a map by itself", () => {
    const base = parent(
      "base",
      "gates:\n  - id: fresh\n    rule: evidence.fresh\n    with: { max_age_days_by_tier: { T1: 14, T2: 30 } }\n",
    );
    const members = "gates: [{ id: fresh, with: { max_age_days_by_tier: { T2: 20, T3: 90 } } }]";
    assert.deepEqual(gateOf(policyOf(members, [base]), "fresh").with, {
      max_age_days_by_tier: { T1: 14, T2: 20, T3: 90 },
    });
    const weaker = "gates: [{ id: fresh, with: { max_age_days_by_tier: { T1: 15 } } }]";
    assert.equal(refusalOf(() => policyOf(weaker, [base])).code, "POLICY_WEAKENS");
  });

  const weakened: readonly (readonly [name: string, change: string, diff: string])[] = [
    ["threshold", "with: { min: 0.75 }", "- min: 0.80 (base)\n+ min: 0.75"],
    ["metric", "with: { metric: accuracy }", "- metric: roc_auc (base)\n+ metric: accuracy"],
    ["dataset", "with: { dataset: train }", "- dataset: holdout (base)\n+ dataset: train"],
    ["severity in one tier", "severity: { T1: warn }", "- severity.T1: block (base)\n+ severity.T1: warn"],
    ["rule", "rule: metric.present", "- rule: metric.floor (base)\n+ rule: metric.present"],
    ["when", `when: model.tier == "T1"`, '- when: none\n+ when: model.tier == "T1"'],
    [
      "treatment of the inconclusive",
      "on_inconclusive: open",
      "- on_inconclusive: close (base)\n+ on_inconclusive: open",
    ],
  ];
  for (const [name, change, diff] of weakened) {
    it(`C8: may not weaken the ${name}`, () => {
      const error = refusalOf(() =>
        policyOf(`gates:\n  - id: auc-floor\n    ${change}\n`, [parent("base", FLOOR)]),
      );
      assert.equal(error.code, "POLICY_WEAKENS");
      const header = `Cannot load ${PATH}: it weakens what its parents ask for, and a child may only tighten`;
      assert.equal(error.message, `${header}\ngate auc-floor\n${diff} (${PATH}:5)`);
      assert.deepEqual({ path: error.place?.path, line: error.place?.line }, { path: PATH, line: 5 });
    });
  }

  it("C8: may not allow a waiver that a parent refuses", () => {
    const base = parent("base", "gates: [{ id: sup, rule: artifact.format, waivable: false }]");
    const error = refusalOf(() => policyOf("gates: [{ id: sup, waivable: true }]", [base]));
    assert.match(error.message, /gate sup\n- waivable: false \(base\)\n\+ waivable: true \(\S+:3\)$/);
  });

  it("C8: is shown every weakening at once, and no tightening among them", () => {
    const base = parent(
      "base",
      `${FLOOR}  - { id: sup, rule: artifact.format, with: { allow: [onnx] }, waivable: false }\n`,
    );
    const members = `gates:
  - { id: auc-floor, severity: warn, with: { min: 0.9 } }
  - { id: sup, with: { allow: [onnx, pickle] } }
`;
    const error = refusalOf(() => policyOf(members, [base]));
    assert.equal(
      error.message,
      `Cannot load .weighbridge/policy.yml: it weakens what its parents ask for, and a child may only tighten
gate auc-floor
- severity.T1: block (base)
+ severity.T1: warn (.weighbridge/policy.yml:4)
- severity.T2: block (base)
+ severity.T2: warn (.weighbridge/policy.yml:4)
gate sup
- allow: [onnx] (base)
+ allow: [onnx, pickle] (.weighbridge/policy.yml:5)`,
    );
  });

  it("C8: may not raise the level of a gate that opens when the data cannot tell", () => {
    const open = parent("base", FLOOR.replace("severity:", "on_inconclusive: open\n    severity:"));
    const members = "gates: [{ id: auc-floor, with: { level: 0.99 } }]";
    assert.equal(refusalOf(() => policyOf(members, [open])).code, "POLICY_WEAKENS");
    const closing = "gates: [{ id: auc-floor, on_inconclusive: close, with: { level: 0.99 } }]";
    assert.equal(gateOf(policyOf(closing, [open]), "auc-floor").with.level, 0.99);
  });

  it("C8: may not give an argument that its parent leaves at a stricter default", () => {
    const card = parent("base", "gates: [{ id: card, rule: card.complete }]");
    const error = refusalOf(() => policyOf("gates: [{ id: card, with: { sections: [Anything] } }]", [card]));
    assert.equal(error.code, "POLICY_WEAKENS");
  });
});

describe("roles and models of a child", () => {
  const ROLES =
    "roles:\n  risk: { teams: [acme/risk, acme/cro], users: [octocat], exclusive_with: [developer] }\n";

  it("C8: may leave people out and exclude more", () => {
    const policy = policyOf("roles:\n  risk: { teams: [acme/risk], exclusive_with: [developer, owner] }\n", [
      parent("base", ROLES),
    ]);
    assert.deepEqual(policy.roles, {
      risk: { teams: ["acme/risk"], users: ["octocat"], exclusiveWith: ["developer", "owner"] },
    });
  });

  for (const [name, role] of [
    ["a team", "teams: [acme/risk, acme/everybody]"],
    ["a person", "users: [octocat, hubot]"],
    ["an end of an exclusion", "exclusive_with: [owner]"],
    ["somebody who stands in", "delegates: [{ user: olu, from: 2026-12-01, until: 2026-12-14 }]"],
  ]) {
    it(`C8: may not add ${name}`, () => {
      const error = refusalOf(() => policyOf(`roles:\n  risk: { ${role} }\n`, [parent("base", ROLES)]));
      assert.equal(error.code, "POLICY_WEAKENS");
      assert.match(error.message, /\nrole risk\n- /);
      assert.equal(error.place?.line, 4);
    });
  }

  it("may not leave a role empty, which nobody could ever take", () => {
    const error = refusalOf(() => policyOf("roles:\n  owner: { exclusive_with: [developer] }\n"));
    assert.deepEqual([error.code, error.place?.line], ["ROLE_EMPTY", 4]);
  });

  it("C8: may raise the tier of a model, not lower it, and not move the model", () => {
    const base = parent("base", "models: [{ id: pd, path: models/pd, tier: T2 }]");
    const models = policyOf(
      "models: [{ id: pd, path: models/pd, tier: T1 }, { id: lgd, path: models/lgd }]",
      [base],
    ).models;
    assert.deepEqual(models, [
      { id: "lgd", path: "models/lgd" },
      { id: "pd", path: "models/pd", tier: "T1" },
    ]);
    for (const members of ["{ id: pd, path: models/pd, tier: T3 }", "{ id: pd, path: models/x, tier: T2 }"]) {
      assert.equal(refusalOf(() => policyOf(`models: [${members}]`, [base])).code, "POLICY_WEAKENS");
    }
  });
});

describe("two parents", () => {
  const gates = (text: string) => `gates:\n  - { id: g, rule: metric.floor, ${text} }\n`;

  it("both hold: of each part the stricter counts", () => {
    const a = parent("a", gates("with: { metric: f1, min: 0.7, level: 0.95 }, severity: warn"));
    const b = parent("b", gates("with: { metric: f1, min: 0.8 }, waivable: false"));
    for (const parents of [
      [a, b],
      [b, a],
    ]) {
      const gate = gateOf(policyOf("", parents), "g");
      assert.deepEqual(gate.with, { metric: "f1", min: 0.8, level: 0.95 });
      assert.deepEqual([gate.severity.T4, gate.waivable], ["block", false]);
    }
  });

  it("keep what both allow, and demand what either does", () => {
    const list = (allow: string) => `gates: [{ id: f, rule: artifact.format, with: { allow: ${allow} } }]`;
    const both = policyOf("", [parent("a", list("[onnx, safetensors]")), parent("b", list("[gguf, onnx]"))]);
    assert.deepEqual(gateOf(both, "f").with, { allow: ["onnx"] });
    const none = refusalOf(() => policyOf("", [parent("a", list("[onnx]")), parent("b", list("[gguf]"))]));
    assert.equal(none.code, "POLICY_CONFLICT");
  });

  it("are refused where they cannot both hold", () => {
    const a = parent("a", gates("with: { metric: f1, min: 0.7 }"));
    const b = parent("b", gates("with: { metric: mcc, min: 0.7 }"));
    const error = refusalOf(() => policyOf("extends: [core@1]", [a, b]));
    assert.deepEqual([error.code, error.place?.line], ["POLICY_CONFLICT", 3]);
    assert.match(error.message, /disagree about gates\.g\.with\.metric: f1 \(a\) and mcc \(b\)$/);
  });

  it("are refused where nobody is left in a role of both", () => {
    const a = parent("a", "roles: { risk: { users: [octocat] } }");
    const b = parent("b", "roles: { risk: { teams: [acme/risk] } }");
    assert.equal(refusalOf(() => policyOf("", [a, b])).code, "POLICY_CONFLICT");
  });

  it("may not differ in the level of a gate that opens when the data cannot tell", () => {
    const open = (level: string) => gates(`on_inconclusive: open, with: { metric: f1, min: 0.7${level} }`);
    const error = refusalOf(() => policyOf("", [parent("a", open(", level: 0.9")), parent("b", open(""))]));
    assert.equal(error.code, "POLICY_CONFLICT");
  });

  it("C7: hold a common parent once, with what one of them tightens", () => {
    const root = parent("root", gates("with: { metric: f1, min: 0.5 }"));
    const left = parent("left", "gates: [{ id: g, with: { min: 0.6 } }]", [root]);
    const right = parent("right", "", [root]);
    const policy = policyOf("", [left, right]);
    assert.equal(gateOf(policy, "g").with.min, 0.6);
    assert.deepEqual(
      policy.sources.map(({ name }) => name),
      [PATH, "left", "root", "right"],
    );
    assert.deepEqual(policy.tightenings, [
      { gate: "g", what: "with.min", from: "0.5", to: "0.6", by: "left" },
    ]);
  });
});

describe("messages", () => {
  it("show what a terminal would obey, instead of printing it", () => {
    const trap = "metric\u202epresent\u001b[31m";
    const { message } = refusalOf(() => policyOf(`gates: [{ id: a, rule: ${JSON.stringify(trap)} }]`));
    assert.doesNotMatch(message, /[\u202e\u001b]/);
    const base = parent("base", "gates: [{ id: a, rule: expression, with: { require: 'true' } }]");
    const change = `gates: [{ id: a, with: { require: "'\u202e' == 'b'" } }]`;
    const weaker = refusalOf(() => policyOf(change, [base]));
    assert.equal(weaker.code, "POLICY_WEAKENS");
    assert.doesNotMatch(weaker.message, /\u202e/);
  });
});
