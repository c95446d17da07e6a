import assert from "node:assert/strict";
import { test } from "node:test";
import type { Manifest } from "../../gate/model/manifest.ts";
import type { Tier } from "../../gate/model/tier.ts";
import { judgedModel } from "../../gate/verdict/tier.ts";
import { BASE_DIGEST, HEAD_DIGEST, manifest, model, policy, version } from "../rules/view.ts";

type Said = Pick<Partial<Manifest>, "tier" | "context">;

/** All that a tier is computed from, the least of each. */
const LEAST = { domain: "other", exposure: 1, purpose: 1 } as const;

const ROWS: readonly (readonly [string, Said, Said, Tier | undefined, Tier])[] = [
  ["silence is T1", {}, {}, undefined, "T1"],
  ["the policy's word counts", {}, {}, "T3", "T3"],
  ["the policy's word counts for a declared tier, too", {}, { tier: "T4" }, "T3", "T3"],
  ["a declared tier without a context is T1", {}, { tier: "T4" }, undefined, "T1"],
  [
    "a declared tier without a purpose is T1",
    {},
    { tier: "T4", context: { domain: "other", exposure: 0 } },
    undefined,
    "T1",
  ],
  [
    "a declared tier without an exposure is T1",
    {},
    { tier: "T4", context: { domain: "other", purpose: 0 } },
    undefined,
    "T1",
  ],
  [
    "a context without a domain is T1",
    {},
    { tier: "T4", context: { exposure: 0, purpose: 0 } },
    undefined,
    "T1",
  ],
  [
    "a context that says less than base's is T1",
    { tier: "T4", context: LEAST },
    { tier: "T4", context: { domain: "other" } },
    undefined,
    "T1",
  ],
  ["a context that base does not have counts", { tier: "T4" }, { context: LEAST }, undefined, "T4"],
  [
    "exposure 4 and purpose 3 are T1",
    {},
    { context: { ...LEAST, exposure: 4, purpose: 3 } },
    undefined,
    "T1",
  ],
  [
    "exposure 3 and purpose 2 are T2",
    {},
    { context: { ...LEAST, exposure: 3, purpose: 2 } },
    undefined,
    "T2",
  ],
  [
    "exposure 2 and purpose 1 are T3",
    {},
    { context: { ...LEAST, exposure: 2, purpose: 1 } },
    undefined,
    "T3",
  ],
  ["exposure 1 and purpose 1 are T4", {}, { context: LEAST }, undefined, "T4"],
  ["a declared tier may be stricter than the computed", {}, { tier: "T2", context: LEAST }, undefined, "T2"],
  [
    "a declared tier cannot be laxer than the computed",
    {},
    { tier: "T4", context: { ...LEAST, exposure: 4, purpose: 4 } },
    undefined,
    "T1",
  ],
  ["a declared tier cannot be laxer than the policy's", {}, { tier: "T4" }, "T2", "T2"],
  [
    "consumer credit is never below T2",
    {},
    { tier: "T4", context: { ...LEAST, domain: "consumer-credit" } },
    undefined,
    "T2",
  ],
  [
    "with no human in the loop it is T1",
    {},
    { tier: "T4", context: { ...LEAST, domain: "consumer-credit", autonomy: "autonomous" } },
    undefined,
    "T1",
  ],
  [
    "marketing with no human in the loop has no floor",
    {},
    { context: { ...LEAST, domain: "marketing", autonomy: "autonomous" } },
    undefined,
    "T4",
  ],
  [
    "regulatory capital is T1",
    {},
    { tier: "T4", context: { ...LEAST, domain: "regulatory-capital" } },
    undefined,
    "T1",
  ],
  [
    "special-category data is never below T2",
    {},
    { tier: "T4", context: { ...LEAST, specialCategoryData: true } },
    undefined,
    "T2",
  ],
  [
    "a change cannot lower the tier that base declares",
    { tier: "T2" },
    { tier: "T4", context: LEAST },
    undefined,
    "T2",
  ],
  [
    "a change cannot take away the context that base states",
    { context: { domain: "aml" } },
    { tier: "T4", context: LEAST },
    undefined,
    "T1",
  ],
];

for (const [name, base, head, tier, expected] of ROWS) {
  test(`judgedModel(): ${name}`, () => {
    const change = model({
      base: version(BASE_DIGEST, { manifest: manifest(base) }),
      head: version(HEAD_DIGEST, { manifest: manifest(head) }),
    });
    const models = tier === undefined ? [] : [{ id: "m", path: "m", tier }];
    const judged = judgedModel(change, policy({ models }));
    assert.equal(judged.tier, expected);
    assert.notEqual(judged.tierReasons.length, 0);
  });
}

