import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { build } from "esbuild";
import fc from "fast-check";
import { canonical } from "../../gate/parse/canonical.ts";
import { parseJson } from "../../gate/parse/json.ts";
import { packTree, textKey, unpackTree } from "../../gate/parse/known-tree.ts";
import { toValue } from "../../gate/parse/node.ts";
import type { TREES as Trees, VALIDATORS as Validators } from "../../gate/parse/prebuilt.ts";
import type { DECISION_VALIDATORS as DecisionValidators } from "../../gate/parse/prebuilt-decision.ts";
import { schemaKey } from "../../gate/parse/quick-check.ts";
import { checkSchema } from "../../gate/parse/schema.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";
import { ARGUMENT_SCHEMAS } from "../../gate/policy/argument-schema.ts";
import { prebuilt } from "../../scripts/prebuilt.ts";
import { decisionSchema, schemasToPrebuild } from "../../scripts/validators.ts";
import { RECORDS } from "../report/records.ts";

/** What the bundle carries, made by the same plugin. */
const made: { readonly VALIDATORS: typeof Validators; readonly TREES: typeof Trees } = await load(
  'export { VALIDATORS, TREES } from "./gate/parse/prebuilt.ts";',
);
const madeForDecisions: { readonly DECISION_VALIDATORS: typeof DecisionValidators } = await load(
  'export { DECISION_VALIDATORS } from "./gate/parse/prebuilt-decision.ts";',
);

async function load(contents: string) {
  return import(`data:text/javascript;base64,${Buffer.from(await bundled(contents)).toString("base64")}`);
}

async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL("../..", import.meta.url).pathname },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
    plugins: [prebuilt],
  });
  return outputFiles[0]!.text;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const PACKS = new URL("../../policies/packs/", import.meta.url);
const packs = readdirSync(PACKS).map((name) => ({ name, text: readFileSync(new URL(name, PACKS), "utf8") }));

/** Documents of every kind that we read; each is held against every schema, and most fit one. */
const documents: readonly Json[] = [
  ...packs.map(({ name, text }) => toValue(parseYaml(text, name)) as Json),
  ...["base/models/recidivism/model.yml", "pulls/3-weaker-policy/tree/.weighbridge/policy.yml"].flatMap(
    exampleAt,
  ),
  ...schemasToPrebuild().flatMap(examplesOf),
  ...packs.flatMap(({ name, text }) =>
    withsOf(toValue(parseYaml(text, name)) as { gates: { with?: Json }[] }),
  ),
];

function exampleAt(path: string): Json[] {
  const file = new URL(`../../examples/recidivism/${path}`, import.meta.url);
  return [toValue(parseYaml(readFileSync(file, "utf8"), path)) as Json];
}

function examplesOf(schema: object): Json[] {
  return "examples" in schema && Array.isArray(schema.examples) ? schema.examples : [];
}

function withsOf({ gates }: { readonly gates: readonly { readonly with?: Json }[] }): Json[] {
  return gates.flatMap((gate) => (gate.with === undefined ? [] : [{ with: gate.with }]));
}

