import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parseJson } from "../../gate/parse/json.ts";
import { checkSchema } from "../../gate/parse/schema.ts";
import { argumentSchema } from "../../gate/policy/argument-schema.ts";
import { inherit } from "../../gate/policy/inherit.ts";
import { parsePack, parsePolicy } from "../../gate/policy/parse.ts";
import { runVector } from "../../gate/policy/vectors.ts";
import { parseWaiver } from "../../gate/policy/waivers.ts";
import { RULES } from "../../gate/rules/index.ts";

type Schema = Readonly<Record<string, unknown>>;

const FOLDER = new URL("../../policies/schema/", import.meta.url);
const NAMES = ["policy", "pack", "waiver"] as const;

function read(name: string): Schema {
  return asSchema(JSON.parse(readFileSync(new URL(`${name}.schema.json`, FOLDER), "utf8")));
}

function asSchema(value: unknown): Schema {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Every schema below this one, with the path to it. */
function* below(schema: Schema, path = ""): Generator<readonly [string, Schema]> {
  yield [path, schema];
  for (const keyword of ["properties", "$defs"]) {
    for (const [key, value] of Object.entries(asSchema(schema[keyword]))) {
      yield* below(asSchema(value), `${path}/${keyword}/${key}`);
    }
  }
  for (const keyword of ["items", "then", "else"]) {
    if (schema[keyword] !== undefined) yield* below(asSchema(schema[keyword]), `${path}/${keyword}`);
  }
}

function target(root: Schema, schema: Schema): Schema {
  if (typeof schema.$ref !== "string") return schema;
  const name = schema.$ref.replace("#/$defs/", "");
  return { ...asSchema(asSchema(root.$defs)[name]), ...schema };
}

describe("the schemas of policies", () => {
  for (const name of NAMES) {
    const whole = read(name);
    // What a pack shares with a policy is looked at once.
    const root = name === "pack" ? { ...whole, $defs: {} } : whole;

    it(`${name}: close every object`, () => {
      const open = [...below(root)].filter(
        ([, schema]) =>
          schema.properties !== undefined &&
          schema.additionalProperties !== false &&
          schema.type !== undefined,
      );
      assert.deepEqual(
        open.map(([path]) => path),
        [],
      );
    });

    it(`${name}: describe every property and show an example`, () => {
      for (const [path, schema] of below(root)) {
        if (!/\/(?:properties\/[^/]+|items)$/.test(path)) continue;
        const { description, examples } = target(whole, schema);
        assert.ok(typeof description === "string" && description.endsWith("."), `${path} has no description`);
        assert.ok(Array.isArray(examples) && examples.length > 0, `${path} has no example`);
      }
    });

    it(`${name}: show only examples that fit`, () => {
      for (const [path, schema] of below(root)) {
        for (const example of Array.isArray(schema.examples) ? schema.examples : []) {
          const node = parseJson(JSON.stringify(example), path);
          const alone = { ...schema, $defs: whole.$defs ?? {} };
          assert.deepEqual(checkSchema(alone, node, path), [], path);
        }
      }
    });

    it(`${name}: bound every text and list`, () => {
      for (const [path, schema] of below(root)) {
        if (schema.type === "string" && schema.enum === undefined) {
          assert.ok(schema.maxLength !== undefined || schema.pattern !== undefined, `${path} has no limit`);
        }
        if (schema.type === "array") assert.ok(schema.maxItems !== undefined, `${path} has no limit`);
      }
    });

    it(`${name}: anchor every pattern`, () => {
      for (const [path, { pattern }] of below(root)) {
        if (pattern !== undefined) assert.match(String(pattern), /^\^.*\$$|^\^.*\(\?<!\/\)\$$/, path);
      }
    });
  }

  it("describe gates alike in policies and in packs", () => {
    const { role: _, delegate: __, ...shared } = asSchema(read("policy").$defs);
    assert.deepEqual(shared, read("pack").$defs);
  });

  it("show policies, packs and waivers that load, and whose test vectors are met", () => {
    const [policy] = read("policy").examples as unknown[];
    const alone = {
      ...asSchema(policy),
      extends: [],
      gates: (asSchema(policy).gates as unknown[]).slice(0, 2),
    };
    const [pack] = read("pack").examples as unknown[];
    for (const file of [
      parsePolicy(Buffer.from(JSON.stringify(alone)), "policy.yml"),
      parsePack(Buffer.from(JSON.stringify(pack)), "pack.yml"),
    ]) {
      const { vectors } = inherit({ file, parents: [] });
      assert.equal(vectors.length, 2);
      for (const { gate, vector } of vectors) assert.ok(runVector(gate, vector).isMet, vector.name);
    }
    const [waiver] = read("waiver").examples as { id: string }[];
    parseWaiver(Buffer.from(JSON.stringify(waiver)), `.weighbridge/waivers/${waiver?.id}.yml`);
  });

  for (const rule of RULES.values()) {
    it(`describe every argument of ${rule.name}, with an example that fits`, () => {
      for (const [name, { schema }] of Object.entries(rule.parameters)) {
        const { description, examples } = schema;
        assert.ok(typeof description === "string" && description.endsWith("."), name);
        assert.ok(Array.isArray(examples) && examples.length > 0, `${name} has no example`);
        const node = parseJson(JSON.stringify({ [name]: examples[0] }), "example");
        assert.deepEqual(checkSchema(argumentSchema(rule), node, "example"), []);
      }
    });
  }
});
