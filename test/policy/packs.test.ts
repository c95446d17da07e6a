import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { PolicyFile } from "../../gate/policy/document.ts";
import { loadPack, loadPolicy } from "../../gate/policy/load.ts";
import { parsePack } from "../../gate/policy/parse.ts";
import { runVector } from "../../gate/policy/vectors.ts";
import { CONTROLS } from "./controls.ts";
import { SHIPPED, worldOf } from "./world.ts";

const FOLDER = new URL("../../policies/packs/", import.meta.url);
const NAMES = readdirSync(FOLDER).map((file) => file.replace(/\.yml$/, ""));

/** Gates that may never be waived (governance, section 7), as far as packs hold them. */
const NEVER_WAIVABLE = [
  "CORE-05",
  "CORE-06",
  "CORE-12",
  "CORE-13",
  "CORE-14",
  "CORE-15",
  "CORE-16",
  "CORE-17",
  "CORE-18",
  "SUP-01",
];

const CLOSING = ["fail", "missing_evidence", "error"] as const;

function read(name: string): PolicyFile {
  return parsePack(readFileSync(new URL(`${name}.yml`, FOLDER)), name);
}

describe("the shipped packs", () => {
  it("are five", () => {
    const names = [
      "core@1",
      "data-governance@1",
      "deploy-monitor@1",
      "explainability-docs@1",
      "performance@1",
    ];
    assert.deepEqual(NAMES, names);
  });

  for (const name of NAMES) {
    const { gates } = read(name).document;

    it(`${name} says of each gate what it demands, why, what to do, since when and how severely`, () => {
      for (const { id, title, why, fix, since, severity } of gates) {
        for (const text of [title, why, fix, since]) assert.ok(text !== undefined && text.length > 0, id);
        assert.equal(Object.keys(severity).length, 4, id);
      }
    });

    it(`${name} shows each gate passing and closing`, () => {
      for (const { id, testVectors } of gates) {
        const outcomes = new Set(testVectors.map(({ outcome }) => outcome));
        assert.ok(outcomes.has("pass"), `${id} has no vector that passes`);
        const closes = CLOSING.some((outcome) => outcomes.has(outcome));
        assert.ok(closes, `${id} has no vector that closes it`);
      }
    });

    it(`${name} meets its test vectors`, async () => {
      for (const { gate, vector } of (await loadPack(name, SHIPPED)).vectors) {
        const { isMet, judgement } = runVector(gate, vector);
        assert.ok(isMet, `${gate.id}, ${vector.name}: ${JSON.stringify(judgement)}`);
      }
    });

    it(`${name} maps to controls that exist`, () => {
      for (const { id, mapsTo } of gates) {
        for (const control of mapsTo) assert.ok(CONTROLS.has(control), `${id} maps to ${control}`);
      }
    });
  }

  it("never let the gates be waived that nobody may waive", async () => {
    const policies = await Promise.all(NAMES.map((name) => loadPack(name, SHIPPED)));
    const gates = policies.flatMap(({ policy }) => policy.gates);
    const refusing = gates.filter(({ waivable }) => !waivable).map(({ id }) => id);
    assert.deepEqual(refusing.toSorted(), NEVER_WAIVABLE);
  });

  it("refuse an unscanned pickle in every tier, with core@1 alone", async () => {
    const { policy } = await loadPack("core@1", SHIPPED);
    const gate =
      policy.gates.find(({ rule }) => rule === "artifact.format") ?? assert.fail("core@1 scans nothing");
    assert.deepEqual(new Set(Object.values(gate.severity)), new Set(["block"]));
  });

  it("can all be extended at once", async () => {
    const text = `weighbridge: 1\npolicy: { name: all, version: 1.0.0 }\nextends: ${JSON.stringify(NAMES)}\n`;
    const { policy } = await loadPolicy("base", worldOf({ base: { ".weighbridge/policy.yml": text } }));
    assert.equal(policy.sources.length, NAMES.length + 1);
  });
});