/** A value with one place of it changed: taken away, named otherwise, or something else put there. */
function mutate(value: Json, path: readonly number[], put: Json | undefined): Json {
  const [step = 0, ...rest] = path;
  if (path.length === 0 || value === null || typeof value !== "object") return put ?? null;
  const keys = Object.keys(value);
  if (keys.length === 0) return Array.isArray(value) ? [put ?? null] : { added: put ?? null };
  const key = keys[step % keys.length]!;
  if (rest.length === 0 && put === undefined) {
    const left = Object.entries(value).filter(([name]) => name !== key);
    return Array.isArray(value) ? left.map(([, item]) => item) : Object.fromEntries(left);
  }
  const entries = Object.entries(value).map(([name, item]): [string, Json] => [
    name,
    name === key ? mutate(item, rest, put) : item,
  ]);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function fits(schema: object, value: Json): boolean {
  return checkSchema(schema, parseJson(JSON.stringify(value), "x"), "x").length === 0;
}

const decisions = Object.values(RECORDS).map((record): Json => JSON.parse(canonical(record)));

/** Never yes where the full check says no; and no where it says yes only of what brings test vectors. */
function assertSame(schema: object, document: Json): boolean {
  const quick = made.VALIDATORS.get(schemaKey(schema))?.(document);
  const isLeftOpen = quick === false && JSON.stringify(document).includes('"test_vectors"');
  if (!isLeftOpen) assert.equal(quick, fits(schema, document));
  return quick === true;
}

test("a generated validator says of every document what the full check says", () => {
  let accepted = 0;
  for (const schema of schemasToPrebuild()) {
    for (const document of documents) {
      if (assertSame(schema, document)) accepted += 1;
    }
  }
  assert.ok(accepted >= 3 * ARGUMENT_SCHEMAS.size, `${accepted} accepted`);
});

test("law: of mutated documents, too", () => {
  const schemas = schemasToPrebuild();
  const value = fc.option(
    fc.oneof(
      fc.constantFrom<Json[]>(
        null,
        true,
        { "": 1 },
        { name: "x" },
        "",
        "T1",
        "block",
        "2026-02-30",
        "2026-11-22",
        "a b",
        "sha256:0",
        -1,
        0,
        0.5,
        {},
        [],
      ),
      fc.oneof(fc.string(), fc.integer(), fc.boolean()).map((one): Json => [one]),
    ),
    { nil: undefined },
  );
  const mutation = fc.record({ path: fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }), put: value });
  const input = fc.record({
    document: fc.constantFrom(...documents),
    other: fc.constantFrom(...schemas),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
  });
  const meant = new Map(
    documents.map((document) => [document, schemas.filter((schema) => fits(schema, document)).slice(0, 3)]),
  );
  fc.assert(
    fc.property(input, ({ document, other, mutations }) => {
      const mutated = mutations.reduce<Json>((all, { path, put }) => mutate(all, path, put), document);
      // As JSON it was read, so as JSON it is checked: nothing infinite, no `-0`.
      const read: Json = JSON.parse(JSON.stringify(mutated));
      for (const schema of [other, ...(meant.get(document) ?? [])]) {
        assertSame(schema, read);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("law: of decision records and what they are mutated to, by the validator that stands apart", () => {
  const schema = decisionSchema();
  const [[key, validate] = [], ...others] = madeForDecisions.DECISION_VALIDATORS;
  assert.ok(validate);
  assert.deepEqual([key, others, made.VALIDATORS.has(schemaKey(schema))], [schemaKey(schema), [], false]);
  for (const record of decisions) assert.ok(validate(record));
  const put = fc.option(fc.constantFrom<Json>(null, true, "", "T1", "x", -1, 0.5, {}, [], ["x"]), {
    nil: undefined,
  });
  const path = fc.array(fc.nat(40), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.constantFrom(...decisions), path, put, (record, steps, value) => {
      const mutated = mutate(record, steps, value);
      const node = parseJson(JSON.stringify(mutated), "x", { surrogates: "carry" });
      assert.equal(validate(mutated), checkSchema(schema, node, "x").length === 0);
    }),
    { numRuns: 500 },
  );
});

test("the bundle has a validator for each schema, and one text has one key", () => {
  const keys = schemasToPrebuild().map(schemaKey);
  assert.deepEqual([...made.VALIDATORS.keys()].sort(), [...new Set(keys)].sort());
  for (const { whole, part } of ARGUMENT_SCHEMAS.values()) {
    assert.ok(made.VALIDATORS.has(schemaKey(whole)) && made.VALIDATORS.has(schemaKey(part)));
  }
});

test("the bundle has the tree of each pack, node by node and place by place", () => {
  for (const { name, text } of packs) {
    const known = made.TREES.get(textKey(text));
    assert.ok(known, name);
    const root = parseYaml(text, name);
    assert.deepEqual(unpackTree(JSON.parse(known.tree)), root);
    assert.deepEqual(unpackTree(packTree(root)), root);
  }
});
