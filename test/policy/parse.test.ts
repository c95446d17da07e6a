import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { POLICY_BYTES_MAX, parsePack, parsePolicy, parseRemote } from "../../gate/policy/parse.ts";
import { refusalOf } from "./refusal.ts";

const PATH = ".weighbridge/policy.yml";
const HEADER = "weighbridge: 1\npolicy: { name: acme, version: 1.0.0 }\n";

const parse = (text: string) => parsePolicy(Buffer.from(text), PATH);

describe("parsePolicy()", () => {
  it("reads the policy of the design page", () => {
    const { document, name, digest } = parse(`# .weighbridge/policy.yml
weighbridge: 1                        # version of this file format
policy: { name: acme-credit, version: 4.2.0 }
extends: [core@1, performance@1]      # packs/<name>@<major>; or owner/repo//path@<commit sha>
roles:
  owner:     { teams: [acme/credit-owners] }
  validator: { teams: [acme/model-validation], users: [maria] }
models:
  - { id: credit-pd, path: models/credit-pd, tier: T2 }
gates:
  - id: auc-floor
    rule: metric.floor
    with: { metric: roc_auc, dataset: holdout, min: 0.78, level: 0.95 }
    severity: block
    why: below 0.78 the scorecard loses to the incumbent vendor score
  - id: latency
    rule: expression                  # CEL, for what no rule covers
    with: { require: "metrics.p95_ms.head <= 1.2 * metrics.p95_ms.base" }
`);
    assert.deepEqual(document, {
      kind: "policy",
      name: "acme-credit",
      version: "4.2.0",
      extends: [
        { kind: "pack", text: "core@1" },
        { kind: "pack", text: "performance@1" },
      ],
      roles: {
        owner: { teams: ["acme/credit-owners"] },
        validator: { teams: ["acme/model-validation"], users: ["maria"] },
      },
      models: [{ id: "credit-pd", path: "models/credit-pd", tier: "T2" }],
      gates: [
        {
          id: "auc-floor",
          rule: "metric.floor",
          with: { metric: "roc_auc", dataset: "holdout", min: 0.78, level: 0.95 },
          severity: { T1: "block", T2: "block", T3: "block", T4: "block" },
          why: "below 0.78 the scorecard loses to the incumbent vendor score",
          mapsTo: [],
          testVectors: [],
        },
        {
          id: "latency",
          rule: "expression",
          with: { require: "metrics.p95_ms.head <= 1.2 * metrics.p95_ms.base" },
          severity: {},
          mapsTo: [],
          testVectors: [],
        },
      ],
    });
    assert.equal(name, PATH);
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
  });

  const refused: readonly (readonly [name: string, text: string, code: string, line: number])[] = [
    ["C4: text that is no YAML", `${HEADER}gates: [`, "YAML_SYNTAX", 3],
    ["C4: an unknown key", `${HEADER}gate: []`, "POLICY_INVALID", 3],
    ["C4: an unknown key of a gate", `${HEADER}gates:\n  - id: a\n    sevrity: block`, "POLICY_INVALID", 5],
    ["C4: a duplicate key", `${HEADER}gates: []\ngates: []`, "YAML_DUPLICATE_KEY", 4],
    [
      "C4: a duplicate key of a gate",
      `${HEADER}gates:\n  - id: a\n    waivable: false\n    waivable: true`,
      "YAML_DUPLICATE_KEY",
      6,
    ],
    ["C4: an anchor", `${HEADER}gates: &g []`, "YAML_ALIAS", 3],
    ["C4: an alias", `${HEADER}extends: *g`, "YAML_ALIAS", 3],
    ["C4: a merge key", `${HEADER}gates:\n  - <<: { id: a }`, "YAML_MERGE_KEY", 4],
    ["C4: a tag", `${HEADER}gates: !!set []`, "YAML_TAG", 3],
    ["C4: a second document", `${HEADER}---\n${HEADER}`, "YAML_DOCUMENTS", 3],
    ["an empty file", "", "POLICY_INVALID", 1],
    ["a list", "[]", "POLICY_INVALID", 1],
    ["a file without a version of the format", "policy: { name: a, version: 1.0.0 }", "POLICY_INVALID", 1],
    ["a version of the format to come", HEADER.replace("1", "2"), "POLICY_INVALID", 1],
    ["a version that is a number", HEADER.replace("1.0.0", "1.0"), "POLICY_INVALID", 2],
    ["C9: an unknown role", `${HEADER}roles:\n  validater: { users: [maria] }`, "POLICY_INVALID", 4],
    [
      "C9: a role that excludes an unknown one",
      `${HEADER}roles:\n  owner: { exclusive_with: [qa] }`,
      "POLICY_INVALID",
      4,
    ],
    [
      "a delegate on a day that the calendar does not have",
      `${HEADER}roles:\n  owner:\n    delegates:\n      - { user: olu, from: 2026-02-01, until: 2026-02-30 }`,
      "DELEGATE_DAYS",
      6,
    ],
    [
      "a delegate whose last day comes before the first",
      `${HEADER}roles:\n  owner:\n    delegates:\n      - { user: olu, from: 2026-02-02, until: 2026-02-01 }`,
      "DELEGATE_DAYS",
      6,
    ],
    [
      "a delegate without an end",
      `${HEADER}roles:\n  owner:\n    delegates:\n      - { user: olu, from: 2026-02-02 }`,
      "POLICY_INVALID",
      6,
    ],
    ["a role that is null", `${HEADER}roles:\n  owner:`, "POLICY_INVALID", 4],
    [
      "a role of a team that is a wildcard",
      `${HEADER}roles:\n  owner: { teams: ["acme/*"] }`,
      "POLICY_INVALID",
      4,
    ],
    ["gates that are null", `${HEADER}gates:`, "POLICY_INVALID", 3],
    ["a gate id twice", `${HEADER}gates:\n  - id: a\n  - id: a`, "ID_DUPLICATE", 5],
    [
      "a model id twice",
      `${HEADER}models:\n  - { id: a, path: a }\n  - { id: a, path: b }`,
      "ID_DUPLICATE",
      5,
    ],
    ["a model outside the repository", `${HEADER}models:\n  - { id: a, path: ../a }`, "POLICY_INVALID", 4],
    ["a model at an absolute path", `${HEADER}models:\n  - { id: a, path: /a }`, "POLICY_INVALID", 4],
    ["a model at a path with a dot", `${HEADER}models:\n  - { id: a, path: a/./b }`, "POLICY_INVALID", 4],
    ["C6: a parent at a branch", `${HEADER}extends: [acme/p//policy.yml@main]`, "PARENT_NOT_PINNED", 3],
    ["a parent that is nothing", `${HEADER}extends: [core]`, "PARENT_REFERENCE", 3],
    ["one parent twice", `${HEADER}extends: [core@1, core@1]`, "POLICY_INVALID", 3],
    ["a mode, which nobody may choose", `${HEADER}mode: advisory`, "POLICY_INVALID", 3],
  ];
  for (const [name, text, code, line] of refused) {
    it(`refuses ${name}, with its line`, () => {
      const error = refusalOf(() => parse(text));
      assert.equal(error.code, code, error.message);
      assert.deepEqual({ path: error.place?.path, line: error.place?.line }, { path: PATH, line });
    });
  }

  it("C9: names the known roles where one is unknown", () => {
    const { message } = refusalOf(() => parse(`${HEADER}roles: { validater: { users: [maria] } }`));
    assert.match(
      message,
      /"validater".*"validator".*developer, validator, owner, risk, compliance, sre, auditor, policy-admin/,
    );
  });

  it("lists everything that is wrong, with file, line and column, and what is expected", () => {
    const error = refusalOf(() =>
      parse(`weighbridge: 1
policy: { name: Acme, version: 1.0.0 }
models:
  - { id: credit-pd, path: models/credit-pd, tier: high }
gates:
  - id: auc-floor
    waivable: "no"
`),
    );
    assert.equal(error.code, "POLICY_INVALID");
    assert.equal(
      error.message,
      `Cannot load .weighbridge/policy.yml: 3 problems
.weighbridge/policy.yml:2:17: policy.name is "Acme", expected text that matches ^[a-z0-9][a-z0-9-]{0,63}$, for example name: acme-credit
.weighbridge/policy.yml:4:52: models[0].tier is "high", expected one of "T1", "T2", "T3", "T4", for example tier: T2
.weighbridge/policy.yml:7:15: gates[0].waivable is "no", expected true or false, for example waivable: false`,
    );
  });

  it("lists every parent that is not pinned", () => {
    const error = refusalOf(() => parse(`${HEADER}extends:\n  - a/b//c.yml@main\n  - a/b//c.yml@v1\n`));
    assert.equal(error.code, "PARENT_NOT_PINNED");
    assert.match(error.message, /2 problems\n\S+:4:5: .*"main".*\n\S+:5:5: .*"v1"/);
  });

  it("takes a key named __proto__ for an unknown key", () => {
    assert.equal(refusalOf(() => parse(`${HEADER}__proto__: { gates: [] }`)).code, "POLICY_INVALID");
    assert.equal(
      refusalOf(() => parse(`${HEADER}roles: { __proto__: { users: [a] } }`)).code,
      "POLICY_INVALID",
    );
  });

  it("refuses a file above the limit before it reads it", () => {
    const error = refusalOf(() => parsePolicy(Buffer.alloc(POLICY_BYTES_MAX + 1, "#"), PATH));
    assert.equal(error.code, "POLICY_TOO_LARGE");
  });

  it("refuses bytes that are not UTF-8", () => {
    assert.equal(refusalOf(() => parsePolicy(Buffer.from([0xff, 0xfe, 0x61]), PATH)).code, "TEXT_ENCODING");
  });

  it("refuses a pack where a policy has to stand", () => {
    const pack = "weighbridge: 1\npack: { name: a, version: 1.0.0, title: t, status: stable }\ngates: []";
    assert.equal(refusalOf(() => parse(pack)).code, "POLICY_INVALID");
  });
});