const LAX = { head: version(HEAD_DIGEST, { manifest: manifest({ id: "toy", tier: "T4", context: LEAST }) }) };
const POLICY = policy({ models: [{ id: "credit-pd", path: "m", tier: "T2" }] });

test("judgedModel(): what the policy says of a folder holds for every manifest and artifact in it", () => {
  const { base: _base, ...toy } = model({ id: "toy", ...LAX });
  const judged = judgedModel(toy, POLICY);
  assert.deepEqual([judged.tier, judged.tierReasons], ["T2", ["the policy says so of m"]]);
  const elsewhere = version(HEAD_DIGEST, {
    manifest: manifest({ path: "lib/model.yml", tier: "T4", context: LEAST }),
  });
  assert.equal(judgedModel({ ...toy, head: elsewhere }, POLICY).tier, "T2", "its artifact is in m");
  const neighbour = { ...elsewhere, artifacts: [{ path: "m2/model.safetensors", digest: HEAD_DIGEST }] };
  assert.equal(judgedModel({ ...toy, head: neighbour }, POLICY).tier, "T4");
});

test("judgedModel(): what the policy says of an id holds for who states it and who had it", () => {
  const renamed = model({
    id: "lib/model.yml",
    head: version(HEAD_DIGEST, { manifest: manifest({ tier: "T4" }) }),
  });
  const models = [{ id: "m", path: "elsewhere", tier: "T2" as const }];
  assert.equal(judgedModel(renamed, policy({ models })).tier, "T2");
});

test("judgedModel(): an id that the change gives itself does not lift what silence costs", () => {
  const models = [{ id: "toy", path: "elsewhere", tier: "T4" as const }];
  const head = version(HEAD_DIGEST, { manifest: manifest({ id: "toy", tier: "T4" }) });
  const base = version(BASE_DIGEST, { manifest: manifest({ tier: "T4" }) });
  assert.equal(judgedModel(model({ base, head }), policy({ models })).tier, "T1");
});

test("judgedModel(): what the base says by now counts beside what it said where the branch left", () => {
  const lax = (digest: typeof HEAD_DIGEST, tier: Tier = "T4") =>
    version(digest, { manifest: manifest({ tier, context: LEAST }) });
  const change = { base: lax(BASE_DIGEST), head: lax(HEAD_DIGEST) };
  assert.equal(judgedModel(model(change), policy()).tier, "T4");
  assert.equal(judgedModel(model({ ...change, tip: lax(BASE_DIGEST, "T2") }), policy()).tier, "T2");
});

test("judgedModel(): says what a context leaves out, where, and what to do", () => {
  const said = (context?: Manifest["context"]) => {
    const head = version(HEAD_DIGEST, { manifest: manifest({ tier: "T4", ...(context && { context }) }) });
    return judgedModel(model({ head }), policy()).tierReasons;
  };
  const rest = "and without that it is T1: state it, or have the policy give the model a tier";
  const all = "context.domain, context.exposure and context.purpose";
  assert.deepEqual(said(), [`m/model.yml does not state ${all}, ${rest}`]);
  assert.deepEqual(said({ domain: "other", exposure: 1 }), [
    `m/model.yml does not state context.purpose, ${rest}`,
  ]);
});

test("judgedModel(): a word of a record that names no domain is as good as none", () => {
  const context = { ...LEAST, domain: "Consumer-Credit" as "consumer-credit" };
  const head = version(HEAD_DIGEST, { manifest: manifest({ tier: "T4", context }) });
  assert.equal(judgedModel(model({ head }), policy()).tier, "T1");
});

test("judgedModel(): a lax folder does not make a silent model lax", () => {
  const models = [{ id: "toy", path: "m", tier: "T4" as const }];
  assert.equal(judgedModel(model(), policy({ models })).tier, "T1");
});

test("judgedModel(): a new model is no laxer than what the same change removes", () => {
  const { head: _head, ...gone } = model({
    id: "gone",
    base: version(BASE_DIGEST, { manifest: manifest({ tier: "T2" }) }),
  });
  const { base: _base, ...toy } = model({ id: "toy", ...LAX });
  const judged = judgedModel(toy, policy(), [gone]);
  assert.deepEqual(
    [judged.tier, judged.tierReasons],
    ["T2", ["gone, which the same change removes, has it"]],
  );
  const known = model({ id: "toy", base: LAX.head, ...LAX });
  assert.equal(judgedModel(known, policy(), [gone]).tier, "T4", "a model that was there is not it");
});
