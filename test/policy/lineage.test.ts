import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GateError } from "../../gate/model/error.ts";
import { PARENT_DEPTH_MAX, PARENTS_MAX, readLineage, readPack } from "../../gate/policy/lineage.ts";
import { parsePolicy } from "../../gate/policy/parse.ts";
import type { Packs } from "../../gate/world.ts";
import { rejectionOf } from "./refusal.ts";
import { packsOf } from "./world.ts";

const SHA = "3f786850e387550fdab836ed7e6dc881de23001b";
const PATH = ".weighbridge/policy.yml";

function policy(parents: readonly string[]): string {
  return `weighbridge: 1\npolicy: { name: p, version: 1.0.0 }\nextends: ${JSON.stringify(parents)}\n`;
}

function pack(name: string, parents: readonly string[] = [], version = "1.0.0"): string {
  const header = `pack: { name: ${name}, version: ${version}, title: T, status: stable }`;
  return `weighbridge: 1\n${header}\nextends: ${JSON.stringify(parents)}\ngates: []\n`;
}

function read(parents: readonly string[], packs: Packs) {
  return readLineage(parsePolicy(Buffer.from(policy(parents)), PATH), packs);
}

describe("readLineage()", () => {
  it("follows packs and files of other repositories, each by its name", async () => {
    const remote = `acme/policies//credit.yml@${SHA}`;
    const packs = packsOf({ "core@1": pack("core", [], "1.4.2"), [remote]: policy(["core@1"]) });
    const lineage = await read([remote], packs);
    const [parent] = lineage.parents;
    assert.equal(parent?.file.name, remote);
    assert.equal(parent?.parents[0]?.file.name, "core@1.4.2");
    assert.equal(parent?.parents[0]?.file.path, "policies/packs/core@1.yml");
  });

  it("C7: reads a common parent once, and hands out one object", async () => {
    const packs = packsOf({ "a@1": pack("a", ["c@1"]), "b@1": pack("b", ["c@1"]), "c@1": pack("c") });
    const lineage = await read(["a@1", "b@1"], packs);
    assert.deepEqual(packs.reads, ["a@1", "c@1", "b@1"]);
    assert.equal(lineage.parents[0]?.parents[0], lineage.parents[1]?.parents[0]);
  });

  it("C7: reads a file of another repository once, in whatever case its owner is written", async () => {
    const file = policy([]);
    const packs = packsOf({ [`acme/p//a.yml@${SHA}`]: file, [`Acme/P//a.yml@${SHA}`]: file });
    await read([`acme/p//a.yml@${SHA}`, `Acme/P//a.yml@${SHA}`], packs);
    assert.equal(packs.reads.length, 1);
  });

  it("C7: refuses a circle, and shows it", async () => {
    const packs = packsOf({ "a@1": pack("a", ["b@1"]), "b@1": pack("b", ["a@1"]) });
    const error = await rejectionOf(read(["a@1"], packs));
    assert.equal(error.code, "POLICY_CYCLE");
    assert.equal(error.message, "Cannot extend a@1: it extends itself, a@1 → b@1 → a@1");
    assert.deepEqual(error.place, { path: "policies/packs/b@1.yml", line: 3, column: 11 });
  });

  it("C7: refuses a pack that extends itself", async () => {
    assert.equal(
      (await rejectionOf(readPack("a@1", packsOf({ "a@1": pack("a", ["a@1"]) })))).code,
      "POLICY_CYCLE",
    );
  });

  it("C7: refuses more parents above one another than the limit", async () => {
    const chain = (length: number) =>
      packsOf(
        Object.fromEntries(
          Array.from({ length }, (_, index) => [
            `p${index}@1`,
            pack(`p${index}`, index + 1 < length ? [`p${index + 1}@1`] : []),
          ]),
        ),
      );
    await read(["p0@1"], chain(PARENT_DEPTH_MAX));
    const packs = chain(PARENT_DEPTH_MAX + 1);
    assert.equal((await rejectionOf(read(["p0@1"], packs))).code, "POLICY_DEPTH");
    assert.equal(packs.reads.length, PARENT_DEPTH_MAX, "the one too many is not even read");
  });

  it("C7: refuses more parents in all than the limit", async () => {
    const leaves = Array.from({ length: PARENTS_MAX }, (_, index) => `leaf${index}@1`);
    const files = Object.fromEntries(leaves.map((name) => [name, pack(name.slice(0, -2))]));
    const thirds = [0, 1, 2].map((part) => leaves.filter((_, index) => index % 3 === part));
    const nodes = thirds.map((names, index) => [`node${index}@1`, pack(`node${index}`, names)]);
    const packs = packsOf({ ...files, ...Object.fromEntries(nodes) });
    assert.equal((await rejectionOf(read(["node0@1", "node1@1", "node2@1"], packs))).code, "POLICY_DEPTH");
    assert.ok(packs.reads.length <= PARENTS_MAX + PARENT_DEPTH_MAX, `${packs.reads.length} were read`);
  });

  it("C5: goes no further without a parent that is not there", async () => {
    const error = await rejectionOf(read([`acme/p//a.yml@${SHA}`], packsOf({})));
    assert.equal(error.code, "PARENT_UNAVAILABLE");
    assert.deepEqual(error.place, { path: PATH, line: 3, column: 11 });
    assert.equal((await rejectionOf(read(["core@9"], packsOf({})))).code, "PACK_UNKNOWN");
  });

  it("C5: goes no further when the network fails, and keeps the cause", async () => {
    const cause = new TypeError("fetch failed");
    const packs: Packs = { pack: () => Promise.reject(cause), remote: () => Promise.reject(cause) };
    for (const parent of ["core@1", `acme/p//a.yml@${SHA}`]) {
      const error = await rejectionOf(read([parent], packs));
      assert.deepEqual([error.code, error.cause], ["PARENT_UNAVAILABLE", cause]);
      assert.equal(error.message, `Cannot extend ${parent}: fetch failed`);
    }
  });

  it("C5: goes no further where the parent says something else than a policy", async () => {
    const page = packsOf({ [`acme/p//a.yml@${SHA}`]: "<!doctype html><title>Sign in</title>" });
    const error = await rejectionOf(read([`acme/p//a.yml@${SHA}`], page));
    assert.equal(error.code, "POLICY_INVALID");
    assert.equal(error.place?.path, `acme/p//a.yml@${SHA}`);
  });

  it("refuses a pack whose header names another pack or version", async () => {
    for (const [name, text] of [
      ["core@1", pack("cure")],
      ["core@2", pack("core")],
    ] as const) {
      assert.equal((await rejectionOf(read([name], packsOf({ [name]: text })))).code, "PACK_MISNAMED");
    }
  });

  it("C6: refuses a parent of a parent at a branch", async () => {
    const remote = `acme/p//a.yml@${SHA}`;
    const error = await rejectionOf(read([remote], packsOf({ [remote]: policy(["acme/p//b.yml@main"]) })));
    assert.deepEqual([error.code, error.place?.path], ["PARENT_NOT_PINNED", remote]);
  });

  it("rejects with errors of the engine only", async () => {
    assert.ok((await rejectionOf(read(["core@1"], packsOf({ "core@1": "\u0000" })))) instanceof GateError);
  });
});