describe("parsePack()", () => {
  const header = (more: string) =>
    `weighbridge: 1\npack: { name: core, version: 1.2.3, title: Title${more} }\ngates: []`;
  const parsed = (more: string) => parsePack(Buffer.from(header(more)), "policies/packs/core@1.yml");

  it("names the file by its header", () => {
    assert.equal(parsed(", status: stable").name, "core@1.2.3");
  });

  it("asks a superseded pack for its successor", () => {
    assert.equal(refusalOf(() => parsed(", status: superseded")).code, "POLICY_INVALID");
    const { document } = parsed(", status: superseded, superseded_by: core@2");
    assert.equal(document.kind === "pack" && document.supersededBy, "core@2");
  });

  it("refuses roles and models, which are an organisation's own", () => {
    for (const more of ["roles: {}", "models: []"]) {
      const text = `${header(", status: stable")}\n${more}`;
      assert.equal(refusalOf(() => parsePack(Buffer.from(text), "p")).code, "POLICY_INVALID");
    }
  });
});

describe("parseRemote()", () => {
  it("takes a policy or a pack, and is named by the reference", () => {
    const policy = parseRemote(Buffer.from(HEADER), "acme/p//policy.yml@1");
    assert.deepEqual([policy.document.kind, policy.name], ["policy", "acme/p//policy.yml@1"]);
    const pack = "weighbridge: 1\npack: { name: a, version: 1.0.0, title: t, status: stable }\ngates: []";
    assert.equal(parseRemote(Buffer.from(pack), "acme/p//pack.yml@1").document.kind, "pack");
  });
});
