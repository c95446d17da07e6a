import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { buildExample, EXAMPLE_NOW, type Example } from "../../examples/recidivism.ts";
import { digestOf } from "../../gate/parse/canonical.ts";
import { makeSpecialFile } from "../special-file.ts";
import { assertStatus, codeOf, installCommand, type WeighbridgeCommand } from "./command.ts";

let weighbridge: WeighbridgeCommand;
let example: Example;
/** A folder that is no repository: a record needs none. */
let folder: string;
/** The record of the pull request that is refused. */
let record: string;

before(async () => {
  weighbridge = await installCommand();
  example = buildExample();
  folder = mkdtempSync(join(tmpdir(), "weighbridge-replay-"));
  const pull = example.pulls[1];
  assert.ok(pull);
  const options = [
    "--base",
    "main",
    "--head",
    pull.head,
    "--evidence",
    `${pull.evidence}/**`,
    "--now",
    EXAMPLE_NOW,
  ];
  record = (await weighbridge.run(example.directory, ["check", ...options, "--format", "json"])).stdout;
});
after(() => {
  weighbridge.remove();
  example.remove();
  rmSync(folder, { recursive: true });
});

function replay(name: string, text: string, ...args: string[]) {
  const file = `${name.replaceAll(/[^a-z]+/g, "-")}.json`;
  writeFileSync(join(folder, file), text);
  return weighbridge.run(folder, ["replay", file, ...args]);
}

/** The record with one text replaced; its digest is made to fit where the hand was careful. */
function touched(from: string, to: string, hand: "careless" | "careful"): string {
  assert.ok(record.includes(from), from);
  const { digest, ...content } = JSON.parse(record.replaceAll(from, to));
  return JSON.stringify({ ...content, digest: hand === "careful" ? digestOf(content) : digest });
}

describe("replay", { concurrency: 2 }, () => {
  it("holds for the record that check printed, as text and as JSON", async () => {
    const text = await replay("whole", record);
    assertStatus(text, 0);
    assert.match(text.stdout, /^The verdict holds: fail \(sha256:[0-9a-f]{64}\)\n$/);
    const json = await replay("whole", record, "--format", "json");
    assertStatus(json, 0);
    const { holds, differences } = JSON.parse(json.stdout);
    assert.deepEqual([holds, differences], [true, []]);
  });

  const touches: readonly (readonly [name: string, from: string, to: string])[] = [
    ["a nicer verdict", '"verdict":"fail"', '"verdict":"pass"'],
    ["a nicer outcome", '"outcome":"inconclusive"', '"outcome":"pass"'],
    ["a gate that does not close", '"closes":true', '"closes":false'],
    ["a word of the reasons", "SR 26-2", "SR 11-7"],
    ["another title", "A metric reaches its floor", "A metric is there"],
  ];
  for (const [name, from, to] of touches) {
    it(`does not hold for ${name}, even with a digest that fits`, async () => {
      for (const hand of ["careless", "careful"] as const) {
        const result = await replay(`${name} ${hand}`, touched(from, to, hand));
        assertStatus(result, 1);
        assert.match(result.stdout, /^The verdict does not hold: the record says (?:pass|fail)\n {2}\S/);
      }
    });
  }

  it("does not hold for other evidence than the verdict was made of", async () => {
    const result = await replay("evidence", touched('"value":0.696148', '"value":0.896148', "careful"));
    assertStatus(result, 1);
    assert.match(
      result.stdout,
      /^ {2}digests, evidence: the record says "sha256:[0-9a-f]{64}", this engine says "sha256:[0-9a-f]{64}"$/m,
    );
  });

  it("holds for a record that differs in nothing but the engine, and says which judged", async () => {
    const result = await replay("engine", touched('"engine":"0.1.0"', '"engine":"0.0.9"', "careful"));
    assertStatus(result, 0);
    assert.match(
      result.stdout,
      /^The verdict holds: fail .*\nJudged by engine 0\.0\.9, replayed by 0\.1\.0\n$/,
    );
  });

  for (const [name, from, to] of touches) {
    it(`does not hold for ${name} because another engine is named`, async () => {
      const { digest: _, ...content } = JSON.parse(touched(from, to, "careful"));
      const forged = { ...content, engine: "9.9.9" };
      const text = JSON.stringify({ ...forged, digest: digestOf(forged) });
      const result = await replay(`${name} elsewhere`, text);
      assertStatus(result, 1);
      assert.match(
        result.stdout,
        /^The verdict does not hold: .*\nJudged by engine 9\.9\.9, replayed by .*\n {2}\S/,
      );
      assert.match(result.stdout, /: the record says .*, this engine says /);
    });
  }

  const foreign: readonly (readonly [name: string, text: string, code: string])[] = [
    ["no JSON", "weighbridge", "JSON_SYNTAX"],
    ["a key twice", '{"schema":1,"schema":2}', "JSON_DUPLICATE_KEY"],
    ["something else", '{"schema":"weighbridge/decision/v2"}', "DECISION_INVALID"],
    ["nothing", "", "JSON_SYNTAX"],
  ];
  for (const [name, text, code] of foreign) {
    it(`cannot read ${name}`, async () => {
      const result = await replay(name, text);
      assertStatus(result, 2);
      assert.equal(codeOf(result), code);
    });
  }

  it("cannot judge a record whose input is none", async () => {
    const result = await replay("input", touched('"severity":{"T1"', '"severities":{"T1"', "careful"));
    assertStatus(result, 2);
    assert.equal(codeOf(result), "DECISION_INVALID");
  });

  it("cannot read what is no regular file, or is larger than a record can be", async () => {
    const remove = await makeSpecialFile(join(folder, "pipe"));
    for (const name of ["pipe", "/dev/full", "/dev/zero"]) {
      const result = await weighbridge.run(folder, ["replay", name]);
      assertStatus(result, 2);
      assert.equal(codeOf(result), "FILE_UNREADABLE");
      assert.match(result.stderr, /: it is not a regular file\n {2}fix: /);
    }
    remove();
    writeFileSync(join(folder, "large.json"), "");
    truncateSync(join(folder, "large.json"), 2 ** 33);
    const large = await weighbridge.run(folder, ["replay", "large.json"]);
    assertStatus(large, 2);
    assert.equal(codeOf(large), "FILE_TOO_LARGE");
    assert.match(large.stderr, /: 8589934592 bytes, limit is 67108864\n/);
  });

  it("cannot read a record that is not there", async () => {
    const result = await weighbridge.run(folder, ["replay", "absent.json"]);
    assertStatus(result, 2);
    assert.equal(codeOf(result), "FILE_UNREADABLE");
  });
});
